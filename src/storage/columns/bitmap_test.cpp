#include "storage/columns/bitmap.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <iterator>
#include <set>
#include <vector>

namespace tusker::columns {
namespace {

using Numbers = std::set<std::uint32_t>;

// Sparse, dense and run containers all occur: single numbers over several containers and ranges.
std::pair<Bitmap, Numbers> any_set() {
    Bitmap bitmap;
    Numbers numbers;
    for (const auto number :
         *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0U, 300'000U))) {
        bitmap.add(number);
        numbers.insert(number);
    }
    const auto first = *rc::gen::inRange(0U, 200'000U);
    const auto last = first + *rc::gen::inRange(0U, 9'000U);
    bitmap.add_range(first, last);
    for (auto i = first; i < last; ++i) numbers.insert(i);
    return {bitmap, numbers};
}

Numbers members(const Bitmap& bitmap) {
    Numbers out;
    bitmap.for_each([&](std::uint32_t number) {
        out.insert(number);
        return true;
    });
    return out;
}

RC_GTEST_PROP(Bitmap, HoldsWhatASetHolds, ()) {
    auto [a, in_a] = any_set();
    const auto [b, in_b] = any_set();
    RC_ASSERT(members(a) == in_a);
    RC_ASSERT(a.size() == in_a.size());
    const auto probe = *rc::gen::inRange(0U, 300'000U);
    RC_ASSERT(a.contains(probe) == (in_a.count(probe) == 1));
    const auto rank =
        static_cast<std::uint64_t>(std::distance(in_a.begin(), in_a.lower_bound(probe)));
    RC_ASSERT(a.rank(probe) == rank);
    if (rank < in_a.size())
        RC_ASSERT(a.select(rank) == *in_a.lower_bound(probe));
    else
        RC_ASSERT(!a.select(rank).has_value());
    RC_ASSERT(a.count_in(0, probe) == rank);
    const auto again = Bitmap::parse(a.serialise());
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == a);

    auto both = a;
    both &= b;
    auto either = a;
    either |= b;
    auto only_a = a;
    only_a -= b;
    for (const auto number : in_a) {
        RC_ASSERT(both.contains(number) == (in_b.count(number) == 1));
        RC_ASSERT(only_a.contains(number) == (in_b.count(number) == 0));
        RC_ASSERT(either.contains(number));
    }
    RC_ASSERT(either.size() == in_a.size() + in_b.size() - both.size());
}

RC_GTEST_PROP(Bitmap, WordsSayTheSame, ()) {
    const auto [bitmap, numbers] = any_set();
    std::vector<std::uint64_t> words(*rc::gen::inRange<std::size_t>(1, 5'000));
    bitmap.write_words(65'536, words.data(), words.size());
    const auto end = static_cast<std::uint32_t>(65'536 + words.size() * 64);
    auto cut = bitmap;
    cut &= Bitmap::range(65'536, end);
    const auto back = Bitmap::from_words(65'536, words.data(), words.size());
    RC_ASSERT(members(back) == members(cut));
    RC_ASSERT(back == cut);
}

RC_GTEST_PROP(Bitmap, BytesThatChangedAreRefused, ()) {
    auto bytes = any_set().first.serialise();
    auto& byte = bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())];
    byte = static_cast<char>(byte ^ *rc::gen::inRange(1, 256));
    RC_ASSERT(!Bitmap::parse(bytes).has_value());
    RC_ASSERT(!Bitmap::parse(std::string_view(bytes).substr(0, bytes.size() / 2)).has_value());
}

TEST(Bitmap, StopsWhenAskedTo) {
    int seen = 0;
    Bitmap::range(5, 100).for_each([&](std::uint32_t) { return ++seen < 3; });
    EXPECT_EQ(seen, 3);
    EXPECT_TRUE(Bitmap::range(5, 100).covers(5, 100));
    EXPECT_FALSE(Bitmap::range(5, 100).covers(5, 101));
}

TEST(Bitmap, AMovedFromOneIsEmptyAndUsable) {
    Bitmap a = Bitmap::range(0, 10);
    const Bitmap b = std::move(a);
    EXPECT_TRUE(a.empty());  // NOLINT: what a moved-from set is, is promised
    EXPECT_EQ(b.size(), 10U);
    a = b;
    a -= a;
    EXPECT_TRUE(a.empty());
}

}  // namespace
}  // namespace tusker::columns
