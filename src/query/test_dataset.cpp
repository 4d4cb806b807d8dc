#include "query/test_dataset.hpp"

#include <algorithm>

namespace tusker::query::test {
namespace {

using catalog::ObjectType;
using columns::SegmentBuilder;
using columns::Type;
namespace column = catalog::column;

constexpr std::size_t kParts = 3;

void set_metadata(SegmentBuilder& builder, const Metadata& metadata) {
    for (const auto& [key, value] : metadata) {
        const std::string name = std::string(column::kMetadataPrefix) + key;
        if (const auto* flag = std::get_if<bool>(&value))
            builder.set_bool(builder.column(name, Type::Bool), *flag);
        else if (const auto* whole = std::get_if<std::int64_t>(&value))
            builder.set_i64(builder.column(name, Type::I64), *whole);
        else if (const auto* number = std::get_if<double>(&value))
            builder.set_f64(builder.column(name, Type::F64), *number);
        else if (const auto* text = std::get_if<std::string>(&value))
            builder.set_text(builder.column(name, Type::Text), *text);
        else
            builder.set_text(builder.column(name, Type::Json), std::get<Json>(value).text);
    }
}

void add_item(SegmentBuilder& builder, std::uint32_t item_no, const ItemRow& item) {
    builder.add_row(item_no, 0);
    builder.set_text(builder.column(column::kReferenceId, Type::Text), item.reference_id);
    if (item.width) builder.set_u32(builder.column(column::kWidth, Type::U32), *item.width);
    if (item.height) builder.set_u32(builder.column(column::kHeight, Type::U32), *item.height);
    builder.set_i64(builder.column(column::kCreatedAt, Type::I64), item.created_at);
    set_metadata(builder, item.metadata);
}

void set_bounds(SegmentBuilder& builder, const ObjectRow& object) {
    if (object.type == ObjectType::Category) return;
    double x = object.geometry[0];
    double y = object.geometry[1];
    double w = object.geometry[2];
    double h = object.geometry[3];
    if (object.type == ObjectType::Polygon) {
        w = x;
        h = y;
        for (std::size_t i = 2; i < object.geometry.size(); i += 2) {
            x = std::min(x, object.geometry[i]);
            w = std::max(w, object.geometry[i]);
            y = std::min(y, object.geometry[i + 1]);
            h = std::max(h, object.geometry[i + 1]);
        }
        w -= x;
        h -= y;
    }
    builder.set_f32(builder.column(column::kX, Type::F32), static_cast<float>(x));
    builder.set_f32(builder.column(column::kY, Type::F32), static_cast<float>(y));
    builder.set_f32(builder.column(column::kW, Type::F32), static_cast<float>(w));
    builder.set_f32(builder.column(column::kH, Type::F32), static_cast<float>(h));
    builder.set_list(builder.column(column::kGeometry, Type::F64List),
                     std::span<const double>(object.geometry));
}

void add_object(SegmentBuilder& builder, std::uint32_t item_no, std::uint64_t row_no,
                const ObjectRow& object, catalog::LabelTable& labels) {
    builder.add_row(item_no, row_no);
    builder.set_u8(builder.column(column::kType, Type::U8), static_cast<std::uint8_t>(object.type));
    builder.set_u32(builder.column(column::kLabel, Type::U32), labels.add(object.label));
    set_bounds(builder, object);
    if (object.id) builder.set_text(builder.column(column::kAnnotationId, Type::Text), *object.id);
    if (object.taxonomy)
        builder.set_text(builder.column(column::kTaxonomy, Type::Text), *object.taxonomy);
    if (object.confidence) {
        builder.set_f32(builder.column(column::kConfidence, Type::F32),
                        static_cast<float>(*object.confidence));
        builder.set_f64(builder.column(column::kConfidenceExact, Type::F64), *object.confidence);
    }
    set_metadata(builder, object.metadata);
}

// First segments in which every third row is an older version, then the rows that replaced them.
columns::Table make_items(const Dataset& dataset) {
    SegmentBuilder parts[kParts];
    SegmentBuilder later;
    std::vector<columns::RowKey> killed;
    for (std::uint32_t no = 0; no < dataset.items.size(); ++no) {
        const ItemRow& item = dataset.items[no];
        const bool replaced = no % 3 == 1;
        if (replaced) {
            ItemRow older = item;
            older.metadata = {
                {"weather", std::string("rainy")}, {"n", std::int64_t{1}}, {"only_before", true}};
            older.width = 1;
            add_item(parts[no % kParts], no * dataset.stride, older);
            killed.push_back({no * dataset.stride, 0});
            add_item(later, no * dataset.stride, item);
        } else {
            add_item(parts[no % kParts], no * dataset.stride, item);
        }
    }
    columns::Table table;
    for (auto& part : parts) table = table.with({}, {}, part.finish());
    return table.with(killed, {}, later.finish());
}

template <class RowsOf>
columns::Table make_objects(const Dataset& dataset, catalog::LabelTable& labels, RowsOf rows_of) {
    SegmentBuilder parts[kParts];
    SegmentBuilder later;
    std::vector<columns::RowKey> killed;
    std::uint64_t row_no = 0;
    for (std::uint32_t no = 0; no < dataset.items.size(); ++no)
        for (const ObjectRow& object : rows_of(dataset.items[no])) {
            ++row_no;
            SegmentBuilder& part = parts[(row_no / 2) % kParts];
            if (row_no % 4 == 0) {
                ObjectRow older = object;
                older.label = "car";
                older.confidence = 0.99;
                older.metadata = {{"color", std::string("yellow")}};
                add_object(part, no * dataset.stride, row_no, older, labels);
                killed.push_back({no * dataset.stride, row_no});
                add_object(later, no * dataset.stride, row_no, object, labels);
            } else {
                add_object(part, no * dataset.stride, row_no, object, labels);
            }
        }
    columns::Table table;
    for (auto& part : parts) table = table.with({}, {}, part.finish());
    return table.with(killed, {}, later.finish());
}

std::shared_ptr<const catalog::Finding> make_finding(const Dataset& dataset,
                                                     catalog::LabelTable& labels) {
    SegmentBuilder builder;
    for (std::uint32_t no = 0; no < dataset.items.size(); ++no) {
        const auto& issue = dataset.items[no].issue;
        if (!issue) continue;
        builder.add_row(no * dataset.stride, no);
        builder.set_f64(builder.column(column::kIssueScore, Type::F64), issue->score);
        builder.set_u32(builder.column(column::kIssueGiven, Type::U32), labels.add(issue->given));
        builder.set_u32(builder.column(column::kIssueSuggested, Type::U32),
                        labels.add(issue->suggested));
        builder.set_bool(builder.column(column::kIssueIs, Type::Bool), issue->is_issue);
        if (issue->is_issue)
            builder.set_text(builder.column(column::kIssueKind, Type::Text), "label");
    }
    auto finding = std::make_shared<catalog::Finding>();
    finding->id = "iss_1";
    finding->kind = "label_issues";
    finding->rows = builder.finish();
    return finding;
}

}  // namespace

catalog::Version make_version(const Dataset& dataset) {
    catalog::Version version;
    version.dataset_id = "ds_1";
    version.name = "test";
    version.items_end = static_cast<std::uint32_t>(dataset.items.size()) * dataset.stride;
    auto labels = std::make_shared<catalog::LabelTable>();
    version.items = make_items(dataset);
    version.annotations =
        make_objects(dataset, *labels, [](const ItemRow& i) -> auto& { return i.annotations; });
    auto living = std::make_shared<columns::Bitmap>();
    std::vector<std::uint32_t> deleted;
    for (std::uint32_t no = 0; no < dataset.items.size(); ++no)
        if (dataset.items[no].deleted)
            deleted.push_back(no * dataset.stride);
        else
            living->add(no * dataset.stride);
    for (std::size_t run = 0; run < dataset.runs.size(); ++run) {
        auto table = std::make_shared<catalog::RunTable>();
        table->run_id = "run_" + std::to_string(run);
        table->name = dataset.runs[run];
        table->predictions = make_objects(dataset, *labels, [&](const ItemRow& item) {
            return run < item.predictions.size() ? item.predictions[run] : std::vector<ObjectRow>();
        });
        table->predictions = table->predictions.with({}, deleted, nullptr);
        version.runs.emplace(table->run_id, table);
    }
    version.taxonomies = dataset.taxonomies;
    if (dataset.has_issues) version.findings.push_back(make_finding(dataset, *labels));
    version.living = living;
    version.items = version.items.with({}, deleted, nullptr);
    version.annotations = version.annotations.with({}, deleted, nullptr);
    for (const auto& row : dataset.slices) {
        auto items = std::make_shared<columns::Bitmap>();
        for (const auto item : row.items)
            items->add(static_cast<std::uint32_t>(item) * dataset.stride);
        version.slices.push_back({"slc_" + row.name, row.name, row.query, 0, "", items});
    }
    version.labels = labels;
    return version;
}

namespace {

ObjectRow box(std::string label, double x, double y, double w, double h, Metadata metadata = {},
              std::optional<std::string> id = std::nullopt) {
    ObjectRow row;
    row.label = std::move(label);
    row.geometry = {x, y, w, h};
    row.metadata = std::move(metadata);
    row.id = std::move(id);
    return row;
}

ObjectRow sure(std::string label, double confidence) {
    ObjectRow row = box(std::move(label), 0, 0, 10, 10);
    row.confidence = confidence;
    return row;
}

ObjectRow category(std::string taxonomy, std::string label) {
    ObjectRow row;
    row.type = ObjectType::Category;
    row.label = std::move(label);
    row.taxonomy = std::move(taxonomy);
    return row;
}

std::string text(const char* t) { return t; }

constexpr TimeMs kDay = 86'400'000;

void add_rear_views(Dataset& d) {
    // img_0: a rainy rear view, full of things.
    d.items.push_back(
        {.reference_id = "img_0",
         .width = 1280,
         .height = 720,
         .created_at = 18'628 * kDay,  // 2021-01-01
         .metadata = {{"weather", text("rainy")},
                      {"camera", text("rear")},
                      {"speed_mph", std::int64_t{60}},
                      {"frame_number", std::int64_t{5}},
                      {"sequence_id", text("abcdef")},
                      {"mislabel_score", 0.25},
                      {"day", text("2021-03-05")},
                      {"occluded", true}},
         .annotations = {box("truck", 10, 20, 100, 50, {{"color", text("red")}}, "t0"),
                         box("car", 0, 0, 40, 40, {{"occluded", true}}),
                         box("car", 5, 5, 50, 40, {{"occluded", true}}),
                         box("traffic light", 7, 8, 4, 3, {{"color", text("yellow")}}),
                         category("clothing_type", "dress")},
         .predictions = {{sure("car", 0.9), sure("car", 0.8)}, {sure("bus", 0.5)}},
         .issue = IssueRow{0.1, "truck", "bus", true}});
    // img_1: sunny; four traffic lights and a truck.
    d.items.push_back(
        {.reference_id = "img_1",
         .width = 640,
         .height = 480,
         .created_at = 18'700 * kDay,
         .metadata = {{"weather", text("sunny")},
                      {"camera", text("rear")},
                      {"speed_mph", std::int64_t{80}},
                      {"frame_number", std::int64_t{7}},
                      {"mislabel_score", 0.75},
                      {"review_status", text("accepted")},
                      {"occluded", false}},
         .annotations = {box("traffic light", 0, 0, 8, 8), box("traffic light", 0, 0, 8, 8),
                         box("traffic light", 0, 0, 8, 8, {{"color", text("green")}}),
                         box("traffic light", 0, 0, 8, 8), box("truck", 0, 0, 0.3, 0.1)},
         .predictions = {{sure("car", 0.3), sure("pedestrian", 0.8), sure("pedestrian", 0.7),
                          sure("pedestrian", 0.6)}},
         .issue = IssueRow{0.5, "car", "car", false}});
}

void add_front_views(Dataset& d) {
    // img_2: no annotation at all, size unknown.
    d.items.push_back({.reference_id = "img_2",
                       .metadata = {{"weather", text("rainy")}, {"speed_mph", 55.5}},
                       .predictions = {{sure("police_car", 0.95)}, {}}});
    // img_3: trucks and buses, trousers; the type of speed_mph differs.
    d.items.push_back(
        {.reference_id = "img_3",
         .width = 1920,
         .height = 1080,
         .created_at = 19'000 * kDay,
         .metadata = {{"speed_mph", text("fast")},
                      {"frame_number", std::int64_t{10}},
                      {"sequence_id", text("abcdef")},
                      {"day", text("2020-12-31T23:59:59Z")},
                      {"review_status", text("rejected")}},
         .annotations = {box("truck", 0, 0, 10, 10), box("truck", 0, 0, 10, 10),
                         box("truck", 0, 0, 10, 10, {{"potential_mislabel", std::int64_t{1}}}),
                         box("bus", 0, 0, 10, 10), box("bus", 0, 0, 10, 10),
                         category("clothing_type", "trousers")},
         .issue = IssueRow{0.05, "truck", "Asian elephant", true}});
}

void add_oddities(Dataset& d) {
    // img_4: a label named count, a polygon (a right triangle of 50 px²), a stop sign.
    ObjectRow triangle;
    triangle.type = ObjectType::Polygon;
    triangle.label = "car";
    triangle.geometry = {10, 10, 20, 10, 20, 20};
    d.items.push_back({.reference_id = "img 4",
                       .width = 100,
                       .height = 100,
                       .metadata = {{"weather", text("partly cloudy")},
                                    {"a key", std::int64_t{3}},
                                    {"big", std::int64_t{9'007'199'254'740'993}},
                                    {"nothing", Json{"null"}},
                                    {"list", Json{"[1,2]"}}},
                       .annotations = {box("count", 0, 0, 5, 5), triangle,
                                       box("stop sign", 1, 1, 2, 2), box("stop sign", 1, 1, 2, 2),
                                       box("tree", 0, 0, 1, 1,
                                           {{"potential_mislabel", std::int64_t{1}},
                                            {"distance_to_device", 151.0}})}});
    // img_5 is deleted and would satisfy almost everything.
    d.items.push_back(d.items[0]);
    d.items.back().reference_id = "img_5";
    d.items.back().deleted = true;
    // img_6: nothing is known of it.
    d.items.push_back({.reference_id = "img_6"});
}

}  // namespace

Dataset small_dataset() {
    Dataset d;
    d.runs = {"yolo-v8", "old model"};
    d.taxonomies = {{"clothing_type", ObjectType::Category, {"dress", "trousers"}}};
    d.has_issues = true;
    add_rear_views(d);
    add_front_views(d);
    add_oddities(d);
    d.slices = {{"night, rainy", "", {0, 2, 5}},
                {"rain now", "metadata.weather = rainy", {}},
                {"rain again", "slice = \"rain now\"", {}},
                {"ouroboros", "slice = ouroboros", {}},
                {"broken", "metadata.weather", {}}};
    return d;
}

}  // namespace tusker::query::test
