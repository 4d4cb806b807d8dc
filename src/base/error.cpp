#include "base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace tusker {

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return 400;
        case ErrorCode::Unauthenticated:
            return 401;
        case ErrorCode::Forbidden:
            return 403;
        case ErrorCode::NotFound:
            return 404;
        case ErrorCode::Conflict:
            return 409;
        case ErrorCode::TooLarge:
            return 413;
        case ErrorCode::UnsupportedMedia:
            return 415;
        case ErrorCode::NotImplemented:
            return 501;
        case ErrorCode::Unavailable:
            return 503;
        case ErrorCode::StorageFull:
            return 507;
        case ErrorCode::Cancelled:
            return 499;
        case ErrorCode::Internal:
            return 500;
    }
    return 500;
}

int exit_code(ErrorCode code) { return code == ErrorCode::InvalidArgument ? 2 : 1; }

namespace detail {
void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "tusker: internal check failed: %s (%s:%d)\n", condition, file, line);
    std::abort();
}
}  // namespace detail

}  // namespace tusker
