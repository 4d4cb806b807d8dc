// Dawid-Skene: true labels and each annotator's error matrix together, from votes alone, by
// expectation maximisation.
//
// Source: Dawid, Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
// Algorithm", Applied Statistics 28 (1979); start, clipping and stop as in crowd-kit 1.4.2.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/crowd/vote_groups.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// The true class of an item, where it is known.
struct Gold {
    Index item = 0;
    ClassId label = 0;
};

struct DawidSkeneOptions {
    std::size_t rounds_max = 100;
    /// Stop when a round raises the evidence lower bound per vote by less.
    double tolerance = 1e-5;
    std::span<const Gold> gold = {};
    /// Cleanlab stands for crowd-kit 1.4.2 on NumPy 1.24.4 and pandas 2.3 here.
    confident::Order order = confident::Order::Sound;
    /// Under Cleanlab, the items in the order in which the first shares are added up; empty: by
    /// number. A permutation of the items.
    std::span<const Index> first_order = {};
};

struct DawidSkene {
    std::vector<ClassId> labels;        // [N] the first most probable
    std::vector<double> posterior;      // [N × K], each at least 1e-10
    std::vector<double> priors;         // [K], each at least 1e-10
    std::vector<AnnotatorLabel> given;  // in the order in which they first occur
    /// [given × K]: probability that the annotator says the label where the column is true. A
    /// label that an annotator never gave has no row; over his rows a column sums to 1.
    std::vector<double> errors;
    std::vector<double> bounds;  // evidence lower bound per vote after each round
};

/// rows  at least one; an annotator may label an item several times. Numbers as Votes::from_rows
///       checks them; each item has a row
/// Cost: rounds × (votes + N) × K, and K × the number of distinct (annotator, label).
Result<DawidSkene> dawid_skene(const VoteRows& rows, const CrowdSize& size,
                               const DawidSkeneOptions& options, const Pool& pool);

}  // namespace tusker::crowd
