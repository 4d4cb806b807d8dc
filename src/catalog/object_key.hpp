// Inside the room only: what makes two annotations of one item, or two predictions of one run and
// item, the same (DESIGN § 2, "Keys").
#pragma once

#include <string_view>

#include "catalog/catalog.hpp"

namespace tusker::catalog {

/// A category is known by its taxonomy. Boxes and polygons share one space of ids: (annotation_id,
/// task_id). Without an id, type, label and geometry are the identity.
struct ObjectKey {
    ObjectType type = ObjectType::Box;
    std::optional<std::string_view> annotation_id;
    std::optional<std::string_view> task_id;
    std::optional<std::string_view> taxonomy;
    std::string_view label;
    std::span<const double> geometry;

    static ObjectKey of(const NewObject& object, bool is_prediction);
    static ObjectKey of(const Object& object, const LabelTable& labels);

    /// 64 bits; equal keys have equal hashes.
    std::uint64_t hash() const;
    friend bool operator==(const ObjectKey& a, const ObjectKey& b);
};

}  // namespace tusker::catalog
