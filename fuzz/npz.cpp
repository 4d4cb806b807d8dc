#include "formats/npz/npz.hpp"

#include <vector>

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tusker;
    constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 22;
    const auto file = std::as_bytes(std::span(bytes, size));
    const auto archive = npz::Archive::read(file, nullptr, "x.npz");
    if (!archive) return 0;
    for (const auto& name : archive->names()) {
        const auto array = archive->array(name, kBytesMax);
        if (!array) continue;
        fuzz::expect(array->bytes() <= kBytesMax || array->bytes() <= size);
        volatile std::size_t sum =
            fuzz::touch(std::span(array->values<std::uint8_t>().data(), array->bytes()));
        (void)sum;
    }
    return 0;
}
