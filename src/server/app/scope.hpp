// What a question is asked about: a dataset at one moment, a query, a slice, a run, a label-issue
// run. Every route about items reads the same members.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "query/query.hpp"
#include "server/app/app.hpp"
#include "server/app/body.hpp"

namespace tusker::app {

/// The dataset with that id, else with that name; NotFound names it.
Result<catalog::DatasetSummary> find_dataset(const catalog::Catalog& catalog,
                                             std::string_view id_or_name);
/// The Version of the dataset in the path.
Result<std::shared_ptr<const catalog::Version>> version_of(const http::Request& request,
                                                           const Services& services);

struct Scope {
    std::shared_ptr<const catalog::Version> version;
    std::string q;
    std::optional<std::string> slice;
    std::string run_id;      // empty if the dataset has no run
    std::string finding_id;  // empty if it has none

    const catalog::RunTable* run() const { return version->find_run(run_id); }
    const catalog::Finding* finding() const {
        return finding_id.empty() ? nullptr : version->find_label_issues(finding_id);
    }
    query::Scope query_scope() const {
        return {.version = *version, .run_id = run_id, .finding_id = finding_id, .slice = slice};
    }
};

/// From the members q, slice, run, issues of a body. Unknown runs and label-issue runs are errors.
Result<Scope> read_scope(std::shared_ptr<const catalog::Version> version, const Body& body);
/// From texts that may be empty.
Result<Scope> make_scope(std::shared_ptr<const catalog::Version> version, std::string q,
                         std::optional<std::string> slice, std::string run, std::string issues);

/// An answer for a query that cannot be read: {"error","column"}. Other errors pass.
Result<http::Response> query_error(Error error);

}  // namespace tusker::app
