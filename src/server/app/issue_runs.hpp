// Label-issue runs as the app sees them: each stays, with what it was asked, and is compared with
// an earlier one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "findings/label_issues/issue_list.hpp"

namespace tusker::app {

/// RUN of docs/app-api.md.
void write_run(json::Writer& writer, const catalog::Finding& finding);
/// The members new, still, relabelled, gone.
void write_change_counts(json::Writer& writer, const label_issues::RunChanges& changes);
/// A finding's parameters or summary; empty if it is no JSON.
std::optional<json::Document> parse_stored(const std::string& text);
/// The run with the id `asked`, which must be of the same task; with no id the newest one before
/// `finding`, null if there is none.
Result<const catalog::Finding*> earlier_run(const catalog::Version& version,
                                            const catalog::Finding& finding,
                                            std::string_view asked);

}  // namespace tusker::app
