// Reads only the tokens before the cursor, because a text that is being written rarely parses.
#include "query/complete.hpp"

#include <algorithm>

#include "query/lexer.hpp"
#include "query/resolver.hpp"

namespace tusker::query {
namespace {

using Kind = RowSource::Kind;

bool is_comparison(const Token& token) {
    if (token.is_keyword("like")) return true;
    return token.is_symbol("=") || token.is_symbol("!=") || token.is_symbol("<") ||
           token.is_symbol("<=") || token.is_symbol(">") || token.is_symbol(">=");
}
bool is_arithmetic(const Token& token) {
    return token.is_symbol("+") || token.is_symbol("-") || token.is_symbol("*") ||
           token.is_symbol("/") || token.is_symbol("%");
}
bool is_name(const Token& token) {
    return token.kind == Token::Kind::Word || token.kind == Token::Kind::Text;
}
bool joins(const Token& token) {
    return token.is_keyword("and") || token.is_keyword("or") || token.is_keyword("not");
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lowered(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), to_lower);
    return result;
}

/// A path read backwards: its names, root first, and the run in brackets.
struct Path {
    std::vector<std::string> names;
    std::string run;
    bool after_group = false;
};

class Completer {
public:
    Completer(std::string_view text, std::size_t cursor, const Scope& scope, const Pool& pool)
        : scope_(scope), pool_(pool) {
        cursor = std::min(cursor, text.size());
        tokens_ = read_tokens(text.substr(0, cursor));
        tokens_.pop_back();  // End
        out_.from = out_.to = cursor;
        take_partial(text, cursor);
    }

    Completion complete() {
        if (!tokens_.empty() && tokens_.back().kind == Token::Kind::Bad) return std::move(out_);
        if (tokens_.empty() || tokens_.back().is_symbol("(") || joins(tokens_.back()) ||
            is_arithmetic(tokens_.back()) || tokens_.back().is_symbol(",") ||
            (tokens_.back().is_keyword("by")))
            suggest_roots();
        else if (tokens_.back().is_symbol("."))
            suggest_after(path_ending_at(tokens_.size() - 1));
        else if (tokens_.back().is_symbol("["))
            suggest_runs();
        else if (is_comparison(tokens_.back()))
            suggest_values(path_ending_at(tokens_.size() - 1));
        else
            suggest_operators();
        finish();
        return std::move(out_);
    }

private:
    // The word or quoted text that the cursor stands in or behind.
    void take_partial(std::string_view text, std::size_t cursor) {
        if (tokens_.empty()) return;
        const Token last = tokens_.back();
        const bool open_text = last.kind == Token::Kind::Bad && text[last.begin] == '"';
        const bool word = is_name(last) && last.end == cursor;
        if (!open_text && !word) return;
        out_.from = last.begin;
        prefix_ = open_text ? std::string(text.substr(last.begin + 1, cursor - last.begin - 1))
                            : last.text;
        tokens_.pop_back();
        for (const auto& token : read_tokens(text))
            if (token.begin == last.begin && is_name(token)) out_.to = token.end;
    }

    // The path whose last token stands before tokens_[end].
    Path path_ending_at(std::size_t end) const {
        Path path;
        std::size_t at = end;
        while (at > 0 && is_name(tokens_[at - 1])) {
            path.names.insert(path.names.begin(), tokens_[at - 1].text);
            --at;
            if (at == 0 || !tokens_[at - 1].is_symbol(".")) return path;
            --at;
        }
        if (at > 0 && tokens_[at - 1].is_symbol(")")) path.after_group = true;
        if (at > 3 && tokens_[at - 1].is_symbol("]") && tokens_[at - 3].is_symbol("[")) {
            path.run = tokens_[at - 2].text;
            path.names.insert(path.names.begin(), tokens_[at - 4].text);
        }
        return path;
    }

    /// The objects of the innermost open group, if the cursor is in one.
    std::optional<Path> group() const {
        int closed = 0;
        for (std::size_t at = tokens_.size(); at-- > 0;) {
            if (tokens_[at].is_symbol(")")) ++closed;
            if (!tokens_[at].is_symbol("(") || closed-- > 0) continue;
            closed = 0;
            Path path = path_ending_at(at);
            if (path.names.size() == 1 &&
                (path.names[0] == "annotations" || path.names[0] == "predictions"))
                return path;
        }
        return std::nullopt;
    }

    const columns::Table* table_of(const Path& path) const {
        if (path.names[0] == "annotations") return &scope_.version.annotations;
        const catalog::RunTable* best = nullptr;
        const std::string& wanted = path.run.empty() ? scope_.run_id : path.run;
        for (const auto& [id, run] : scope_.version.runs) {
            if (id == wanted || (!path.run.empty() && run->name == wanted))
                return &run->predictions;
            if (wanted.empty() && !run->run_free &&
                (best == nullptr ||
                 run->predictions.living_rows() > best->predictions.living_rows()))
                best = run.get();
        }
        return best != nullptr ? &best->predictions : nullptr;
    }

    void suggest(std::string_view text, std::string_view kind, std::string_view detail = {}) {
        if (!is_match(text)) return;
        const bool is_free_text = kind == "label" || kind == "metadata" || kind == "taxonomy";
        const auto words = object_words(Kind::Predictions);
        const bool is_reserved =
            kind != "metadata" && std::ranges::find(words, text) != words.end();
        const bool needs_quotes = is_free_text && (is_reserved || !is_plain_word(text));
        out_.names.push_back({needs_quotes ? in_quotes(text) : std::string(text), std::string(kind),
                              std::string(detail)});
    }
    void suggest_all(std::initializer_list<std::string_view> words, std::string_view kind) {
        for (const auto word : words) suggest(word, kind);
    }
    bool is_match(std::string_view text) const {
        return lowered(text).find(lowered(prefix_)) != std::string::npos;
    }

    void suggest_roots() {
        if (group()) {
            suggest_all({"label", "area", "type", "id", "position", "dimensions", "metadata",
                         "item", "confidence"},
                        "word");
            return;
        }
        suggest_all({"annotations", "metadata", "predictions", "item", "slice"}, "word");
        if (scope_.version.find_label_issues(scope_.finding_id) != nullptr)
            suggest("issue", "word");
        const bool may_negate =
            tokens_.empty() || joins(tokens_.back()) || tokens_.back().is_symbol("(");
        if (may_negate && !prefix_.empty()) suggest("NOT", "operator");
    }

    void suggest_keys(const columns::Table& table) {
        for (const auto& key : metadata_keys_with_types(table))
            suggest(key.key, "metadata", key.types);
    }
    void suggest_labels() {
        for (const auto& label : scope_.version.labels->texts()) suggest(label, "label");
    }

    void suggest_after(const Path& path) {
        if (path.after_group) return suggest("count", "word");
        if (path.names.empty()) return;
        const auto in_group = group();
        const std::string& root = path.names[0];
        const std::size_t depth = path.names.size();
        if (root == "item" && depth == 1)
            return suggest_all({"reference_id", "metadata", "width", "height", "created_at"},
                               "word");
        if (root == "issue" && depth == 1)
            return suggest_all({"score", "kind", "suggested", "given", "is", "rank"}, "issue");
        if (root == "item" && depth == 2 && path.names[1] == "metadata")
            return suggest_keys(scope_.version.items);
        if (in_group) {
            const auto* const table = table_of(*in_group);
            if (root == "metadata" && table != nullptr) suggest_keys(*table);
            if (root == "position" || root == "dimensions") suggest_all({"x", "y"}, "word");
            return;
        }
        if (root == "metadata" && depth == 1) return suggest_keys(scope_.version.items);
        if (root == "annotations" || root == "predictions") suggest_of_objects(path);
    }

    void suggest_of_objects(const Path& path) {
        const bool predicted = path.names[0] == "predictions";
        const auto* const table = table_of(path);
        if (path.names.size() == 1) {
            suggest_all({"count", "label", "area", "type", "id", "position", "dimensions",
                         "metadata", "box", "polygon", "category"},
                        "word");
            if (predicted) suggest("confidence", "word");
            for (const auto& taxonomy : scope_.version.taxonomies)
                suggest(taxonomy.name, "taxonomy");
            return suggest_labels();
        }
        if (path.names.size() > 2) return;
        const std::string& second = path.names[1];
        if (second == "position" || second == "dimensions") return suggest_all({"x", "y"}, "word");
        if (is_type_word(second)) {
            suggest("count", "word");
            return suggest_labels();
        }
        suggest("count", "word");
        if (table != nullptr) suggest_keys(*table);
    }

    void suggest_runs() {
        for (const auto& [id, run] : scope_.version.runs)
            if (!run->run_free && is_match(run->name))
                out_.names.push_back({in_quotes(run->name), "run", id});
    }

    void suggest_operators() {
        // A comparison sign since the last AND, OR, NOT, parenthesis or ORDER BY?
        bool is_compared = false;
        for (std::size_t at = tokens_.size(); at-- > 0;) {
            const Token& token = tokens_[at];
            if (joins(token) || token.is_symbol("(")) break;
            if (token.is_keyword("by")) return suggest_all({"DESC", "ASC"}, "operator");
            if (is_comparison(token)) is_compared = true;
            if (token.is_symbol(")")) is_compared = true;
        }
        const bool after_group = tokens_.back().is_symbol(")");
        if (!is_compared || after_group)
            suggest_all({"=", "!=", "<", "<=", ">", ">=", "LIKE"}, "operator");
        if (is_compared) suggest_all({"AND", "OR", "ORDER BY"}, "operator");
    }

    // --- values ---------------------------------------------------------------------------------

    void add_value(std::string_view text, std::uint64_t rows, bool is_text = true) {
        if (is_match(text))
            out_.values.push_back({is_text ? in_quotes(text) : std::string(text), rows});
    }

    void suggest_values(const Path& path) {
        if (path.names.empty() || path.after_group) return;
        const auto in_group = group();
        const std::string& root = path.names[0];
        const std::string& last = path.names.back();
        const auto& version = scope_.version;
        if (root == "slice") {
            for (const auto& slice : version.slices)
                add_value(slice.name, slice.items ? slice.items->size() : 0);
            return;
        }
        if (root == "item" || (root == "metadata" && !in_group))
            return last == "reference_id" ? void() : suggest_metadata_values(version.items, last);
        if (root == "issue") {
            if (last == "is") return add_flags();
            if (last == "kind") return suggest_issue_kinds();
            if (last != "score" && last != "rank") suggest_label_values(version.annotations);
            return;
        }
        const auto* const table = in_group ? table_of(*in_group)
                                  : root == "annotations" || root == "predictions" ? table_of(path)
                                                                                   : nullptr;
        if (table == nullptr) return;
        const std::string& word = in_group || path.names.size() < 2 ? root : path.names[1];
        if (word == "label") return suggest_label_values(*table);
        if (word == "type") {
            for (const auto* type : {"box", "polygon", "category"}) add_value(type, 0);
            return;
        }
        if (word == "metadata" || path.names.size() > 2)
            return suggest_metadata_values(*table, last);
        for (const auto& taxonomy : version.taxonomies)
            if (taxonomy.name == word) suggest_taxonomy_values(*table, taxonomy);
    }

    void suggest_issue_kinds() {
        const auto* const finding = scope_.version.find_label_issues(scope_.finding_id);
        if (finding == nullptr || !finding->rows) return;
        for (const auto& [kind, counts] : count_issue_kinds(*finding, *scope_.version.living))
            add_value(kind, counts.issues);
    }

    void add_flags() {
        add_value("true", 0, false);
        add_value("false", 0, false);
    }

    void suggest_metadata_values(const columns::Table& table, std::string_view key) {
        const auto facet = count_metadata(table, key, *scope_.version.living, pool_);
        if (facet.true_rows + facet.false_rows > 0) {
            add_value("true", facet.true_rows, false);
            add_value("false", facet.false_rows, false);
        }
        if (facet.values.size() > kMaxListedValues) return;
        for (const auto& value : facet.values) add_value(value.text, value.rows);
    }

    void suggest_label_values(const columns::Table& table) {
        for (const auto& count :
             count_labels(table, *scope_.version.labels, *scope_.version.living, pool_))
            if (count.objects > 0)
                add_value(scope_.version.labels->text(count.label), count.objects);
    }

    void suggest_taxonomy_values(const columns::Table& table, const catalog::Taxonomy& taxonomy) {
        const auto counts =
            count_labels(table, *scope_.version.labels, *scope_.version.living, pool_);
        for (const auto& label : taxonomy.labels) {
            const auto code = scope_.version.labels->find(label);
            add_value(label, code ? counts[*code].objects : 0);
        }
    }

    void finish() {
        const auto begins = [&](std::string_view text) {
            if (text.starts_with('"')) text.remove_prefix(1);
            return lowered(text).starts_with(lowered(prefix_));
        };
        std::ranges::stable_partition(out_.names,
                                      [&](const Suggestion& s) { return begins(s.text); });
        std::ranges::stable_sort(out_.values, std::ranges::greater(), &ValueCount::rows);
        std::ranges::stable_partition(out_.values,
                                      [&](const ValueCount& v) { return begins(v.text); });
        if (out_.names.size() > kMaxSuggestions) out_.names.resize(kMaxSuggestions);
        if (out_.values.size() > kMaxSuggestions) out_.values.resize(kMaxSuggestions);
    }

    const Scope& scope_;
    const Pool& pool_;
    std::vector<Token> tokens_;  // before the word that is being written
    std::string prefix_;         // what is written of it
    Completion out_;
};

}  // namespace

Completion complete(std::string_view text, std::size_t cursor, const Scope& scope,
                    const Pool& pool) {
    return Completer(text, cursor, scope, pool).complete();
}

}  // namespace tusker::query
