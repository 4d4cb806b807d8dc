#include "cli/curl_library.hpp"

#include "base/shared_library.hpp"

namespace tusker::cli {

#define TUSKER_DEFINE(name) decltype(&::name) name = nullptr;
TUSKER_CURL_FUNCTIONS(TUSKER_DEFINE)
#undef TUSKER_DEFINE

namespace {

Result<void> load_curl() {
    const auto library = TUSKER_TRY(SharedLibrary::load("libcurl.so.4", "libcurl4"));
#define TUSKER_BIND(name) TUSKER_TRY(library.bind(#name, name));
    TUSKER_CURL_FUNCTIONS(TUSKER_BIND)
#undef TUSKER_BIND
    return {};
}

}  // namespace

Result<void> require_curl() {
    static const Result<void> loaded = load_curl();
    return loaded;
}

}  // namespace tusker::cli
