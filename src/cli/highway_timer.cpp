// Highway's library holds a stopwatch for its own benchmarks beside the choice of instruction sets,
// and measures that stopwatch's resolution whenever it is loaded: 3 ms, more than all the rest of
// our start-up. The program's definition of a function comes before a library's, so this one is
// what gets called instead. Nothing here reads the stopwatch.
#include <cstdint>

#include <hwy/nanobenchmark.h>

namespace hwy::platform {

std::uint64_t TimerResolution() { return 1; }

}  // namespace hwy::platform
