// From the order that a caller names to the type that a kernel takes as its parameter.
#pragma once

#include "kernels/confident/confident.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {

/// work(SoundOrder{}) or work(NumpyOrder{}).
template <class Work>
auto with_order(Order order, Work&& work) {
    return order == Order::Sound ? work(SoundOrder{}) : work(NumpyOrder{});
}

}  // namespace tusker::confident
