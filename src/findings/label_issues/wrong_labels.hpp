// Inside the folder only: the steps from gathered examples to a finding, which a run from nothing
// and one that follows the labels share.
#pragma once

#include <span>
#include <stop_token>

#include "base/clock.hpp"
#include "findings/label_issues/examples.hpp"

namespace tusker::label_issues {

/// What the kernel said of the examples.
struct Judged {
    std::uint64_t version = 0;  // journal number of the labels
    std::span<const confident::LabelIssue> ranked;
    std::span<const double> scores;  // one an example
    std::span<const std::string> warnings;
    TimeMs took_ms = 0;
};

confident::LabelIssueOptions options_of(const Request& request);
/// Error: there is no example, and why.
Result<void> check_comparable(const Examples& examples, const catalog::Version& version,
                              const catalog::RunTable& run);
/// With the scores of all examples.
Result<confident::LabelIssues> scan(const Examples& examples, const Request& request,
                                    const Pool& pool, const std::stop_token& stop);
catalog::Finding finding_of(const Examples& examples, const Request& request,
                            const catalog::RunTable& run, const Judged& judged);

}  // namespace tusker::label_issues
