// How everything that can go wrong in a working program is said: Result<T> holds a value or an
// Error. HTTP status, exit code and Python exception each come from one table over ErrorCode. A bug
// is not an Error: assert in loops, TUSKER_CHECK where going on would damage data.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace tusker {

enum class ErrorCode {
    InvalidArgument,  // the caller's input breaks a rule
    Unauthenticated,  // no key, or a wrong one
    Forbidden,        // a right key without the right
    NotFound,
    Conflict,          // exists already, held by another process, finished already
    TooLarge,          // body, queue, pixels: past a stated maximum
    UnsupportedMedia,  // not a picture, not a known format
    NotImplemented,    // a route of the wire format that Tusker does not serve
    Unavailable,       // try again later: queue full
    StorageFull,       // the disk refused a write; nothing of it was kept
    Cancelled,
    Internal,
};

/// A sentence that names the field, the value and the rule:
/// "annotations[3].geometry.width = -4: must be > 0".
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(Error{code, std::move(message)});
}
inline std::unexpected<Error> invalid(std::string message) {
    return fail(ErrorCode::InvalidArgument, std::move(message));
}
inline std::unexpected<Error> not_found(std::string message) {
    return fail(ErrorCode::NotFound, std::move(message));
}

/// 400, 401, 403, 404, 409, 413, 415, 501, 503, 507, 499, 500.
int http_status(ErrorCode code);
/// 2 for bad use, 1 for everything that was refused or failed.
int exit_code(ErrorCode code);

namespace detail {
template <class T>
T take(Result<T>&& result) {
    return *std::move(result);
}
inline void take(Result<void>&&) {}
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace detail

}  // namespace tusker

#define TUSKER_CONCAT_(a, b) a##b
#define TUSKER_CONCAT(a, b) TUSKER_CONCAT_(a, b)

/// The value of `expression`, or an early return of its Error. Not usable in coroutines.
#define TUSKER_TRY_INTO(result, expression)                             \
    __extension__({                                                     \
        auto result = (expression);                                     \
        if (!result) return std::unexpected(std::move(result).error()); \
        ::tusker::detail::take(std::move(result));                      \
    })
#define TUSKER_TRY(expression) \
    TUSKER_TRY_INTO(TUSKER_CONCAT(tusker_result_, __COUNTER__), expression)

/// On in every build: ends the process where going on would damage data.
#define TUSKER_CHECK(condition) \
    ((condition) ? void() : ::tusker::detail::check_failed(#condition, __FILE__, __LINE__))
