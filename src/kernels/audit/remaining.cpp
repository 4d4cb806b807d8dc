#include "kernels/audit/remaining.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <cmath>

namespace tusker::audit {
namespace {

struct Limits {
    double low;
    double high;
};

/// Share of the undecided labels that are wrong. The posterior of their number under Jeffreys'
/// prior is beta-binomial; its share has the mean and variance of the beta distribution below,
/// which is Jeffreys' own where the undecided are many, and narrower in no case.
Limits limits_of_share(const Stratum& stratum, double confidence) {
    const auto audited = static_cast<double>(stratum.audited);
    const auto errors = static_cast<double>(stratum.errors);
    const auto undecided = static_cast<double>(stratum.undecided);
    const double weight = audited + 1;  // of both parameters together, Jeffreys' two halves with it
    const double mean = (errors + 0.5) / weight;
    // One label is wrong or it is not.
    if (stratum.undecided == 1)
        return {.low = mean > 1 - (1 - confidence) / 2 ? 1.0 : 0.0,
                .high = mean < (1 - confidence) / 2 ? 0.0 : 1.0};
    const double finite = weight * (undecided - 1) / (weight + undecided);
    const boost::math::beta_distribution<double> share(mean * finite, (1 - mean) * finite);
    const double tail = (1 - confidence) / 2;
    // Where all or none were wrong, the limit on that side is all or none (Brown et al., § 3.2).
    return {
        .low = stratum.errors == 0 ? 0.0 : boost::math::quantile(share, tail),
        .high = stratum.errors == stratum.audited ? 1.0 : boost::math::quantile(share, 1 - tail)};
}

double rate_of(const Stratum& stratum) {
    if (stratum.audited == 0) return 0;
    return static_cast<double>(stratum.errors) / static_cast<double>(stratum.audited);
}

void join(Stratum& into, const Stratum& other) {
    into.undecided += other.undecided;
    into.audited += other.audited;
    into.errors += other.errors;
}

}  // namespace

std::optional<Count> estimate_remaining(std::span<const Stratum> strata, double confidence) {
    Count sum;
    double below = 0;
    double above = 0;
    for (const Stratum& stratum : strata) {
        if (stratum.undecided == 0) continue;
        if (stratum.audited == 0) return std::nullopt;
        const auto labels = static_cast<double>(stratum.undecided);
        const double rate = rate_of(stratum);
        const Limits limits = limits_of_share(stratum, confidence);
        sum.expected += labels * rate;
        below += std::pow(labels * (rate - std::min(rate, limits.low)), 2);
        above += std::pow(labels * (std::max(rate, limits.high) - rate), 2);
    }
    sum.low = std::max(0.0, sum.expected - std::sqrt(below));
    sum.high = sum.expected + std::sqrt(above);
    return sum;
}

std::vector<Stratum> join_thin(std::span<const Stratum> strata, std::uint64_t audited_min) {
    std::vector<Stratum> joined;
    Stratum open;
    for (const Stratum& stratum : strata) {
        join(open, stratum);
        if (open.undecided > 0 && open.audited < audited_min) continue;
        joined.push_back(open);
        open = {};
    }
    if (open != Stratum{}) {
        if (joined.empty())
            joined.push_back(open);
        else
            join(joined.back(), open);
    }
    return joined;
}

std::vector<Stratum> first_undecided(std::span<const Stratum> strata, std::uint64_t labels) {
    std::vector<Stratum> first;
    for (Stratum stratum : strata) {
        stratum.undecided = std::min(stratum.undecided, labels);
        labels -= stratum.undecided;
        first.push_back(stratum);
    }
    return first;
}

std::optional<std::uint64_t> decisions_until(std::span<const Stratum> strata, double target) {
    double left = 0;
    for (const Stratum& stratum : strata)
        left += rate_of(stratum) * static_cast<double>(stratum.undecided);
    double decisions = 0;
    for (const Stratum& stratum : strata) {
        if (left <= target) break;
        const double rate = rate_of(stratum);
        const auto labels = static_cast<double>(stratum.undecided);
        const double needed = rate > 0 ? std::ceil((left - target) / rate) : labels;
        decisions += std::min(needed, labels);
        left -= rate * std::min(needed, labels);
    }
    if (left > target + 1e-9) return std::nullopt;
    return static_cast<std::uint64_t>(decisions);
}

}  // namespace tusker::audit
