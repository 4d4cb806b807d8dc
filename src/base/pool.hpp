// The one thread pool that kernels and queries are handed. Work is cut in blocks whose results are
// merged in block order, so that the number of threads never changes an answer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace tusker {

/// Thread safety: for_each may be called from several threads at once; each call waits for its own
/// blocks. A block may call for_each again: until it returns its thread takes inner blocks alone.
class Pool {
public:
    /// 0 = one thread per core.
    explicit Pool(std::size_t threads = 0);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    std::size_t threads() const;

    /// work(block) for each block in [0, blocks), in any order, on all threads; returns when all
    /// ran.
    void for_each(std::size_t blocks, const std::function<void(std::size_t)>& work) const;

private:
    struct Impl;  // keeps oneTBB out of this header
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker
