#include "catalog/object_key.hpp"

#include <algorithm>
#include <cstring>

#include "base/checksum.hpp"

namespace tusker::catalog {
namespace {

std::uint64_t hash_of(std::string_view text) { return checksum(text); }

std::uint64_t hash_of(const std::optional<std::string_view>& text) {
    return text ? hash_of(*text) : 0x51ed270b9f1d2a47ULL;  // any number that is no text's hash
}

std::uint64_t combine(std::uint64_t a, std::uint64_t b) {
    return (a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6U) + (a >> 2U))) * 0xff51afd7ed558ccdULL;
}

std::string_view bytes_of(std::span<const double> numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

}  // namespace

ObjectKey ObjectKey::of(const NewObject& object, bool is_prediction) {
    return {
        object.type,          object.annotation_id, is_prediction ? std::nullopt : object.task_id,
        object.taxonomy_name, object.label,         object.geometry};
}

ObjectKey ObjectKey::of(const Object& object, const LabelTable& labels) {
    return {object.type,          object.annotation_id,      object.task_id,
            object.taxonomy_name, labels.text(object.label), object.geometry};
}

std::uint64_t ObjectKey::hash() const {
    if (type == ObjectType::Category) return combine(1, hash_of(taxonomy));
    if (annotation_id) return combine(combine(2, hash_of(*annotation_id)), hash_of(task_id));
    return combine(combine(combine(3, static_cast<std::uint64_t>(type)), hash_of(label)),
                   hash_of(bytes_of(geometry)));
}

bool operator==(const ObjectKey& a, const ObjectKey& b) {
    const bool is_category = a.type == ObjectType::Category;
    if (is_category != (b.type == ObjectType::Category)) return false;
    if (is_category) return a.taxonomy == b.taxonomy;
    if (a.annotation_id || b.annotation_id)
        return a.annotation_id == b.annotation_id && a.task_id == b.task_id;
    return a.type == b.type && a.label == b.label && bytes_of(a.geometry) == bytes_of(b.geometry);
}

}  // namespace tusker::catalog
