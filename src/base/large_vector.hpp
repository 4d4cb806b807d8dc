// A vector for a value per row of millions of rows. It differs from std::vector in two ways that
// halve the time of passes which only write it: a new one is not zeroed (whoever asks for n values
// writes them all), and large ones lie on huge pages, where the kernel offers them.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace tusker {

template <class T>
struct LargeAllocator {
    using value_type = T;

    LargeAllocator() = default;
    template <class U>
    explicit LargeAllocator(const LargeAllocator<U>& /*other*/) {}

    T* allocate(std::size_t count) {
        const std::size_t size = count * sizeof(T);
        if (size < kLarge) return std::allocator<T>().allocate(count);
        void* memory = ::operator new(size, std::align_val_t{kHugePage});
        (void)::madvise(memory, size, MADV_HUGEPAGE);  // a wish; without it all works as well
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t count) {
        if (count * sizeof(T) < kLarge) return std::allocator<T>().deallocate(memory, count);
        ::operator delete(memory, std::align_val_t{kHugePage});
    }

    template <class U>
    void construct(U* place) {
        ::new (static_cast<void*>(place)) U;  // no value: not zeroed
    }
    template <class U, class... Args>
    void construct(U* place, Args&&... args) {
        ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
    }

    friend bool operator==(const LargeAllocator&, const LargeAllocator&) { return true; }

private:
    static constexpr std::size_t kHugePage = std::size_t{1} << 21;
    /// Below it rounding up to whole huge pages would cost more memory than it saves time.
    static constexpr std::size_t kLarge = kHugePage;
};

template <class T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace tusker
