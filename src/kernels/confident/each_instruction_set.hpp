// For tests: the same on each instruction set that this machine has.
#pragma once

#include <cstdint>

#include <gtest/gtest.h>
#include <hwy/targets.h>

namespace tusker::confident {

/// Chooses an instruction set until it goes out of scope.
class ForcedTarget {
public:
    explicit ForcedTarget(std::int64_t target) { choose(target); }
    ~ForcedTarget() { choose(0); }
    ForcedTarget(const ForcedTarget&) = delete;
    ForcedTarget& operator=(const ForcedTarget&) = delete;

private:
    static void choose(std::int64_t target) {
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    }
};

/// Runs `check` with one instruction set after the other.
template <class Check>
void on_each_instruction_set(const Check& check) {
    int count = 0;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1, ++count) {
        SCOPED_TRACE(hwy::TargetName(left & -left));
        const ForcedTarget forced(left & -left);
        check();
    }
    EXPECT_GE(count, 2) << "one instruction set alone shows nothing";
}

}  // namespace tusker::confident
