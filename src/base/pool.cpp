#include "base/pool.hpp"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace tusker {

struct Pool::Impl {
    explicit Impl(int threads) : arena(threads) {}
    tbb::task_arena arena;
};

Pool::Pool(std::size_t threads)
    : impl_(std::make_unique<Impl>(threads == 0 ? tbb::task_arena::automatic
                                                : static_cast<int>(threads))) {
    impl_->arena.initialize();
}
Pool::~Pool() = default;

std::size_t Pool::threads() const {
    return static_cast<std::size_t>(impl_->arena.max_concurrency());
}

void Pool::for_each(std::size_t blocks, const std::function<void(std::size_t)>& work) const {
    if (blocks == 1) return work(0);
    // Isolated: a thread that waits here for the last of its blocks takes no block of a call around
    // this one, which may hold what that block waits for.
    impl_->arena.execute([&] {
        tbb::this_task_arena::isolate(
            [&] { tbb::parallel_for(std::size_t{0}, blocks, work, tbb::simple_partitioner{}); });
    });
}

}  // namespace tusker
