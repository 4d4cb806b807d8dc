// Inside the room's tests only: a catalog in a folder that vanishes, and rows in one line.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.hpp"
#include "catalog/catalog.hpp"

namespace tusker::catalog {

inline const Author kAnna{.who = "anna", .why = ""};

class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / make_id("catalog_test_")) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// A catalog that can be closed and opened again.
class TestCatalog {
public:
    TestCatalog() { open(); }
    Catalog* operator->() const { return catalog_.get(); }
    Catalog& operator*() const { return *catalog_; }
    void restart() {
        catalog_.reset();
        open();
    }
    const std::filesystem::path& path() const { return folder_.path(); }
    std::shared_ptr<const Version> version(std::string_view dataset) const {
        auto version = catalog_->version(dataset);
        EXPECT_TRUE(version) << version.error().message;
        return *version;
    }

private:
    void open() {
        auto opened = Catalog::open(folder_.path(), pool_);
        ASSERT_TRUE(opened) << opened.error().message;
        catalog_ = std::move(*opened);
    }
    Folder folder_;
    Pool pool_{1};
    std::unique_ptr<Catalog> catalog_;
};

inline NewItem item(std::string_view reference_id, std::string_view metadata = {},
                    bool update = false) {
    NewItem made;
    made.reference_id = reference_id;
    made.image_url = "file:///pictures/a.jpg";
    made.metadata = metadata;
    made.update = update;
    return made;
}

inline constexpr double kBox[] = {1, 2, 30, 40};

inline NewObject box(std::string_view reference_id, std::string_view label,
                     std::optional<std::string_view> id, std::span<const double> geometry = kBox) {
    NewObject made;
    made.reference_id = reference_id;
    made.label = label;
    made.annotation_id = id;
    made.geometry = geometry;
    return made;
}

inline NewObject category(std::string_view reference_id, std::string_view label,
                          std::optional<std::string_view> taxonomy = std::nullopt) {
    NewObject made;
    made.reference_id = reference_id;
    made.type = ObjectType::Category;
    made.label = label;
    made.taxonomy_name = taxonomy;
    return made;
}

/// So many that an upload goes through a blob, because random names hardly compress.
inline std::vector<std::string> many_references() {
    std::vector<std::string> names(90'000);
    for (auto& name : names) name = make_id("reference_");
    return names;
}

inline std::vector<NewItem> items_of(const std::vector<std::string>& references) {
    std::vector<NewItem> items;
    items.reserve(references.size());
    for (const auto& reference : references) items.push_back(item(reference));
    return items;
}

inline Model model_named(std::string_view name) {
    Model made;
    made.name = name;
    made.reference_id = name;
    return made;
}

/// "label@reference" of every living object, in order.
inline std::vector<std::string> labels_of(const Version& version, const columns::Table& table) {
    std::vector<std::string> labels;
    version.living->for_each([&](ItemNo no) {
        for (const auto& object : objects_of(table, no))
            labels.push_back(version.labels->text(object.label) + "@" +
                             std::string(find_item(version, no)->reference_id));
        return true;
    });
    return labels;
}

}  // namespace tusker::catalog
