// Names become columns: the work of plan(). Private to the room.
#pragma once

#include <functional>
#include <map>
#include <span>

#include "query/problem.hpp"
#include "query/resolved.hpp"

namespace tusker::query {

/// Resolves the nodes of one text against one scope. Conditions are in plan.cpp, paths in
/// names.cpp.
class Resolver {
public:
    Resolver(const Scope& scope, ResolvedQuery& query, int live_slices_open = 0)
        : scope_(scope), query_(query), live_slices_open_(live_slices_open) {}

    /// Of an item.
    Result<Term> condition(const Node& node) { return condition(node, nullptr); }
    Result<Term> order_value(const Node& node);
    /// Items of a slice, static or live. `column` is for errors.
    Result<Term> slice(std::string_view id_or_name, std::size_t column);

private:
    /// Inside annotations( ) or predictions( ): bare names are of this source.
    struct Group {
        std::size_t source;
    };
    /// What the paths annotations.P of one comparison speak of: one object, so one source and at
    /// most one label.
    struct Subject {
        std::optional<std::size_t> source;
        std::optional<std::string> label;
        std::vector<Term> filters;
        bool beside_text = false;  // the other side of the comparison is a text
        bool is_order = false;     // of ORDER BY: one value an item, so its worst issue's
    };

    // plan.cpp
    Result<Term> condition(const Node& node, const Group* group);
    Result<Term> chain(const Node& node, const Group* group);
    Result<Term> comparison(const Node& node, const Group* group);
    Result<std::optional<Term>> slice_comparison(const Node& node);
    Result<std::optional<Term>> taxonomy_comparison(const Node& node);
    Result<std::optional<Term>> reference_comparison(const Node& node);
    Result<Term> value(const Node& node, const Group* group, Subject& subject);
    Term compare_terms(Operator op, Term left, Term right);
    std::shared_ptr<const Match> match_of(const Term& field, Operator op, const Term& literal);
    Term type_is(std::size_t source, std::string_view type);
    Term type_is_no_category(std::size_t source);
    Term label_is(std::size_t source, std::string_view label);
    Term field_term(std::size_t source, Field field, bool per_object);
    static Term literal(const Node& node);
    static Term text_literal(std::string_view text);

    // names.cpp
    Result<Term> path(const Node& node, const Group* group, Subject& subject);
    Result<Term> item_path(const Node& node, std::size_t first);
    Result<Term> issue_path(const Node& node, Subject& subject);
    Result<std::size_t> issues_source(const Node& node, const Subject& subject);
    Result<Term> objects_path(const Node& node, Subject& subject);
    Result<Term> group_path(const Node& node, const Group& group);
    Result<Term> typed_count(const Node& node, std::size_t source);
    Result<Term> labelled(const Node& node, std::size_t source, Subject& subject);
    /// label, area, position.x, metadata.K …, beginning at names[first]; empty if no such word.
    Result<std::optional<Term>> object_field(const Node& node, std::size_t first,
                                             std::size_t source);
    Result<Term> group_condition(const Node& node, std::size_t source);
    Term count(std::size_t source, Term condition);
    Result<std::size_t> objects_source(const Node& node);
    Result<const catalog::RunTable*> run_of(const Node& node);
    std::size_t source_of(RowSource::Kind kind, std::string_view run_id, const columns::Table& of);
    Result<Term> metadata_field(const Name& key, std::size_t source);
    /// Warns if the dataset has no such label.
    void check_label(std::string_view label, std::size_t column,
                     std::span<const std::string> other_words = {});
    static Result<void> check_plain(const Node& node);
    static Result<void> check_length(const Node& node, std::size_t names, std::string_view form);
    void warn(std::size_t column, std::string message);

    const Scope& scope_;
    ResolvedQuery& query_;
    int live_slices_open_;
};

/// "no WHAT 'word'", and "; did you mean 'nearest'?" if one is near.
std::string no_such(std::string_view what, std::string_view word,
                    std::span<const std::string> names);

/// Words that are reserved after annotations. and predictions., types included.
std::span<const std::string> object_words(RowSource::Kind kind);
bool is_type_word(std::string_view word);
/// Metadata keys that any row of the parts has, by bytes.
std::vector<std::string> metadata_keys(std::span<const columns::Part> parts);

}  // namespace tusker::query
