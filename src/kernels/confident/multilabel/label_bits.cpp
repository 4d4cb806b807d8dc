#include "kernels/confident/multilabel/label_bits.hpp"

#include <bit>

#include <fmt/format.h>

namespace tusker::multilabel {

Result<LabelBits> LabelBits::from_lists(std::span<const std::vector<ClassId>> lists,
                                        std::size_t classes) {
    LabelBits bits(lists.size(), classes);
    for (std::size_t i = 0; i < lists.size(); ++i) {
        for (std::size_t j = 0; j < lists[i].size(); ++j) {
            if (lists[i][j] >= classes)
                return invalid(fmt::format(
                    "labels[{}][{}] = {}: must be below {}, the number of columns of the "
                    "probabilities",
                    i, j, lists[i][j], classes));
            bits.set(i, lists[i][j]);
        }
    }
    return bits;
}

Result<LabelBits> LabelBits::from_matrix(MatrixView<const std::uint8_t> cells) {
    LabelBits bits(cells.rows(), cells.columns());
    for (std::size_t i = 0; i < cells.rows(); ++i) {
        const auto row = cells.row(i);
        for (std::size_t k = 0; k < row.size(); ++k) {
            if (row[k] > 1)
                return invalid(fmt::format("labels[{}, {}] = {}: must be 0 or 1", i, k, row[k]));
            if (row[k] == 1) bits.set(i, k);
        }
    }
    return bits;
}

std::vector<ClassId> LabelBits::classes_of(std::size_t row) const {
    std::vector<ClassId> classes;
    for (std::size_t b = 0; b < block_count(); ++b) {
        for (std::uint64_t word = block(b)[row]; word != 0; word &= word - 1)
            classes.push_back(static_cast<ClassId>(
                b * kBlockClasses + static_cast<std::size_t>(std::countr_zero(word))));
    }
    return classes;
}

std::vector<Row> LabelBits::rows_with_any() const {
    std::vector<std::uint8_t> any(rows_);
    for (std::size_t b = 0; b < block_count(); ++b) {
        const auto words = block(b);
        for (std::size_t i = 0; i < rows_; ++i)
            if (words[i] != 0) any[i] = 1;
    }
    std::vector<Row> rows;
    for (std::size_t i = 0; i < rows_; ++i)
        if (any[i]) rows.push_back(static_cast<Row>(i));
    return rows;
}

std::vector<std::size_t> LabelBits::count_rows() const {
    std::vector<std::size_t> counts(classes_);
    for (std::size_t b = 0; b < block_count(); ++b)
        for (std::uint64_t word : block(b))
            for (; word != 0; word &= word - 1)
                ++counts[b * kBlockClasses + static_cast<std::size_t>(std::countr_zero(word))];
    return counts;
}

LabelBits LabelBits::take(std::span<const Row> rows) const {
    LabelBits taken(rows.size(), classes_);
    for (std::size_t b = 0; b < block_count(); ++b)
        for (std::size_t i = 0; i < rows.size(); ++i)
            taken.words_[b * rows.size() + i] = words_[b * rows_ + rows[i]];
    return taken;
}

}  // namespace tusker::multilabel
