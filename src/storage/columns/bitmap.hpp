// A set of u32 numbers (row positions, item numbers): CRoaring behind one header.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tusker::columns {

/// A value type; copying copies. Share a finished one as shared_ptr<const Bitmap>.
class Bitmap {
public:
    Bitmap();
    Bitmap(const Bitmap& other);
    Bitmap(Bitmap&& other) noexcept;
    Bitmap& operator=(Bitmap other) noexcept;
    ~Bitmap();

    /// [first, last)
    static Bitmap range(std::uint32_t first, std::uint32_t last);
    /// Bit i of `words` is number first + i; `first` must be a multiple of 65,536.
    static Bitmap from_words(std::uint32_t first, const std::uint64_t* words, std::size_t count);
    static Result<Bitmap> parse(std::string_view bytes);
    std::string serialise() const;

    void add(std::uint32_t number);
    void add_range(std::uint32_t first, std::uint32_t last);
    void remove(std::uint32_t number);
    bool contains(std::uint32_t number) const;
    bool empty() const;
    std::uint64_t size() const;
    /// How many members are in [first, last).
    std::uint64_t count_in(std::uint32_t first, std::uint32_t last) const;
    bool covers(std::uint32_t first, std::uint32_t last) const {
        return count_in(first, last) == last - first;
    }
    /// The member with `rank` smaller members; empty past the end.
    std::optional<std::uint32_t> select(std::uint64_t rank) const;
    /// Number of members < number.
    std::uint64_t rank(std::uint32_t number) const;

    Bitmap& operator&=(const Bitmap& other);
    Bitmap& operator|=(const Bitmap& other);
    Bitmap& operator-=(const Bitmap& other);
    friend bool operator==(const Bitmap& a, const Bitmap& b) { return a.equals(b); }

    /// Ascending; stop early by returning false.
    void for_each(const std::function<bool(std::uint32_t)>& visit) const;
    /// Sets bits of words[] for members in [first, first + 64 * count); first a multiple of 65,536.
    void write_words(std::uint32_t first, std::uint64_t* words, std::size_t count) const;

private:
    bool equals(const Bitmap& other) const;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker::columns
