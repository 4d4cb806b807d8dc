#include "kernels/audit/remaining.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace tusker::audit {
namespace {

using Strata = std::vector<Stratum>;

TEST(Remaining, NothingIsSaidOfAStratumThatNobodyAudited) {
    EXPECT_FALSE(estimate_remaining(Strata{{10, 5, 2}, {1000, 0, 0}}));
    // Nothing is left in it, so nothing need be known.
    const auto none = estimate_remaining(Strata{{0, 0, 0}, {0, 30, 12}});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->high, 0);
}

TEST(Remaining, ExpectsTheSharesOfTheAuditedAmongTheUndecided) {
    const auto left = estimate_remaining(Strata{{100, 20, 15}, {1000, 50, 1}});
    ASSERT_TRUE(left);
    EXPECT_NEAR(left->expected, 75 + 20, 1e-9);
    EXPECT_GT(left->low, 40);
    EXPECT_LT(left->high, 200);
}

TEST(Remaining, JeffreysLimitsWhereTheUndecidedAreMany) {
    // Brown, Cai, DasGupta, table A.1 of the Jeffreys interval: 2 of 20 is 0.0176 to 0.2885 or so.
    const auto left = estimate_remaining(Strata{{100'000'000, 20, 2}});
    ASSERT_TRUE(left);
    EXPECT_NEAR(left->low / 1e8, 0.0213, 0.0005);
    EXPECT_NEAR(left->high / 1e8, 0.2838, 0.0005);
}

TEST(Remaining, OfOneLabelBothAnswersStayPossible) {
    const auto left = estimate_remaining(Strata{{1, 10, 5}});
    ASSERT_TRUE(left);
    EXPECT_EQ(left->low, 0);
    EXPECT_EQ(left->high, 1);
}

RC_GTEST_PROP(Remaining, TheIntervalHoldsItsEstimateAndNeverMoreThanThereIs, ()) {
    const auto strata = *rc::gen::container<Strata>(rc::gen::exec([] {
        const auto audited = *rc::gen::inRange<std::uint64_t>(1, 50);
        return Stratum{*rc::gen::inRange<std::uint64_t>(0, 10'000), audited,
                       *rc::gen::inRange<std::uint64_t>(0, audited + 1)};
    }));
    const auto left = estimate_remaining(strata);
    RC_ASSERT(left.has_value());
    std::uint64_t undecided = 0;
    for (const Stratum& stratum : strata) undecided += stratum.undecided;
    RC_ASSERT(left->low <= left->expected + 1e-6);
    RC_ASSERT(left->expected <= left->high + 1e-6);
    RC_ASSERT(left->high <= static_cast<double>(undecided) + 1e-6);
    RC_ASSERT(left->low >= 0);
}

TEST(Remaining, ThinStrataJoinTheirNeighbours) {
    EXPECT_EQ(join_thin(Strata{{0, 20, 18}, {10, 10, 8}, {20, 0, 0}, {20, 2, 1}, {100, 9, 0}}, 5),
              (Strata{{0, 20, 18}, {10, 10, 8}, {140, 11, 1}}));
    EXPECT_EQ(join_thin(Strata{{10, 10, 8}, {20, 0, 0}, {20, 2, 1}}, 5), (Strata{{50, 12, 9}}));
    EXPECT_EQ(join_thin(Strata{{20, 1, 1}}, 5), (Strata{{20, 1, 1}}));
}

TEST(Remaining, SaysHowManyMoreMustBeLookedAt) {
    const Strata strata = {{0, 20, 20}, {20, 10, 5}, {1000, 100, 1}};
    EXPECT_EQ(decisions_until(strata, 100), 0U);
    EXPECT_EQ(decisions_until(strata, 15), 10U);  // of 20 expected, half of those met
    EXPECT_EQ(decisions_until(strata, 9), 120U);  // the whole second, and 100 of the third
    EXPECT_EQ(decisions_until(strata, 0), 1020U);
    EXPECT_EQ(first_undecided(strata, 30), (Strata{{0, 20, 20}, {20, 10, 5}, {10, 100, 1}}));
}

// --- Coverage ------------------------------------------------------------------------------------

/// A dataset whose flagged labels are wrong the more often the worse they rank, the others seldom.
struct World {
    std::vector<std::vector<bool>> wrong;  // of each stratum, in rank order
};

World make_world(std::mt19937_64& random, double worst, double best, double rest) {
    constexpr std::size_t kBands = 6;
    constexpr std::size_t kBandLabels = 40;
    constexpr std::size_t kRestLabels = 1'500;
    World world;
    for (std::size_t band = 0; band < kBands; ++band) {
        auto& labels = world.wrong.emplace_back();
        for (std::size_t i = 0; i < kBandLabels; ++i) {
            const double place =
                static_cast<double>(band * kBandLabels + i) / (kBands * kBandLabels);
            labels.push_back(std::bernoulli_distribution(worst + (best - worst) * place)(random));
        }
    }
    auto& others = world.wrong.emplace_back();
    for (std::size_t i = 0; i < kRestLabels; ++i)
        others.push_back(std::bernoulli_distribution(rest)(random));
    return world;
}

/// Decides labels [0, first) of a stratum and `more` at random among the others.
Stratum audit_some(const std::vector<bool>& wrong, std::size_t first, std::size_t more,
                   std::mt19937_64& random, std::uint64_t& left) {
    std::vector<std::size_t> order(wrong.size() - first);
    std::iota(order.begin(), order.end(), first);
    std::ranges::shuffle(order, random);
    more = std::min(more, order.size());
    Stratum stratum{wrong.size() - first - more, first + more, 0};
    for (std::size_t i = 0; i < first; ++i) stratum.errors += wrong[i] ? 1 : 0;
    for (std::size_t i = 0; i < order.size(); ++i)
        (i < more ? stratum.errors : left) += wrong[order[i]] ? 1 : 0;
    return stratum;
}

/// In what share of 500 datasets the interval holds the truth, with `worst_first` labels decided
/// from the top, and picks at random in every stratum.
double coverage(std::uint64_t seed, std::size_t worst_first, double worst, double best,
                double rest) {
    constexpr int kRounds = 500;
    std::mt19937_64 random(seed);
    int held = 0;
    for (int round = 0; round < kRounds; ++round) {
        const World world = make_world(random, worst, best, rest);
        std::uint64_t left = 0;
        std::size_t top = worst_first;
        Strata strata;
        for (const auto& wrong : world.wrong) {
            const bool is_rest = strata.size() + 1 == world.wrong.size();
            const std::size_t first = is_rest ? 0 : std::min(top, wrong.size());
            top -= first;
            strata.push_back(audit_some(wrong, first, is_rest ? 60 : 6, random, left));
        }
        const auto found = estimate_remaining(strata);
        if (!found) continue;
        const auto truth = static_cast<double>(left);
        held += found->low - 0.5 <= truth && truth <= found->high + 0.5 ? 1 : 0;
    }
    return static_cast<double>(held) / kRounds;
}

// Jeffreys' interval holds 95 % on average over shares, and a little less at some of them; so does
// the sum.
TEST(RemainingCoverage, RandomPicksAlone) {
    double sum = 0;
    int cases = 0;
    for (const double worst : {0.95, 0.8, 0.6, 0.3})
        for (const double rest : {0.0, 0.002, 0.01, 0.05}) {
            const double held = coverage(7, 0, worst, worst / 4, rest);
            EXPECT_GE(held, 0.9) << worst << " " << rest;
            sum += held;
            ++cases;
        }
    EXPECT_GE(sum / cases, 0.94);
}

// Worst first is not at random: within a stratum those decided are a little more often wrong than
// those left. Strata are narrow, so the interval still holds.
TEST(RemainingCoverage, WorstFirstAndPicks) {
    double sum = 0;
    int cases = 0;
    for (const std::size_t decided : {20U, 60U, 110U, 240U})
        for (const double rest : {0.0, 0.01, 0.03, 0.05}) {
            const double held = coverage(8, decided, 0.9, 0.2, rest);
            EXPECT_GE(held, 0.9) << decided << " " << rest;
            sum += held;
            ++cases;
        }
    EXPECT_GE(sum / cases, 0.94);
}

}  // namespace
}  // namespace tusker::audit
