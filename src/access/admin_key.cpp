
#include <fmt/format.h>

#include "access/access.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"

namespace tusker::access {

std::filesystem::path admin_key_file(const std::filesystem::path& data_folder) {
    return data_folder / "admin-key";
}

Result<std::string> ensure_admin_key(Access& access, const std::filesystem::path& data_folder) {
    const auto file = admin_key_file(data_folder);
    if (std::filesystem::exists(file)) {
        auto secret = TUSKER_TRY(read_file(file));
        while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r'))
            secret.pop_back();
        const auto known = access.by_key(secret);
        if (known && known->role == Role::Admin) return secret;
    }
    // The key of a lost file lives on until it is revoked, so the new one needs a name of its own.
    std::string name = "admin";
    for (const auto& key : access.keys())
        if (key.name == name) name = fmt::format("admin of {}", to_iso(now_ms()));
    const auto made = TUSKER_TRY(access.create_key(name, Role::Admin, "tusker serve"));
    TUSKER_TRY(replace_file(file, made.secret + "\n", 0600));
    return made.secret;
}

}  // namespace tusker::access
