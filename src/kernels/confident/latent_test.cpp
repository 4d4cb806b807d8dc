// A channel that is known: from the joint it makes, py and both matrices come back.
#include "kernels/confident/latent.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tusker::confident {
namespace {

constexpr std::size_t kClasses = 3;
const std::vector<double> kPy = {0.2, 0.3, 0.5};
/// P(given | true); columns sum to 1.
const std::vector<double> kNoise = {0.9, 0.1, 0.05, 0.1, 0.7, 0.15, 0.0, 0.2, 0.8};

LatentMatrix joint_counts(Layout layout) {
    LatentMatrix joint{kClasses, kNoise, layout};
    for (std::size_t i = 0; i < kClasses; ++i)
        for (std::size_t j = 0; j < kClasses; ++j) joint.at(i, j) *= 1000 * kPy[j];
    return joint;
}

std::vector<double> shares_of_given() {
    const LatentMatrix joint = joint_counts(Layout::Rows);
    std::vector<double> ps(kClasses);
    for (std::size_t i = 0; i < kClasses; ++i)
        for (std::size_t j = 0; j < kClasses; ++j) ps[i] += joint.at(i, j) / 1000;
    return ps;
}

void expect_near(std::span<const double> found, std::span<const double> wanted, double within) {
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], within) << i;
}

class EveryPrior : public testing::TestWithParam<PriorBy> {};

TEST_P(EveryPrior, FindsTheChannelThatMadeTheJoint) {
    for (const Layout layout : {Layout::Rows, Layout::Columns}) {
        for (const bool converge : {false, true}) {
            const auto latent =
                estimate_latent(joint_counts(layout), shares_of_given(),
                                {.prior_by = GetParam(), .converge = converge}, Pool(1));
            ASSERT_TRUE(latent.has_value()) << latent.error().message;
            expect_near(latent->py, kPy, 1e-12);
            expect_near(latent->noise.values, kNoise, 1e-12);
            for (std::size_t given = 0; given < kClasses; ++given) {
                double sum = 0;
                for (std::size_t truth = 0; truth < kClasses; ++truth)
                    sum += latent->inverse.at(truth, given);
                EXPECT_NEAR(sum, 1, 1e-12);
            }
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Latent, EveryPrior,
                         testing::Values(PriorBy::Counts, PriorBy::Equation, PriorBy::Marginal,
                                         PriorBy::MarginalOfInverse));

TEST(Latent, ASingularNoiseMatrixIsAnError) {
    const LatentMatrix joint{2, {5, 5, 5, 5}, Layout::Rows};
    const auto latent =
        estimate_latent(joint, std::vector<double>{0.5, 0.5},
                        {.prior_by = PriorBy::Equation, .converge = false}, Pool(1));
    ASSERT_FALSE(latent.has_value());
    EXPECT_NE(latent.error().message.find("Singular matrix"), std::string::npos);
}

TEST(ClipNoiseRates, LimitsOnlyWhatIsOffTheDiagonal) {
    const auto clipped = clip_noise_rates({2, {1, 1, 0, 0}, Layout::Rows}, Pool(1));
    EXPECT_DOUBLE_EQ(clipped.at(0, 0), 1);
    EXPECT_DOUBLE_EQ(clipped.at(0, 1), 1) << "0.9999 divided by its column's sum";
    EXPECT_DOUBLE_EQ(clip_noise_rates({2, {0.5, 0, 1.5, 1}, Layout::Rows}, Pool(1)).at(1, 0),
                     0.9999 / 1.4999);
}

TEST(PriorMethods, HaveCleanlabsNames) {
    EXPECT_EQ(find_prior_method("marginal_ps"), PriorBy::MarginalOfInverse);
    EXPECT_EQ(find_prior_method("count"), std::nullopt);
}

}  // namespace
}  // namespace tusker::confident
