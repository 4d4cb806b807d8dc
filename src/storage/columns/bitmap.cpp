#include "storage/columns/bitmap.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include <roaring/roaring.hh>
extern "C" {
#include <roaring/containers/array.h>
#include <roaring/containers/bitset.h>
#include <roaring/containers/containers.h>
#include <roaring/containers/run.h>
}

#include "base/checksum.hpp"

namespace tusker::columns {
namespace {

constexpr std::uint32_t kContainerBits = 65'536;
constexpr std::size_t kContainerWords = kContainerBits / 64;
constexpr int kArrayMax = 4'096;                      // members; above, a container is a bitset
constexpr std::uint32_t kCookieWithoutRuns = 12'346;  // of CRoaring's portable format

template <class T>
void append(std::string& out, T number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void set_range(std::uint64_t* words, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
        if (i % 64 == 0 && i + 64 <= last) {
            words[i / 64] = ~std::uint64_t{0};
            i += 63;
        } else {
            words[i / 64] |= std::uint64_t{1} << (i % 64);
        }
    }
}

/// Sets the bits of one container in words[0 .. kContainerWords).
void write_container(const void* container, std::uint8_t type, std::uint64_t* words) {
    switch (type) {
        case BITSET_CONTAINER_TYPE_CODE: {
            const auto* bits = static_cast<const bitset_container_t*>(container)->array;
            for (std::size_t i = 0; i < kContainerWords; ++i) words[i] |= bits[i];
            break;
        }
        case ARRAY_CONTAINER_TYPE_CODE: {
            const auto* array = static_cast<const array_container_t*>(container);
            for (int i = 0; i < array->cardinality; ++i)
                words[array->array[i] / 64U] |= std::uint64_t{1} << (array->array[i] % 64U);
            break;
        }
        default: {
            const auto* runs = static_cast<const run_container_t*>(container);
            for (int i = 0; i < runs->n_runs; ++i) {
                const std::size_t first = runs->runs[i].value;
                set_range(words, first, first + runs->runs[i].length + 1);
            }
        }
    }
}

}  // namespace

struct Bitmap::Impl {
    ::Roaring set;
};

Bitmap::Bitmap() : impl_(std::make_unique<Impl>()) {}
Bitmap::Bitmap(const Bitmap& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
Bitmap::Bitmap(Bitmap&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {
    other.impl_ = std::make_unique<Impl>();  // a moved-from set is an empty set
}
Bitmap& Bitmap::operator=(Bitmap other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}
Bitmap::~Bitmap() = default;

Bitmap Bitmap::range(std::uint32_t first, std::uint32_t last) {
    Bitmap made;
    made.add_range(first, last);
    return made;
}

// Writes CRoaring's portable bytes and has them read: its containers are then copied, not built
// number by number.
Bitmap Bitmap::from_words(std::uint32_t first, const std::uint64_t* words, std::size_t count) {
    TUSKER_CHECK(first % kContainerBits == 0);
    std::string keys;
    std::string bodies;
    std::vector<std::uint32_t> body_at;
    for (std::size_t at = 0; at < count; at += kContainerWords) {
        const std::size_t here = std::min(kContainerWords, count - at);
        int members = 0;
        for (std::size_t i = 0; i < here; ++i) members += std::popcount(words[at + i]);
        if (members == 0) continue;
        append(keys, static_cast<std::uint16_t>(first / kContainerBits + at / kContainerWords));
        append(keys, static_cast<std::uint16_t>(members - 1));
        body_at.push_back(static_cast<std::uint32_t>(bodies.size()));
        if (members > kArrayMax) {
            bodies.append(reinterpret_cast<const char*>(words + at), here * 8);
            bodies.append((kContainerWords - here) * 8, '\0');
            continue;
        }
        for (std::size_t i = 0; i < here; ++i)
            for (std::uint64_t rest = words[at + i]; rest != 0; rest &= rest - 1)
                append(bodies, static_cast<std::uint16_t>(
                                   i * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
    }
    std::string bytes;
    append(bytes, kCookieWithoutRuns);
    append(bytes, static_cast<std::uint32_t>(body_at.size()));
    bytes += keys;
    const auto bodies_at = static_cast<std::uint32_t>(bytes.size() + body_at.size() * 4);
    for (const auto at : body_at) append(bytes, bodies_at + at);
    bytes += bodies;
    Bitmap made;
    made.impl_->set = ::Roaring::readSafe(bytes.data(), bytes.size());
    return made;
}

// CRoaring's reader keeps within the bytes but trusts their meaning, so the bytes are sealed.
Result<Bitmap> Bitmap::parse(std::string_view bytes) {
    std::uint64_t sealed = 0;
    if (bytes.size() < sizeof sealed) return fail(ErrorCode::Internal, "bitmap: bytes are missing");
    std::memcpy(&sealed, bytes.data(), sizeof sealed);
    bytes.remove_prefix(sizeof sealed);
    if (checksum(bytes) != sealed) return fail(ErrorCode::Internal, "bitmap: checksum differs");
    Bitmap made;
    made.impl_->set = ::Roaring::readSafe(bytes.data(), bytes.size());
    return made;
}

std::string Bitmap::serialise() const {
    std::string bytes(8 + impl_->set.getSizeInBytes(), '\0');
    impl_->set.write(bytes.data() + 8);
    const std::uint64_t sealed = checksum(std::string_view(bytes).substr(8));
    std::memcpy(bytes.data(), &sealed, sizeof sealed);
    return bytes;
}

void Bitmap::add(std::uint32_t number) { impl_->set.add(number); }

void Bitmap::add_range(std::uint32_t first, std::uint32_t last) {
    if (first < last) roaring_bitmap_add_range_closed(&impl_->set.roaring, first, last - 1);
}

void Bitmap::remove(std::uint32_t number) { impl_->set.remove(number); }
bool Bitmap::contains(std::uint32_t number) const { return impl_->set.contains(number); }
bool Bitmap::empty() const { return impl_->set.isEmpty(); }
std::uint64_t Bitmap::size() const { return impl_->set.cardinality(); }

std::uint64_t Bitmap::count_in(std::uint32_t first, std::uint32_t last) const {
    return first < last ? rank(last) - rank(first) : 0;
}

std::optional<std::uint32_t> Bitmap::select(std::uint64_t rank) const {
    std::uint32_t member = 0;
    if (rank > std::numeric_limits<std::uint32_t>::max() ||
        !impl_->set.select(static_cast<std::uint32_t>(rank), &member))
        return std::nullopt;
    return member;
}

std::uint64_t Bitmap::rank(std::uint32_t number) const {
    return number == 0 ? 0 : impl_->set.rank(number - 1);
}

Bitmap& Bitmap::operator&=(const Bitmap& other) {
    impl_->set &= other.impl_->set;
    return *this;
}
Bitmap& Bitmap::operator|=(const Bitmap& other) {
    impl_->set |= other.impl_->set;
    return *this;
}
Bitmap& Bitmap::operator-=(const Bitmap& other) {
    if (this == &other)
        *this = Bitmap();
    else
        impl_->set -= other.impl_->set;
    return *this;
}

void Bitmap::for_each(const std::function<bool(std::uint32_t)>& visit) const {
    impl_->set.iterate(
        [](std::uint32_t number, void* context) {
            return (*static_cast<const std::function<bool(std::uint32_t)>*>(context))(number);
        },
        const_cast<void*>(static_cast<const void*>(&visit)));  // NOLINT: the C API's type
}

void Bitmap::write_words(std::uint32_t first, std::uint64_t* words, std::size_t count) const {
    TUSKER_CHECK(first % kContainerBits == 0);
    const auto& containers = impl_->set.roaring.high_low_container;
    for (int i = 0; i < containers.size; ++i) {
        const std::uint32_t key = containers.keys[i];
        if (key < first / kContainerBits) continue;
        const std::size_t at = (key - first / kContainerBits) * kContainerWords;
        if (at >= count) break;
        if (at + kContainerWords <= count) {
            write_container(containers.containers[i], containers.typecodes[i], words + at);
            continue;
        }
        std::vector<std::uint64_t> whole(kContainerWords);
        write_container(containers.containers[i], containers.typecodes[i], whole.data());
        for (std::size_t w = at; w < count; ++w) words[w] |= whole[w - at];
    }
}

bool Bitmap::equals(const Bitmap& other) const { return impl_->set == other.impl_->set; }

}  // namespace tusker::columns
