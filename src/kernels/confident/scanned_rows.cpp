#include "kernels/confident/scanned_rows.hpp"

#include <mutex>
#include <utility>

#include "kernels/confident/row_pass.hpp"

namespace tusker::confident {
namespace {

/// Rows whose facts are looked at while they are in the second-level cache.
constexpr std::size_t kRowsAtOnce = 4096;

/// The contested rows of blocks, which end in any order.
template <class T>
class InOrderOfRows {
public:
    void add(std::size_t first, LargeVector<Contested<T>> contested) {
        blocks_.emplace_back(first, std::move(contested));
    }
    LargeVector<Contested<T>> join() && {
        std::ranges::sort(blocks_, {}, &Block::first);
        std::size_t count = 0;
        for (const auto& block : blocks_) count += block.second.size();
        LargeVector<Contested<T>> all;
        all.reserve(count);
        for (const auto& block : blocks_)
            all.insert(all.end(), block.second.begin(), block.second.end());
        return all;
    }

private:
    using Block = std::pair<std::size_t, LargeVector<Contested<T>>>;
    std::vector<Block> blocks_;
};

/// Scans rows and keeps what is to be kept of them.
template <class T>
RowChecks scan_block(const Probabilities& probs, std::span<const ClassId> labels, std::size_t begin,
                     std::size_t count, ScannedRows<T>& rows,
                     LargeVector<Contested<T>>& contested) {
    RowChecks checks;
    RowFacts<T> facts(std::min(count, kRowsAtOnce));
    const std::size_t end = begin + count;
    for (std::size_t at = begin; at < end && !checks.refused; at += kRowsAtOnce) {
        probs.read<T>(at, std::min(kRowsAtOnce, end - at),
                      [&](MatrixView<const T> block, std::size_t first) {
                          if (checks.refused) return;
                          const auto theirs = labels.subspan(first, block.rows());
                          RowChecks found = scan_rows<T>(block, 0, theirs, facts);
                          found.move_by(first);
                          checks.merge(found);
                          if (checks.refused) return;
                          const auto place = static_cast<std::ptrdiff_t>(first);
                          const auto n = static_cast<std::ptrdiff_t>(block.rows());
                          std::copy_n(facts.self.begin(), n, rows.self.begin() + place);
                          std::copy_n(facts.second.begin(), n, rows.second.begin() + place);
                          add_contested(facts, theirs, first, contested);
                      });
    }
    return checks;
}

}  // namespace

template <class T>
void add_contested(const RowFacts<T>& facts, std::span<const ClassId> labels, std::size_t first,
                   LargeVector<Contested<T>>& contested) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (facts.top[i] == labels[i]) continue;
        contested.push_back({static_cast<Row>(first + i), facts.top[i], facts.self[i],
                             facts.other[i], facts.second[i], facts.agrees[i] != 0});
    }
}

template <class T>
Result<Scan<T>> scan_all(const Probabilities& probs, std::span<const ClassId> labels,
                         const Pool& pool, const std::stop_token& stop, const Progress& progress) {
    Scan<T> scan;
    scan.rows.self.resize(probs.rows());
    scan.rows.second.resize(probs.rows());
    InOrderOfRows<T> contested;
    std::mutex mutex;  // guards scan.checks and contested
    RowPass pass(probs.rows(), probs.columns(), pool, stop, progress);
    TUSKER_TRY(pass.run([&](std::size_t begin, std::size_t count) {
        LargeVector<Contested<T>> mine;
        const RowChecks found = scan_block(probs, labels, begin, count, scan.rows, mine);
        const std::lock_guard lock(mutex);
        scan.checks.merge(found);
        contested.add(begin, std::move(mine));
    }));
    scan.rows.contested = std::move(contested).join();
    return scan;
}

template <class T>
Result<FactsScan<T>> scan_facts(const Probabilities& probs, std::span<const ClassId> labels,
                                const Pool& pool, const std::stop_token& stop,
                                const Progress& progress) {
    FactsScan<T> scan{RowFacts<T>(probs.rows()), {}};
    std::mutex mutex;  // guards scan.checks
    RowPass pass(probs.rows(), probs.columns(), pool, stop, progress);
    TUSKER_TRY(pass.run([&](std::size_t begin, std::size_t count) {
        RowChecks found;
        probs.read<T>(begin, count, [&](MatrixView<const T> block, std::size_t first) {
            found.merge(scan_rows<T>(block, first, labels, scan.facts));
        });
        const std::lock_guard lock(mutex);
        scan.checks.merge(found);
    }));
    return scan;
}

#define TUSKER_INSTANTIATE(T)                                                                      \
    template void add_contested(const RowFacts<T>&, std::span<const ClassId>, std::size_t,         \
                                LargeVector<Contested<T>>&);                                       \
    template Result<Scan<T>> scan_all(const Probabilities&, std::span<const ClassId>, const Pool&, \
                                      const std::stop_token&, const Progress&);                    \
    template Result<FactsScan<T>> scan_facts(const Probabilities&, std::span<const ClassId>,       \
                                             const Pool&, const std::stop_token&,                  \
                                             const Progress&);
TUSKER_INSTANTIATE(float)
TUSKER_INSTANTIATE(double)
#undef TUSKER_INSTANTIATE

}  // namespace tusker::confident
