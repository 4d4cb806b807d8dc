#include "kernels/crowd/dawid_skene.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernels/confident/each_instruction_set.hpp"
#include "kernels/confident/sound_order.hpp"
#include "kernels/crowd/row_math.hpp"

namespace tusker::crowd {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Flat {
    std::vector<Index> items;
    std::vector<Index> annotators;
    std::vector<ClassId> labels;
    void add(std::size_t item, std::size_t annotator, std::size_t label) {
        items.push_back(static_cast<Index>(item));
        annotators.push_back(static_cast<Index>(annotator));
        labels.push_back(static_cast<ClassId>(label));
    }
    VoteRows rows() const { return {items, annotators, labels}; }
};

/// Three annotators are right, the fourth always says the next class.
Flat votes_with_a_liar(std::size_t items, std::size_t classes) {
    Flat flat;
    for (std::size_t i = 0; i < items; ++i)
        for (std::size_t a = 0; a < 4; ++a) flat.add(i, a, (i + (a == 3)) % classes);
    return flat;
}

TEST(DawidSkene, LearnsThatAnAnnotatorMeansAnotherClass) {
    const Flat flat = votes_with_a_liar(60, 3);
    const auto found = dawid_skene(flat.rows(), {60, 4, 3}, {}, Pool(2)).value();
    for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(found.labels[i], i % 3);
    for (std::size_t g = 0; g < found.given.size(); ++g) {
        if (found.given[g].annotator != 3) continue;
        EXPECT_GT(found.errors[g * 3 + (found.given[g].label + 2) % 3], 0.99);
    }
    for (const double prior : found.priors) EXPECT_NEAR(prior, 1.0 / 3, 1e-6);
}

TEST(DawidSkene, KnownLabelsOutweighTheMajority) {
    Flat flat;
    for (std::size_t i = 0; i < 10; ++i)
        for (std::size_t a = 0; a < 3; ++a) flat.add(i, a, 0);
    flat.add(0, 0, 1);
    const std::vector<Gold> gold = {{.item = 4, .label = 1}};
    const auto found = dawid_skene(flat.rows(), {10, 3, 2}, {.gold = gold}, Pool(1)).value();
    EXPECT_EQ(found.labels[4], 1U);
    EXPECT_EQ(found.labels[5], 0U);
}

TEST(DawidSkene, RefusesByName) {
    Flat flat;
    flat.add(0, 0, 2);
    const auto message = [&](const CrowdSize& size) {
        const auto found = dawid_skene(flat.rows(), size, {}, Pool(1));
        return found ? std::string("accepted") : found.error().message;
    };
    EXPECT_THAT(message({1, 1, 2}), HasSubstr("votes[0].label = 2"));
    EXPECT_THAT(message({2, 1, 3}), HasSubstr("item 1 has none"));
    EXPECT_EQ(message({1, 1, 3}), "accepted");
    EXPECT_THAT(dawid_skene({}, {0, 0, 0}, {}, Pool(1)).error().message, HasSubstr("at least one"));
}

/// EM over dense tables, as the paper has it.
std::vector<double> naive_posterior(const Flat& flat, const CrowdSize& size, std::size_t rounds) {
    const auto [n, annotators, classes] = size;
    if (classes == 0) return {};
    std::vector<double> q(n * classes);
    std::vector<double> counts(n);
    for (std::size_t v = 0; v < flat.items.size(); ++v) {
        q[flat.items[v] * classes + flat.labels[v]] += 1;
        counts[flat.items[v]] += 1;
    }
    for (std::size_t i = 0; i < q.size(); ++i) q[i] /= counts[i / classes];
    for (std::size_t round = 0; round < rounds; ++round) {
        std::vector<double> priors(classes);
        for (std::size_t i = 0; i < q.size(); ++i)
            priors[i % classes] += q[i] / static_cast<double>(n);
        std::vector<double> errors(annotators * classes * classes);
        std::vector<bool> given(annotators * classes);
        for (std::size_t v = 0; v < flat.items.size(); ++v) {
            const std::size_t row = flat.annotators[v] * classes + flat.labels[v];
            given[row] = true;
            for (std::size_t k = 0; k < classes; ++k)
                errors[row * classes + k] += q[flat.items[v] * classes + k];
        }
        std::vector<double> totals(annotators * classes);
        for (std::size_t e = 0; e < errors.size(); ++e) {
            if (!given[e / classes]) continue;
            errors[e] = std::max(errors[e], 1e-10);
            totals[e / classes / classes * classes + e % classes] += errors[e];
        }
        std::vector<double> logs(q.size());
        for (std::size_t i = 0; i < q.size(); ++i)
            logs[i] = std::log(std::max(priors[i % classes], 1e-10));
        for (std::size_t v = 0; v < flat.items.size(); ++v)
            for (std::size_t k = 0; k < classes; ++k) {
                const std::size_t a = flat.annotators[v];
                const double error =
                    errors[(a * classes + flat.labels[v]) * classes + k] / totals[a * classes + k];
                logs[flat.items[v] * classes + k] += std::log(error);
            }
        for (std::size_t i = 0; i < n; ++i) {
            const auto row = std::span(logs).subspan(i * classes, classes);
            const double largest = std::ranges::max(row);
            double total = 0;
            for (double& x : row) total += x = std::exp(x - largest);
            for (std::size_t k = 0; k < classes; ++k) q[i * classes + k] = row[k] / total;
        }
    }
    return q;
}

Flat arbitrary_votes(const CrowdSize& size) {
    Flat flat;
    for (std::size_t i = 0; i < size.items; ++i) {
        const auto count = *rc::gen::inRange<std::size_t>(1, 6);
        for (std::size_t j = 0; j < count; ++j)
            flat.add(i, *rc::gen::inRange<std::size_t>(0, size.annotators),
                     *rc::gen::inRange<std::size_t>(0, size.classes));
    }
    return flat;
}

RC_GTEST_PROP(DawidSkene, AgreesWithTheDefinition, ()) {
    const CrowdSize size{20, 4, *rc::gen::inRange<std::size_t>(2, 7)};
    const Flat flat = arbitrary_votes(size);
    const DawidSkeneOptions options{.rounds_max = 3, .tolerance = -1e9};
    const auto expected = naive_posterior(flat, size, 3);
    const auto found = dawid_skene(flat.rows(), size, options, Pool(2)).value();
    for (std::size_t i = 0; i < expected.size(); ++i)
        RC_ASSERT(std::abs(found.posterior[i] - std::max(expected[i], 1e-10)) < 1e-8);
}

RC_GTEST_PROP(DawidSkene, SoundAndCrowdKitsWayAgree, ()) {
    const CrowdSize size{40, 5, *rc::gen::inRange<std::size_t>(2, 20)};
    const Flat flat = arbitrary_votes(size);
    const std::vector<Gold> gold = {{.item = 3, .label = 0}, {.item = 7, .label = 1}};
    DawidSkeneOptions options{.rounds_max = 4, .tolerance = -1e9};
    if (*rc::gen::arbitrary<bool>()) options.gold = gold;
    const auto sound = dawid_skene(flat.rows(), size, options, Pool(2)).value();
    options.order = confident::Order::Cleanlab;
    const auto theirs = dawid_skene(flat.rows(), size, options, Pool(2)).value();
    for (std::size_t i = 0; i < sound.posterior.size(); ++i)
        RC_ASSERT(std::abs(sound.posterior[i] - theirs.posterior[i]) < 1e-8);
    // Theirs is of clipped q: 2.3e-9 more for each.
    for (std::size_t round = 0; round < sound.bounds.size(); ++round)
        RC_ASSERT(std::abs(sound.bounds[round] - theirs.bounds[round]) < 1e-6);
}

TEST(DawidSkene, AnItemOfManyVotesNeitherVanishesNorOverflows) {
    Flat flat = votes_with_a_liar(30, 3);
    for (std::size_t vote = 0; vote < 3000; ++vote) flat.add(0, vote % 3, vote % 10 == 0 ? 1 : 0);
    const auto found = dawid_skene(flat.rows(), {30, 4, 3}, {}, Pool(2)).value();
    EXPECT_EQ(found.labels[0], 0U);
    EXPECT_EQ(found.posterior[0], 1.0);
    for (const double bound : found.bounds) EXPECT_TRUE(std::isfinite(bound));
}

TEST(DawidSkene, EveryInstructionSetAndNumberOfThreadsGivesTheSameBits) {
    for (const std::size_t classes : {6U, 37U}) {
        Flat flat;
        for (std::size_t i = 0; i < 3000; ++i)
            for (std::size_t a = 0; a < (i % 100 == 0 ? 40U : 5U); ++a)
                flat.add(i, (i * 7 + a * 3) % 20, (i + (i * a % 11 == 3) * a) % classes);
        const CrowdSize size{3000, 20, classes};
        for (const auto order : {confident::Order::Sound, confident::Order::Cleanlab}) {
            const DawidSkeneOptions options{.order = order};
            const auto expected = dawid_skene(flat.rows(), size, options, Pool(1)).value();
            confident::on_each_instruction_set([&] {
                const auto found = dawid_skene(flat.rows(), size, options, Pool(3)).value();
                EXPECT_EQ(found.posterior, expected.posterior);
                EXPECT_EQ(found.errors, expected.errors);
                EXPECT_EQ(found.bounds, expected.bounds);
            });
        }
    }
}

TEST(RowMath, AddsManyRowsWithinAFewUnitsOfTheLastPlace) {
    PaddedRows table(20'000, 24);
    std::vector<Index> rows;
    for (std::size_t i = 0; i < 20'000; ++i) {
        rows.push_back(static_cast<Index>(i * 7919 % 20'000));
        for (std::size_t c = 0; c < 24; ++c)
            table.row(i)[c] = 1.0 / static_cast<double>(i * 24 + c + 1);
    }
    std::vector<double> runs(24);
    std::vector<double> singly(24);
    sum_rows(table.all(), rows, runs);
    sum_rows_singly(table.all(), rows, singly);
    for (std::size_t c = 0; c < 24; ++c) EXPECT_NEAR(runs[c], singly[c], 1e-15 * singly[c]);
}

TEST(RowMath, MultipliesRowsAndTakesTheLogarithmOfTheirSum) {
    PaddedRows table(3, 8);
    for (std::size_t c = 0; c < 5; ++c) {
        table.row(0)[c] = 0.5;
        table.row(1)[c] = c == 2 ? 1e-20 : 3e-20;
        table.row(2)[c] = c == 1 ? 0.25 : 0.125;
    }
    const std::vector<double> start = {0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0};
    std::vector<Index> factors = {0, 2};
    factors.insert(factors.end(), 100, 1);
    const std::vector<Index> begins = {0, 2, 102};
    PaddedRows out(2, 8);
    const std::vector<Index> items = {1, 0};
    const double logs = multiply_rows({table.all(), factors, begins, start}, items, out.all());
    EXPECT_NEAR(logs, std::log(0.2 * 0.5 * 0.75) + 100 * std::log(3e-20) + std::log(0.8), 1e-9);
    EXPECT_THAT(out.row(0), ElementsAre(DoubleNear(1 / 6.0, 1e-15), DoubleNear(2 / 6.0, 1e-15),
                                        DoubleNear(1 / 6.0, 1e-15), DoubleNear(1 / 6.0, 1e-15),
                                        DoubleNear(1 / 6.0, 1e-15), 0, 0, 0));
    EXPECT_NEAR(out.row(1)[0], 0.25, 1e-15);
    EXPECT_NEAR(out.row(1)[2], 0.25 * std::pow(3, -100), 1e-60);
}

RC_GTEST_PROP(RowMath, TakesLogarithmsAndPowersAsTheSoundOrder, ()) {
    std::vector<double> x(8);
    std::vector<double> logs(8);
    for (double& value : x)
        value = *rc::gen::inRange(1, 1'000'000'000) * std::pow(10, *rc::gen::inRange(-20, 3));
    log_each(x, logs);
    for (std::size_t i = 0; i < 8; ++i) RC_ASSERT(logs[i] == confident::SoundOrder::log(x[i]));
    for (double& value : x) value = -*rc::gen::inRange(0, 75'000'000) * 1e-6;
    auto powers = x;
    exp_each(powers);
    for (std::size_t i = 0; i < 8; ++i)
        RC_ASSERT(powers[i] == (x[i] < kNegligible ? 0 : confident::SoundOrder::exp(x[i])));
}

}  // namespace
}  // namespace tusker::crowd
