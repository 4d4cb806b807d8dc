// A text that parses prints as one that parses to the same tree.
#include "query/query.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tusker;
    const auto tree = query::parse(fuzz::text_of(bytes, size));
    if (!tree) {
        fuzz::expect(tree.error().message.starts_with("column "));
        return 0;
    }
    const auto again = query::parse(query::print(*tree));
    fuzz::expect(again && *again == *tree);
    return 0;
}
