#include "formats/arrays/readers.hpp"
#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tusker;
    const auto text = fuzz::text_of(bytes, size);
    arrays::Source source;
    source.argument = "labels";
    source.file = "x.json";
    for (const char* member : {"", "a"}) {
        source.member = member;
        if (const auto matrix = arrays::matrix_from_json(source, text))
            fuzz::expect(matrix->values.shape()[0] * matrix->values.shape()[1] ==
                         matrix->values.size());
        (void)arrays::column_from_json(source, text);
        (void)arrays::lists_from_json(source, text);
        (void)arrays::table_from_json(source, text, {"item", "label"});
    }
    return 0;
}
