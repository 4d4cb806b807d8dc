#include "kernels/confident/detection/overlap.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::detection {
namespace {

constexpr double kLeastUnion = 1e-6;
constexpr double kFallPerPixel = 0.1;

/// A number and whether NumPy would hold it in float32. For +, - and · a result of doubles rounded
/// to float is the float result, since 53 >= 2 · 24 + 2 bits.
struct Mixed {
    double value = 0;
    bool single = false;
};
Mixed rounded(double value, bool single) {
    return {single ? static_cast<double>(static_cast<float>(value)) : value, single};
}
Mixed operator+(Mixed a, Mixed b) { return rounded(a.value + b.value, a.single && b.single); }
Mixed operator-(Mixed a, Mixed b) { return rounded(a.value - b.value, a.single && b.single); }
Mixed operator*(Mixed a, Mixed b) { return rounded(a.value * b.value, a.single && b.single); }
/// Python's max and min: the first unless the second is beyond it.
Mixed larger(Mixed a, Mixed b) { return b.value > a.value ? b : a; }
Mixed smaller(Mixed a, Mixed b) { return b.value < a.value ? b : a; }

struct MixedBox {
    MixedBox(const Box& box, bool single)
        : x1{box.x1, single}, y1{box.y1, single}, x2{box.x2, single}, y2{box.y2, single} {}
    Mixed area() const { return (x2 - x1) * (y2 - y1); }
    Mixed x1, y1, x2, y2;
};

double area(const Box& box) { return (box.x2 - box.x1) * (box.y2 - box.y1); }

double center_distance(const Box& a, bool a_single, const Box& b) {
    const auto middle = [](double low, double high, bool single) {
        return rounded(low + high, single).value / 2;
    };
    const double x = middle(a.x1, a.x2, a_single) - middle(b.x1, b.x2, false);
    const double y = middle(a.y1, a.y2, a_single) - middle(b.y1, b.y2, false);
    return std::sqrt(x * x + y * y);
}

/// cleanlab takes the nearness for a distance and back, which costs it the bits below 1e-16.
double similarity_of(confident::NumpyOrder /*order*/, double iou, double nearness, double alpha) {
    return iou * alpha + (1 - alpha) * (1 - (1 - nearness));
}
double similarity_of(confident::SoundOrder /*order*/, double iou, double nearness, double alpha) {
    return std::max(kLeastSimilarity, iou * alpha + (1 - alpha) * nearness);
}

}  // namespace

double intersection_over_union(const Box& a, const Box& b) {
    const double left = std::max(a.x1, b.x1);
    const double top = std::max(a.y1, b.y1);
    const double right = std::min(a.x2, b.x2);
    const double bottom = std::min(a.y2, b.y2);
    if (right < left || bottom < top) return 0;
    const double shared = (right - left) * (bottom - top);
    return shared / std::max(area(a) + area(b) - shared, kLeastUnion);
}

double intersection_over_union(const Box& a, bool a_single, const Box& b, bool b_single) {
    if (!a_single && !b_single) return intersection_over_union(a, b);
    const MixedBox first(a, a_single);
    const MixedBox second(b, b_single);
    const Mixed left = larger(first.x1, second.x1);
    const Mixed top = larger(first.y1, second.y1);
    const Mixed right = smaller(first.x2, second.x2);
    const Mixed bottom = smaller(first.y2, second.y2);
    if (right.value < left.value || bottom.value < top.value) return 0;
    const Mixed shared = (right - left) * (bottom - top);
    const Mixed either = first.area() + second.area() - shared;
    return shared.value / std::max(either.value, kLeastUnion);
}

template <class Order>
double nearness_of_centers(const Box& a, bool a_single, const Box& b) {
    return Order::exp(-center_distance(a, a_single, b) * kFallPerPixel);
}

double Similarities::least_similarity() const {
    double least = 1;
    for (const double value : similarity)
        if (value != 0) least = std::min(least, value);
    return least;
}

template <class Order>
void compute_similarities(const ImageBoxes& given, const ImageBoxes& predicted, double alpha,
                          Similarities& out) {
    out.given = given.boxes.size();
    out.predicted = predicted.boxes.size();
    out.iou.resize(out.given * out.predicted);
    out.similarity.resize(out.iou.size());
    std::size_t at = 0;
    for (const Box& label : given.boxes) {
        for (const Box& box : predicted.boxes) {
            // Predicted coordinates went through Python's float, whatever they were.
            const double iou = intersection_over_union(label, given.single, box, false);
            const double nearness = nearness_of_centers<Order>(label, given.single, box);
            out.iou[at] = iou;
            out.similarity[at] = similarity_of(Order{}, iou, nearness, alpha);
            ++at;
        }
    }
}

template double nearness_of_centers<confident::NumpyOrder>(const Box&, bool, const Box&);
template double nearness_of_centers<confident::SoundOrder>(const Box&, bool, const Box&);
template void compute_similarities<confident::NumpyOrder>(const ImageBoxes&, const ImageBoxes&,
                                                          double, Similarities&);
template void compute_similarities<confident::SoundOrder>(const ImageBoxes&, const ImageBoxes&,
                                                          double, Similarities&);

}  // namespace tusker::detection
