#include "server/app/clause_keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace tusker::app {
namespace {

using query::Name;
using query::Node;

/// Words after "annotations." that are no labels.
bool is_reserved(const Name& name) {
    constexpr std::array<std::string_view, 10> kWords = {
        "count",      "type",     "id",  "area",    "position",
        "dimensions", "metadata", "box", "polygon", "category"};
    return !name.quoted && std::ranges::find(kWords, name.text) != kWords.end();
}

/// annotations.L, annotations.label; annotations(label = …).count
std::optional<std::string> facet_of_annotations(const Node& path) {
    if (path.has_group()) {
        const Node& inner = path.parts.front();
        const bool is_label = inner.kind == Node::Kind::Compare &&
                              inner.parts.front().kind == Node::Kind::Path &&
                              inner.parts.front().names.size() == 1 &&
                              inner.parts.front().names.front().text == "label";
        return is_label ? std::optional<std::string>("label") : std::nullopt;
    }
    if (path.names.size() != 2 || is_reserved(path.names[1])) return std::nullopt;
    return "label";
}

std::optional<std::string> facet_of_path(const Node& path) {
    std::size_t first = 0;
    if (path.names.size() > 1 && path.names.front().text == "item") first = 1;
    const std::string& source = path.names[first].text;
    if (source == "annotations" && first == 0) return facet_of_annotations(path);
    if (source == "issue" && first == 0 && path.names.size() == 2 && path.names[1].text == "kind")
        return "issue.kind";
    if (source != "metadata" || path.names.size() != first + 2) return std::nullopt;
    return "metadata." + path.names[first + 1].text;
}

}  // namespace

std::optional<std::string> facet_of(const query::Node& clause) {
    switch (clause.kind) {
        case Node::Kind::Compare:
            // A comparison with another path is about two things.
            if (clause.parts[0].kind != Node::Kind::Path ||
                clause.parts[1].kind == Node::Kind::Path ||
                clause.parts[1].kind == Node::Kind::Arithmetic)
                return std::nullopt;
            return facet_of_path(clause.parts[0]);
        case Node::Kind::Path:
            return facet_of_path(clause);
        case Node::Kind::Or:
        case Node::Kind::And:
        case Node::Kind::Not: {
            const auto first = facet_of(clause.parts.front());
            const bool is_one = std::ranges::all_of(
                clause.parts, [&](const Node& part) { return facet_of(part) == first; });
            return is_one ? first : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

std::optional<query::Tree> without_own_clauses(const query::Tree& tree, const std::string& facet) {
    if (!tree.condition) return std::nullopt;
    const bool is_and = tree.condition->kind == Node::Kind::And;
    const std::vector<Node> clauses =
        is_and ? tree.condition->parts : std::vector<Node>{*tree.condition};
    std::vector<Node> others;
    for (const Node& clause : clauses)
        if (facet_of(clause) != facet) others.push_back(clause);
    if (others.size() == clauses.size()) return std::nullopt;
    query::Tree rest;
    if (others.size() == 1) {
        rest.condition = std::move(others.front());
    } else if (!others.empty()) {
        rest.condition = *tree.condition;
        rest.condition->parts = std::move(others);
    }
    return rest;
}

}  // namespace tusker::app
