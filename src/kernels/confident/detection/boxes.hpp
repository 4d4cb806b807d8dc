// The boxes of many images in flat arrays, image after image; they belong to somebody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/confident/confident.hpp"

namespace tusker::detection {

using confident::ClassId;

/// Corners in pixels: x1 <= x2, y1 <= y2; all finite.
struct Box {
    double x1 = 0;
    double y1 = 0;
    double x2 = 0;
    double y2 = 0;
    friend bool operator==(const Box&, const Box&) = default;
};

/// Boxes of one image. A box's index is its position here.
struct ImageBoxes {
    std::span<const Box> boxes = {};
    std::span<const ClassId> classes = {};       // [boxes]
    std::span<const double> probabilities = {};  // [boxes]; empty for given boxes
    /// The coordinates were float32, in which the cleanlab order computes then.
    bool single = false;
};

/// Boxes that people gave or that a model predicted.
struct BoxesOfImages {
    /// [images + 1], from 0 to the number of boxes, never falling: image i has the boxes
    /// [offsets[i], offsets[i + 1]).
    std::span<const std::size_t> offsets;
    std::span<const Box> boxes = {};
    std::span<const ClassId> classes = {};       // [boxes]
    std::span<const double> probabilities = {};  // [boxes], each in [0, 1]; empty for given boxes
    /// [images], not 0 where the coordinates of that image were float32; empty: nowhere.
    std::span<const std::uint8_t> single = {};

    std::size_t images() const { return offsets.size() - 1; }
    ImageBoxes image(std::size_t i) const {
        const std::size_t first = offsets[i];
        const std::size_t count = offsets[i + 1] - first;
        return {.boxes = boxes.subspan(first, count),
                .classes = classes.subspan(first, count),
                .probabilities =
                    probabilities.empty() ? probabilities : probabilities.subspan(first, count),
                .single = !single.empty() && single[i] != 0};
    }
};

}  // namespace tusker::detection
