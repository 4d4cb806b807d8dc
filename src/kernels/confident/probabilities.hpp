// A model's probabilities as they lie in memory or in mapped files: one matrix in one or several
// parts, row under row, each of float16, float32 or float64. Nothing is copied as a whole: a part
// of the type that is computed in is read where it lies, of any other part a few rows at a time are
// widened, which is exact. float16 is always computed as float32.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "kernels/confident/float16.hpp"

namespace tusker::confident {

/// [N × K]. Whose memory the parts show must outlive it. T is the type computed in: double if any
/// part is (as NumPy would concatenate them), else float.
class Probabilities {
public:
    using Part =
        std::variant<MatrixView<const float>, MatrixView<const double>, MatrixView<const Float16>>;

    /// Row 0 of a part follows the last row of the part before it. Error: no part, or parts of
    /// different widths.
    static Result<Probabilities> of(std::span<const Part> parts);
    // One matrix is itself. NOLINTBEGIN(google-explicit-constructor)
    Probabilities(MatrixView<const float> matrix) : Probabilities(Part(matrix)) {}
    Probabilities(MatrixView<const double> matrix) : Probabilities(Part(matrix)) {}
    Probabilities(MatrixView<const Float16> matrix) : Probabilities(Part(matrix)) {}
    // NOLINTEND(google-explicit-constructor)

    std::size_t rows() const { return parts_.back().first + rows_of(parts_.back().values); }
    std::size_t columns() const { return columns_; }
    /// T is double.
    bool in_double() const { return in_double_; }

    /// `scratch`, [K], is written only where the row lies in another type than T, and is then what
    /// is returned.
    template <class T>
    std::span<const T> row(std::size_t i, std::span<T> scratch) const {
        const Placed& part = part_of(i);
        if (const auto* same = std::get_if<MatrixView<const T>>(&part.values))
            return same->row(i - part.first);
        std::visit([&](const auto& view) { widen_row(view.row(i - part.first), scratch); },
                   part.values);
        return scratch;
    }

    /// The row as it lies in memory.
    std::span<const std::byte> bytes(std::size_t i) const {
        const Placed& part = part_of(i);
        return std::visit([&](const auto& view) { return std::as_bytes(view.row(i - part.first)); },
                          part.values);
    }

    template <class T>
    T at(std::size_t i, std::size_t column) const {
        const Placed& part = part_of(i);
        const std::size_t place = (i - part.first) * columns_ + column;
        if (const auto* same = std::get_if<MatrixView<const T>>(&part.values))
            return same->values()[place];
        return std::visit([&](const auto& view) { return widened<T>(view.values()[place]); },
                          part.values);
    }

    /// work(MatrixView<const T> rows, number of its first row) over the rows [first, first + count)
    /// in ascending order.
    template <class T, class Work>
    void read(std::size_t first, std::size_t count, Work&& work) const {
        while (count > 0) {
            const Placed& part = part_of(first);
            const std::size_t begin = first - part.first;
            const std::size_t here = std::min(count, rows_of(part.values) - begin);
            if (const auto* same = std::get_if<MatrixView<const T>>(&part.values))
                work(same->rows_from(begin, here), first);
            else
                std::visit(
                    [&](const auto& view) {
                        widen_rows<T>(view.rows_from(begin, here), first, work);
                    },
                    part.values);
            first += here;
            count -= here;
        }
    }

private:
    struct Placed {
        std::size_t first = 0;  // number of its first row
        Part values;
    };

    explicit Probabilities(Part part);
    static std::size_t rows_of(const Part& part) {
        return std::visit([](const auto& view) { return view.rows(); }, part);
    }
    const Placed& part_of(std::size_t i) const {
        assert(i < rows());
        if (parts_.size() == 1) return parts_.front();
        return *--std::ranges::upper_bound(parts_, i, {}, &Placed::first);
    }

    template <class T, class From>
    static T widened(From value) {
        if constexpr (std::is_same_v<From, Float16>) return static_cast<T>(widen(value));
        // A float part of a double matrix; the other way is never taken.
        else
            return static_cast<T>(value);
    }
    template <class T, class From>
    static void widen_row(std::span<const From> from, std::span<T> out) {
        if constexpr (std::is_same_v<From, Float16> && std::is_same_v<T, float>)
            widen(from, out);
        else
            std::ranges::transform(from, out.begin(), [](From x) { return widened<T>(x); });
    }
    template <class T, class From, class Work>
    static void widen_rows(MatrixView<const From> from, std::size_t first, Work& work) {
        const std::size_t rows_at_once =
            std::max<std::size_t>(1, kWidenedAtOnce / std::max<std::size_t>(1, from.columns()));
        std::vector<T> wide(std::min(rows_at_once, from.rows()) * from.columns());
        for (std::size_t i = 0; i < from.rows(); i += rows_at_once) {
            const auto some = from.rows_from(i, std::min(rows_at_once, from.rows() - i));
            const auto out = std::span(wide).first(some.values().size());
            widen_row(some.values(), out);
            work(MatrixView<const T>(out, some.rows(), some.columns()), first + i);
        }
    }

    /// Values widened at once: they stay in the second-level cache until they are read.
    static constexpr std::size_t kWidenedAtOnce = std::size_t{1} << 14;

    std::vector<Placed> parts_;  // ascending by first, none but a single one empty
    std::size_t columns_ = 0;
    bool in_double_ = false;
};

}  // namespace tusker::confident
