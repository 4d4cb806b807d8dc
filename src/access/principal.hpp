// Who asks, and what they may do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tusker::access {

/// Each role may do what the ones after it may. On scaleapi's wire: admin, manager, member,
/// labeler.
enum class Role { Admin, Curator, Reviewer, Tasker };

std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);
/// True if someone with `role` may do what asks for at least `least`.
bool may(Role role, Role least);

enum class SignInWay { Nobody, Key, LimitedKey, Session };

struct Principal {
    /// The name that provenance and logs show ("admin", "ci-import"); empty for nobody.
    std::string who;
    Role role = Role::Tasker;
    SignInWay way = SignInWay::Nobody;
    /// The key or session by its public id ("key_…", "ses_…"); never the secret.
    std::string credential_id;
};

}  // namespace tusker::access
