// NumPy arrays as the kernels' spans and back, without copies; errors as exceptions.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "base/error.hpp"
#include "base/large_vector.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"

namespace tusker::python {

namespace nb = nanobind;

inline constexpr std::uint64_t kMostClassId = std::numeric_limits<std::uint32_t>::max() - 1;

/// [N], C-contiguous; pass with .noconvert() so that a wrong dtype is refused, not copied.
template <class T>
using Array1 = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
/// [N × K], C-contiguous.
template <class T>
using Array2 = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <class T>
std::span<const T> span_of(const Array1<T>& array) {
    return {array.data(), array.size()};
}
template <class T>
MatrixView<const T> view_of(const Array2<T>& array) {
    return {std::span<const T>(array.data(), array.size()), array.shape(0), array.shape(1)};
}

/// nanobind calls 64-bit integers "long long"; NumPy's own int64 is "long" here, and an element of
/// the other is no np.int64.
template <class Array>
nb::object named_as_numpy_does(const Array& array) {
    nb::object object = nb::cast(array);
    using T = std::remove_const_t<typename Array::Scalar>;
    if constexpr (std::is_same_v<T, std::int64_t>) return object.attr("view")("int64");
    if constexpr (std::is_same_v<T, std::uint64_t>) return object.attr("view")("uint64");
    return object;
}

/// Hands a vector's memory to NumPy.
template <class T>
nb::object to_numpy(std::vector<T> values) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return named_as_numpy_does(
        nb::ndarray<nb::numpy, T, nb::ndim<1>>(owned->data(), {owned->size()}, owner));
}
/// The same as a row-major matrix.
template <class T>
nb::object to_numpy(std::vector<T> values, std::size_t rows, std::size_t columns) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return named_as_numpy_does(
        nb::ndarray<nb::numpy, T, nb::ndim<2>>(owned->data(), {rows, columns}, owner));
}

/// Kernels speak of probabilities; the argument's name here is pred_probs.
inline std::string in_python_words(std::string message) {
    constexpr std::string_view kKernelsName = "probabilities";
    if (message.starts_with(kKernelsName)) message.replace(0, kKernelsName.size(), "pred_probs");
    return message;
}

/// The exception of an error: ValueError for what the caller can mend.
[[noreturn]] inline void raise(Error error) {
    error.message = in_python_words(std::move(error.message));
    switch (error.code) {
        case ErrorCode::InvalidArgument:
        case ErrorCode::TooLarge:
            throw nb::value_error(error.message.c_str());
        default:
            throw std::runtime_error(error.message);
    }
}
template <class T>
T take(Result<T>&& result) {
    if (!result) raise(result.error());
    return std::move(*result);
}

/// One pool for the process, a thread per core; made at first use.
const Pool& pool();

/// ValueError of the first that is no class number.
[[noreturn]] void refuse_labels(std::span<const std::int64_t> labels);

/// Class numbers as kernels want them. ValueError names the first that is negative or too large.
template <class Vector = LargeVector<std::uint32_t>>
Vector class_ids(const Array1<std::int64_t>& labels) {
    const auto values = span_of(labels);
    Vector ids(values.size());
    constexpr std::size_t kShare = std::size_t{1} << 17;
    std::atomic<bool> all_fit = true;
    pool().for_each((values.size() + kShare - 1) / kShare, [&](std::size_t share) {
        bool fit = true;
        const std::size_t end = std::min(values.size(), (share + 1) * kShare);
        for (std::size_t i = share * kShare; i < end; ++i) {
            fit &= static_cast<std::uint64_t>(values[i]) <= kMostClassId;
            ids[i] = static_cast<std::uint32_t>(values[i]);
        }
        if (!fit) all_fit = false;
    });
    if (!all_fit) refuse_labels(values);
    return ids;
}

}  // namespace tusker::python
