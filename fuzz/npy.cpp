#include "formats/npy/npy.hpp"

#include <vector>

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tusker;
    const auto file = std::as_bytes(std::span(bytes, size));
    const auto array = npy::Array::read(file, nullptr, "x.npy");
    if (!array) return 0;
    fuzz::expect(array->bytes() <= size);
    std::size_t product = 1;
    for (const std::size_t dimension : array->shape()) product *= dimension;
    fuzz::expect(product == array->size());
    volatile std::size_t sum =
        fuzz::touch(std::span(array->values<std::uint8_t>().data(), array->bytes()));
    (void)sum;
    return 0;
}
