#include "cli/issues/consensus_ranking.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernels/confident/consensus.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using confident::LabelIssue;

constexpr std::size_t kNeighbors = 20;

/// The neighbours of each row, with the memory that they are shown from.
struct HeldNeighbors {
    std::size_t k = 0;
    std::vector<std::int64_t> rows;
    std::vector<double> distances;

    confident::Neighbors view(std::size_t n) const {
        return {MatrixView(std::span<const std::int64_t>(rows), n, k),
                MatrixView(std::span<const double>(distances), n, k)};
    }
};

Result<HeldNeighbors> find_neighbors(const std::string& file, std::size_t n, const Pool& pool) {
    const auto features = TUSKER_TRY(read_float_matrix(file, "--features", n));
    const std::size_t k = std::min(kNeighbors, n - 1);
    if (k == 0) return HeldNeighbors{};
    ProgressLine line;
    auto found = TUSKER_TRY(features.with_matrix([&](auto view) {
        return vectors::find_neighbors(view, k, vectors::default_metric(view.columns()), pool, {},
                                       shown_on(line, "finding neighbours", "rows"));
    }));
    return HeldNeighbors{k, {found.rows.begin(), found.rows.end()}, std::move(found.distances)};
}

Result<std::vector<FloatMatrix>> read_further_models(const IssuesRequest& request,
                                                     const Probabilities& probs) {
    std::vector<FloatMatrix> models;
    for (const std::string& file : request.model_probs) {
        models.push_back(TUSKER_TRY(read_float_matrix(file, "--model-probs", probs.rows())));
        if (models.back().classes() != probs.classes())
            return invalid(
                fmt::format("--model-probs: {}: has {} columns: must have {}, as the "
                            "probabilities have",
                            file, models.back().classes(), probs.classes()));
    }
    return models;
}

template <class T>
Result<confident::Consensus> score(std::span<const FloatMatrix* const> models,
                                   const HeldNeighbors& neighbors, std::span<const ClassId> labels,
                                   const Pool& pool) {
    std::vector<std::vector<T>> copies(models.size());
    std::vector<MatrixView<const T>> views;
    views.reserve(models.size());
    for (std::size_t m = 0; m < models.size(); ++m)
        views.push_back(TUSKER_TRY(models[m]->as_matrix(copies[m])));
    return confident::score_by_consensus(std::span<const MatrixView<const T>>(views),
                                         neighbors.view(neighbors.k == 0 ? 0 : labels.size()),
                                         labels, models.front()->classes(), pool);
}

}  // namespace

Result<void> rank_by_consensus(const IssuesRequest& request, const Probabilities& probs,
                               std::span<const ClassId> labels, const Pool& pool,
                               confident::LabelIssues& found) {
    const auto further = TUSKER_TRY(read_further_models(request, probs));
    HeldNeighbors neighbors;
    if (!request.features.empty())
        neighbors = TUSKER_TRY(find_neighbors(request.features, labels.size(), pool));
    std::vector<const FloatMatrix*> models = {&probs};
    for (const FloatMatrix& model : further) models.push_back(&model);
    const bool float32 = std::ranges::all_of(models, &FloatMatrix::are_float32);
    const auto consensus = TUSKER_TRY(float32 ? score<float>(models, neighbors, labels, pool)
                                              : score<double>(models, neighbors, labels, pool));
    for (LabelIssue& issue : found.ranked) issue.score = consensus.scores[issue.index];
    std::ranges::sort(found.ranked, [](const LabelIssue& a, const LabelIssue& b) {
        return a.score != b.score ? a.score < b.score : a.index < b.index;
    });
    return {};
}

}  // namespace tusker::cli
