// Label issues of boxes: overlooked, of another class, badly located. It gathers, for each image
// that somebody labelled, the given and the predicted boxes, hands them to
// kernels/confident/detection (by the model's own class thresholds, or as ObjectLab does), and
// writes what comes back as a finding: a row for each given box, under its number, and one for each
// overlooked box, under the number of the prediction.
#pragma once

#include "findings/label_issues/label_issues.hpp"

namespace tusker::label_issues {

/// True if the dataset's labels are boxes, several an item, rather than one label an item.
bool has_several_boxes(const catalog::Version& version);

/// Of the runs with boxes that have a confidence, the one with most of them; NotFound says what to
/// upload.
Result<std::string> choose_run_of_boxes(const catalog::Version& version);

/// Images without any annotation are nobody's work yet: they are skipped and counted, as are
/// polygons and predictions without a confidence. Of the issues of one given box only the worse is
/// kept; when it is put right, the next run says the other. The summary is a JSON object: found,
/// scored, kinds {overlooked, swapped, badly_located}, skipped {not_labelled, polygons,
/// no_confidence}, classes, warnings, took_ms. Errors as find_label_issues.
Result<catalog::Finding> find_box_issues(const catalog::Version& version, const Request& request,
                                         const Pool& pool, jobs::Progress& progress);

}  // namespace tusker::label_issues
