// One bit for each row and class: which classes a row is given, or which of them look wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::multilabel {

using confident::ClassId;
using confident::Row;

/// Takes N × K / 8 bytes. The bits of 64 classes of a row are one word, and the words of all rows
/// for the same 64 classes stand one behind the other: a thread that works on a block of classes
/// writes no word of another's.
class LabelBits {
public:
    static constexpr std::size_t kBlockClasses = 64;

    LabelBits() = default;
    LabelBits(std::size_t rows, std::size_t classes)
        : rows_(rows), classes_(classes), words_(rows * block_count()) {}

    /// lists[i] = the classes of row i, in any order. Error: a class that is not below `classes`.
    static Result<LabelBits> from_lists(std::span<const std::vector<ClassId>> lists,
                                        std::size_t classes);
    /// cells[i][k] = 1 where row i is given class k, else 0. Error: any other value.
    static Result<LabelBits> from_matrix(MatrixView<const std::uint8_t> cells);

    std::size_t rows() const { return rows_; }
    std::size_t classes() const { return classes_; }
    std::size_t block_count() const { return (classes_ + kBlockClasses - 1) / kBlockClasses; }

    bool has(std::size_t row, std::size_t k) const {
        return (words_[k / kBlockClasses * rows_ + row] >> (k % kBlockClasses) & 1) != 0;
    }
    void set(std::size_t row, std::size_t k) {
        words_[k / kBlockClasses * rows_ + row] |= std::uint64_t{1} << (k % kBlockClasses);
    }
    /// Bit j of word i: class 64 × block + j of row i.
    std::span<const std::uint64_t> block(std::size_t block) const {
        return std::span(words_).subspan(block * rows_, rows_);
    }
    /// Classes of a row, ascending.
    std::vector<ClassId> classes_of(std::size_t row) const;
    /// Rows with at least one bit, ascending.
    std::vector<Row> rows_with_any() const;
    /// [K] rows that have each class.
    std::vector<std::size_t> count_rows() const;
    /// The given rows alone, in their order.
    LabelBits take(std::span<const Row> rows) const;

private:
    std::size_t rows_ = 0;
    std::size_t classes_ = 0;
    std::vector<std::uint64_t> words_;
};

}  // namespace tusker::multilabel
