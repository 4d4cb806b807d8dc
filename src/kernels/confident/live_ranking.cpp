#include "kernels/confident/live_ranking.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/filters.hpp"
#include "kernels/confident/input_rules.hpp"
#include "kernels/confident/joint.hpp"
#include "kernels/confident/near_bounds.hpp"
#include "kernels/confident/scanned_rows.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {

class LiveRanking::State {
public:
    virtual ~State() = default;
    virtual Result<void> relabel(std::span<const LabelMove> moves, const Pool& pool) = 0;

    std::vector<ClassId> labels;
    std::vector<LabelIssue> ranked;
    SparseSquare<std::int64_t> joint;
    std::vector<std::string> warnings;
};

namespace {

/// Moving one row shifts all that stand between two classes; for more moves they are sorted anew.
constexpr std::size_t kMovesOneByOne = 16;

/// The first row of a class, or its last, moves every bound a little (see Thresholds::in_double).
/// Where so many of them are not kept near, all rows are looked at.
constexpr std::size_t kColumnsAtMost = 8;

bool worse(const LabelIssue& a, const LabelIssue& b) {
    return a.score != b.score ? a.score < b.score : a.index < b.index;
}

bool same_entries(std::span<const SparseEntry<std::int64_t>> a,
                  std::span<const SparseEntry<std::int64_t>> b) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
        return x.column == y.column && x.value == y.value;
    });
}

/// 1 for a row that is a label issue, else 0.
using Flags = std::vector<std::uint8_t>;

/// A set of small numbers that lists its members.
class Marked {
public:
    explicit Marked(std::size_t size) : is_in_(size) {}
    void add(std::uint32_t member) {
        if (!std::exchange(is_in_[member], std::uint8_t{1})) members_.push_back(member);
    }
    bool contains(std::uint32_t member) const { return is_in_[member] != 0; }
    std::span<const std::uint32_t> members() const { return members_; }
    void clear() {
        for (const auto member : members_) is_in_[member] = 0;
        members_.clear();
    }

private:
    std::vector<std::uint8_t> is_in_;
    std::vector<std::uint32_t> members_;
};

template <class T>
class StateOf final : public LiveRanking::State {
public:
    StateOf(Probabilities probs, std::vector<ClassId> given, LabelIssueOptions options,
            RowFacts<T> facts, const Pool& pool);

    Result<void> relabel(std::span<const LabelMove> moves, const Pool& pool) override;

private:
    std::size_t classes() const { return probs_.columns(); }
    std::vector<Contested<T>> contested_of(ClassId k) const;

    Result<void> check(std::span<const LabelMove> moves) const;
    bool only_one_label_is_left() const;
    void move_labels(std::span<const LabelMove> moves, const Pool& pool);
    void move_bounds(const Pool& pool);
    T mean_of(ClassId k) const;
    void guess_again(Row row, Guesser<T>& guesser);
    LargeVector<ClassId> guess_all(const Pool& pool) const;
    void guess_all_again(const Pool& pool);
    void count_again(const Pool& pool);
    void flag_again(const Pool& pool);
    void prune_again(const Pool& pool);
    Flags flag_all(const Pool& pool) const;
    void rank_again();

    Probabilities probs_;
    LabelIssueOptions options_;
    RowFacts<T> facts_;
    ClassRows rows_;
    std::vector<T> means_;   // [K] self-confidence
    std::vector<T> bounds_;  // [K]
    LargeVector<ClassId> guesses_;
    NearBounds<T> near_;
    std::vector<std::vector<SparseEntry<std::int64_t>>> counted_;  // [K] rows of the joint
    SparseSquare<std::int64_t> prune_counts_;                      // for filters that prune
    Flags flags_;

    // What a change has touched so far; empty between changes.
    Marked moved_classes_;    // rows came or went
    Marked counted_classes_;  // their row of the joint may differ
    Marked changed_rows_;     // another label or another flag
    std::vector<T> widened_;  // [K] scratch
};

template <class T>
StateOf<T>::StateOf(Probabilities probs, std::vector<ClassId> given, LabelIssueOptions options,
                    RowFacts<T> facts, const Pool& pool)
    : probs_(std::move(probs)),
      options_(std::move(options)),
      facts_(std::move(facts)),
      rows_(given, probs_.columns(), pool),
      bounds_(bounds_of<T>(
          confident_thresholds<SoundOrder, T>(facts_.self, given, probs_.columns(), pool))),
      guesses_(guess_all(pool)),
      near_(probs_, bounds_, rows_.counts(), pool),
      counted_(probs_.columns()),
      flags_(given.size()),
      moved_classes_(probs_.columns()),
      counted_classes_(probs_.columns()),
      changed_rows_(given.size()),
      widened_(probs_.columns()) {
    labels = std::move(given);
    for (ClassId k = 0; k < classes(); ++k) {
        means_.push_back(mean_of(k));
        moved_classes_.add(k);
        counted_classes_.add(k);
    }
    count_again(pool);
    flag_again(pool);
    rank_again();
}

template <class T>
Result<void> StateOf<T>::check(std::span<const LabelMove> moves) const {
    for (const auto& [row, label] : moves) {
        if (row >= labels.size())
            return invalid(
                fmt::format("row = {}: must be below {}, the number of rows", row, labels.size()));
        if (label >= classes())
            return invalid(fmt::format(
                "labels[{}] = {}: must be below {}, the number of columns of the probabilities",
                row, label, classes()));
    }
    return {};
}

/// The rule of find_label_issues: all may be 0.
template <class T>
bool StateOf<T>::only_one_label_is_left() const {
    return labels[0] != 0 && rows_.count(labels[0]) == labels.size();
}

template <class T>
Result<void> StateOf<T>::relabel(std::span<const LabelMove> moves, const Pool& pool) {
    TUSKER_TRY(check(moves));
    std::vector<LabelMove> back;
    for (const auto& move : moves) back.push_back({move.row, labels[move.row]});
    std::ranges::reverse(back);
    move_labels(moves, pool);
    if (only_one_label_is_left()) {
        const ClassId left = labels[0];
        move_labels(back, pool);
        moved_classes_.clear();
        changed_rows_.clear();
        return invalid(fmt::format(
            "labels: every one of the {} would be {}: there must be at least two different labels",
            labels.size(), left));
    }
    move_bounds(pool);
    count_again(pool);
    flag_again(pool);
    rank_again();
    return {};
}

template <class T>
void StateOf<T>::move_labels(std::span<const LabelMove> moves, const Pool& pool) {
    for (const auto& [at, label] : moves) {
        const auto row = static_cast<Row>(at);
        const ClassId old = std::exchange(labels[row], label);
        for (const ClassId k : {old, label}) moved_classes_.add(k);
        changed_rows_.add(row);
        if (moves.size() <= kMovesOneByOne) rows_.move(row, old, label);
        const MatrixView<const T> one(probs_.template row<T>(row, widened_), 1, classes());
        (void)scan_rows<T>(one, row, labels, facts_);
    }
    if (moves.size() > kMovesOneByOne) rows_ = ClassRows(labels, classes(), pool);
}

/// The self-confidence of a class.
template <class T>
T StateOf<T>::mean_of(ClassId k) const {
    std::vector<T> self;
    self.reserve(rows_.count(k));
    for (const Row row : rows_.of(k)) self.push_back(facts_.self[row]);
    return mean_confidence<SoundOrder, T>(self);
}

/// Thresholds, bounds and what rows are confident in.
template <class T>
void StateOf<T>::move_bounds(const Pool& pool) {
    for (const ClassId k : moved_classes_.members()) {
        means_[k] = mean_of(k);
        counted_classes_.add(k);
    }
    const auto bounds = bounds_of<T>(thresholds_of<T>(means_, rows_.counts()));
    std::vector<ClassId> moved;
    std::size_t columns_to_read = 0;
    for (ClassId k = 0; k < classes(); ++k) {
        if (bounds[k] == bounds_[k]) continue;
        moved.push_back(k);
        if (!near_.covers(k, bounds_[k], bounds[k])) ++columns_to_read;
    }
    const std::vector<T> old = std::exchange(bounds_, bounds);
    if (columns_to_read > kColumnsAtMost) return guess_all_again(pool);
    Guesser<T> guesser(probs_, bounds_);
    for (const ClassId k : moved)
        for (const Row row : near_.rows_between(k, old[k], bounds_[k], rows_.count(k), pool))
            guess_again(row, guesser);
}

template <class T>
void StateOf<T>::guess_again(Row row, Guesser<T>& guesser) {
    const ClassId guess = guesser.guess(row, facts_.top[row]);
    if (std::exchange(guesses_[row], guess) != guess) counted_classes_.add(labels[row]);
}

template <class T>
LargeVector<ClassId> StateOf<T>::guess_all(const Pool& pool) const {
    constexpr std::size_t kBlockRows = 4096;
    LargeVector<ClassId> guesses(probs_.rows());
    pool.for_each((guesses.size() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        Guesser<T> guesser(probs_, bounds_);
        const std::size_t end = std::min(guesses.size(), (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i)
            guesses[i] = guesser.guess(static_cast<Row>(i), facts_.top[i],
                                       std::max(facts_.self[i], facts_.other[i]), facts_.second[i]);
    });
    return guesses;
}

template <class T>
void StateOf<T>::guess_all_again(const Pool& pool) {
    const auto old = std::exchange(guesses_, guess_all(pool));
    for (std::size_t i = 0; i < old.size(); ++i)
        if (old[i] != guesses_[i]) counted_classes_.add(labels[i]);
}

template <class T>
void StateOf<T>::count_again(const Pool& pool) {
    JointRowCounter counter(classes());
    for (const ClassId k : counted_classes_.members()) {
        for (const Row row : rows_.of(k))
            if (guesses_[row] != kNoClass) counter.add(guesses_[row]);
        counted_[k] = counter.take(k);
    }
    counted_classes_.clear();
    joint = calibrate(SparseSquare<std::int64_t>(counted_), rows_.counts(), pool);
}

template <class T>
std::vector<Contested<T>> StateOf<T>::contested_of(ClassId k) const {
    std::vector<Contested<T>> contested;
    for (const Row row : rows_.of(k))
        if (facts_.top[row] != k)
            contested.push_back({row, facts_.top[row], facts_.self[row], facts_.other[row],
                                 facts_.second[row], facts_.agrees[row] != 0});
    return contested;
}

template <class T>
void StateOf<T>::flag_again(const Pool& pool) {
    if (prunes(options_.filter_by)) {
        prune_again(pool);
    } else {
        const Flags flags = flag_all(pool);
        for (std::size_t i = 0; i < flags.size(); ++i)
            if (flags[i] != flags_[i]) changed_rows_.add(static_cast<Row>(i));
        flags_ = flags;
    }
    moved_classes_.clear();
}

/// By a filter that does not prune: those are quick over all rows.
template <class T>
Flags StateOf<T>::flag_all(const Pool& pool) const {
    ScannedRows<T> rows{facts_.self, facts_.second, {}};
    add_contested<T>(facts_, labels, 0, rows.contested);
    ConfidentRows confident;
    for (std::size_t i = 0; i < guesses_.size(); ++i)
        if (guesses_[i] != kNoClass && guesses_[i] != labels[i])
            confident.elsewhere.push_back({static_cast<Row>(i), guesses_[i]});
    const auto counts = rows_.counts();
    Flags flags(labels.size());
    for (const auto& issue :
         flag_rows<SoundOrder, T>({probs_, labels, counts, rows, confident, joint}, options_, pool))
        flags[issue.row] = 1;
    return flags;
}

/// Of the classes that lost or got rows or whose counts differ. A moved row is in its new class.
template <class T>
void StateOf<T>::prune_again(const Pool& pool) {
    const auto per_class = rows_.counts();
    auto counts = counts_to_prune(joint, per_class, options_, pool);
    for (ClassId k = 0; k < classes(); ++k)
        if (prune_counts_.size() == classes() && !same_entries(counts.row(k), prune_counts_.row(k)))
            moved_classes_.add(k);
    prune_counts_ = std::move(counts);
    const auto pruned = moved_classes_.members();
    std::vector<std::vector<Row>> changed(pruned.size());
    for_each_class_block(pruned.size(), pool, [&](std::size_t first, std::size_t end) {
        ClassPruner<SoundOrder, T> pruner(probs_, facts_.self, facts_.second, prune_counts_,
                                          options_);
        for (std::size_t i = first; i < end; ++i) {
            const ClassId k = pruned[i];
            const auto contested = contested_of(k);
            Flags flags(contested.size());
            pruner.flag({k, rows_.count(k), contested, [&] { return rows_.of(k); }}, flags);
            auto next = contested.begin();
            for (const Row row : rows_.of(k)) {
                const bool is_next = next != contested.end() && next->row == row;
                const std::uint8_t flag =
                    is_next ? flags[static_cast<std::size_t>(next++ - contested.begin())] : 0;
                if (std::exchange(flags_[row], flag) != flag) changed[i].push_back(row);
            }
        }
    });
    for (const auto& rows : changed)
        for (const Row row : rows) changed_rows_.add(row);
}

/// Takes out the rows that changed and puts in those of them that are flagged.
template <class T>
void StateOf<T>::rank_again() {
    std::erase_if(ranked, [&](const LabelIssue& issue) {
        return changed_rows_.contains(static_cast<Row>(issue.index));
    });
    RowScorer<SoundOrder, T> scorer(probs_, options_.rank_by);
    std::vector<LabelIssue> come;
    for (const Row row : changed_rows_.members())
        if (flags_[row])
            come.push_back(
                {row, labels[row], facts_.top[row],
                 static_cast<double>(scorer.score(row, facts_.self[row], facts_.other[row]))});
    std::ranges::sort(come, worse);
    const auto old_end = static_cast<std::ptrdiff_t>(ranked.size());
    ranked.insert(ranked.end(), come.begin(), come.end());
    std::ranges::inplace_merge(ranked, ranked.begin() + old_end, worse);
    changed_rows_.clear();
}

template <class T>
Result<std::unique_ptr<LiveRanking::State>> start_as(Probabilities probs,
                                                     std::vector<ClassId> labels,
                                                     LabelIssueOptions options, const Pool& pool,
                                                     const std::stop_token& stop,
                                                     const Progress& progress) {
    auto [facts, checks] = TUSKER_TRY(scan_facts<T>(probs, labels, pool, stop, progress));
    std::vector<std::string> warnings;
    TUSKER_TRY(judge(checks, options, warnings));
    std::unique_ptr<LiveRanking::State> state = std::make_unique<StateOf<T>>(
        std::move(probs), std::move(labels), std::move(options), std::move(facts), pool);
    state->warnings = std::move(warnings);
    return state;
}

Result<void> check_options(const LabelIssueOptions& options) {
    if (options.order != Order::Sound)
        return invalid("order = cleanlab: a live ranking is kept in the sound order only");
    if (options.adjust_probabilities)
        return invalid("adjust_probabilities: a live ranking has no adjusted scores");
    if (options.all_scores) return invalid("all_scores: a live ranking scores label issues only");
    return {};
}

}  // namespace

Result<LiveRanking> LiveRanking::start(Probabilities probs, std::vector<ClassId> labels,
                                       LabelIssueOptions options, const Pool& pool,
                                       const std::stop_token& stop, const Progress& progress) {
    TUSKER_TRY(check_options(options));
    TUSKER_TRY(check_input(probs.rows(), probs.columns(), labels, options));
    TUSKER_TRY(check_labels(labels, 0, probs.columns()));
    const auto start = probs.in_double() ? start_as<double> : start_as<float>;
    return LiveRanking(TUSKER_TRY(
        start(std::move(probs), std::move(labels), std::move(options), pool, stop, progress)));
}

LiveRanking::LiveRanking(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveRanking::LiveRanking(LiveRanking&&) noexcept = default;
LiveRanking& LiveRanking::operator=(LiveRanking&&) noexcept = default;
LiveRanking::~LiveRanking() = default;

Result<void> LiveRanking::relabel(std::span<const LabelMove> moves, const Pool& pool) {
    return state_->relabel(moves, pool);
}
std::span<const LabelIssue> LiveRanking::ranked() const { return state_->ranked; }
const SparseSquare<std::int64_t>& LiveRanking::joint() const { return state_->joint; }
std::span<const ClassId> LiveRanking::labels() const { return state_->labels; }
std::span<const std::string> LiveRanking::warnings() const { return state_->warnings; }

}  // namespace tusker::confident
