// P(given | true): how often a row that truly is one class is given as another.
//
// Counting confusions of a model does not give it: classes that look alike are confused by the
// model without any label being wrong. So each rate is counted on anchors: of the rows that are
// most probably the true class, the tenth (at least 30, at most half) that looks least like the
// given one. There nothing but a wrong label makes a row be given as that class.
//
// Few anchors count few errors, and of K² pairs some count many by chance. So a pair is taken for
// one of two kinds: most share one rate; a few are confused more often, each at a rate of its own,
// which is believed as counted but for an exponential prior. How large the kinds are, the shared
// rate and the mean of the others are found from all counts (empirical Bayes, by expectation and
// maximisation). Evenly spread errors leave all pairs at the shared rate; pairs that people confuse
// stand out and keep what was counted.
//
// At last each rate moves towards the mean of all, by the part of the noise that is even: the share
// of labels that have nothing to do with their rows, as the pooling of opinions found it on all
// rows, or the rate that most pairs share, whichever is less, against what the anchors count
// together. It moves a little in any case: a pair may be confused on rows where no anchor lies.
//
// Source: anchor points, Patrini et al., CVPR 2017; two-groups model, Efron, Statistical Science 23
// (2008); gamma-Poisson counts, Clayton, Kaldor, Biometrics 43 (1987).
#pragma once

#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// probs   [N × K] of the true class
/// labels  [N] given
/// stray   the share of labels that are drawn from all classes alike, 0 to 1
/// result  [K × K] row-major, [given][true]; columns sum to 1, each entry > 0
std::vector<double> estimate_noise_channel(MatrixView<const float> probs,
                                           std::span<const ClassId> labels, double stray,
                                           const Pool& pool);

}  // namespace tusker::confident
