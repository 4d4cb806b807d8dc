#include "access/principal.hpp"

#include <array>

namespace tusker::access {

namespace {
constexpr std::array<std::string_view, 4> kRoleNames = {"admin", "curator", "reviewer", "tasker"};
}

std::string_view role_name(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view name) {
    for (std::size_t i = 0; i < kRoleNames.size(); ++i)
        if (kRoleNames[i] == name) return static_cast<Role>(i);
    return std::nullopt;
}

bool may(Role role, Role least) { return static_cast<int>(role) <= static_cast<int>(least); }

}  // namespace tusker::access
