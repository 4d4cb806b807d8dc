#include "base/shared_library.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

namespace tusker {

Result<SharedLibrary> SharedLibrary::load(std::string soname, std::string package) {
    // Now rather than lazily: a function that is missing is an Error here, not the end of a server.
    void* handle = dlopen(soname.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        return fail(ErrorCode::Unavailable,
                    fmt::format("{}: cannot be loaded ({}); the Debian package {} brings it",
                                soname, dlerror(), package));
    return SharedLibrary(std::move(soname), std::move(package), handle);
}

Result<void*> SharedLibrary::find(const char* name) const {
    void* symbol = dlsym(handle_, name);
    if (symbol == nullptr)
        return fail(ErrorCode::Unavailable,
                    fmt::format("{}: has no function {}; the Debian package {} brings one that has",
                                soname_, name, package_));
    return symbol;
}

}  // namespace tusker
