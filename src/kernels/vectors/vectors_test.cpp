#include "kernels/vectors/vectors.hpp"

#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace tusker::vectors {
namespace {

template <class T>
struct Matrix {
    std::size_t rows;
    std::size_t columns;
    std::vector<T> values;
    MatrixView<const T> view() const { return {values, rows, columns}; }
    std::span<const T> row(std::size_t i) const { return view().row(i); }
};

template <class T>
Matrix<T> random_rows(std::size_t rows, std::size_t columns, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Matrix<T> made{rows, columns, std::vector<T>(rows * columns)};
    for (T& x : made.values) x = static_cast<T>(normal(random));
    return made;
}

template <class T>
long double naive_distance(std::span<const T> x, std::span<const T> y, Metric metric) {
    long double xx = 0;
    long double yy = 0;
    long double xy = 0;
    long double dd = 0;
    for (std::size_t c = 0; c < x.size(); ++c) {
        const auto a = static_cast<long double>(x[c]);
        const auto b = static_cast<long double>(y[c]);
        xx += a * a;
        yy += b * b;
        xy += a * b;
        dd += (a - b) * (a - b);
    }
    if (metric == Metric::Euclidean) return std::sqrt(dd);
    return xx == 0 || yy == 0 ? 1.0L : 1 - xy / std::sqrt(xx * yy);
}

/// Rows by exact equality, distance and number: what the header promises, read aloud. Distances
/// nearer to each other than doubles can tell count as equal if the rows have equal columns.
template <class T>
void expect_right(const Matrix<T>& rows, std::size_t k, Metric metric, const Neighbors& found) {
    ASSERT_EQ(found.rows.size(), rows.rows * k);
    for (std::size_t i = 0; i < rows.rows; ++i) {
        std::vector<double> distances;
        std::size_t equals = 0;
        for (std::size_t j = 0; j < rows.rows; ++j) {
            if (i == j) continue;
            const bool equal = std::ranges::equal(rows.row(i), rows.row(j));
            equals += equal ? 1 : 0;
            distances.push_back(
                equal ? 0 : static_cast<double>(naive_distance(rows.row(i), rows.row(j), metric)));
        }
        std::ranges::sort(distances);
        std::vector<Row> seen;
        for (std::size_t n = 0; n < k; ++n) {
            const Row row = found.rows[i * k + n];
            const double distance = found.distances[i * k + n];
            ASSERT_NE(row, i);
            ASSERT_EQ(std::ranges::count(seen, row), 0);
            ASSERT_NEAR(distance, distances[n], 1e-14) << i << " " << n;
            const bool equal = std::ranges::equal(rows.row(i), rows.row(row));
            ASSERT_EQ(equal, n < equals);
            const double naive =
                equal ? 0 : static_cast<double>(naive_distance(rows.row(i), rows.row(row), metric));
            ASSERT_NEAR(distance, naive, equal ? 0 : 1e-14);
            if (n > 0 && n != equals) {
                const double before = found.distances[i * k + n - 1];
                ASSERT_TRUE(before < distance || (before == distance && seen.back() < row));
            }
            seen.push_back(row);
        }
    }
}

class Neighbours : public testing::TestWithParam<Metric> {
protected:
    Pool pool_{2};

    template <class T>
    Neighbors search(const Matrix<T>& rows, std::size_t k) {
        return find_neighbors(rows.view(), k, GetParam(), pool_).value();
    }
    template <class T>
    void check(const Matrix<T>& rows, std::size_t k) {
        expect_right(rows, k, GetParam(), search(rows, k));
    }
};

INSTANTIATE_TEST_SUITE_P(Metrics, Neighbours, testing::Values(Metric::Cosine, Metric::Euclidean),
                         [](const auto& tested) {
                             return tested.param == Metric::Cosine ? "Cosine" : "Euclidean";
                         });

TEST_P(Neighbours, OfRandomRowsAreTheNearest) {
    check(random_rows<float>(500, 64, 1), 10);
    check(random_rows<double>(500, 64, 2), 10);
    check(random_rows<double>(300, 5, 3), 7);
    check(random_rows<float>(1100, 2, 4), 3);
    check(random_rows<double>(257, 1, 5), 3);
}

TEST_P(Neighbours, OfFewRowsAreAllOthers) {
    for (std::size_t rows = 2; rows < 6; ++rows) check(random_rows<double>(rows, 3, 6), rows - 1);
}

TEST_P(Neighbours, EqualRowsComeFirstInOrderOfRows) {
    auto rows = random_rows<double>(200, 20, 7);
    for (const std::size_t copy : {3UL, 90UL, 150UL, 151UL})
        std::ranges::copy(rows.row(17), rows.values.begin() + static_cast<long>(copy * 20));
    check(rows, 10);
    const auto found = search(rows, 2);
    EXPECT_EQ((std::vector<Row>{found.rows[17 * 2], found.rows[17 * 2 + 1]}),
              (std::vector<Row>{3, 90}));
    EXPECT_EQ((std::vector<Row>{found.rows[151 * 2], found.rows[151 * 2 + 1]}),
              (std::vector<Row>{3, 17}));
}

TEST_P(Neighbours, OfAllEqualRowsAreTheFirst) {
    const Matrix<float> rows{1000, 8, std::vector<float>(8000, 0.25F)};
    const auto found = search(rows, 3);
    EXPECT_EQ(std::ranges::count(found.distances, 0.0), 3000);
    EXPECT_EQ(std::vector<Row>(found.rows.begin(), found.rows.begin() + 3),
              (std::vector<Row>{1, 2, 3}));
    EXPECT_EQ(std::vector<Row>(found.rows.end() - 3, found.rows.end()),
              (std::vector<Row>{0, 1, 2}));
}

TEST_P(Neighbours, MinusZeroEqualsZero) {
    const Matrix<double> rows{3, 2, {0.0, 1.0, 5.0, 1.0, -0.0, 1.0}};
    EXPECT_EQ(search(rows, 1).rows[0], 2U);
}

// Single precision sees nothing of differences this small: the second pass must.
TEST_P(Neighbours, OfATinyCloudFarFromTheOriginAreTheNearest) {
    auto rows = random_rows<double>(400, 16, 8);
    for (double& x : rows.values) x = 1 + x * 1e-9;
    const auto found = search(rows, 5);
    for (std::size_t i = 0; i < rows.rows; ++i) {
        std::vector<std::pair<long double, Row>> all;
        for (Row j = 0; j < rows.rows; ++j)
            if (i != j) {
                // The same, without the loss of digits of 1 - cosine.
                long double sum = 0;
                long double x_length = 0;
                long double y_length = 0;
                for (std::size_t c = 0; c < 16; ++c) {
                    x_length += static_cast<long double>(rows.row(i)[c]) * rows.row(i)[c];
                    y_length += static_cast<long double>(rows.row(j)[c]) * rows.row(j)[c];
                }
                for (std::size_t c = 0; c < 16; ++c) {
                    const bool cosine = GetParam() == Metric::Cosine;
                    const long double x = rows.row(i)[c] / (cosine ? std::sqrt(x_length) : 1.0L);
                    const long double y = rows.row(j)[c] / (cosine ? std::sqrt(y_length) : 1.0L);
                    sum += (x - y) * (x - y);
                }
                all.emplace_back(sum, j);
            }
        std::ranges::sort(all);
        EXPECT_EQ(found.rows[i * 5], all[0].second) << i;
        EXPECT_EQ(found.rows[i * 5 + 4], all[4].second) << i;
    }
}

TEST_P(Neighbours, OneFarRowDisturbsNoOther) {
    for (const std::size_t columns : {4UL, 12UL}) {
        auto rows = random_rows<double>(300, columns, 9);
        const std::size_t far = 1;
        rows.values[far * columns] = 1e9;
        rows.values[far * columns + 1] = -3e9;
        const auto found = search(rows, 4);
        auto others = rows;  // without the far row, which is nobody's neighbour but by angle
        others.values.erase(others.values.begin() + static_cast<long>(columns),
                            others.values.begin() + static_cast<long>(2 * columns));
        --others.rows;
        const auto expected = search(others, 4);
        for (std::size_t i = 0; i < others.rows; ++i)
            for (std::size_t n = 0; n < 4; ++n) {
                const std::size_t here = (i < far ? i : i + 1) * 4 + n;
                if (GetParam() == Metric::Cosine) {
                    EXPECT_LE(found.distances[here], expected.distances[i * 4 + n]);
                } else {
                    EXPECT_EQ(found.distances[here], expected.distances[i * 4 + n]);
                }
            }
    }
}

// Many equal distances, which only the row number decides.
TEST_P(Neighbours, OfAGridAreTheLowestRowsAmongEquallyFar) {
    for (const std::size_t columns : {2UL, 9UL}) {  // the rest are zeros
        Matrix<float> rows{900, columns, std::vector<float>(900 * columns)};
        for (std::size_t i = 0; i < 900; ++i) {
            rows.values[i * columns] = static_cast<float>(i / 30);
            rows.values[i * columns + 1] = static_cast<float>(i % 30);
        }
        if (GetParam() == Metric::Cosine) {
            check(rows, 6);
            continue;
        }
        const auto found = search(rows, 6);
        const std::vector<Row> around = {435 - 30, 435 - 1, 435 + 1, 435 + 30, 435 - 31, 435 - 29};
        EXPECT_EQ(std::vector<Row>(found.rows.begin() + 435 * 6, found.rows.begin() + 436 * 6),
                  around);
    }
}

// All targets and numbers of threads, bit for bit.
TEST_P(Neighbours, AreTheSameOnEveryInstructionSetAndNumberOfThreads) {
    // Neither a whole number of panels nor of vectors.
    auto rows = random_rows<float>(700, 37, 10);
    std::copy_n(rows.values.begin(), 37 * 40, rows.values.begin() + 37 * 300);
    const auto expected = search(rows, 9);
    const std::int64_t targets = hwy::SupportedTargets();
    for (std::int64_t left = targets; left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & -left);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        for (const std::size_t threads : {1UL, 3UL}) {
            const Pool pool(threads);
            const auto found = find_neighbors(rows.view(), 9, GetParam(), pool).value();
            EXPECT_EQ(found.rows, expected.rows) << hwy::TargetName(left & -left);
            EXPECT_EQ(found.distances, expected.distances);
        }
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

// One thread packs groups of rows as it needs them; for many, all rows are packed at once.
TEST_P(Neighbours, OfManyBlocksAreTheSameHoweverTheyArePacked) {
    const auto rows = random_rows<float>(1700, 1400, 13);
    const Pool one(1);
    const Pool many(8);
    const auto found = find_neighbors(rows.view(), 3, GetParam(), one).value();
    const auto expected = find_neighbors(rows.view(), 3, GetParam(), many).value();
    EXPECT_EQ(found.rows, expected.rows);
    EXPECT_EQ(found.distances, expected.distances);
    for (const std::size_t i : {0UL, 900UL, 1699UL}) {
        std::vector<double> all;
        for (std::size_t j = 0; j < rows.rows; ++j)
            if (i != j)
                all.push_back(
                    static_cast<double>(naive_distance(rows.row(i), rows.row(j), GetParam())));
        std::ranges::sort(all);
        for (std::size_t n = 0; n < 3; ++n) EXPECT_NEAR(found.distances[i * 3 + n], all[n], 1e-12);
    }
}

TEST_P(Neighbours, AmongOtherRowsAreTheNearest) {
    for (const std::size_t columns : {3UL, 12UL}) {
        const auto rows = random_rows<double>(400, columns, 11);
        auto queries = random_rows<double>(150, columns, 12);
        std::copy_n(rows.row(33).begin(), columns, queries.values.begin());
        const auto found =
            find_neighbors_among(rows.view(), queries.view(), 5, GetParam(), pool_).value();
        EXPECT_EQ(found.rows[0], 33U);
        EXPECT_EQ(found.distances[0], 0);
        for (std::size_t i = 0; i < queries.rows; ++i) {
            std::vector<double> all;
            for (std::size_t j = 0; j < rows.rows; ++j)
                all.push_back(
                    static_cast<double>(naive_distance(queries.row(i), rows.row(j), GetParam())));
            std::ranges::sort(all);
            for (std::size_t n = 0; n < 5; ++n)
                EXPECT_NEAR(found.distances[i * 5 + n], all[n], 1e-14);
        }
    }
}

TEST(CosineNeighbours, OfARowOfZerosAreAtDistanceOne) {
    const Pool pool(1);
    const Matrix<double> rows{4, 2, {0, 0, 1, 0, 0, 2, -1, 0}};
    const auto found = find_neighbors(rows.view(), 3, Metric::Cosine, pool).value();
    EXPECT_EQ(std::vector<double>(found.distances.begin(), found.distances.begin() + 3),
              (std::vector<double>{1, 1, 1}));
    EXPECT_EQ(found.distances[3 * 3 + 2], 2);
}

RC_GTEST_PROP(SmallMatrices, NeighboursAreAsDefined, ()) {
    const auto columns = *rc::gen::inRange<std::size_t>(1, 10);
    const auto rows = *rc::gen::inRange<std::size_t>(2, 70);
    const auto metric = *rc::gen::element(Metric::Cosine, Metric::Euclidean);
    // Few values, so that equal rows, zeros and equal distances are met.
    Matrix<double> made{rows, columns, {}};
    const auto numbers =
        *rc::gen::container<std::vector<int>>(rows * columns, rc::gen::inRange(-3, 4));
    made.values.assign(numbers.begin(), numbers.end());
    const auto k = *rc::gen::inRange<std::size_t>(1, rows);
    const Pool pool(2);
    expect_right(made, k, metric, find_neighbors(made.view(), k, metric, pool).value());
    RC_ASSERT(!testing::Test::HasFailure());
}

TEST(NeighboursErrors, NameArgumentValueAndRule) {
    const Pool pool(1);
    auto rows = random_rows<double>(5, 3, 1);
    const auto message = [&](std::size_t k) {
        return find_neighbors(rows.view(), k, Metric::Cosine, pool).error().message;
    };
    EXPECT_EQ(message(5), "k = 5: must be at least 1 and below the number of rows, 5");
    EXPECT_EQ(message(0), "k = 0: must be at least 1 and below the number of rows, 5");
    rows.values[7] = std::nan("");
    EXPECT_EQ(message(2), "features[2][1] = nan: must be finite");
    rows.values[7] = std::numeric_limits<double>::infinity();
    EXPECT_EQ(message(2), "features[2][1] = inf: must be finite");
    rows.values[7] = 1e200;
    EXPECT_EQ(message(2), "features[2]: the sum of its squares must be below the largest double");
}

TEST(NeighboursStop, IsHeard) {
    const Pool pool(1);
    const auto rows = random_rows<float>(100, 3, 1);
    std::stop_source source;
    source.request_stop();
    const auto found = find_neighbors(rows.view(), 3, Metric::Cosine, pool, source.get_token());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::Cancelled);
}

TEST(NeighboursProgress, NeverFallsAndEndsAtTheTotal) {
    const Pool pool(2);
    const auto rows = random_rows<float>(3000, 64, 1);
    std::vector<std::pair<std::size_t, std::size_t>> reports;
    ASSERT_TRUE(find_neighbors(
        rows.view(), 3, Metric::Cosine, pool, {},
        [&](std::size_t done, std::size_t total) { reports.emplace_back(done, total); }));
    EXPECT_TRUE(std::ranges::is_sorted(reports));
    EXPECT_EQ(reports.back().first, reports.back().second);
}

TEST(EqualRows, AreFoundInOrderOfTheirFirstRow) {
    const Pool pool(2);
    const Matrix<float> rows{6, 2, {1, 2, 3, 4, 1, 2, 5, 6, 3, 4, 1, 2}};
    EXPECT_EQ(find_equal_rows(rows.view(), pool).value(),
              (std::vector<std::vector<Row>>{{0, 2, 5}, {1, 4}}));
}

TEST(EqualRows, AreMendedIntoListsOfAnotherSearch) {
    // Rows 0, 1, 3 are equal; the search missed 3 for row 0 and put 1 behind.
    std::vector<double> distances = {0.5, 1e-9, 0, 0.5, 0.5, 0.5, 0, 0};
    std::vector<std::int64_t> rows = {2, 1, 0, 2, 0, 1, 0, 1};
    const std::vector<std::vector<Row>> sets = {{0, 1, 3}};
    put_equal_rows_first(MatrixView<double>(distances, 4, 2), MatrixView<std::int64_t>(rows, 4, 2),
                         sets);
    EXPECT_EQ(rows, (std::vector<std::int64_t>{1, 3, 0, 3, 0, 1, 0, 1}));
    EXPECT_EQ(distances, (std::vector<double>{0, 0, 0, 0, 0.5, 0.5, 0, 0}));
}

}  // namespace
}  // namespace tusker::vectors
