#include "kernels/confident/numpy_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>

namespace tusker::confident {
namespace {

// --- Sums of sparse arrays; those of full ones are in row_arithmetic.cpp
// ------------------------------
using Entries = std::span<const PlacedValue>;

/// The sum over positions [begin, begin + length); adding zeros changes no bit, so an empty range
/// is skipped and the rest keeps its place in the tree.
double pairwise_sum(Entries entries, std::size_t begin, std::size_t length) {
    if (entries.empty()) return 0;
    if (length <= NumpyOrder::kPairwiseLeaf) {
        std::array<double, NumpyOrder::kPairwiseLeaf> dense{};
        for (const auto& entry : entries) dense[entry.position - begin] = entry.value;
        return NumpyOrder::sum(std::span<const double>(dense).first(length));
    }
    const std::size_t split = NumpyOrder::split_of(length);
    const auto middle =
        std::ranges::lower_bound(entries, begin + split, {}, &PlacedValue::position);
    const auto left = static_cast<std::size_t>(middle - entries.begin());
    return pairwise_sum(entries.first(left), begin, split) +
           pairwise_sum(entries.subspan(left), begin + split, length - split);
}

// --- Argsort ----------------------------------------------------------------------------------
// Introsort on an index array: median of three, Hoare's partition, insertion sort for short pieces,
// heapsort when the depth says that the pivots are bad. Here each index carries its key. Where
// equal keys end up follows from which elements are swapped with which, so that is NumPy's; how
// they are found is not: see swap_by_blocks.

/// Pieces of at most so many elements are insertion-sorted.
constexpr std::ptrdiff_t kShortPiece = 16;
/// Elements that are compared with the pivot before any of them is moved.
constexpr std::ptrdiff_t kBlock = 32;
/// Pieces of more elements are sorted by two threads.
constexpr std::ptrdiff_t kWorthSharing = 1 << 13;

template <class T>
bool less(T a, T b) {
    // Without branches: which way they go is chance.
    return static_cast<bool>(static_cast<int>(a < b) |
                             (static_cast<int>(b != b) & static_cast<int>(a == a)));
}

template <class T>
class Introsort {
public:
    /// cut  sorts only until it is settled which elements stand before that place; negative: sorts
    Introsort(std::span<const T> keys, const Pool* pool, std::ptrdiff_t cut = -1)
        : elements_(keys.size()), pool_(pool), cut_(cut) {
        for (std::size_t i = 0; i < keys.size(); ++i)
            elements_[i] = {keys[i], static_cast<std::uint32_t>(i)};
    }
    std::vector<std::uint32_t> run() && {
        if (elements_.size() > 1) {
            const int depth = 2 * (static_cast<int>(std::bit_width(elements_.size())) - 1);
            sort(0, static_cast<std::ptrdiff_t>(elements_.size()) - 1, depth);
        }
        std::vector<std::uint32_t> order;
        order.reserve(elements_.size());
        for (const auto& element : elements_) order.push_back(element.position);
        return order;
    }

private:
    struct Element {
        T key;
        std::uint32_t position;
    };

    /// Offsets of elements that stand on the wrong side of the pivot, as a scan from one end meets
    /// them; those not swapped yet.
    struct Misplaced {
        std::array<std::uint8_t, kBlock> offsets;
        std::ptrdiff_t next = 0;
        std::ptrdiff_t end = 0;
        bool empty() const { return next == end; }
    };

    bool is_settled(std::ptrdiff_t left, std::ptrdiff_t right) const {
        return cut_ >= 0 && (left >= cut_ || right < cut_);
    }
    Element& at(std::ptrdiff_t i) { return elements_[static_cast<std::size_t>(i)]; }
    T key(std::ptrdiff_t i) const { return elements_[static_cast<std::size_t>(i)].key; }
    void swap(std::ptrdiff_t i, std::ptrdiff_t j) { std::swap(at(i), at(j)); }

    /// NumPy stacks the larger side and goes on with the smaller; the sides do not overlap, so that
    /// they may as well be sorted in any order, or at once. The depth is looked at only when a
    /// stacked side is begun.
    void sort(std::ptrdiff_t left, std::ptrdiff_t right, int depth) {
        if (is_settled(left, right)) return;
        if (depth < 0) return heapsort(left, right - left + 1);
        sort_on(left, right, depth);
    }
    void sort_on(std::ptrdiff_t left, std::ptrdiff_t right, int depth) {
        while (right - left >= kShortPiece) {
            if (is_settled(left, right)) return;
            const std::ptrdiff_t middle = partition(left, right);
            --depth;
            const bool goes_on_left = middle - left < right - middle;
            if (pool_ != nullptr && right - left > kWorthSharing) {
                return pool_->for_each(2, [&](std::size_t side) {
                    const bool is_left = side == 0;
                    const std::ptrdiff_t first = is_left ? left : middle + 1;
                    const std::ptrdiff_t last = is_left ? middle - 1 : right;
                    if (is_left == goes_on_left)
                        sort_on(first, last, depth);
                    else
                        sort(first, last, depth);
                });
            }
            if (goes_on_left) {
                sort(middle + 1, right, depth);
                right = middle - 1;
            } else {
                sort(left, middle - 1, depth);
                left = middle + 1;
            }
        }
        sort_short(left, right);
    }

    std::ptrdiff_t partition(std::ptrdiff_t left, std::ptrdiff_t right) {
        const std::ptrdiff_t middle = left + (right - left) / 2;
        if (less(key(middle), key(left))) swap(middle, left);
        if (less(key(right), key(middle))) swap(right, middle);
        if (less(key(middle), key(left))) swap(middle, left);
        const T pivot = key(middle);
        swap(middle, right - 1);
        std::ptrdiff_t i = left;
        std::ptrdiff_t j = right - 1;
        swap_by_blocks(i, j, pivot);
        while (true) {
            do ++i;
            while (less(key(i), pivot));
            do --j;
            while (less(pivot, key(j)));
            if (i >= j) break;
            swap(i, j);
        }
        swap(i, right - 1);
        return i;
    }

    /// Swaps what Hoare's scans from i upwards and from j downwards would swap: the first misplaced
    /// from the left with the first from the right, and so on; as far as they cannot meet yet.
    /// Moves i and j so that the scans go on from there.
    void swap_by_blocks(std::ptrdiff_t& i, std::ptrdiff_t& j, T pivot) {
        Misplaced left;
        Misplaced right;
        // The blocks are i + 1 … i + kBlock and j - 1 … j - kBlock.
        while (j - i > 2 * kBlock) {
            if (left.empty()) {
                left.next = left.end = 0;
                for (std::ptrdiff_t n = 0; n < kBlock; ++n) {
                    left.offsets[static_cast<std::size_t>(left.end)] = static_cast<std::uint8_t>(n);
                    left.end += static_cast<std::ptrdiff_t>(!less(key(i + 1 + n), pivot));
                }
            }
            if (right.empty()) {
                right.next = right.end = 0;
                for (std::ptrdiff_t n = 0; n < kBlock; ++n) {
                    right.offsets[static_cast<std::size_t>(right.end)] =
                        static_cast<std::uint8_t>(n);
                    right.end += static_cast<std::ptrdiff_t>(!less(pivot, key(j - 1 - n)));
                }
            }
            for (; !left.empty() && !right.empty(); ++left.next, ++right.next)
                swap(i + 1 + left.offsets[static_cast<std::size_t>(left.next)],
                     j - 1 - right.offsets[static_cast<std::size_t>(right.next)]);
            if (left.empty()) i += kBlock;
            if (right.empty()) j -= kBlock;
        }
        // What is left of a block begins with one that is misplaced.
        if (!left.empty()) i += left.offsets[static_cast<std::size_t>(left.next)];
        if (!right.empty()) j -= right.offsets[static_cast<std::size_t>(right.next)];
    }

    /// NumPy's insertion sort keeps equal keys in order; so does placing each element behind those
    /// that are less and those before it that are equal, without a branch that is chance.
    void sort_short(std::ptrdiff_t left, std::ptrdiff_t right) {
        // Where keys are equal, or nearly sorted, there is often nothing to do.
        std::ptrdiff_t sorted = left;
        while (sorted < right && !less(key(sorted + 1), key(sorted))) ++sorted;
        if (sorted >= right) return;
        const auto count = static_cast<std::size_t>(right - left + 1);
        std::array<Element, kShortPiece> piece;
        std::copy_n(elements_.begin() + left, count, piece.begin());
        std::array<std::uint8_t, kShortPiece> place{};
        for (std::size_t i = 1; i < count; ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                const auto goes_before =
                    static_cast<std::uint8_t>(less(piece[i].key, piece[j].key));
                place[j] = static_cast<std::uint8_t>(place[j] + goes_before);
                place[i] = static_cast<std::uint8_t>(place[i] + (1U - goes_before));
            }
        }
        for (std::size_t i = 0; i < count; ++i)
            at(left + static_cast<std::ptrdiff_t>(place[i])) = piece[i];
    }

    void heapsort(std::ptrdiff_t first, std::ptrdiff_t count) {
        for (std::ptrdiff_t root = count / 2; root > 0; --root) {
            sift_down(first, root, count, at(first + root - 1));
        }
        while (count > 1) {
            const Element last = at(first + count - 1);
            at(first + count - 1) = at(first);
            --count;
            sift_down(first, 1, count, last);
        }
    }
    /// Puts `moved` where it belongs below the node `root`; nodes count from 1.
    void sift_down(std::ptrdiff_t first, std::ptrdiff_t root, std::ptrdiff_t count, Element moved) {
        const std::ptrdiff_t base = first - 1;
        for (std::ptrdiff_t child = 2 * root; child <= count; child *= 2) {
            if (child < count && less(key(base + child), key(base + child + 1))) ++child;
            if (!less(moved.key, key(base + child))) break;
            at(base + root) = at(base + child);
            root = child;
        }
        at(base + root) = moved;
    }

    std::vector<Element> elements_;
    const Pool* pool_;
    std::ptrdiff_t cut_;
};

}  // namespace

double NumpyOrder::sum(Entries entries, std::size_t length) {
    double total = 0;
    for (std::size_t i = 0; i < length && !entries.empty(); i += kRun) {
        const auto end = std::ranges::lower_bound(entries, i + kRun, {}, &PlacedValue::position);
        const auto count = static_cast<std::size_t>(end - entries.begin());
        total += pairwise_sum(entries.first(count), i, std::min(kRun, length - i));
        entries = entries.subspan(count);
    }
    return total;
}

// einsum is built for SSE2, two numbers at a time; of eight products the last pair is added first.
double NumpyOrder::einsum(std::span<const double> a, std::span<const double> b) {
    constexpr std::size_t kLanes = 2;
    std::array<double, kLanes> sums{};
    std::size_t i = 0;
    for (; i + 4 * kLanes <= a.size(); i += 4 * kLanes)
        for (std::size_t pair = 4; pair-- > 0;)
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                const std::size_t at = i + pair * kLanes + lane;
                sums[lane] += a[at] * b[at];
            }
    for (; i < a.size(); ++i) sums[i % kLanes] += a[i] * b[i];
    return sums[0] + sums[1];
}

std::vector<std::uint32_t> NumpyOrder::argsort(std::span<const float> keys, const Pool* pool) {
    return Introsort<float>(keys, pool).run();
}
std::vector<std::uint32_t> NumpyOrder::argsort(std::span<const double> keys, const Pool* pool) {
    return Introsort<double>(keys, pool).run();
}

namespace {
template <class T>
std::vector<std::uint32_t> lowest_of(std::span<const T> keys, std::size_t m) {
    auto order = Introsort<T>(keys, nullptr, static_cast<std::ptrdiff_t>(m)).run();
    order.resize(m);
    return order;
}
}  // namespace
std::vector<std::uint32_t> NumpyOrder::lowest(std::span<const float> keys, std::size_t m) {
    return lowest_of(keys, m);
}
std::vector<std::uint32_t> NumpyOrder::lowest(std::span<const double> keys, std::size_t m) {
    return lowest_of(keys, m);
}

// Sixteen running sums, four to a register; a register's halves are added first, then the
// registers, then the last two. What is left over is multiplied and added one by one, without
// fusing.
double NumpyOrder::dot(std::span<const double> a, std::span<const double> b) {
    constexpr std::size_t kLanes = 4;
    constexpr std::size_t kBlock = 4 * kLanes;
    const std::size_t whole = a.size() - a.size() % kBlock;
    std::array<double, kBlock> r{};
    for (std::size_t i = 0; i < whole; i += kBlock)
        for (std::size_t j = 0; j < kBlock; ++j) r[j] = std::fma(a[i + j], b[i + j], r[j]);
    const auto of_lane = [&](std::size_t lane) {
        const auto halves = [&](std::size_t at) { return r[at + lane] + r[at + lane + 2]; };
        return (halves(0) + halves(kLanes)) + (halves(2 * kLanes) + halves(3 * kLanes));
    };
    double total = of_lane(0) + of_lane(1);
    for (std::size_t i = whole; i < a.size(); ++i) total += a[i] * b[i];
    return total;
}

// A rational approximation around 1 after taking out the power of two; NumPy's AVX2 code fuses each
// multiply and add, hence std::fma.
float NumpyOrder::log(float x) {
    int exponent = 0;
    float m = std::frexp(x, &exponent);
    constexpr float kSqrtHalf = 0.707106781186547524400844362104849039F;
    if (m <= kSqrtHalf) {
        m += m;
        --exponent;
    }
    m -= 1.0F;
    float numerator = kLogNumerator[0];
    float denominator = kLogDenominator[0];
    for (std::size_t i = 1; i < kLogNumerator.size(); ++i) {
        numerator = std::fma(numerator, m, kLogNumerator[i]);
        denominator = std::fma(denominator, m, kLogDenominator[i]);
    }
    constexpr float kLn2 = 0.693147180559945309417232121458176568F;
    return std::fma(static_cast<float>(exponent), kLn2, numerator / denominator);
}

// A rational approximation on [-ln 2 / 2, ln 2 / 2]; n ln 2 is taken off in two pieces.
float NumpyOrder::exp(float x) {
    constexpr float kLargest = 88.72283935546875F;     // above it the result is infinite
    constexpr float kLeast = -103.97208404541015625F;  // below it the result is 0
    if (x > kLargest) return std::numeric_limits<float>::infinity();
    if (x < kLeast) return 0;
    constexpr float kLog2E = 1.442695040888963407359924681001892137F;
    constexpr float kToWhole = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
    const float n = x * kLog2E + kToWhole - kToWhole;
    float r = std::fma(n, -6.93145752e-1F, x);
    r = std::fma(n, -1.42860677e-6F, r);
    constexpr std::array kNumerator = {5.082762527590693718096e-04F, 6.757896990527504603057e-03F,
                                       5.114512081637298353406e-02F, 2.473615434895520810817e-01F,
                                       7.257664613233124478488e-01F, 9.999999999980870924916e-01F};
    constexpr std::array kDenominator = {
        2.159509375685829852307e-02F, -2.742335390411667452936e-01F, 1.000000000000000000000e+00F};
    float numerator = kNumerator[0];
    for (std::size_t i = 1; i < kNumerator.size(); ++i)
        numerator = std::fma(numerator, r, kNumerator[i]);
    float denominator = kDenominator[0];
    for (std::size_t i = 1; i < kDenominator.size(); ++i)
        denominator = std::fma(denominator, r, kDenominator[i]);
    return std::ldexp(numerator / denominator, static_cast<int>(n));
}

}  // namespace tusker::confident
