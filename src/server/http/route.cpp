#include "server/http/route.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <map>

#include <fmt/format.h>

namespace tusker::http {

namespace {

// The tree of segments. A node's routes are those whose pattern ends there, at most one per method;
// the names of their parameters are kept with the route, since two routes may name one place
// differently.
struct Leaf {
    const Route* route;
    std::string_view family;
    std::vector<std::string> names;
};
struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::unique_ptr<Node> rest;
    std::vector<Leaf> leaves;

    const Leaf* find(Method method) const {
        const auto is = [&](Method wanted) {
            const auto found =
                std::ranges::find(leaves, wanted, [](const Leaf& l) { return l.route->method; });
            return found == leaves.end() ? nullptr : &*found;
        };
        const Leaf* leaf = is(method);
        return leaf == nullptr && method == Method::Head ? is(Method::Get) : leaf;
    }
};

struct Found {
    const Leaf* leaf = nullptr;
    std::vector<std::string> values;
    /// A pattern that fits but for the method, met on the way.
    const Node* other_method = nullptr;
};

std::string join(std::span<const std::string> segments) {
    return fmt::format("{}", fmt::join(segments, "/"));
}

bool walk(const Node& node, Method method, std::span<const std::string> segments, Found& found) {
    const auto settle = [&](const Node& end) {
        found.leaf = end.find(method);
        if (found.leaf == nullptr && !end.leaves.empty() && found.other_method == nullptr)
            found.other_method = &end;
        return found.leaf != nullptr;
    };
    const bool at_end = segments.empty() || (segments.size() == 1 && segments[0].empty());
    if (at_end && settle(node)) return true;
    if (segments.empty()) return false;
    if (const auto literal = node.literals.find(segments[0]); literal != node.literals.end())
        if (walk(*literal->second, method, segments.subspan(1), found)) return true;
    if (node.parameter && !segments[0].empty()) {
        found.values.push_back(segments[0]);
        if (walk(*node.parameter, method, segments.subspan(1), found)) return true;
        found.values.pop_back();
    }
    if (node.rest && !at_end) {
        found.values.push_back(join(segments));
        if (settle(*node.rest)) return true;
        found.values.pop_back();
    }
    return false;
}

std::string allowed_methods(const Node& node) {
    std::vector<std::string_view> names;
    names.reserve(node.leaves.size());
    for (const auto& leaf : node.leaves) names.push_back(method_name(leaf.route->method));
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

struct Router::Impl {
    std::vector<RouteTable> tables;
    std::optional<Fallback> fallback;
    Node root;

    bool falls_back(Method method, std::span<const std::string> segments) const {
        const bool reads = method == Method::Get || method == Method::Head;
        return fallback && reads && !segments.empty() &&
               std::ranges::find(fallback->not_under, segments[0]) == fallback->not_under.end();
    }

    Result<void> add(const Route& route, std::string_view family) {
        const auto malformed = [&](std::string_view rule) {
            return fail(ErrorCode::Internal, fmt::format("route {}: {}", route.pattern, rule));
        };
        if (!route.pattern.starts_with('/')) return malformed("must begin with '/'");
        Leaf leaf{&route, family, {}};
        Node* node = &root;
        std::string_view rest = std::string_view(route.pattern).substr(1);
        while (!rest.empty()) {
            const auto slash = rest.find('/');
            const auto piece = rest.substr(0, slash);
            rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
            if (piece.empty()) return malformed("has an empty segment");
            if (piece.front() != '{') {
                auto& next = node->literals[std::string(piece)];
                if (!next) next = std::make_unique<Node>();
                node = next.get();
                continue;
            }
            if (piece.back() != '}') return malformed("a parameter must end with '}'");
            auto name = piece.substr(1, piece.size() - 2);
            const bool swallows = name.ends_with("...");
            if (swallows) name.remove_suffix(3);
            if (swallows && !rest.empty()) return malformed("only the last may swallow the rest");
            auto& next = swallows ? node->rest : node->parameter;
            if (!next) next = std::make_unique<Node>();
            node = next.get();
            leaf.names.emplace_back(name);
        }
        for (const auto& other : node->leaves)
            if (other.route->method == route.method)
                return malformed(fmt::format("cannot be told from {} ({} {})", other.route->pattern,
                                             other.family, method_name(route.method)));
        node->leaves.push_back(std::move(leaf));
        return {};
    }

    /// The family whose routes share the first two segments ("/v1/nucleus"), to name it in a 404.
    std::string_view family_of(std::span<const std::string> segments) const {
        const auto prefix = "/" + join(segments.first(std::min<std::size_t>(2, segments.size())));
        for (const auto& table : tables)
            for (const auto& route : table.routes)
                if (route.pattern == prefix || route.pattern.starts_with(prefix + "/"))
                    return table.family;
        return {};
    }
};

Router::Router(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

Result<Router> Router::make(std::vector<RouteTable> tables, std::optional<Fallback> fallback) {
    auto impl = std::make_unique<Impl>();
    impl->tables = std::move(tables);
    impl->fallback = std::move(fallback);
    for (const auto& table : impl->tables)
        for (const auto& route : table.routes) TUSKER_TRY(impl->add(route, table.family));
    return Router(std::move(impl));
}

const std::vector<RouteTable>& Router::tables() const { return impl_->tables; }

std::expected<Match, Router::Refusal> Router::match(Method method,
                                                    std::span<const std::string> segments) const {
    Found found;
    const std::string path = "/" + join(segments);
    if (walk(impl_->root, method, segments, found)) {
        const Leaf& leaf = *found.leaf;
        if (!leaf.route->handler)
            return std::unexpected(Refusal{501,
                                           fmt::format("{} {}: Tusker does not serve this route",
                                                       method_name(method), leaf.route->pattern),
                                           {},
                                           leaf.family});
        Match match{leaf.route, leaf.family, {}};
        for (std::size_t i = 0; i < leaf.names.size(); ++i)
            match.params.emplace_back(leaf.names[i], std::move(found.values[i]));
        return match;
    }
    if (found.other_method != nullptr) {
        auto allow = allowed_methods(*found.other_method);
        return std::unexpected(Refusal{
            405, fmt::format("{} {}: this path answers {} only", method_name(method), path, allow),
            allow, found.other_method->leaves[0].family});
    }
    if (impl_->falls_back(method, segments))
        return Match{&impl_->fallback->route, impl_->fallback->family, {}};
    return std::unexpected(Refusal{404,
                                   fmt::format("{} {}: no such route", method_name(method), path),
                                   {},
                                   impl_->family_of(segments)});
}

Response answer(const Handler& handler, const Request& request) {
    // Exceptions reach this place from the language and third-party code only; they become the 500
    // that a client can report, and the server goes on.
    try {
        auto result = handler(request);
        if (!result) return Response::error(result.error());
        return apply_conditions(request, *std::move(result));
    } catch (const std::bad_alloc&) {
        return Response::error({ErrorCode::Unavailable, "not enough memory for this request"});
    } catch (const std::exception& exception) {
        return Response::error({ErrorCode::Internal, exception.what()});
    }
}

Response dispatch(const Router& router, Request request) {
    auto match = router.match(request.method(), request.segments());
    if (!match) {
        auto response = Response::error({ErrorCode::NotFound, match.error().error});
        response.status = match.error().status;
        if (!match.error().allow.empty()) response.with("Allow", match.error().allow);
        return response;
    }
    request.set_path_params(std::move(match->params));
    return answer(match->route->handler, request);
}

}  // namespace tusker::http
