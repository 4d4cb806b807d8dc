#include "findings/label_issues/live_run.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "findings/label_issues/wrong_labels.hpp"
#include "kernels/confident/estimates.hpp"
#include "kernels/confident/live_ranking.hpp"

namespace tusker::label_issues {
namespace {

// Beyond this a run is made anew: memory is worth more than the seconds.
constexpr std::size_t kBytesMax = std::size_t{512} << 20U;

confident::Probabilities probabilities_of(const Examples& examples) {
    const std::size_t n = examples.rows.size();
    const std::size_t k = examples.classes.size();
    if (examples.is_float) return MatrixView<const float>(examples.floats, n, k);
    return MatrixView<const double>(examples.doubles, n, k);
}

std::vector<confident::ClassId> labels_of(const Examples& examples) {
    std::vector<confident::ClassId> labels;
    labels.reserve(examples.rows.size());
    for (const Example& row : examples.rows) labels.push_back(row.given);
    return labels;
}

bool same_taxonomies(const catalog::Version& a, const catalog::Version& b) {
    return std::ranges::equal(a.taxonomies, b.taxonomies, [](const auto& x, const auto& y) {
        return x.name == y.name && x.labels == y.labels;
    });
}

}  // namespace

struct LiveRun::State {
    Request request;
    std::shared_ptr<const catalog::Version> version;
    std::shared_ptr<const catalog::RunTable> run;
    Examples examples;  // stays where it is: the ranking reads its matrix
    std::optional<confident::LiveRanking> ranking;
    std::vector<double> scores;
    std::vector<std::string> warnings;
    std::unordered_map<catalog::RowNo, std::size_t> example_of;
    std::unordered_map<std::string, confident::ClassId> class_of;

    /// Labels that differ from the run's, of segments that are new; empty if more than labels
    /// changed.
    std::optional<std::vector<confident::LabelMove>> moves_to(const catalog::Version& next) const;
    template <class T>
    Result<void> score_again(std::span<const confident::LabelMove> moves, std::span<const T> matrix,
                             const Pool& pool);
};

std::optional<std::vector<confident::LabelMove>> LiveRun::State::moves_to(
    const catalog::Version& next) const {
    const auto at = next.runs.find(run->run_id);
    if (at == next.runs.end() || at->second != run || next.living != version->living ||
        next.annotations.living_rows() != version->annotations.living_rows() ||
        !same_taxonomies(next, *version))
        return std::nullopt;
    std::unordered_set<const columns::Segment*> known;
    for (const columns::Part& part : version->annotations.parts()) known.insert(part.segment.get());
    std::vector<confident::LabelMove> moves;
    for (const columns::Part& part : next.annotations.parts()) {
        if (known.contains(part.segment.get())) continue;
        const auto* const label = part.segment->find(catalog::column::kLabel, columns::Type::U32);
        const auto* const change = part.segment->find(catalog::column::kChange, columns::Type::U64);
        if (label == nullptr || change == nullptr) return std::nullopt;
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row) {
            if (!part.is_alive(row)) continue;
            const auto example = example_of.find(part.segment->row_no()[row]);
            if (example == example_of.end()) {
                // One that was skipped may have become one that counts.
                if (change->values<std::uint64_t>()[row] > version->journal_no) return std::nullopt;
                continue;
            }
            const auto label_class =
                class_of.find(next.labels->text(label->values<std::uint32_t>()[row]));
            if (label_class == class_of.end()) return std::nullopt;
            if (examples.rows[example->second].given != label_class->second)
                moves.push_back({example->second, label_class->second});
        }
    }
    return moves;
}

/// A score is its row's own: only the moved ones are another.
template <class T>
Result<void> LiveRun::State::score_again(std::span<const confident::LabelMove> moves,
                                         std::span<const T> matrix, const Pool& pool) {
    const std::size_t k = examples.classes.size();
    std::vector<T> rows;
    std::vector<confident::ClassId> labels;
    for (const confident::LabelMove& move : moves) {
        const auto row = matrix.subspan(move.row * k, k);
        rows.insert(rows.end(), row.begin(), row.end());
        labels.push_back(move.label);
    }
    confident::ScoreOptions options;
    options.rank_by = request.rank_by;
    options.order = request.order;
    const auto fresh = TUSKER_TRY(confident::score_labels<T>(
        MatrixView<const T>(rows, labels.size(), k), labels, options, pool));
    for (std::size_t i = 0; i < moves.size(); ++i)
        scores[moves[i].row] = static_cast<double>(fresh[i]);
    return {};
}

LiveRun::LiveRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveRun::~LiveRun() = default;

Result<std::unique_ptr<LiveRun>> LiveRun::start(
    const std::shared_ptr<const catalog::Version>& version, const Request& request,
    const Pool& pool, jobs::Progress& progress) {
    if (task_for(*version, request) != Task::Classification ||
        request.order != confident::Order::Sound ||
        version->item_count() * version->labels->size() * sizeof(double) > kBytesMax)
        return nullptr;
    const std::string run_id = request.run_id.empty()
                                   ? TUSKER_TRY(choose_run(*version, Task::Classification))
                                   : request.run_id;
    const auto run = version->runs.find(run_id);
    if (run == version->runs.end()) return nullptr;  // a run from nothing says so
    progress.set_total(2 * version->item_count());
    progress.say("gathering probabilities");
    auto state = std::make_unique<State>();
    state->request = request;
    state->request.run_id = run_id;
    state->version = version;
    state->run = run->second;
    state->examples =
        TUSKER_TRY(gather_examples(*version, *run->second, request.taxonomy, progress));
    TUSKER_TRY(check_comparable(state->examples, *version, *run->second));
    progress.say("finding label issues");
    auto found = TUSKER_TRY(scan(state->examples, request, pool, progress.stop()));
    state->scores = std::move(found.scores);
    state->warnings = std::move(found.warnings);
    state->ranking = TUSKER_TRY(
        confident::LiveRanking::start(probabilities_of(state->examples), labels_of(state->examples),
                                      options_of(request), pool, progress.stop()));
    progress.advance(version->item_count());
    for (std::size_t i = 0; i < state->examples.rows.size(); ++i)
        state->example_of.emplace(state->examples.rows[i].annotation.row_no, i);
    for (std::size_t k = 0; k < state->examples.classes.size(); ++k)
        state->class_of.emplace(state->examples.classes[k], static_cast<confident::ClassId>(k));
    return std::unique_ptr<LiveRun>(new LiveRun(std::move(state)));
}

bool LiveRun::answers(const Request& request) const {
    const Request& mine = state_->request;
    return (request.run_id.empty() || request.run_id == mine.run_id) &&
           request.taxonomy == mine.taxonomy && request.filter_by == mine.filter_by &&
           request.rank_by == mine.rank_by && request.order == mine.order &&
           request.task.value_or(Task::Classification) == Task::Classification;
}

Result<bool> LiveRun::follow(const std::shared_ptr<const catalog::Version>& version,
                             const Pool& pool) {
    State& state = *state_;
    if (version->journal_no < state.version->journal_no) return false;
    const auto moves = state.moves_to(*version);
    if (!moves) return false;
    TUSKER_TRY(state.ranking->relabel(*moves, pool));
    if (!moves->empty()) {
        if (state.examples.is_float)
            TUSKER_TRY(state.score_again<float>(*moves, state.examples.floats, pool));
        else
            TUSKER_TRY(state.score_again<double>(*moves, state.examples.doubles, pool));
    }
    for (const confident::LabelMove& move : *moves)
        state.examples.rows[move.row].given = move.label;
    for (std::size_t k = 0; k < state.examples.classes.size(); ++k)
        state.examples.codes[k] =
            version->labels->find(state.examples.classes[k]).value_or(kNoCode);
    state.version = version;
    return true;
}

catalog::Finding LiveRun::finding(TimeMs took_ms) const {
    return finding_of(state_->examples, state_->request, *state_->run,
                      {.version = state_->version->journal_no,
                       .ranked = state_->ranking->ranked(),
                       .scores = state_->scores,
                       .warnings = state_->warnings,
                       .took_ms = took_ms});
}

}  // namespace tusker::label_issues
