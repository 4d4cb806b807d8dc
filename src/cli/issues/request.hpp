// What was asked of `tusker issues`: the command line, understood but not yet read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "cli/dataset_issues.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::cli {

/// A ranking by all that is known of a row, which find_label_issues does not have.
inline constexpr std::string_view kConsensus = "consensus";

struct IssuesRequest {
    DatasetIssuesOptions dataset;  // with --dataset instead of files
    std::string task = "classification";
    std::string labels;
    std::vector<std::string> probs;
    std::string classes;  // file of names; empty if none was given
    std::string filter_by{confident::name_of(confident::FilterBy::PruneByNoiseRate)};
    std::string rank_by{confident::name_of(confident::RankBy::SelfConfidence)};
    std::vector<std::string> model_probs;  // with rank_by kConsensus: of further models
    std::string features;                  // with rank_by kConsensus; empty if none were given
    std::string consensus_method = "best_quality";
    std::string compat;
    std::string output;
    std::size_t min_examples_per_class = 1;
    double frac_noise = 1.0;
    std::size_t threads = 0;
    bool strict = false;
    bool json = false;

    confident::Order order() const {
        return compat.empty() ? confident::Order::Sound : confident::Order::Cleanlab;
    }
    /// "sound" or "cleanlab", for output.
    const char* order_name() const { return compat.empty() ? "sound" : compat.c_str(); }
    /// 0 stays "one for each core"; more threads than cores would only wait for each other.
    std::size_t threads_wanted() const;
};

/// One for each --task. Reads the files, finds, prints and writes.
Result<void> find_classification_issues(const IssuesRequest& request);
Result<void> find_multilabel_issues(const IssuesRequest& request);
Result<void> find_detection_issues(const IssuesRequest& request);
Result<void> find_multiannotator_issues(const IssuesRequest& request);

}  // namespace tusker::cli
