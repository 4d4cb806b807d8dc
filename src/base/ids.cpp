#include "base/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/error.hpp"

namespace tusker {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kItemDigits = 7;      // 35 bits hold any u32
constexpr std::size_t kDatasetDigits = 12;  // 60 random bits

void fill_random(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const auto got = ::getrandom(out.data() + done, out.size() - done, 0);
        TUSKER_CHECK(got > 0 || errno == EINTR);
        if (got > 0) done += static_cast<std::size_t>(got);
    }
}

}  // namespace

std::string to_base32(std::uint64_t value, int width) {
    std::string out;
    while (value != 0 || out.empty()) {
        out.push_back(kDigits[value & 31U]);
        value >>= 5U;
    }
    while (static_cast<int>(out.size()) < width) out.push_back('0');
    std::reverse(out.begin(), out.end());
    return out;
}

std::optional<std::uint64_t> parse_base32(std::string_view digits) {
    if (digits.empty() || digits.size() > 13) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        const auto digit = kDigits.find(c);
        if (digit == std::string_view::npos || (value >> 59U) != 0) return std::nullopt;
        value = (value << 5U) | digit;
    }
    return value;
}

std::string make_id(std::string_view prefix) {
    std::array<std::uint8_t, 20> bytes{};
    fill_random(bytes);
    std::string id(prefix);
    for (const auto byte : bytes) id.push_back(kDigits[byte & 31U]);
    return id;
}

std::string random_secret() {
    std::array<std::uint8_t, 43> bytes{};
    fill_random(bytes);
    std::string secret;
    for (const auto byte : bytes) secret.push_back(kBase64Url[byte & 63U]);
    return secret;
}

std::string item_id(std::string_view dataset_id, std::uint32_t item_no) {
    TUSKER_CHECK(dataset_id.starts_with("ds_") && dataset_id.size() >= 3 + kDatasetDigits);
    return "di_" + to_base32(item_no, kItemDigits) +
           std::string(dataset_id.substr(3, kDatasetDigits));
}

std::optional<ItemAddress> parse_item_id(std::string_view id) {
    if (!id.starts_with("di_") || id.size() != 3 + kItemDigits + kDatasetDigits)
        return std::nullopt;
    const auto item = parse_base32(id.substr(3, kItemDigits));
    const auto digits = id.substr(3 + kItemDigits);
    if (!item || *item > 0xffffffffU || !parse_base32(digits)) return std::nullopt;
    return ItemAddress{.item_no = static_cast<std::uint32_t>(*item),
                       .dataset_digits = std::string(digits)};
}

std::string row_id(std::string_view prefix, RowAddress address) {
    return std::string(prefix) + to_base32(address.item_no, kItemDigits) +
           to_base32(address.row_no);
}

std::optional<RowAddress> parse_row_id(std::string_view prefix, std::string_view id) {
    if (!id.starts_with(prefix)) return std::nullopt;
    id.remove_prefix(prefix.size());
    if (id.size() <= kItemDigits) return std::nullopt;
    const auto item = parse_base32(id.substr(0, kItemDigits));
    const auto row = parse_base32(id.substr(kItemDigits));
    if (!item || !row || *item > 0xffffffffU) return std::nullopt;
    return RowAddress{.item_no = static_cast<std::uint32_t>(*item), .row_no = *row};
}

}  // namespace tusker
