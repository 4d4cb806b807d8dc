// libcurl, loaded when the first server is asked: linked, it and its libraries cost every command
// their start-up.
//
// The names below are pointers to libcurl's functions of the same name. Within this namespace they
// hide those of the header, so a call reads as any other, the compiler checks it against the
// header's signature, and one that is missing here does not link.
#pragma once

#include <curl/curl.h>

#include "base/error.hpp"

#define TUSKER_CURL_FUNCTIONS(X) \
    X(curl_easy_cleanup)         \
    X(curl_easy_getinfo)         \
    X(curl_easy_init)            \
    X(curl_easy_perform)         \
    X(curl_easy_setopt)          \
    X(curl_easy_strerror)        \
    X(curl_slist_append)         \
    X(curl_slist_free_all)

namespace tusker::cli {

#define TUSKER_DECLARE(name) extern decltype(&::name) name;
TUSKER_CURL_FUNCTIONS(TUSKER_DECLARE)
#undef TUSKER_DECLARE

/// Sets the pointers above at the first call; later ones, of any thread, have the same answer.
/// Unavailable, naming the library and its Debian package, if it cannot be loaded.
Result<void> require_curl();

}  // namespace tusker::cli
