#include "kernels/outliers/predictions.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/confident/entropy.hpp"
#include "kernels/confident/row_arithmetic.hpp"
#include "kernels/confident/with_order.hpp"
#include "kernels/outliers/quantiles.hpp"

namespace tusker::outliers {
namespace {

// So many values are scored by one thread at a time: enough to hide the hand-over.
constexpr std::size_t kBlockValues = 1 << 16;

const std::string kNames[] = {"entropy", "least_confidence", "gen"};

template <class Order, class W>
W gen_score(std::span<const W> p, const PredictionOptions& options, std::span<W> terms) {
    std::ranges::transform(p, terms.begin(), [](W x) { return Order::exp(x); });
    const W sum = Order::sum(std::span<const W>(terms));
    for (W& q : terms) q /= sum;
    const std::size_t used = std::min(options.largest, terms.size());
    const auto largest = terms.last(used);
    // Ascending, because the order of additions decides the last bit.
    std::ranges::nth_element(terms, largest.begin());
    std::ranges::sort(largest);
    const auto gamma = static_cast<W>(options.gamma);
    for (W& q : largest) q = Order::power(q, gamma) * Order::power(W{1} - q, gamma);
    return W{1} - Order::sum(std::span<const W>(largest)) / static_cast<W>(options.largest);
}

struct Refused {
    std::size_t row;
    std::size_t column;
    double value;
};

/// Scores blocks of rows, some rows at a time; for one thread.
template <class Order, class W, class T>
class BlockScorer {
public:
    BlockScorer(MatrixView<const T> probs, const PredictionOptions& options)
        : probs_(probs),
          options_(options),
          less_(options.thresholds.begin(), options.thresholds.end()),
          more_(less_.empty() ? W{0} : static_cast<W>(std::ranges::max(options.thresholds))),
          scratch_(confident::quick_scratch<W>(probs.columns())),
          adjusted_(less_.empty() ? 0 : scratch_.size()) {}

    /// scores[i] of the rows [begin, end), up to the first that is refused.
    std::optional<Refused> score(std::size_t begin, std::size_t end, std::span<W> scores) {
        const std::size_t at_once = scratch_.size() / probs_.columns();
        for (std::size_t i = begin; i < end; i += at_once) {
            const std::size_t count = std::min(at_once, end - i);
            const auto rows = adjusted(probs_.rows_from(i, count));
            if (!surely_fine(rows))
                if (const auto refused = find_refused(rows, i)) return refused;
            score_rows(rows, scores.subspan(i, count));
        }
        return std::nullopt;
    }

private:
    MatrixView<const W> adjusted(MatrixView<const T> rows) {
        if constexpr (std::is_same_v<W, T>) {
            if (less_.empty()) return rows;
        }
        const MatrixView<W> out(std::span<W>(adjusted_).first(rows.values().size()), rows.rows(),
                                rows.columns());
        confident::shift_rows(rows, less_, more_, out.values());
        sums_.resize(rows.rows());
        const MatrixView<const W> shifted(out.values(), out.rows(), out.columns());
        Order::sum_rows(shifted, std::span(sums_));
        confident::divide_rows(out, sums_);
        return shifted;
    }

    bool surely_fine(MatrixView<const W> rows) const {
        return options_.score == PredictionScore::Entropy
                   ? confident::surely_in_zero_one(rows.values())
                   : confident::all_finite(rows.values());
    }

    /// The first value that breaks the rule of the score; row `first` of all is row 0 of these.
    std::optional<Refused> find_refused(MatrixView<const W> rows, std::size_t first) const {
        const auto values = rows.values();
        const auto found = std::ranges::find_if_not(values, [&](W x) {
            return options_.score == PredictionScore::Entropy ? x >= 0 && x <= 1 : std::isfinite(x);
        });
        if (found == values.end()) return std::nullopt;
        const auto place = static_cast<std::size_t>(found - values.begin());
        return Refused{first + place / rows.columns(), place % rows.columns(),
                       static_cast<double>(*found)};
    }

    void score_rows(MatrixView<const W> rows, std::span<W> scores) {
        switch (options_.score) {
            case PredictionScore::Entropy:
                confident::normalized_entropies<Order, W>(rows, scratch_, scores);
                for (W& score : scores) score = W{1} - score;
                return;
            case PredictionScore::LeastConfidence:
                return confident::largest_of_rows(rows, scores);
            case PredictionScore::Gen:
                for (std::size_t i = 0; i < rows.rows(); ++i)
                    scores[i] = gen_score<Order, W>(rows.row(i), options_,
                                                    std::span(scratch_).first(rows.columns()));
        }
    }

    MatrixView<const T> probs_;
    const PredictionOptions& options_;
    std::vector<W> less_;  // the thresholds
    W more_;
    std::vector<W> scratch_;
    std::vector<W> adjusted_;
    std::vector<W> sums_;
};

Result<void> check(std::size_t rows, std::size_t columns, const PredictionOptions& options) {
    if (rows == 0 || columns == 0)
        return invalid(fmt::format("pred_probs has shape ({}, {}): must have a row and a column",
                                   rows, columns));
    if (columns < 2 && options.score == PredictionScore::Entropy)
        return invalid("pred_probs has 1 column: an entropy needs at least 2 classes");
    if (!options.thresholds.empty() && options.thresholds.size() != columns)
        return invalid(
            fmt::format("confident_thresholds has {} entries: there must be one for "
                        "each of {} classes",
                        options.thresholds.size(), columns));
    if (options.largest == 0) return invalid("M = 0: must be at least 1");
    if (!(options.gamma > 0 && std::isfinite(options.gamma)))
        return invalid(fmt::format("gamma = {}: must be above 0 and finite", options.gamma));
    return {};
}

}  // namespace

template <class W, class T>
Result<std::vector<W>> score_predictions(MatrixView<const T> probs,
                                         const PredictionOptions& options, confident::Order order,
                                         const Pool& pool) {
    TUSKER_TRY(check(probs.rows(), probs.columns(), options));
    const std::size_t block_rows = std::max<std::size_t>(kBlockValues / probs.columns(), 1);
    std::vector<W> scores(probs.rows());
    std::optional<Refused> refused;
    std::mutex turn;
    pool.for_each((probs.rows() + block_rows - 1) / block_rows, [&](std::size_t block) {
        const std::size_t begin = block * block_rows;
        const std::size_t end = std::min(begin + block_rows, probs.rows());
        const auto here = confident::with_order(order, [&]<class Chosen>(Chosen) {
            return BlockScorer<Chosen, W, T>(probs, options).score(begin, end, scores);
        });
        if (!here) return;
        const std::lock_guard lock(turn);
        if (!refused || here->row < refused->row) refused = here;
    });
    if (refused)
        return invalid(fmt::format(
            "{}pred_probs[{}][{}] = {}: {}", options.thresholds.empty() ? "" : "adjusted ",
            refused->row, refused->column, refused->value,
            options.score == PredictionScore::Entropy
                ? "All probabilities are required to be in the interval [0, 1]."
                : "must be finite"));
    return scores;
}

std::vector<confident::Row> flag_predictions(std::span<const double> scores, double threshold) {
    std::vector<confident::Row> flagged;
    if (scores.empty()) return flagged;
    const double limit = threshold * quantile(scores, 0.5);
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (scores[i] < limit) flagged.push_back(static_cast<confident::Row>(i));
    std::ranges::stable_sort(flagged, {}, [&](confident::Row row) { return scores[row]; });
    return flagged;
}

std::optional<PredictionScore> find_prediction_score(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == std::end(kNames)) return std::nullopt;
    return static_cast<PredictionScore>(found - std::begin(kNames));
}

std::span<const std::string> prediction_score_names() { return kNames; }

template Result<std::vector<float>> score_predictions<float, float>(MatrixView<const float>,
                                                                    const PredictionOptions&,
                                                                    confident::Order, const Pool&);
template Result<std::vector<double>> score_predictions<double, float>(MatrixView<const float>,
                                                                      const PredictionOptions&,
                                                                      confident::Order,
                                                                      const Pool&);
template Result<std::vector<double>> score_predictions<double, double>(MatrixView<const double>,
                                                                       const PredictionOptions&,
                                                                       confident::Order,
                                                                       const Pool&);

}  // namespace tusker::outliers
