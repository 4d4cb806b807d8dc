// How well each class is labelled, and which classes are confused, from the joint of given and true
// classes. Source: conventions of cleanlab's dataset module.
#pragma once

#include <cstdint>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// A joint of probabilities: row = given, column = true; sums to 1.
struct JointView {
    MatrixView<const double> shares;  // [K × K], row after row
    Layout layout = Layout::Rows;     // where the caller has it: how cleanlab adds
};

struct ClassQuality {
    ClassId label = 0;
    std::int64_t label_issues = 0;          // rows given this class that are truly another
    std::int64_t inverse_label_issues = 0;  // rows truly of this class that are given another
    double label_noise = 0;                 // share of the rows given this class
    double inverse_label_noise = 0;         // share of the rows truly of this class
    double quality = 0;                     // 1 - label_noise
};

/// Worst quality first.
/// examples  how many rows the joint stands for
std::vector<ClassQuality> rank_classes(const JointView& joint, double examples, Order order,
                                       const Pool& pool);

struct ClassOverlap {
    ClassId a = 0;
    ClassId b = 0;
    std::int64_t examples = 0;
    double probability = 0;  // given a and truly b, or the reverse
};

/// Most confused first. Pairs a < b; if `asymmetric` ordered pairs: given a, truly b.
std::vector<ClassOverlap> find_overlaps(const JointView& joint, double examples, bool asymmetric,
                                        Order order, const Pool& pool);

}  // namespace tusker::confident
