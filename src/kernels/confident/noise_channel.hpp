// P(given | true): how often a row that truly is one class is given as another.
//
// Counting confusions of a model does not give it: classes that look alike are confused by the
// model without any label being wrong. So each rate is counted on anchors: of the rows that are
// most probably the true class, the tenth that looks least like the given one. There nothing but
// a wrong label makes a row be given as that class. Few anchors count few errors; how far their
// rates are trusted against the mean rate of all pairs is read from how much the rates vary more
// than chance would have it (empirical Bayes, gamma prior): with equal rates all get the mean, with
// a few pairs that are often confused these stand out.
//
// Source: anchor points, Patrini et al., CVPR 2017; gamma-Poisson shrinkage, Clayton, Kaldor,
// Biometrics 43 (1987).
#pragma once

#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// probs   [N × K] of the true class
/// labels  [N] given
/// result  [K × K] row-major, [given][true]; columns sum to 1, each entry > 0
std::vector<double> estimate_noise_channel(MatrixView<const float> probs,
                                           std::span<const ClassId> labels, const Pool& pool);

}  // namespace tusker::confident
