// Which facet a clause of a query belongs to. A facet's own clause is left out when its values are
// counted, so that its other values can still be chosen.
#pragma once

#include <optional>
#include <string>

#include "query/tree.hpp"

namespace tusker::app {

/// The facet that a clause is about, if all its comparisons are about one: the annotations' labels
/// ("label") or one metadata key of items ("metadata.K").
std::optional<std::string> facet_of(const query::Node& clause);

/// The tree without those of its top-level AND clauses that are about `facet`; empty if it has
/// none.
std::optional<query::Tree> without_own_clauses(const query::Tree& tree, const std::string& facet);

}  // namespace tusker::app
