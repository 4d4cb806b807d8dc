// The cells themselves, and the four things that are read from them.
#include "formats/csv/csv.hpp"

#include "formats/arrays/readers.hpp"
#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tusker;
    const auto text = fuzz::text_of(bytes, size);
    csv::Reader reader(text, "x.csv");
    csv::Record record;
    std::size_t line = 0;
    while (true) {
        const auto more = reader.next(record);
        if (!more || !*more) break;
        fuzz::expect(record.line > line && !record.cells.empty() && reader.offset() <= size);
        line = record.line;
        // A cell written again is read as itself.
        for (const auto cell : record.cells) {
            const std::string written = csv::as_cell(cell);
            csv::Reader again(written, "cell");
            csv::Record one;
            const auto read = again.next(one);
            fuzz::expect(written.empty() ||
                         (read && *read && one.cells.size() == 1 && one.cells[0] == cell));
        }
    }
    arrays::Source source;
    source.argument = "labels";
    source.file = "x.csv";
    const auto is_value = [](std::string_view cell) { return csv::integer_of(cell).has_value(); };
    if (const auto matrix = arrays::matrix_from_csv(source, text, {}))
        fuzz::expect(matrix->values.shape()[0] * matrix->values.shape()[1] ==
                     matrix->values.size());
    (void)arrays::column_from_csv(source, text, is_value, {});
    (void)arrays::lists_from_csv(source, text, is_value, {});
    if (const auto table = arrays::table_from_csv(source, text, {"item", "label"}, {}))
        fuzz::expect((*table)[0].size() == (*table)[1].size());
    return 0;
}
