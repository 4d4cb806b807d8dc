// Public ids: a prefix that says what, then base32 (Crockford, lower case, no i l o u) that says
// where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tusker {

/// Lower-case Crockford base32 of `value`, at least `width` digits.
std::string to_base32(std::uint64_t value, int width = 1);
/// Empty unless every character is a digit of the alphabet and the value fits in 64 bits.
std::optional<std::uint64_t> parse_base32(std::string_view digits);

/// A new id such as "ds_c8jwdhy4y4f0078hzceg": prefix and 20 random digits (100 bits).
std::string make_id(std::string_view prefix);

/// 43 base64url characters (256 bits) from the operating system.
std::string random_secret();

/// "di_…" holds the item's number and the first 12 digits of its dataset's id, so that the id alone
/// says which item of which dataset it is.
std::string item_id(std::string_view dataset_id, std::uint32_t item_no);
struct ItemAddress {
    std::uint32_t item_no;
    std::string dataset_digits;

    bool is_in(std::string_view dataset_id) const {
        return dataset_id.starts_with("ds_") && dataset_id.substr(3).starts_with(dataset_digits);
    }
};
std::optional<ItemAddress> parse_item_id(std::string_view id);

/// An object that is found by its place, so that no index is needed.
/// Annotations and predictions: ann_/pred_ + base32(item_no) padded to 7 + base32(row_no).
struct RowAddress {
    std::uint32_t item_no;
    std::uint64_t row_no;
};
std::string row_id(std::string_view prefix, RowAddress address);
std::optional<RowAddress> parse_row_id(std::string_view prefix, std::string_view id);

}  // namespace tusker
