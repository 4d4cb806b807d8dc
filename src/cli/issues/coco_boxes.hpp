// Boxes of a COCO file of labels and of a file of results about it, as the detection kernel takes
// them: image after image.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "cli/issues/class_names.hpp"
#include "kernels/confident/detection/boxes.hpp"

namespace tusker::cli {

/// Boxes of all images, and where each stood.
struct FileBoxes {
    std::vector<std::size_t> offsets;  // [images + 1]
    std::vector<detection::Box> boxes;
    std::vector<confident::ClassId> classes;
    std::vector<double> probabilities;  // empty for labels
    std::vector<std::string> ids;       // of annotations; empty texts for results

    detection::BoxesOfImages view() const {
        return {
            .offsets = offsets, .boxes = boxes, .classes = classes, .probabilities = probabilities};
    }
};

struct CocoBoxes {
    std::vector<std::string> images;  // file names
    std::vector<std::string> image_ids;
    ClassNames names;  // class k is the k-th category of the labels file
    FileBoxes given;
    FileBoxes predicted;
    /// Left out: boxes without area, regions of crowds.
    std::vector<std::string> warnings;
};

/// Errors name the argument, the file, the line, the field, its value and the rule. With `strict` a
/// box without area is one of them.
Result<CocoBoxes> read_coco_boxes(const std::string& labels_file, const std::string& results_file,
                                  bool strict, const Pool& pool);

}  // namespace tusker::cli
