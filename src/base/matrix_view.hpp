// A row-major matrix that somebody else owns.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>

namespace tusker {

template <class T>
class MatrixView {
public:
    MatrixView() = default;
    MatrixView(std::span<T> values, std::size_t rows, std::size_t columns)
        : values_(values), rows_(rows), columns_(columns) {
        assert(values.size() == rows * columns);
    }
    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return columns_; }
    std::span<T> row(std::size_t i) const { return values_.subspan(i * columns_, columns_); }
    std::span<T> values() const { return values_; }
    MatrixView rows_from(std::size_t first, std::size_t count) const {
        return {values_.subspan(first * columns_, count * columns_), count, columns_};
    }

private:
    std::span<T> values_;
    std::size_t rows_ = 0;
    std::size_t columns_ = 0;
};

}  // namespace tusker
