#include "kernels/outliers/predictions.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"
#include "kernels/outliers/quantiles.hpp"

namespace tusker::outliers {
namespace {

using confident::NumpyOrder;
using confident::SoundOrder;

// So many values are scored by one thread at a time: enough to hide the hand-over.
constexpr std::size_t kBlockValues = 1 << 16;

const std::string kNames[] = {"entropy", "least_confidence", "gen"};

template <class Order, class W>
W entropy_score(std::span<const W> p, std::span<W> terms) {
    std::ranges::transform(p, terms.begin(), [](W x) { return Order::p_log_p(x); });
    const W entropy = -Order::sum(std::span<const W>(terms)) /
                      static_cast<W>(Order::log(static_cast<double>(p.size())));
    return W{1} - entropy;
}

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

template <class Order, class W>
W score_of(std::span<const W> p, const PredictionOptions& options, std::span<W> terms) {
    switch (options.score) {
        case PredictionScore::Entropy:
            return entropy_score<Order>(p, terms);
        case PredictionScore::LeastConfidence:
            return std::ranges::max(p);
        case PredictionScore::Gen:
            return gen_score<Order>(p, options, terms);
    }
    return 0;
}

/// The first value that breaks the rule of the score, or K.
template <class W>
std::size_t find_refused(std::span<const W> p, PredictionScore score) {
    const auto fine = [&](W x) {
        return score == PredictionScore::Entropy ? x >= 0 && x <= 1 : std::isfinite(x);
    };
    return static_cast<std::size_t>(std::ranges::find_if_not(p, fine) - p.begin());
}

struct Refused {
    std::size_t row;
    std::size_t column;
    double value;
};

template <class Order, class W, class T>
std::optional<Refused> score_block(MatrixView<const T> probs, std::size_t begin, std::size_t end,
                                   const PredictionOptions& options, std::span<W> scores) {
    const bool adjusted = !options.thresholds.empty();
    const double most = adjusted ? std::ranges::max(options.thresholds) : 0;
    std::vector<W> p(probs.columns());
    std::vector<W> terms(probs.columns());
    for (std::size_t i = begin; i < end; ++i) {
        if (adjusted)
            confident::adjust_row<Order, W, T>(probs.row(i), options.thresholds, most, p);
        else
            std::ranges::copy(probs.row(i), p.begin());
        const std::size_t column = find_refused(std::span<const W>(p), options.score);
        if (column < p.size()) return Refused{i, column, static_cast<double>(p[column])};
        scores[i] = score_of<Order, W>(p, options, terms);
    }
    return std::nullopt;
}

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
        const auto here = order == confident::Order::Sound
                              ? score_block<SoundOrder, W, T>(probs, begin, end, options, scores)
                              : score_block<NumpyOrder, W, T>(probs, begin, end, options, scores);
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
    const double limit = threshold * quantile({scores.begin(), scores.end()}, 0.5);
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
