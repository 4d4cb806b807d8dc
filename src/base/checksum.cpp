#include "base/checksum.hpp"

#include <bit>
#include <cstring>

namespace tusker {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87ULL;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FULL;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9ULL;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63ULL;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5ULL;

template <class T>
T read(const char* at) {
    T number;
    std::memcpy(&number, at, sizeof number);
    return number;
}

std::uint64_t mix(std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t hash, std::uint64_t lane) {
    return (hash ^ mix(0, lane)) * kPrime1 + kPrime4;
}

}  // namespace

std::uint64_t checksum(std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t hash = kPrime5;
    if (left >= 32) {
        std::uint64_t a = kPrime1 + kPrime2;
        std::uint64_t b = kPrime2;
        std::uint64_t c = 0;
        std::uint64_t d = 0 - kPrime1;
        for (; left >= 32; left -= 32, at += 32) {
            a = mix(a, read<std::uint64_t>(at));
            b = mix(b, read<std::uint64_t>(at + 8));
            c = mix(c, read<std::uint64_t>(at + 16));
            d = mix(d, read<std::uint64_t>(at + 24));
        }
        hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += bytes.size();
    for (; left >= 8; left -= 8, at += 8)
        hash = std::rotl(hash ^ mix(0, read<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
    if (left >= 4) {
        hash = std::rotl(hash ^ (read<std::uint32_t>(at) * kPrime1), 23) * kPrime2 + kPrime3;
        left -= 4;
        at += 4;
    }
    for (; left > 0; --left, ++at)
        hash = std::rotl(hash ^ (static_cast<unsigned char>(*at) * kPrime5), 11) * kPrime1;
    hash = (hash ^ (hash >> 33U)) * kPrime2;
    hash = (hash ^ (hash >> 29U)) * kPrime3;
    return hash ^ (hash >> 32U);
}

}  // namespace tusker
