// How many labels are still wrong, told from those that people have looked at.
//
// Pure: counts in, an interval out. Labels are split into strata, by the rank that a label-issue
// run gave them; within a stratum those that were audited speak for those that were not. Not here:
// which labels belong to which stratum, and who decided what (findings/label_issues).
//
// Sources: stratified estimate, Cochran, "Sampling Techniques" (1977), ch. 5; each stratum's limits
// from Jeffreys' prior, Brown, Cai, DasGupta, "Interval Estimation for a Binomial Proportion",
// Statistical Science 16 (2001), for the labels that are left rather than for an endless number of
// them (beta-binomial); limits of the sum by recovering variances, Zou, Huang, Zhang, "A note on
// confidence interval estimation for a linear function of binomial proportions", Computational
// Statistics & Data Analysis 53 (2009).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tusker::audit {

/// Labels that are about as doubtful as each other.
struct Stratum {
    std::uint64_t undecided = 0;  // nobody has looked at them; the estimate is about these
    std::uint64_t audited = 0;    // labels that speak for them
    std::uint64_t errors = 0;     // of those audited; at most `audited`
    friend bool operator==(const Stratum&, const Stratum&) = default;
};

/// A number of wrong labels, with the limits of its interval.
struct Count {
    double expected = 0;
    double low = 0;
    double high = 0;
};

inline constexpr double kConfidence = 0.95;

/// Wrong labels among the undecided ones. Empty if nobody has audited a stratum that has undecided
/// labels: nothing is known of it then.
std::optional<Count> estimate_remaining(std::span<const Stratum> strata,
                                        double confidence = kConfidence);

/// Neighbours joined until each stratum with undecided labels has at least `audited_min` audited
/// ones, in order, so the more doubtful speak for the less doubtful: the estimate errs upwards. A
/// thin rest at the end joins what comes before it.
std::vector<Stratum> join_thin(std::span<const Stratum> strata, std::uint64_t audited_min);

/// The first `labels` undecided ones of strata that are gone through in order.
std::vector<Stratum> first_undecided(std::span<const Stratum> strata, std::uint64_t labels);

/// How many more labels must be looked at, in order, until `target` wrong ones are left, if each
/// wrong one that is met is put right; 0 if that is so already, empty if it is never so.
std::optional<std::uint64_t> decisions_until(std::span<const Stratum> strata, double target);

}  // namespace tusker::audit
