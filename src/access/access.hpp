// Keys, sign-in links and sessions: who somebody is. What they may do is the route tables'
// business. Not for: accounts with passwords (there are none yet), HTTP. Invariants: (1) a secret
// is shown once, when it is made, and stored only as a BLAKE2b hash; (2) a revoked key or ended
// session is refused from the moment the call returned; (3) a sign-in token opens one session,
// within 15 minutes. Start reading at by_key.
//
// Thread safety: all members may be called from several threads. Lookups never touch the disk.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace tusker::access {

struct Key {
    std::string id;  // "key_…"
    std::string name;
    Role role;
    TimeMs created_at;
    std::string created_by;
};
struct NewKey {
    Key key;
    std::string secret;  // "live_" + 43 base64url characters
};
struct NewSession {
    std::string secret;
    Principal principal;
};

inline constexpr TimeMs kSignInTokenMs = TimeMs{15} * 60 * 1000;
inline constexpr TimeMs kSessionMs = TimeMs{30} * 24 * 60 * 60 * 1000;
/// Sign-in tokens that were made and not used; one more pushes out the oldest.
inline constexpr std::size_t kSignInTokensMax = 1000;

class Access {
public:
    /// Opens or creates access.sqlite in `data_folder`.
    static Result<std::unique_ptr<Access>> open(const std::filesystem::path& data_folder);
    ~Access();

    /// The name must have 1 to 200 bytes and no key that lives may have it (Conflict).
    Result<NewKey> create_key(std::string_view name, Role role, std::string_view created_by);
    /// By creation, without revoked ones.
    std::vector<Key> keys() const;
    /// With every session that was opened by it. NotFound names the id.
    Result<void> revoke_key(std::string_view key_id);
    /// Unauthenticated if it is none or revoked.
    Result<Principal> by_key(std::string_view secret) const;

    /// Opens a session for `principal` when it is brought back to sign_in.
    std::string create_sign_in_token(const Principal& principal);
    /// Unauthenticated if the token was used, is too old, or never was.
    Result<NewSession> sign_in(std::string_view token);
    Result<Principal> by_session(std::string_view secret) const;
    Result<void> end_session(std::string_view secret);
    /// What a page must send with unsafe methods; known only to who can read answers to the
    /// session.
    std::string csrf_of(std::string_view session_secret) const;

    /// An address that carries its own right: "expires=…&signature=…" for `subject` (a path).
    std::string sign(std::string_view subject, TimeMs expires_at) const;
    /// Forbidden if the signature is not ours or the time is over.
    Result<void> verify(std::string_view subject, std::string_view expires,
                        std::string_view signature) const;

private:
    struct Impl;
    explicit Access(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The key in `data_folder`/admin-key, made at the first start (mode 0600). A file that was lost or
/// whose key was revoked is replaced.
Result<std::string> ensure_admin_key(Access& access, const std::filesystem::path& data_folder);
std::filesystem::path admin_key_file(const std::filesystem::path& data_folder);

}  // namespace tusker::access
