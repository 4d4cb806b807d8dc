#include "formats/arrays/arrays.hpp"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "formats/arrays/readers.hpp"
#include "formats/npz/npz.hpp"

namespace tusker::arrays {
namespace {

template <class T>
Result<T> named(const Source& source, Result<T> result) {
    if (!result) return std::unexpected(source.with_argument(result.error()));
    return result;
}

/// A text file in its pages.
struct Text {
    MappedFile file;
    std::string_view text() const {
        return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
    }
};

Result<Text> open_text(const Source& source) {
    return Text{TUSKER_TRY(named(source, MappedFile::open(source.file)))};
}

Result<npy::Array> read_npz(const Source& source, const Options& options) {
    const auto archive = TUSKER_TRY(npz::Archive::open(source.file));
    std::string member = source.member;
    if (member.empty()) {
        const auto names = archive.names();
        if (names.size() != 1)
            return invalid(fmt::format("{}: holds {} arrays ({}): name one, as {}:{}",
                                       source.file.string(), names.size(), fmt::join(names, ", "),
                                       source.file.filename().string(),
                                       names.empty() ? "NAME" : names.front()));
        member = names.front();
    }
    return archive.array(member, options.bytes_max, options.progress);
}

Result<void> check_dimensions(const Source& source, const npy::Array& array, std::size_t wanted,
                              std::string_view meaning) {
    if (array.shape().size() == wanted) return {};
    return source.refuse(
        fmt::format("has {} dimensions: must have {}", array.shape().size(), meaning));
}

}  // namespace

std::uint64_t memory_bytes() {
    const auto pages = ::sysconf(_SC_PHYS_PAGES);
    const auto page_bytes = ::sysconf(_SC_PAGE_SIZE);
    if (pages <= 0 || page_bytes <= 0) return std::uint64_t{8} << 30;
    return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
}

Result<npy::Array> read_numbers(const Source& source, const Options& options) {
    if (source.format == Format::Npz) return named(source, read_npz(source, options));
    return named(source, npy::Array::open(source.file));
}

Result<Matrix> read_matrix(const Source& source, const Options& options) {
    if (is_text(source)) {
        const auto text = TUSKER_TRY(open_text(source));
        return source.format == Format::Csv ? matrix_from_csv(source, text.text(), options)
                                            : matrix_from_json(source, text.text());
    }
    auto array = TUSKER_TRY(read_numbers(source, options));
    TUSKER_TRY(check_dimensions(source, array, 2, "2, rows and columns"));
    return Matrix{std::move(array), {}};
}

Result<Column> read_column(const Source& source, const IsValue& is_value, const Options& options) {
    if (is_text(source)) {
        const auto text = TUSKER_TRY(open_text(source));
        return source.format == Format::Csv
                   ? column_from_csv(source, text.text(), is_value, options)
                   : column_from_json(source, text.text());
    }
    auto array = TUSKER_TRY(read_numbers(source, options));
    TUSKER_TRY(check_dimensions(source, array, 1, "1, a value for each row"));
    return Column{std::move(array), {}};
}

Result<Lists> read_lists(const Source& source, const IsValue& is_value, const Options& options) {
    if (is_text(source)) {
        const auto text = TUSKER_TRY(open_text(source));
        return source.format == Format::Csv ? lists_from_csv(source, text.text(), is_value, options)
                                            : lists_from_json(source, text.text());
    }
    auto array = TUSKER_TRY(read_numbers(source, options));
    TUSKER_TRY(check_dimensions(source, array, 2, "2, rows and classes"));
    return Lists{std::move(array), {}};
}

Result<std::vector<Texts>> read_table(const Source& source, const Texts& names,
                                      const Options& options) {
    if (!is_text(source))
        return source.refuse(
            fmt::format("must be a .csv or .json with {}", fmt::join(names, ", ")));
    const auto text = TUSKER_TRY(open_text(source));
    return source.format == Format::Csv ? table_from_csv(source, text.text(), names, options)
                                        : table_from_json(source, text.text(), names);
}

}  // namespace tusker::arrays
