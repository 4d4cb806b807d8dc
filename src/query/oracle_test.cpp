// The language once more, as a slow loop over plain structs that shares no code with the engine but
// the tree; random questions about random datasets must have the same answers.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "query/query.hpp"
#include "query/random_tree.hpp"
#include "query/test_dataset.hpp"

namespace tusker::query {
namespace {

using catalog::ObjectType;
using test::Dataset;
using test::ItemRow;
using test::ObjectRow;

// long double holds every int64 and every double exactly.
struct Val {
    enum Kind { Absent, Number, Date, Text } kind = Absent;
    long double number = 0;
    std::string text = {};
};
Val of_number(long double n) { return {Val::Number, n}; }
Val of_double(double n) { return std::isfinite(n) ? of_number(n) : Val{}; }
Val of_text(std::string t) { return {Val::Text, 0, std::move(t)}; }

Val of_value(const test::Value& value) {
    if (const auto* flag = std::get_if<bool>(&value)) return of_number(*flag ? 1 : 0);
    if (const auto* whole = std::get_if<std::int64_t>(&value))
        return of_number(static_cast<long double>(*whole));
    if (const auto* number = std::get_if<double>(&value)) return of_number(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return of_text(*text);
    return {};
}
Val of_key(const test::Metadata& metadata, const std::string& key) {
    const auto at = metadata.find(key);
    return at == metadata.end() ? Val{} : of_value(at->second);
}

bool like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '%')
        return like(text, pattern.substr(1)) || (!text.empty() && like(text.substr(1), pattern));
    if (text.empty()) return false;
    if (pattern[0] == '_') {
        std::size_t size = 1;
        while (size < text.size() && (text[size] & 0xC0) == 0x80) ++size;
        return like(text.substr(size), pattern.substr(1));
    }
    if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    return text[0] == pattern[0] && like(text.substr(1), pattern.substr(1));
}

bool is_true(Val a, Operator op, Val b) {
    if (op == Operator::Like) return a.kind == Val::Text && like(a.text, b.text);
    for (auto [date, text] : {std::pair(&a, &b), std::pair(&b, &a)})
        if (date->kind == Val::Date && text->kind == Val::Text)
            if (const auto time = parse_iso(text->text))
                *text = {Val::Date, static_cast<long double>(*time)};
    const bool comparable = a.kind == b.kind && a.kind != Val::Absent;
    const bool less = comparable && (a.kind == Val::Text ? a.text < b.text : a.number < b.number);
    const bool equal =
        comparable && (a.kind == Val::Text ? a.text == b.text : a.number == b.number);
    switch (op) {
        case Operator::Equal:
            return equal;
        case Operator::NotEqual:
            return !equal;
        case Operator::Less:
            return less;
        case Operator::LessEqual:
            return less || equal;
        case Operator::Greater:
            return comparable && !less && !equal;
        case Operator::GreaterEqual:
            return comparable && !less;
        default:
            return false;
    }
}

Val calculate(Operator op, const Val& a, const Val& b) {
    if (a.kind != Val::Number || b.kind != Val::Number) return {};
    const auto x = static_cast<double>(a.number);
    const auto y = static_cast<double>(b.number);
    switch (op) {
        case Operator::Add:
            return of_double(x + y);
        case Operator::Subtract:
            return of_double(x - y);
        case Operator::Multiply:
            return of_double(x * y);
        case Operator::Divide:
            return of_double(x / y);
        default:
            return of_double(std::fmod(x, y));
    }
}

Val geometry(const ObjectRow& object, const std::string& what) {
    if (object.type == ObjectType::Category) return {};
    const auto& g = object.geometry;
    double left = g[0], top = g[1], width = g[2], height = g[3], area = width * height;
    if (object.type == ObjectType::Polygon) {  // the tests' polygons are triangles
        left = std::min({g[0], g[2], g[4]});
        top = std::min({g[1], g[3], g[5]});
        width = std::max({g[0], g[2], g[4]}) - left;
        height = std::max({g[1], g[3], g[5]}) - top;
        area = std::abs((g[2] - g[0]) * (g[5] - g[1]) - (g[4] - g[0]) * (g[3] - g[1])) / 2;
    }
    if (what == "position.x") return of_number(left);
    if (what == "position.y") return of_number(top);
    if (what == "dimensions.x") return of_number(width);
    if (what == "dimensions.y") return of_number(height);
    return of_number(area);
}

std::string type_name(const ObjectRow& object) {
    return object.type == ObjectType::Box       ? "box"
           : object.type == ObjectType::Polygon ? "polygon"
                                                : "category";
}

class Oracle {
public:
    explicit Oracle(const Dataset& dataset) : dataset_(dataset) {}

    /// Whose the bare names are, and which object annotations.P of the comparison is.
    struct Bound {
        const ObjectRow* object = nullptr;
        bool in_group = false;
    };

    bool holds(const Node& node, const ItemRow& item) const { return holds(node, item, {}); }

    Val value(const Node& node, const ItemRow& item, Bound object) const {
        switch (node.kind) {
            case Node::Kind::Number:
                return of_number(node.integer ? static_cast<long double>(*node.integer)
                                              : static_cast<long double>(node.number));
            case Node::Kind::Date:
                return {Val::Date, static_cast<long double>(node.time)};
            case Node::Kind::Bool:
                return of_number(node.flag ? 1 : 0);
            case Node::Kind::Text:
                return of_text(node.text);
            case Node::Kind::Negate: {
                const Val v = value(node.parts[0], item, object);
                return v.kind == Val::Number ? of_number(-static_cast<double>(v.number)) : Val{};
            }
            case Node::Kind::Arithmetic:
                return calculate(node.op, value(node.parts[0], item, object),
                                 value(node.parts[1], item, object));
            default:
                return path(node, item, object);
        }
    }

private:
    const std::vector<ObjectRow>& objects(const Node& path, const ItemRow& item) const {
        static const std::vector<ObjectRow> none;
        if (path.names[0].text == "annotations") return item.annotations;
        std::size_t run = 0;
        if (!path.run) {  // the one with most predictions
            std::vector<std::size_t> sizes(dataset_.runs.size());
            for (const auto& i : dataset_.items)
                for (std::size_t r = 0; !i.deleted && r < i.predictions.size(); ++r)
                    sizes[r] += i.predictions[r].size();
            run = static_cast<std::size_t>(std::ranges::max_element(sizes) - sizes.begin());
        }
        return run < item.predictions.size() ? item.predictions[run] : none;
    }

    static bool is_reserved(const Name& name) {
        static const std::vector<std::string> words = {
            "count", "label", "type", "id", "area", "metadata", "box", "polygon", "category"};
        return !name.quoted && std::ranges::find(words, name.text) != words.end();
    }
    static bool is_of_objects(const Node& node) {
        return node.kind == Node::Kind::Path && !node.has_group() &&
               (node.names[0].text == "annotations" || node.names[0].text == "predictions");
    }
    // annotations.area, annotations.L.F: a value of each object, not of the item.
    static bool is_of_each_object(const Node& node) {
        if (!is_of_objects(node)) return false;
        if (!is_reserved(node.names[1])) return node.names.size() == 3;
        return node.names[1].text == "label" || node.names[1].text == "type" ||
               node.names[1].text == "area";
    }
    static void collect(const Node& node, std::vector<const Node*>& paths) {
        if (is_of_each_object(node)) paths.push_back(&node);
        if (node.kind != Node::Kind::Path)
            for (const auto& part : node.parts) collect(part, paths);
    }

    bool holds(const Node& node, const ItemRow& item, Bound object) const {
        const auto part = [&](const Node& n) { return holds(n, item, object); };
        switch (node.kind) {
            case Node::Kind::Or:
                return std::ranges::any_of(node.parts, part);
            case Node::Kind::And:
                return std::ranges::all_of(node.parts, part);
            case Node::Kind::Not:
                return !part(node.parts[0]);
            default:
                break;
        }
        const Node& left = node.parts[0];
        const Node& right = node.parts[1];
        if (!object.in_group) {
            for (const auto& [p, text] : {std::pair(&left, &right), std::pair(&right, &left)})
                if (is_of_objects(*p) && p->names.size() == 2 &&
                    p->names[1].text == "clothing_type" && text->kind == Node::Kind::Text) {
                    const Val category = category_of(objects(*p, item));
                    return p == &left ? is_true(category, node.op, of_text(text->text))
                                      : is_true(of_text(text->text), node.op, category);
                }
            std::vector<const Node*> each;
            collect(node, each);
            if (!each.empty())
                return std::ranges::any_of(objects(*each[0], item), [&](const ObjectRow& o) {
                    for (const Node* one : each)
                        if (!is_reserved(one->names[1]) && o.label != one->names[1].text)
                            return false;
                    return is_true(value(left, item, {&o, false}), node.op,
                                   value(right, item, {&o, false}));
                });
        }
        return is_true(value(left, item, object), node.op, value(right, item, object));
    }

    static Val category_of(const std::vector<ObjectRow>& objects) {
        for (const auto& o : objects)
            if (o.type == ObjectType::Category && o.taxonomy == "clothing_type")
                return of_text(o.label);
        return {};
    }

    static Val object_path(const std::vector<Name>& names, std::size_t at,
                           const ObjectRow& object) {
        const std::string& word = names[at].text;
        if (word == "metadata") return of_key(object.metadata, names[at + 1].text);
        if (word == "label") return of_text(object.label);
        if (word == "type") return of_text(type_name(object));
        if (word == "id") return object.id ? of_text(*object.id) : Val{};
        if (word == "area") return geometry(object, word);
        return geometry(object, word + "." + names[at + 1].text);
    }

    Val path(const Node& node, const ItemRow& item, Bound bound) const {
        const ObjectRow* const object = bound.object;
        const auto& names = node.names;
        const std::string& root = names[0].text;
        if (root == "item") {
            if (names[1].text == "metadata") return of_key(item.metadata, names[2].text);
            if (names[1].text == "reference_id") return of_text(item.reference_id);
            const auto& size = names[1].text == "width" ? item.width : item.height;
            return size ? of_number(*size) : Val{};
        }
        if (root == "issue") {
            if (!item.issue) return {};
            if (names[1].text == "score") return of_number(item.issue->score);
            if (names[1].text == "kind") return item.issue->is_issue ? of_text("label") : Val{};
            if (names[1].text == "is") return of_number(item.issue->is_issue ? 1 : 0);
            return of_text(names[1].text == "given" ? item.issue->given : item.issue->suggested);
        }
        if (root != "annotations" && root != "predictions")
            return bound.in_group ? object_path(names, 0, *object)
                                  : of_key(item.metadata, names[1].text);
        if (object != nullptr && is_of_each_object(node))
            return is_reserved(names[1]) ? object_path(names, 1, *object)
                                         : of_key(object->metadata, names[2].text);
        const auto& all = objects(node, item);
        const auto count = std::ranges::count_if(all, [&](const ObjectRow& o) {
            if (node.has_group()) return holds(node.parts[0], item, {&o, true});
            const bool is_category = o.type == ObjectType::Category;
            if (!is_reserved(names[1])) return !is_category && o.label == names[1].text;
            if (names[1].text == "count") return !is_category;
            if (type_name(o) != names[1].text) return false;
            const bool all_of_type = !names[2].quoted && names[2].text == "count";
            return all_of_type || o.label == names[2].text;
        });
        return of_number(static_cast<long double>(count));
    }

    const Dataset& dataset_;
};

// --- random datasets ------------------------------------------------------------------------

test::Value random_value() {
    switch (random::number(6)) {
        case 0:
            return random::number(2) == 1;
        case 1:
            return std::int64_t{random::number(7) - 2};
        case 2:
            return *rc::gen::elementOf(std::vector<double>{0.5, 0.8, -1.25, 2.0, 1e30});
        case 3:
            return test::Json{random::word({"null", "[1,2]", "{\"a\":1}"})};
        default:
            return random::word({"car", "rainy", "traffic light", "", "2021-01-01", "dress", "box",
                                 "2020-05-17T00:00:05.250Z", "say \"hi\"", "ä"});
    }
}

test::Metadata random_metadata() {
    test::Metadata metadata;
    for (int i = random::number(5); i > 0; --i)
        metadata[random::word({"weather", "n", "flag", "day", "mixed", "a key"})] = random_value();
    return metadata;
}

std::vector<ObjectRow> random_objects(bool predicted) {
    std::vector<ObjectRow> rows;
    const auto size = [] {
        return *rc::gen::elementOf(std::vector<double>{0.5, 0.8, 1, 2, 3, 0.1, 16'777'217});
    };
    for (int i = random::number(5); i > 0; --i) {
        ObjectRow& row = rows.emplace_back();
        row.label = random::word({"car", "bus", "traffic light", "count"});
        row.metadata = random_metadata();
        if (random::number(2) == 1) row.id = random::word({"car", "x", "dress"});
        if (predicted) row.confidence = *rc::gen::elementOf(std::vector<double>{0.5, 0.8, 0.3, 1});
        row.geometry = {size(), size(), size(), size()};
        if (random::number(4) == 0) {
            row.type = ObjectType::Polygon;
            row.geometry = {size(), size(), size(), size(), size(), size()};
        }
    }
    if (random::number(2) == 1) {  // one category for each item and taxonomy
        ObjectRow& row = rows.emplace_back();
        row.type = ObjectType::Category;
        row.label = random::word({"dress", "car"});
        row.taxonomy = random::word({"clothing_type", "other"});
    }
    return rows;
}

Dataset random_dataset() {
    Dataset dataset;
    dataset.runs = {"yolo", "other"};
    dataset.taxonomies = {{"clothing_type", ObjectType::Category, {"dress"}}};
    dataset.has_issues = true;
    dataset.stride = *rc::gen::elementOf(std::vector<std::uint32_t>{1, 9'001});
    for (int i = random::number(12); i > 0; --i) {
        ItemRow& item = dataset.items.emplace_back();
        item.reference_id = random::word({"car", "r", "dress"}) + std::to_string(i);
        if (random::number(3) > 0) {
            item.width = static_cast<std::uint32_t>(random::number(4));
            item.height = 2;
        }
        item.metadata = random_metadata();
        item.annotations = random_objects(false);
        for (int run = random::number(3); run > 0; --run)
            item.predictions.push_back(random_objects(true));
        if (random::number(2) == 1)
            item.issue =
                test::IssueRow{*rc::gen::elementOf(std::vector<double>{0.5, 0.8, 1}), "car",
                               random::word({"car", "bus"}), random::number(2) == 1};
        item.deleted = random::number(5) == 0;
    }
    return dataset;
}

int type_rank(const Val& v) {
    return v.kind == Val::Number ? 0 : v.kind == Val::Date ? 1 : v.kind == Val::Text ? 2 : 3;
}

bool before(const std::vector<Order>& order, const std::vector<Val>& a, const std::vector<Val>& b) {
    for (std::size_t i = 0; i < order.size(); ++i) {
        const int x = type_rank(a[i]);
        const int y = type_rank(b[i]);
        if (x == 3 || y == 3) {
            if (x == y) continue;
            return y == 3;
        }
        const bool less = x != y ? x < y : is_true(a[i], Operator::Less, b[i]);
        const bool more = x != y ? x > y : is_true(a[i], Operator::Greater, b[i]);
        if (less || more) return order[i].descending ? more : less;
    }
    return false;
}

std::vector<catalog::ItemNo> expected_items(const Dataset& dataset, const Tree& tree) {
    const Oracle oracle(dataset);
    std::vector<std::pair<catalog::ItemNo, std::vector<Val>>> found;
    for (std::uint32_t i = 0; i < dataset.items.size(); ++i) {
        const ItemRow& item = dataset.items[i];
        if (item.deleted || (tree.condition && !oracle.holds(*tree.condition, item))) continue;
        std::vector<Val> keys;
        keys.reserve(tree.order.size());
        for (const auto& order : tree.order) keys.push_back(oracle.value(order.value, item, {}));
        found.emplace_back(i * dataset.stride, std::move(keys));
    }
    std::ranges::stable_sort(found, [&](const auto& a, const auto& b) {
        return before(tree.order, a.second, b.second);
    });
    std::vector<catalog::ItemNo> items;
    items.reserve(found.size());
    for (const auto& [item, keys] : found) items.push_back(item);
    return items;
}

// The whole dataset in words, for a failure to be understood.
std::string described(const catalog::Version& version) {
    std::string text;
    for (const auto& [id, run] : version.runs)
        text += "\n" + run->name + ": " + std::to_string(run->predictions.living_rows());
    for (std::uint32_t no = 0; no < version.items_end; ++no) {
        const auto item = catalog::find_item(version, no);
        if (!item) continue;
        text +=
            "\n" + std::to_string(no) + " " + catalog::metadata_json(version.items, item->place);
        const auto add = [&](const char* what, const columns::Table& table) {
            for (const auto& object : catalog::objects_of(table, no)) {
                text += std::string("\n  ") + what + " " + std::string(to_text(object.type)) + " " +
                        version.labels->text(object.label) + " " +
                        catalog::metadata_json(table, object.place);
                for (const double g : object.geometry) text += " " + std::to_string(g);
            }
        };
        add("annotation", version.annotations);
        for (const auto& [id, run] : version.runs) add(run->name.c_str(), run->predictions);
    }
    return text;
}

const Pool& pool() {
    static const Pool shared(2);
    return shared;
}

RC_GTEST_PROP(Oracle, AnswersEveryQuestionAsTheLoopDoes, ()) {
    const Dataset dataset = random_dataset();
    const Tree tree = *random_tree();
    const auto version = make_version(dataset);
    const Scope scope{version};
    const auto planned = plan(tree, scope);
    RC_TAG(planned.has_value() ? "asked" : "refused");
    if (!planned) return;
    const auto answer = run(*planned, scope, pool());
    const auto items = page(*planned, *answer, scope, pool(), 0, 1'000);
    const auto expected = expected_items(dataset, tree);
    if (*items != expected) {
        std::string text = print(tree) + "\nfound ";
        for (const auto i : *items) text += std::to_string(i) + " ";
        text += "\nexpected ";
        for (const auto i : expected) text += std::to_string(i) + " ";
        RC_FAIL(text + described(version));
    }
}

}  // namespace
}  // namespace tusker::query
