// Label issues over a dataset: which given labels a model's class probabilities contradict.
//
// It gathers, for each living item, the given label and the row of probabilities, hands the matrix
// to kernels/confident, and writes what comes back as a finding: a row for each item that was
// scored, under the number of the annotation that carries the label. It decides nothing and
// corrects nothing; people do (issue_list.hpp joins findings with their decisions). Given label:
// the item's category in the taxonomy, or its single box where it has no category. Probabilities:
// class_pdf of the item's category prediction, or of its single box prediction; an absent class is
// 0. Items without a given label, with several, or without probabilities are skipped and counted.
// Classes: in the taxonomy's order, else label names sorted by bytes; the order decides ties. Start
// reading at find_label_issues.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "catalog/version.hpp"
#include "jobs/jobs.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::label_issues {

enum class Task {
    Classification,  // one label an item
    Detection        // several boxes an item, by ObjectLab (box_issues.hpp)
};
std::optional<Task> find_task(std::string_view name);  // "classification", "detection"

/// Which boxes are label issues.
enum class BoxFilter {
    ClassThresholds,  // by the model's own confidence (class_thresholds.hpp)
    ObjectLab         // with cleanlab's fixed thresholds
};
/// "class_thresholds", "objectlab"
std::optional<BoxFilter> find_box_filter(std::string_view name);
std::string_view name_of(BoxFilter filter);

struct Request {
    BoxFilter box_filter = BoxFilter::ClassThresholds;  // Detection
    std::optional<Task> task;                           // empty: as the labels are
    std::string run_id;                                 // empty: choose_run()
    std::optional<std::string> taxonomy;  // empty: the default one, or the only one with labels
    confident::FilterBy filter_by = confident::FilterBy::PruneByNoiseRate;
    confident::RankBy rank_by = confident::RankBy::SelfConfidence;
    confident::Order order = confident::Order::Sound;
};

Task task_for(const catalog::Version& version, const Request& request);

/// Of the runs with class probabilities (Detection: boxes with a confidence), the one with most
/// predictions; NotFound says what to upload.
Result<std::string> choose_run(const catalog::Version& version, Task task);

/// The finding, not yet stored. Its summary is a JSON object: found, scored, skipped {no_label,
/// several_labels, no_prediction}, classes (names in order), warnings, took_ms.
/// Error: unknown run or taxonomy; nothing to score; what kernels/confident refuses. Cancelled if
/// the job was.
Result<catalog::Finding> find_label_issues(const catalog::Version& version, const Request& request,
                                           const Pool& pool, jobs::Progress& progress);

}  // namespace tusker::label_issues
