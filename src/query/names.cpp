// What a path means: the table of DESIGN § 3. Reserved words are known only without quotes.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "query/resolver.hpp"

namespace tusker::query {
namespace {

using Kind = RowSource::Kind;

const std::vector<std::string> kRoots = {"annotations",    "predictions", "metadata", "item",
                                         "issue",          "slice",       "autotag",  "similar_to",
                                         "scale_metadata", "scene"};
// Types of Nucleus; those that this dataset cannot hold count 0.
const std::vector<std::string> kTypes = {"box",    "polygon",   "category",      "line",
                                         "cuboid", "keypoints", "multicategory", "segmentation"};
const std::vector<std::string> kItemWords = {"metadata", "reference_id", "width", "height",
                                             "created_at"};
const std::vector<std::string> kIssueWords = {"score", "given", "suggested", "kind", "is", "rank"};

std::vector<std::string> with_types(std::vector<std::string> words) {
    words.insert(words.end(), kTypes.begin(), kTypes.end());
    return words;
}
const std::vector<std::string> kAnnotationWords =
    with_types({"count", "label", "type", "id", "area", "position", "dimensions", "metadata"});
const std::vector<std::string> kPredictionWords =
    with_types({"count", "label", "type", "id", "area", "position", "dimensions", "metadata",
                "confidence", "outcome", "iou"});
const std::vector<std::string> kGroupWords = {
    "label", "type", "id", "area", "position", "dimensions", "metadata", "item", "confidence"};

bool is_word(const Name& name, std::string_view word) { return !name.quoted && name.text == word; }

// Words that name something this dataset does not hold yet.
std::optional<std::string> what_is_missing(std::string_view word) {
    if (word == "autotag" || word == "similar_to")
        return fmt::format("'{}' needs embeddings, which this dataset does not have", word);
    if (word == "scale_metadata")
        return "'scale_metadata' needs a labelling project, which this dataset does not have";
    if (word == "scene") return "'scene' needs scenes, which this dataset does not have";
    if (word == "outcome" || word == "iou")
        return fmt::format("'{}' needs an evaluation, which this model run does not have", word);
    return std::nullopt;
}

std::string listed(std::span<const std::string> words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

}  // namespace

std::string no_such(std::string_view what, std::string_view word,
                    std::span<const std::string> names) {
    const auto nearest = nearest_name(word, names);
    return fmt::format("no {} '{}'{}", what, word,
                       nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

std::span<const std::string> object_words(Kind kind) {
    return kind == Kind::Predictions ? kPredictionWords : kAnnotationWords;
}

bool is_type_word(std::string_view word) { return std::ranges::find(kTypes, word) != kTypes.end(); }

std::vector<std::string> metadata_keys(std::span<const columns::Part> parts) {
    std::set<std::string> keys;
    for (const auto& part : parts)
        for (const auto& column : part.segment->columns())
            if (column.name().starts_with(catalog::column::kMetadataPrefix))
                keys.emplace(column.name().substr(catalog::column::kMetadataPrefix.size()));
    return {keys.begin(), keys.end()};
}

void Resolver::warn(std::size_t column, std::string message) {
    const Warning warning{column, std::move(message)};
    if (std::ranges::find(query_.warnings, warning) == query_.warnings.end())
        query_.warnings.push_back(warning);
}

Result<void> Resolver::check_plain(const Node& node) {
    const Name& name = node.names[0];
    if (node.run && name.text != "predictions")
        return problem_at(node.run->column, fmt::format("'{}' takes no model run", name.text));
    if (node.has_group() && name.text != "annotations" && name.text != "predictions")
        return problem_at(node.parts[0].column, fmt::format("'{}' takes no group", name.text));
    return {};
}

Result<void> Resolver::check_length(const Node& node, std::size_t names, std::string_view form) {
    if (node.names.size() == names) return {};
    if (node.names.size() < names)
        return problem_at(node.names.back().column, fmt::format("expected {}", form));
    return problem_at(node.names[names].column,
                      fmt::format("expected {}, found one name more ('{}'); a name with a dot "
                                  "stands in double quotes",
                                  form, node.names[names].text));
}

Result<Term> Resolver::path(const Node& node, const Group* group, Subject& subject) {
    const Name& first = node.names[0];
    if (group == nullptr || is_word(first, "similar_to"))
        if (const auto missing = what_is_missing(first.text))
            return problem_at(first.column, *missing);
    if (group != nullptr) return group_path(node, *group);
    TUSKER_TRY(check_plain(node));
    if (first.text == "metadata") {
        TUSKER_TRY(check_length(node, 2, "metadata.KEY"));
        return metadata_field(node.names[1], source_of(Kind::Items, {}, scope_.version.items));
    }
    if (first.text == "item") return item_path(node, 1);
    if (first.text == "issue") return issue_path(node, subject);
    if (first.text == "annotations" || first.text == "predictions")
        return objects_path(node, subject);
    if (first.text == "slice")
        return problem_at(first.column, "a slice is asked for by slice = \"its name\"");
    return problem_at(first.column, no_such("word", first.text, kRoots));
}

Result<Term> Resolver::item_path(const Node& node, std::size_t first) {
    const auto items = source_of(Kind::Items, {}, scope_.version.items);
    if (node.names.size() <= first)
        return problem_at(node.names[0].column, "expected item." + listed(kItemWords));
    const Name& word = node.names[first];
    if (is_word(word, "metadata")) {
        TUSKER_TRY(check_length(node, first + 2, "item.metadata.KEY"));
        return metadata_field(node.names[first + 1], items);
    }
    Field field;
    if (is_word(word, "reference_id"))
        field = {Field::Kind::Column, std::string(catalog::column::kReferenceId)};
    else if (is_word(word, "width"))
        field = {Field::Kind::ItemWidth, std::string(catalog::column::kWidth)};
    else if (is_word(word, "height"))
        field = {Field::Kind::ItemHeight, std::string(catalog::column::kHeight)};
    else if (is_word(word, "created_at"))
        field = {Field::Kind::Date, std::string(catalog::column::kCreatedAt)};
    else
        return problem_at(word.column, no_such("word", word.text, kItemWords) + "; expected item." +
                                           listed(kItemWords));
    TUSKER_TRY(check_length(node, first + 1, "item." + word.text));
    return field_term(items, std::move(field), false);
}

// An item may have several issues: a comparison holds if some issue satisfies it, as for
// annotations; ORDER BY reads the worst.
Result<std::size_t> Resolver::issues_source(const Node& node, const Subject& subject) {
    const auto* const finding = scope_.version.find_label_issues(scope_.finding_id);
    if (finding == nullptr)
        return problem_at(node.names[0].column,
                          scope_.finding_id.empty()
                              ? "no label issues have been looked for in this dataset yet"
                              : fmt::format("no label-issue run '{}'", scope_.finding_id));
    const bool is_worst = subject.is_order && finding->has_several_an_item();
    const std::string which = is_worst ? "worst" : "";
    for (std::size_t i = 0; i < query_.sources.size(); ++i)
        if (query_.sources[i].kind == Kind::Issues && query_.sources[i].run_id == which) return i;
    query_.sources.push_back(
        {Kind::Issues, which, {{is_worst ? finding->worst : finding->rows, nullptr}}, {{}}});
    return query_.sources.size() - 1;
}

Result<Term> Resolver::issue_path(const Node& node, Subject& subject) {
    if (node.names.size() < 2)
        return problem_at(node.names[0].column, "expected issue." + listed(kIssueWords));
    const Name& word = node.names[1];
    const auto source = TUSKER_TRY(issues_source(node, subject));
    Field field;
    if (is_word(word, "score"))
        field = {Field::Kind::Column, std::string(catalog::column::kIssueScore)};
    else if (is_word(word, "given"))
        field = {Field::Kind::Label, std::string(catalog::column::kIssueGiven)};
    else if (is_word(word, "suggested"))
        field = {Field::Kind::Label, std::string(catalog::column::kIssueSuggested)};
    else if (is_word(word, "kind"))
        field = {Field::Kind::Column, std::string(catalog::column::kIssueKind)};
    else if (is_word(word, "is"))
        field = {Field::Kind::Column, std::string(catalog::column::kIssueIs)};
    else if (is_word(word, "rank"))
        field = {Field::Kind::Column, std::string(catalog::column::kIssueRank)};
    else
        return problem_at(word.column, no_such("word", word.text, kIssueWords) +
                                           "; expected issue." + listed(kIssueWords));
    TUSKER_TRY(check_length(node, 2, "issue." + word.text));
    const auto* const finding = scope_.version.find_label_issues(scope_.finding_id);
    const bool is_some = !subject.is_order && finding->has_several_an_item();
    if (!is_some) return field_term(source, std::move(field), false);
    if (subject.source && *subject.source != source)
        return problem_at(node.column,
                          "one comparison speaks of one object; ask for an issue and an annotation "
                          "in two comparisons");
    subject.source = source;
    return field_term(source, std::move(field), true);
}

Result<Term> Resolver::objects_path(const Node& node, Subject& subject) {
    const std::string& root = node.names[0].text;
    const auto source = TUSKER_TRY(objects_source(node));
    if (node.has_group()) {
        auto condition = TUSKER_TRY(group_condition(node.parts[0], source));
        if (node.names.size() != 2 || !is_word(node.names[1], "count"))
            return problem_at(node.names.back().column,
                              fmt::format("after {}(…) only .count can be asked for", root));
        return count(source, std::move(condition));
    }
    if (node.names.size() < 2)
        return problem_at(node.names[0].column,
                          fmt::format("expected a name after {}, such as {}.count", root, root));
    const Name& word = node.names[1];
    if (is_word(word, "count")) {
        TUSKER_TRY(check_length(node, 2, root + ".count"));
        return count(source, type_is_no_category(source));
    }
    if (!word.quoted && is_type_word(word.text)) return typed_count(node, source);
    auto field = TUSKER_TRY(object_field(node, 1, source));
    if (!field) return labelled(node, source, subject);
    if (subject.source && *subject.source != source)
        return problem_at(node.column,
                          "one comparison speaks of one object; compare counts, or "
                          "ask in two comparisons");
    subject.source = source;
    return *std::move(field);
}

Result<Term> Resolver::typed_count(const Node& node, std::size_t source) {
    const Name& type = node.names[1];
    const std::string form =
        fmt::format("{0}.{1}.count or {0}.{1}.LABEL", node.names[0].text, type.text);
    TUSKER_TRY(check_length(node, 3, form));
    const Name& what = node.names[2];
    Term condition = type_is(source, type.text);
    if (is_word(what, "count")) return count(source, std::move(condition));
    check_label(what.text, what.column);
    Term both;
    both.kind = Term::Kind::And;
    both.per_object = true;
    both.parts.push_back(std::move(condition));
    both.parts.push_back(label_is(source, what.text));
    return count(source, std::move(both));
}

// annotations.L: how many of that label; annotations.L.F: their metadata.
Result<Term> Resolver::labelled(const Node& node, std::size_t source, Subject& subject) {
    const Name& label = node.names[1];
    const bool is_count =
        node.names.size() == 2 || (node.names.size() == 3 && is_word(node.names[2], "count"));
    if (is_count) {
        if (subject.beside_text && node.names.size() == 2 &&
            !scope_.version.labels->find(label.text)) {
            std::vector<std::string> taxonomies;
            taxonomies.reserve(scope_.version.taxonomies.size());
            for (const auto& taxonomy : scope_.version.taxonomies)
                taxonomies.push_back(taxonomy.name);
            warn(label.column, no_such("taxonomy", label.text, taxonomies));
        } else {
            check_label(label.text, label.column, object_words(query_.sources[source].kind));
        }
        Term both;
        both.kind = Term::Kind::And;
        both.per_object = true;
        both.parts.push_back(label_is(source, label.text));
        both.parts.push_back(type_is_no_category(source));
        return count(source, std::move(both));
    }
    check_label(label.text, label.column, object_words(query_.sources[source].kind));
    const bool spelled_out = node.names.size() == 4 && is_word(node.names[2], "metadata");
    if (!spelled_out)
        TUSKER_TRY(check_length(node, 3, fmt::format("{}.LABEL.KEY", node.names[0].text)));
    if ((subject.source && *subject.source != source) ||
        (subject.label && *subject.label != label.text))
        return problem_at(node.column,
                          "one comparison speaks of one object; ask for two labels "
                          "in two comparisons");
    if (!subject.label) subject.filters.push_back(label_is(source, label.text));
    subject.source = source;
    subject.label = label.text;
    Term field = TUSKER_TRY(metadata_field(node.names.back(), source));
    return field;
}

Result<std::optional<Term>> Resolver::object_field(const Node& node, std::size_t first,
                                                   std::size_t source) {
    const Name& word = node.names[first];
    const bool is_prediction = query_.sources[source].kind == Kind::Predictions;
    if (word.quoted) return std::nullopt;
    if (word.text == "metadata") {
        TUSKER_TRY(check_length(node, first + 2, "metadata.KEY"));
        return TUSKER_TRY(metadata_field(node.names[first + 1], source));
    }
    if (word.text == "position" || word.text == "dimensions") {
        const bool is_position = word.text == "position";
        TUSKER_TRY(check_length(node, first + 2, word.text + ".x or " + word.text + ".y"));
        const Name& axis = node.names[first + 1];
        Field field;
        if (axis.text == "x" && is_position)
            field = {Field::Kind::X, std::string(catalog::column::kX)};
        else if (axis.text == "x")
            field = {Field::Kind::Width, std::string(catalog::column::kW)};
        else if (axis.text == "y" && is_position)
            field = {Field::Kind::Y, std::string(catalog::column::kY)};
        else if (axis.text == "y")
            field = {Field::Kind::Height, std::string(catalog::column::kH)};
        else if (axis.text != "z")  // only cuboids have one
            return problem_at(
                axis.column,
                fmt::format("expected {0}.x, {0}.y or {0}.z, found '{1}'", word.text, axis.text));
        return field_term(source, std::move(field), true);
    }
    Field field;
    if (word.text == "label")
        field = {Field::Kind::Label, std::string(catalog::column::kLabel)};
    else if (word.text == "type")
        field = {Field::Kind::ObjectType, std::string(catalog::column::kType)};
    else if (word.text == "id")
        field = {Field::Kind::Column, std::string(catalog::column::kAnnotationId)};
    else if (word.text == "area")
        field = {Field::Kind::Area, {}};
    else if (word.text == "confidence" && is_prediction)
        field = {Field::Kind::Confidence, std::string(catalog::column::kConfidence)};
    else if (const auto missing = what_is_missing(word.text); missing && is_prediction)
        return problem_at(word.column, *missing);
    else
        return std::nullopt;
    TUSKER_TRY(check_length(node, first + 1, word.text));
    return field_term(source, std::move(field), true);
}

Result<Term> Resolver::group_path(const Node& node, const Group& group) {
    const Name& word = node.names[0];
    if (word.text == "annotations" || word.text == "predictions")
        return problem_at(word.column,
                          "inside ( ) names are the object's own: write label, area, "
                          "metadata.KEY, or item.… for its item");
    if (node.run || node.has_group())
        return problem_at(word.column, fmt::format("'{}' takes no group and no run", word.text));
    if (word.text == "item") return item_path(node, 1);
    auto field = TUSKER_TRY(object_field(node, 0, group.source));
    if (field) return *std::move(field);
    if (word.text == "confidence")
        return problem_at(word.column, "annotations have no confidence; predictions do");
    return problem_at(
        word.column, no_such("word", word.text, kGroupWords) + "; expected " + listed(kGroupWords));
}

Result<Term> Resolver::group_condition(const Node& node, std::size_t source) {
    const Group group{source};
    return condition(node, &group);
}

Term Resolver::count(std::size_t source, Term condition) {
    Term term;
    term.kind = Term::Kind::Count;
    term.source = source;
    term.parts.push_back(std::move(condition));
    return term;
}

Result<std::size_t> Resolver::objects_source(const Node& node) {
    if (node.names[0].text == "annotations")
        return source_of(Kind::Annotations, {}, scope_.version.annotations);
    const auto* const run = TUSKER_TRY(run_of(node));
    return source_of(Kind::Predictions, run->run_id, run->predictions);
}

// Without a name: the selected run, else the one with most predictions.
Result<const catalog::RunTable*> Resolver::run_of(const Node& node) {
    const auto& runs = scope_.version.runs;
    if (!node.run && !scope_.run_id.empty()) {
        const auto* const run = scope_.version.find_run(scope_.run_id);
        if (run == nullptr)
            return problem_at(node.column, fmt::format("no model run '{}'", scope_.run_id));
        return run;
    }
    const catalog::RunTable* found = nullptr;
    std::vector<std::string> names;
    for (const auto& [id, run] : runs) {
        if (node.run && node.run->text == id) return run.get();
        if (run->run_free) continue;
        names.push_back(run->name);
        if (node.run && run->name != node.run->text) continue;
        if (node.run && found != nullptr)
            return problem_at(node.run->column,
                              fmt::format("several model runs are named '{}'; use the id, such as "
                                          "predictions[\"{}\"]",
                                          node.run->text, id));
        if (found == nullptr || run->predictions.living_rows() > found->predictions.living_rows())
            found = run.get();
    }
    if (found != nullptr) return found;
    if (node.run) return problem_at(node.run->column, no_such("model run", node.run->text, names));
    return problem_at(node.column, "this dataset has no predictions");
}

std::size_t Resolver::source_of(Kind kind, std::string_view run_id, const columns::Table& of) {
    for (std::size_t i = 0; i < query_.sources.size(); ++i)
        if (query_.sources[i].kind == kind && query_.sources[i].run_id == run_id) return i;
    RowSource source{kind, std::string(run_id), {of.parts().begin(), of.parts().end()}, {}};
    for (const auto& part : source.parts) {
        auto& words = source.dead.emplace_back();
        if (!part.dead || part.dead->empty()) continue;
        words.resize((part.segment->rows() + 63) / 64);
        part.dead->write_words(0, words.data(), words.size());
    }
    query_.sources.push_back(std::move(source));
    return query_.sources.size() - 1;
}

Result<Term> Resolver::metadata_field(const Name& key, std::size_t source) {
    const auto& rows = query_.sources[source];
    const std::string column = std::string(catalog::column::kMetadataPrefix) + key.text;
    const auto has_it = [&](const columns::Part& part) {
        return !part.segment->find_all(column).empty();
    };
    const bool of_objects = rows.is_of_objects();
    if (std::ranges::none_of(rows.parts, has_it)) {
        const std::string_view whose = rows.kind == Kind::Items         ? "metadata key"
                                       : rows.kind == Kind::Annotations ? "annotation metadata key"
                                                                        : "prediction metadata key";
        warn(key.column, no_such(whose, key.text, metadata_keys(rows.parts)));
        return field_term(source, {Field::Kind::Nothing, {}}, of_objects);
    }
    return field_term(source, {Field::Kind::Column, column}, of_objects);
}

void Resolver::check_label(std::string_view label, std::size_t column,
                           std::span<const std::string> other_words) {
    if (scope_.version.labels->find(label)) return;
    std::vector<std::string> names = scope_.version.labels->texts();
    names.insert(names.end(), other_words.begin(), other_words.end());
    warn(column, no_such("label", label, names));
}

}  // namespace tusker::query
