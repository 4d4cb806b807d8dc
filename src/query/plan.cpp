// Tree -> Plan: conditions. Names are in names.cpp.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "query/fields.hpp"
#include "query/resolver.hpp"

namespace tusker::query {
namespace {

// A live slice may ask for others, and so for itself.
constexpr int kMaxLiveSlices = 8;

bool is_single_word(const Node& node, std::string_view word) {
    return node.kind == Node::Kind::Path && node.names.size() == 1 && !node.names[0].quoted &&
           node.names[0].text == word && !node.has_group() && !node.run;
}

Term constant(bool flag) {
    Term term;
    term.kind = Term::Kind::Constant;
    term.flag = flag;
    return term;
}

Term with_parts(Term::Kind kind, std::vector<Term> parts) {
    Term term;
    term.kind = kind;
    for (const auto& part : parts) term.per_object |= part.per_object;
    term.parts = std::move(parts);
    return term;
}

Term negated(Term condition) {
    std::vector<Term> parts;
    parts.push_back(std::move(condition));
    return with_parts(Term::Kind::Not, std::move(parts));
}

Term both(Term a, Term b) {
    std::vector<Term> parts;
    parts.push_back(std::move(a));
    parts.push_back(std::move(b));
    return with_parts(Term::Kind::And, std::move(parts));
}

Term some(std::size_t source, Term condition) {
    Term term;
    term.kind = Term::Kind::Some;
    term.source = source;
    term.parts.push_back(std::move(condition));
    return term;
}

Term set_of(std::shared_ptr<const columns::Bitmap> items) {
    Term term;
    term.kind = Term::Kind::Set;
    term.items = std::move(items);
    return term;
}

Term folded(const Node& node, const std::vector<Term>& parts) {
    const double first = parts[0].literal.as_number();
    const double value = node.kind == Node::Kind::Negate
                             ? -first
                             : calculate(node.op, first, parts[1].literal.as_number());
    Term term;
    term.kind = Term::Kind::Literal;
    if (!std::isnan(value)) term.literal = Cell::of_fraction(value);  // else absent
    return term;
}

bool is_condition_kind(const Node& node) {
    switch (node.kind) {
        case Node::Kind::Or:
        case Node::Kind::And:
        case Node::Kind::Not:
        case Node::Kind::Compare:
        case Node::Kind::Path:
            return true;
        case Node::Kind::Arithmetic:
        case Node::Kind::Negate:
        case Node::Kind::Number:
        case Node::Kind::Date:
        case Node::Kind::Bool:
        case Node::Kind::Text:
            return false;
    }
    return false;
}

}  // namespace

bool Term::is_number() const {
    switch (kind) {
        case Kind::Count:
        case Kind::Arithmetic:
        case Kind::Negate:
            return true;
        case Kind::Field:
            return field.is_number();
        default:
            return false;
    }
}

Result<Term> Resolver::condition(const Node& node, const Group* group) {
    switch (node.kind) {
        case Node::Kind::Or:
        case Node::Kind::And:
            return chain(node, group);
        case Node::Kind::Not:
            return negated(TUSKER_TRY(condition(node.parts[0], group)));
        case Node::Kind::Compare:
            return comparison(node, group);
        case Node::Kind::Path: {  // annotations(…): some annotation satisfies it
            if (group != nullptr)
                return problem_at(node.column, "a group cannot stand inside a group");
            if (!node.has_group()) break;
            const auto source = TUSKER_TRY(objects_source(node));
            return some(source, TUSKER_TRY(group_condition(node.parts[0], source)));
        }
        case Node::Kind::Arithmetic:
        case Node::Kind::Negate:
        case Node::Kind::Number:
        case Node::Kind::Date:
        case Node::Kind::Bool:
        case Node::Kind::Text:
            break;
    }
    return problem_at(node.column, "expected a condition, found a value");
}

// Sets of an OR become one, so that a thousand reference ids cost one bitmap.
Result<Term> Resolver::chain(const Node& node, const Group* group) {
    std::vector<Term> parts;
    std::shared_ptr<columns::Bitmap> united;
    for (const auto& part : node.parts) {
        Term term = TUSKER_TRY(condition(part, group));
        if (node.kind == Node::Kind::Or && term.kind == Term::Kind::Set) {
            if (!united) united = std::make_shared<columns::Bitmap>();
            *united |= *term.items;
            continue;
        }
        parts.push_back(std::move(term));
    }
    if (united) parts.insert(parts.begin(), set_of(united));
    return with_parts(node.kind == Node::Kind::Or ? Term::Kind::Or : Term::Kind::And,
                      std::move(parts));
}

Result<Term> Resolver::comparison(const Node& node, const Group* group) {
    if (group == nullptr) {
        if (auto term = TUSKER_TRY(slice_comparison(node))) return *std::move(term);
        if (auto term = TUSKER_TRY(taxonomy_comparison(node))) return *std::move(term);
        if (auto term = TUSKER_TRY(reference_comparison(node))) return *std::move(term);
    }
    Subject subject;
    subject.beside_text = node.parts[1].kind == Node::Kind::Text;
    Term left = TUSKER_TRY(value(node.parts[0], group, subject));
    subject.beside_text = node.parts[0].kind == Node::Kind::Text;
    Term right = TUSKER_TRY(value(node.parts[1], group, subject));
    for (const auto& [field, other, at] :
         {std::tuple(&left, &right, 1), std::tuple(&right, &left, 0)}) {
        const bool asks_label = field->kind == Term::Kind::Field &&
                                field->field.kind == Field::Kind::Label &&
                                other->kind == Term::Kind::Literal && node.op != Operator::Like;
        if (asks_label && other->text)
            check_label(*other->text, node.parts[static_cast<std::size_t>(at)].column);
    }
    Term compared = compare_terms(node.op, std::move(left), std::move(right));
    if (group != nullptr || !subject.source) return compared;
    compared.per_object = true;
    for (auto& filter : subject.filters) compared = both(std::move(filter), std::move(compared));
    return some(*subject.source, std::move(compared));
}

Result<std::optional<Term>> Resolver::slice_comparison(const Node& node) {
    const bool on_left = is_single_word(node.parts[0], "slice");
    if (!on_left && !is_single_word(node.parts[1], "slice")) return std::nullopt;
    const Node& name = node.parts[on_left ? 1 : 0];
    const bool is_equality = node.op == Operator::Equal || node.op == Operator::NotEqual;
    if (!is_equality || name.kind != Node::Kind::Text)
        return problem_at(node.column,
                          "a slice is asked for by slice = \"its name\" or slice != \"its name\"");
    Term found = TUSKER_TRY(slice(name.text, name.column));
    if (node.op == Operator::NotEqual) found = negated(std::move(found));
    return found;
}

Result<Term> Resolver::slice(std::string_view id_or_name, std::size_t column) {
    const auto* const slice = scope_.version.find_slice(id_or_name);
    if (slice == nullptr) {
        std::vector<std::string> names;
        names.reserve(scope_.version.slices.size());
        for (const auto& s : scope_.version.slices) names.push_back(s.name);
        return problem_at(column, no_such("slice", id_or_name, names));
    }
    if (slice->query.empty()) return slice->items ? set_of(slice->items) : constant(false);
    const auto refused = [&](std::string_view why) {
        return problem_at(column, fmt::format("slice '{}' cannot be asked: {}", slice->name, why));
    };
    if (live_slices_open_ >= kMaxLiveSlices)
        return refused(
            fmt::format("live slices ask for each other more than {} deep", kMaxLiveSlices));
    const auto tree = parse(slice->query);
    if (!tree) return refused(tree.error().message);
    if (!tree->condition) return constant(true);
    const std::size_t warnings = query_.warnings.size();
    auto term = Resolver(scope_, query_, live_slices_open_ + 1).condition(*tree->condition);
    query_.warnings.resize(warnings);  // their columns are of another text
    if (!term) return refused(term.error().message);
    return term;
}

// annotations.T = text, where T is a taxonomy: the item's category in it. It is a value of the
// item: an item without one differs from every text.
Result<std::optional<Term>> Resolver::taxonomy_comparison(const Node& node) {
    const bool on_left = node.parts[0].kind == Node::Kind::Path;
    const Node& path = node.parts[on_left ? 0 : 1];
    const Node& text = node.parts[on_left ? 1 : 0];
    if (path.kind != Node::Kind::Path || text.kind != Node::Kind::Text) return std::nullopt;
    if (path.names.size() != 2 || path.has_group()) return std::nullopt;
    if (path.names[0].text != "annotations" && path.names[0].text != "predictions")
        return std::nullopt;
    const Name& name = path.names[1];
    const auto is_it = [&](const auto& taxonomy) { return taxonomy.name == name.text; };
    if (std::ranges::none_of(scope_.version.taxonomies, is_it)) return std::nullopt;
    const auto source = TUSKER_TRY(objects_source(path));
    const auto reserved = object_words(query_.sources[source].kind);
    if (!name.quoted && std::ranges::find(reserved, name.text) != reserved.end())
        return std::nullopt;
    if (node.op == Operator::Equal || node.op == Operator::NotEqual)
        check_label(text.text, text.column);
    Term taxonomy =
        field_term(source, {Field::Kind::Column, std::string(catalog::column::kTaxonomy)}, true);
    Term label =
        field_term(source, {Field::Kind::Label, std::string(catalog::column::kLabel)}, true);
    const bool differs = node.op == Operator::NotEqual;
    const Operator op = differs ? Operator::Equal : on_left ? node.op : flipped(node.op);
    Term found =
        some(source,
             both(compare_terms(op, std::move(label), text_literal(text.text)),
                  both(compare_terms(Operator::Equal, std::move(taxonomy), text_literal(name.text)),
                       type_is(source, "category"))));
    if (differs) found = negated(std::move(found));
    return found;
}

// item.reference_id = "…" has an index.
Result<std::optional<Term>> Resolver::reference_comparison(const Node& node) {
    const Node& path = node.parts[0];
    const Node& text = node.parts[1];
    const bool is_equality = node.op == Operator::Equal || node.op == Operator::NotEqual;
    if (!scope_.version.references || !is_equality || text.kind != Node::Kind::Text ||
        path.kind != Node::Kind::Path || path.has_group() || path.run || path.names.size() != 2 ||
        path.names[0].text != "item" || path.names[1].quoted ||
        path.names[1].text != "reference_id")
        return std::nullopt;
    auto items = std::make_shared<columns::Bitmap>();
    if (const auto item = catalog::find_item_no(scope_.version, text.text)) items->add(*item);
    Term found = set_of(std::move(items));
    if (node.op == Operator::NotEqual) found = negated(std::move(found));
    return found;
}

Result<Term> Resolver::value(const Node& node, const Group* group, Subject& subject) {
    switch (node.kind) {
        case Node::Kind::Number:
        case Node::Kind::Date:
        case Node::Kind::Bool:
        case Node::Kind::Text:
            return literal(node);
        case Node::Kind::Path:
            return path(node, group, subject);
        case Node::Kind::Arithmetic:
        case Node::Kind::Negate: {
            std::vector<Term> parts;
            parts.reserve(node.parts.size());
            for (const auto& part : node.parts)
                parts.push_back(TUSKER_TRY(value(part, group, subject)));
            const auto is_literal = [](const Term& part) {
                return part.kind == Term::Kind::Literal;
            };
            // 32*32 becomes a constant, so that a comparison with it can be matched.
            if (std::ranges::all_of(parts, is_literal)) return folded(node, parts);
            Term term = with_parts(
                node.kind == Node::Kind::Negate ? Term::Kind::Negate : Term::Kind::Arithmetic,
                std::move(parts));
            term.op = node.op;
            return term;
        }
        case Node::Kind::Or:
        case Node::Kind::And:
        case Node::Kind::Not:
        case Node::Kind::Compare:
            break;
    }
    return problem_at(node.column, "expected a value, found a condition");
}

Result<Term> Resolver::order_value(const Node& node) {
    if (is_condition_kind(node) && node.kind != Node::Kind::Path)
        return problem_at(node.column, "expected a value to order by, found a condition");
    Subject subject;
    subject.is_order = true;
    Term term = TUSKER_TRY(value(node, nullptr, subject));
    if (subject.source)
        return problem_at(node.column,
                          "an item has several of these; ORDER BY needs one value, "
                          "such as metadata.KEY or annotations.count");
    return term;
}

Term Resolver::compare_terms(Operator op, Term left, Term right) {
    if (left.kind == Term::Kind::Literal && right.kind == Term::Kind::Literal)
        return constant(compare(left.literal, op, right.literal));
    if (left.kind == Term::Kind::Literal && op != Operator::Like) {
        std::swap(left, right);
        op = flipped(op);
    }
    const bool matches = left.kind == Term::Kind::Field && right.kind == Term::Kind::Literal &&
                         can_match(left.field);
    Term term;
    term.op = op;
    term.per_object = left.per_object || right.per_object;
    if (matches) {
        term.kind = Term::Kind::Matches;
        term.source = left.source;
        term.match = match_of(left, op, right);
        term.parts.push_back(std::move(left));
        return term;
    }
    term.kind = Term::Kind::Compare;
    term.parts.push_back(std::move(left));
    term.parts.push_back(std::move(right));
    return term;
}

std::shared_ptr<const Match> Resolver::match_of(const Term& field, Operator op,
                                                const Term& literal) {
    return std::make_shared<const Match>(
        make_match(field.field, op, literal, query_.sources[field.source], *scope_.version.labels));
}

Term Resolver::type_is(std::size_t source, std::string_view type) {
    return compare_terms(
        Operator::Equal,
        field_term(source, {Field::Kind::ObjectType, std::string(catalog::column::kType)}, true),
        text_literal(type));
}

Term Resolver::type_is_no_category(std::size_t source) {
    return compare_terms(
        Operator::NotEqual,
        field_term(source, {Field::Kind::ObjectType, std::string(catalog::column::kType)}, true),
        text_literal("category"));
}

Term Resolver::label_is(std::size_t source, std::string_view label) {
    return compare_terms(
        Operator::Equal,
        field_term(source, {Field::Kind::Label, std::string(catalog::column::kLabel)}, true),
        text_literal(label));
}

Term Resolver::field_term(std::size_t source, Field field, bool per_object) {
    Term term;
    term.kind = Term::Kind::Field;
    term.source = source;
    term.field = std::move(field);
    term.per_object = per_object;
    return term;
}

Term Resolver::text_literal(std::string_view text) {
    Term term;
    term.kind = Term::Kind::Literal;
    term.text = std::make_shared<const std::string>(text);
    term.literal = Cell::of_text(*term.text);
    return term;
}

Term Resolver::literal(const Node& node) {
    if (node.kind == Node::Kind::Text) return text_literal(node.text);
    Term term;
    term.kind = Term::Kind::Literal;
    if (node.kind == Node::Kind::Bool)
        term.literal = Cell::of_whole(node.flag ? 1 : 0);
    else if (node.kind == Node::Kind::Date)
        term.literal = Cell::of_date(node.time);
    else if (node.integer)
        term.literal = Cell::of_whole(*node.integer);
    else
        term.literal = Cell::of_fraction(node.number);
    return term;
}

const std::vector<Warning>& Plan::warnings() const { return resolved_->warnings; }
bool Plan::is_sorted() const { return !resolved_->order.empty(); }

Result<Plan> plan(const Tree& tree, const Scope& scope) {
    const auto& version = scope.version;
    auto query = std::make_shared<ResolvedQuery>();
    query->items_end = version.items_end;
    query->living = version.living;
    query->labels = version.labels;
    query->sizes = version.sizes;
    Resolver resolver(scope, *query);
    query->condition = constant(true);
    if (tree.condition) query->condition = TUSKER_TRY(resolver.condition(*tree.condition));
    if (scope.slice && !scope.slice->empty()) {
        Term slice = TUSKER_TRY(resolver.slice(*scope.slice, 1));
        query->condition = both(std::move(slice), std::move(query->condition));
    }
    for (const auto& order : tree.order)
        query->order.push_back({TUSKER_TRY(resolver.order_value(order.value)), order.descending});
    return Plan(std::move(query));
}

}  // namespace tusker::query
