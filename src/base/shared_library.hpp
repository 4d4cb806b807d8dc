// A library that is loaded when it is first needed, because linking it would cost every command its
// start-up, though few use it.
#pragma once

#include <string>

#include "base/error.hpp"

namespace tusker {

/// Stays loaded until the process ends: libraries leave threads, handlers and exit functions
/// behind. Thread safety: immutable.
class SharedLibrary {
public:
    /// soname   "libvips.so.42": what the header was made for, never a bare ".so"
    /// package  the Debian package that brings it, for the message
    /// Unavailable, naming both and the loader's reason, if it or what it needs cannot be loaded.
    static Result<SharedLibrary> load(std::string soname, std::string package);

    /// Sets `function` to the symbol `name` of the library or of one that it stands on.
    template <class Function>
    Result<void> bind(const char* name, Function*& function) const {
        function = reinterpret_cast<Function*>(TUSKER_TRY(find(name)));
        return {};
    }

private:
    SharedLibrary(std::string soname, std::string package, void* handle)
        : soname_(std::move(soname)), package_(std::move(package)), handle_(handle) {}
    Result<void*> find(const char* name) const;

    std::string soname_;
    std::string package_;
    void* handle_;
};

}  // namespace tusker
