// Three scores in [0, 1] for the boxes of one image, low = suspect, and how they become one score
// of the image. Parts of cleanlab's scores depend on the other images of the call, through the
// least similarity among all: that part is put in at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/confident/detection/boxes.hpp"
#include "kernels/confident/detection/overlap.hpp"

namespace tusker::detection {

/// Which predicted boxes speak, and how much.
struct ScoreOptions {
    double alpha = 0.9;              // weight of IoU against distance in the similarity
    double low_probability = 0.5;    // a prediction above it may say that a box is badly located
    double high_probability = 0.95;  // a prediction above it may say overlooked or swapped
    /// Boxes of two classes in one place (IoU >= 0.95) count as swapped.
    bool overlapping_label_check = true;
};

/// "No predicted box", where a score was not made by one.
inline constexpr std::uint32_t kNoBox = std::numeric_limits<std::uint32_t>::max();

/// Where the scores of one image go, before the least similarity is known.
struct RawScores {
    std::span<double> overlooked;         // [predicted], NaN where undefined
    std::span<double> badly_located;      // [given]
    std::span<double> swapped;            // [given], -infinity where two classes are in one place
    std::span<std::uint32_t> located_at;  // [given] the predicted box that the score speaks of
    std::span<std::uint32_t> swapped_to;  // [given]
};

/// Overlooked, per predicted box: undefined if less probable than `high_probability` or if it meets
/// any given box; else its greatest similarity to given boxes of its class, or where there is none
/// a mark that finish_overlooked understands.
///
/// Badly located, per given box: greatest similarity to predictions of its class that are more
/// probable than `low_probability` and meet it; 1 without such.
///
/// Swapped, per given box: 1 - greatest similarity to predictions of another class that are more
/// probable than `high_probability`; 1 without such; -infinity where another given box of another
/// class is in its place.
void score_overlooked(const ImageBoxes& given, const ImageBoxes& predicted,
                      const Similarities& pairs, double high_probability, std::span<double> out);
void score_badly_located(const ImageBoxes& given, const ImageBoxes& predicted,
                         const Similarities& pairs, double low_probability, std::span<double> out,
                         std::span<std::uint32_t> located_at);
void score_swapped(const ImageBoxes& given, const ImageBoxes& predicted, const Similarities& pairs,
                   const ScoreOptions& options, std::span<double> out,
                   std::span<std::uint32_t> swapped_to);

/// Whether another given box of another class has IoU >= 0.95 with box `index`.
bool has_conflict(const ImageBoxes& given, std::size_t index);

/// Puts the least similarity in: least · (1 - probability) where no box of the class was given.
void finish_overlooked(std::span<double> scores, std::span<const double> probabilities,
                       double least_similarity);
/// No swapped score is below it.
void finish_swapped(std::span<double> scores, double least_similarity);

/// Softmin of the scores that are defined, sum s · softmax(-s / temperature); 1 if none is. It lies
/// between their least and their mean.
template <class Order>
double pool_box_scores(std::span<const double> scores, double temperature);

}  // namespace tusker::detection
