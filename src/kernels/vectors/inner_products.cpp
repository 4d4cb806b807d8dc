// A panel of three vectors of interleaved rows (right) is multiplied by a few rows (left), whose
// sums all stay in registers: 8 × 3 with 32 registers, 4 × 3 with 16. Left rows lie in the
// first-level cache, right panels stream from the second, a block at a time.
#include "kernels/vectors/inner_products.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/vectors/inner_products.cpp"
// Their vectors have no size known to the compiler, so there are no arrays of them.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tusker::vectors::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct Shape {
    using D = hn::ScalableTag<T>;
    static constexpr std::size_t kLanes = hn::MaxLanes(D());
    static constexpr std::size_t kPanel = 3 * kLanes;
    // A power of two, so that it divides the panel. Only AVX-512 and its like have 32 registers.
    static constexpr std::size_t kRows = std::min<std::size_t>(kLanes, HWY_MAX_BYTES == 64 ? 8 : 4);
    using Sums = std::make_index_sequence<3 * kRows>;
};

/// left [dims × kRows], right [dims × kPanel] -> out [kRows × kPanel]; sum s is row s / 3, vector
/// s % 3.
template <class T, std::size_t... S>
HWY_INLINE void multiply_panel(const T* HWY_RESTRICT left, const T* HWY_RESTRICT right,
                               std::size_t dims, T* HWY_RESTRICT out,
                               std::index_sequence<S...> /*sums*/) {
    const typename Shape<T>::D d;
    constexpr std::size_t kLanes = Shape<T>::kLanes;
    hn::Vec<decltype(d)> sums[sizeof...(S)] = {(static_cast<void>(S), hn::Zero(d))...};
    for (std::size_t c = 0; c < dims; ++c) {
        const hn::Vec<decltype(d)> columns[3] = {hn::Load(d, right), hn::Load(d, right + kLanes),
                                                 hn::Load(d, right + 2 * kLanes)};
        ((sums[S] = hn::MulAdd(hn::Set(d, left[S / 3]), columns[S % 3], sums[S])), ...);
        left += Shape<T>::kRows;
        right += Shape<T>::kPanel;
    }
    (hn::Store(sums[S], d, out + S * kLanes), ...);
}

/// Adds the lanes whose key passes its limit.
template <class T>
class HitCollector {
public:
    explicit HitCollector(const Tile<T>& tile) : tile_(tile) {}

    /// products [kRows × kPanel] of left rows from `left` and right rows from `right`
    std::span<const Hit<T>> collect(const T* products, std::size_t left, std::size_t right) {
        const D d;
        count_ = 0;
        for (std::size_t r = 0; r < Shape<T>::kRows; ++r) {
            const auto left_limit = hn::Set(d, tile_.left.limits[left + r]);
            const auto left_offset = hn::Set(d, tile_.left.offsets[left + r]);
            for (std::size_t v = 0; v < Shape<T>::kPanel; v += Shape<T>::kLanes) {
                const auto product = hn::Load(d, products + r * Shape<T>::kPanel + v);
                const std::size_t column = right + v;
                add(hn::Sub(product, hn::LoadU(d, tile_.right.offsets + column)), left_limit,
                    left + r, column, true);
                if (tile_.right.limits != nullptr)
                    add(hn::Sub(product, left_offset), hn::LoadU(d, tile_.right.limits + column),
                        left + r, column, false);
            }
        }
        return {hits_, count_};
    }

private:
    using D = typename Shape<T>::D;

    HWY_INLINE void add(hn::Vec<D> keys, hn::Vec<D> limits, std::size_t row, std::size_t column,
                        bool left_asks) {
        const D d;
        const auto passes = hn::Gt(keys, limits);
        if (HWY_LIKELY(hn::AllFalse(d, passes))) return;
        HWY_ALIGN T key[Shape<T>::kLanes];
        HWY_ALIGN T limit[Shape<T>::kLanes];
        hn::Store(keys, d, key);
        hn::Store(limits, d, limit);
        for (std::size_t lane = 0; lane < Shape<T>::kLanes; ++lane) {
            if (!(key[lane] > limit[lane])) continue;
            const auto left = static_cast<Row>(row);
            const auto right = static_cast<Row>(column + lane);
            hits_[count_++] =
                left_asks ? Hit<T>{left, right, key[lane]} : Hit<T>{right, left, key[lane]};
        }
    }

    const Tile<T>& tile_;
    std::size_t count_ = 0;
    Hit<T> hits_[2 * Shape<T>::kRows * Shape<T>::kPanel];
};

template <class T>
void scan(const Tile<T>& tile, const Hits<T>& found) {
    constexpr std::size_t kRows = Shape<T>::kRows;
    constexpr std::size_t kPanel = Shape<T>::kPanel;
    const std::size_t dims = tile.dims;
    std::vector<T> few(dims * kRows);
    HWY_ALIGN T products[kRows * kPanel];
    HitCollector<T> collector(tile);
    for (std::size_t i = tile.left.begin; i < tile.left.end; i += kRows) {
        const T* rows = tile.left.panels.row(i);
        for (std::size_t c = 0; c < dims; ++c)
            std::copy_n(rows + c * kPanel, kRows, few.data() + c * kRows);
        for (std::size_t j = tile.right.begin; j < tile.right.end; j += kPanel) {
            multiply_panel<T>(few.data(), tile.right.panels.row(j), dims, products,
                              typename Shape<T>::Sums());
            const auto hits = collector.collect(products, i, j);
            if (!hits.empty()) found(hits);
        }
    }
}

void scan_float(const Tile<float>& tile, const Hits<float>& found) { scan(tile, found); }
void scan_double(const Tile<double>& tile, const Hits<double>& found) { scan(tile, found); }
std::size_t panel_float() { return Shape<float>::kPanel; }
std::size_t panel_double() { return Shape<double>::kPanel; }

}  // namespace tusker::vectors::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tusker::vectors {

HWY_EXPORT(scan_float);
HWY_EXPORT(scan_double);
HWY_EXPORT(panel_float);
HWY_EXPORT(panel_double);

template <>
std::size_t panel_rows<float>() {
    return HWY_DYNAMIC_DISPATCH(panel_float)();
}
template <>
std::size_t panel_rows<double>() {
    return HWY_DYNAMIC_DISPATCH(panel_double)();
}
template <>
void scan_tile(const Tile<float>& tile, const Hits<float>& found) {
    HWY_DYNAMIC_DISPATCH(scan_float)(tile, found);
}
template <>
void scan_tile(const Tile<double>& tile, const Hits<double>& found) {
    HWY_DYNAMIC_DISPATCH(scan_double)(tile, found);
}

template <class T>
PackedRows<T>::PackedRows(std::size_t row_count, std::size_t column_count)
    : rows(row_count), dims(column_count) {
    const std::size_t panel = panel_rows<T>();
    padded = (rows + panel - 1) / panel * panel;
    // Half of a second-level cache of 1 MiB; more than a thousand rows would be too few tasks.
    constexpr std::size_t kBlockBytes = 512 * 1024;
    const std::size_t fitting = std::min<std::size_t>(kBlockBytes / (dims * sizeof(T)), 1024);
    block_rows = std::max(fitting / panel, std::size_t{1}) * panel;
    offsets.assign(padded, std::numeric_limits<T>::infinity());
    reach.resize(rows);
}

template struct PackedRows<float>;
template struct PackedRows<double>;

}  // namespace tusker::vectors
#endif
