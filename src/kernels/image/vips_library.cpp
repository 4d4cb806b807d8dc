#include "kernels/image/vips_library.hpp"

#include "base/shared_library.hpp"

namespace tusker::image {

#define TUSKER_DEFINE(name) decltype(&::name) name = nullptr;
TUSKER_VIPS_FUNCTIONS(TUSKER_DEFINE)
#undef TUSKER_DEFINE

Result<void> load_vips() {
    // glib's functions are found in the libraries that libvips stands on.
    const auto library = TUSKER_TRY(SharedLibrary::load("libvips.so.42", "libvips42"));
#define TUSKER_BIND(name) TUSKER_TRY(library.bind(#name, name));
    TUSKER_VIPS_FUNCTIONS(TUSKER_BIND)
#undef TUSKER_BIND
    return {};
}

}  // namespace tusker::image
