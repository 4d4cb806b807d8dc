#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "query/complete.hpp"
#include "query/lexer.hpp"
#include "server/app/clause_keys.hpp"
#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"
#include "server/app/scope_counts.hpp"
#include "server/app/stopwatch.hpp"

namespace tusker::app {
namespace {

constexpr std::size_t kLabelsMax = 2'000;
constexpr std::size_t kLabelBarsMax = 40;
// The app searches in a facet's values from twenty on; beyond these it asks the query bar.
constexpr std::size_t kValuesMax = 250;
constexpr std::size_t kMetadataHistogramsMax = 12;

/// A facet's counts: of the scope, or without the facet's own clause if it has one.
struct FacetItems {
    bool own_clause = false;
    columns::Bitmap items;
};

/// Answers "the scope without this facet's own clause" for the facets of one request.
class OwnClauses {
public:
    OwnClauses(const Scope& scope, const query::Tree& tree, const columns::Bitmap& items,
               const Pool& pool)
        : scope_(scope), tree_(tree), items_(items), pool_(pool) {}

    Result<FacetItems> of(const std::string& facet) const {
        const auto rest = without_own_clauses(tree_, facet);
        if (!rest) return FacetItems{.own_clause = false, .items = items_};
        const query::Scope asked = scope_.query_scope();
        const query::Plan plan = TUSKER_TRY(query::plan(*rest, asked));
        return FacetItems{.own_clause = true,
                          .items = TUSKER_TRY(query::run(plan, asked, pool_)).items};
    }

private:
    const Scope& scope_;
    const query::Tree& tree_;
    const columns::Bitmap& items_;
    const Pool& pool_;
};

// --- Words of the query language ----------------------------------------------------------------

/// A name as it is written after a dot; words that mean something there stand in quotes.
std::string name_text(const std::string& name, bool after_annotations) {
    constexpr std::array<std::string_view, 11> kWords = {
        "count",      "label",    "type", "id",      "area",    "position",
        "dimensions", "metadata", "box",  "polygon", "category"};
    const bool is_word =
        after_annotations && std::ranges::find(kWords, std::string_view(name)) != kWords.end();
    return query::is_plain_word(name) && !is_word ? name : query::in_quotes(name);
}

std::string number_text(double number) { return fmt::format("{}", number); }

/// "NAME >= from AND NAME < to"; the last bin is closed, and one without end is open.
std::string range_text(const std::string& name, double from, double to, bool is_last) {
    if (std::isinf(to)) return fmt::format("{} >= {}", name, number_text(from));
    return fmt::format("{0} >= {1} AND {0} {2} {3}", name, number_text(from), is_last ? "<=" : "<",
                       number_text(to));
}

// --- Histograms ---------------------------------------------------------------------------------

struct Bar {
    std::string label;
    std::optional<double> from = {};
    std::optional<double> to = {};
    std::uint64_t count = 0;
    std::uint64_t whole = 0;
    std::string q;
};

void write_histogram(json::Writer& writer, const std::string& id, const std::string& title,
                     std::string_view unit, bool log, const std::vector<Bar>& bars) {
    writer.object().member("id", id).member("title", title).member("unit", unit);
    writer.member("log", log).key("bars").array();
    for (const Bar& bar : bars) {
        writer.object().member("label", bar.label);
        writer.member("from", bar.from);
        writer.member("to", bar.to);
        writer.member("count", bar.count).member("whole", bar.whole);
        writer.member("q", bar.q).end();
    }
    writer.end().end();
}

std::vector<Bar> bars_per_item(const ScopeCounts& scope, const ScopeCounts& whole) {
    std::vector<Bar> bars;
    const std::size_t last = whole.objects_per_item.size() - 1;
    for (std::size_t n = 0; n <= last; ++n) {
        const auto number = static_cast<double>(n);
        const std::string sign = n == last ? ">=" : "=";
        bars.push_back({.label = n == last ? fmt::format("{}+", n) : std::to_string(n),
                        .from = number,
                        .to = n == last ? std::nullopt : std::optional(number),
                        .count = scope.objects_per_item[n],
                        .whole = whole.objects_per_item[n],
                        .q = fmt::format("annotations.count {} {}", sign, n)});
    }
    while (!bars.empty() && bars.back().whole == 0) bars.pop_back();
    return bars;
}

/// The commonest labels of the whole dataset, so that bars keep their places.
std::vector<Bar> bars_of_labels(const ScopeCounts& scope, const ScopeCounts& whole,
                                const catalog::LabelTable& labels) {
    std::vector<query::LabelCount> sorted = whole.labels;
    std::ranges::stable_sort(sorted, std::greater<>(), &query::LabelCount::objects);
    std::vector<Bar> bars;
    for (const query::LabelCount& label : sorted) {
        if (label.objects == 0 || bars.size() == kLabelBarsMax) break;
        const std::string& name = labels.text(label.label);
        bars.push_back({.label = name,
                        .count = scope.labels[label.label].objects,
                        .whole = label.objects,
                        .q = "annotations.label = " + query::in_quotes(name)});
    }
    return bars;
}

/// `clause(from, to, is_last)` is the query of a bin.
template <class Clause>
std::vector<Bar> bars_of_bins(const query::Histogram& scope, const query::Histogram& whole,
                              Clause clause) {
    std::vector<Bar> bars;
    for (std::size_t i = 0; i < whole.counts.size(); ++i) {
        const double from = whole.edges[i];
        const double to = whole.edges[i + 1];
        bars.push_back({.label = std::isinf(to) ? number_text(from) + "+"
                                                : number_text(from) + "–" + number_text(to),
                        .from = from,
                        .to = to,
                        .count = i < scope.counts.size() ? scope.counts[i] : 0,
                        .whole = whole.counts[i],
                        .q = clause(from, to, i + 1 == whole.counts.size())});
    }
    return bars;
}

/// Bins at both ends that nothing in the dataset falls into are left out.
std::vector<Bar> without_empty_ends(std::vector<Bar> bars) {
    while (!bars.empty() && bars.back().whole == 0) bars.pop_back();
    const auto first = std::ranges::find_if(bars, [](const Bar& bar) { return bar.whole > 0; });
    bars.erase(bars.begin(), first);
    return bars;
}

void write_histograms(json::Writer& writer, const Scope& asked, const ScopeCounts& scope,
                      const ScopeCounts& whole) {
    writer.key("histograms").array();
    write_histogram(writer, "annotations_per_item", "Annotations per image", "images", false,
                    bars_per_item(scope, whole));
    write_histogram(writer, "label", "Labels", "annotations", true,
                    bars_of_labels(scope, whole, *asked.version->labels));
    write_histogram(writer, "box_area", "Area, px²", "annotations", true,
                    without_empty_ends(bars_of_bins(
                        scope.areas, whole.areas, [](double from, double to, bool is_last) {
                            return fmt::format("annotations({}).count > 0",
                                               range_text("area", from, to, is_last));
                        })));
    if (!whole.confidences.counts.empty())
        write_histogram(writer, "confidence", "Confidence", "predictions", true,
                        bars_of_bins(scope.confidences, whole.confidences,
                                     [](double from, double to, bool is_last) {
                                         return fmt::format(
                                             "predictions({}).count > 0",
                                             range_text("confidence", from, to, is_last));
                                     }));
    std::size_t written = 0;
    for (const auto& [key, facet] : whole.metadata) {
        if (facet.numbers.counts.empty() || written++ == kMetadataHistogramsMax) continue;
        const std::string name = "metadata." + name_text(key, false);
        write_histogram(writer, "item_metadata." + key, key, "images", false,
                        bars_of_bins(scope.metadata.at(key).numbers, facet.numbers,
                                     [&](double from, double to, bool is_last) {
                                         return range_text(name, from, to, is_last);
                                     }));
    }
    writer.end();
}

// --- Facets -------------------------------------------------------------------------------------

Result<void> write_labels(json::Writer& writer, const Scope& scope, const ScopeCounts& counts,
                          const OwnClauses& own_clauses, const Pool& pool) {
    const FacetItems facet = TUSKER_TRY(own_clauses.of("label"));
    std::vector<query::LabelCount> labels =
        facet.own_clause ? query::count_labels(scope.version->annotations, *scope.version->labels,
                                               facet.items, pool)
                         : counts.labels;
    std::erase_if(labels, [](const query::LabelCount& label) { return label.objects == 0; });
    std::ranges::stable_sort(labels, std::greater<>(), &query::LabelCount::objects);
    if (labels.size() > kLabelsMax) labels.resize(kLabelsMax);
    writer.member("labels_own_clause", facet.own_clause).key("labels").array();
    for (const query::LabelCount& label : labels)
        writer.object()
            .member("label", scope.version->labels->text(label.label))
            .member("annotations", label.objects)
            .member("items", label.items)
            .end();
    writer.end();
    return {};
}

void write_text_facet(json::Writer& writer, const query::MetadataFacet& facet) {
    writer.member("type", "text").member("distinct", facet.values.size());
    writer.key("values").array();
    for (std::size_t i = 0; i < std::min(kValuesMax, facet.values.size()); ++i)
        writer.object()
            .member("value", facet.values[i].text)
            .member("items", facet.values[i].rows)
            .end();
    writer.end();
}

void write_number_facet(json::Writer& writer, const query::MetadataFacet& facet) {
    writer.member("type", "number").member("min", facet.min).member("max", facet.max);
    writer.key("bins").array();
    for (std::size_t i = 0; i < facet.numbers.counts.size(); ++i)
        writer.object()
            .member("from", facet.numbers.edges[i])
            .member("to", facet.numbers.edges[i + 1])
            .member("items", facet.numbers.counts[i])
            .end();
    writer.end();
}

void write_bool_facet(json::Writer& writer, const query::MetadataFacet& facet) {
    writer.member("type", "bool").member("distinct", 2).key("values").array();
    writer.object().member("value", true).member("items", facet.true_rows).end();
    writer.object().member("value", false).member("items", facet.false_rows).end();
    writer.end();
}

/// As the type that most of the dataset's values have; keys with nothing but JSON have no facet.
Result<void> write_metadata(json::Writer& writer, const Scope& scope, const ScopeCounts& counts,
                            const ScopeCounts& whole, const OwnClauses& own_clauses,
                            const Pool& pool) {
    writer.key("metadata").array();
    for (const auto& [key, all] : whole.metadata) {
        const std::uint64_t bools = all.true_rows + all.false_rows;
        const std::uint64_t most = std::max({all.text_rows, all.number_rows, bools});
        if (most == 0) continue;
        const FacetItems items = TUSKER_TRY(own_clauses.of("metadata." + key));
        const query::MetadataFacet facet =
            items.own_clause ? query::count_metadata(scope.version->items, key, items.items, pool,
                                                     all.numbers.edges)
                             : counts.metadata.at(key);
        writer.object().member("key", key).member("own_clause", items.own_clause);
        if (most == all.text_rows)
            write_text_facet(writer, facet);
        else if (most == all.number_rows)
            write_number_facet(writer, facet);
        else
            write_bool_facet(writer, facet);
        writer.end();
    }
    writer.end();
    return {};
}

/// Kinds of label issues, of the run in the scope; nothing without one.
Result<void> write_issue_kinds(json::Writer& writer, const Scope& scope,
                               const OwnClauses& own_clauses) {
    const catalog::Finding* const finding = scope.finding();
    const FacetItems facet = TUSKER_TRY(own_clauses.of("issue.kind"));
    writer.member("issue_kinds_own_clause", facet.own_clause).key("issue_kinds").array();
    if (finding && finding->rows)
        for (const auto& [kind, count] : query::count_issue_kinds(*finding, facet.items))
            writer.object()
                .member("kind", kind)
                .member("issues", count.issues)
                .member("items", count.items)
                .end();
    writer.end();
    return {};
}

}  // namespace

Answer count_facets(const Request& request, Services& services) {
    const Stopwatch watch;
    const Body body = TUSKER_TRY(Body::parse(request));
    const Scope scope = TUSKER_TRY(read_scope(TUSKER_TRY(version_of(request, services)), body));
    const query::Scope asked = scope.query_scope();
    const auto tree = query::parse(scope.q);
    if (!tree) return query_error(tree.error());
    const auto plan = query::plan(*tree, asked);
    if (!plan) return query_error(plan.error());
    const query::Answer answer = TUSKER_TRY(query::run(*plan, asked, services.pool));

    const auto whole = services.whole_counts.of(*scope.version, scope.run(), services.pool);
    const ScopeCounts counts =
        count_scope(*scope.version, scope.run(), answer.items, whole.get(), services.pool);
    const OwnClauses own_clauses(scope, *tree, answer.items, services.pool);
    json::Writer writer;
    writer.object().member("total", answer.items.size());
    TUSKER_TRY(write_labels(writer, scope, counts, own_clauses, services.pool));
    TUSKER_TRY(write_metadata(writer, scope, counts, *whole, own_clauses, services.pool));
    TUSKER_TRY(write_issue_kinds(writer, scope, own_clauses));
    write_histograms(writer, scope, counts, *whole);
    writer.member("took_ms", watch.elapsed_ms());
    return http::Response::json(writer.end().take());
}

Answer complete_query(const Request& request, Services& services) {
    const Body body = TUSKER_TRY(Body::parse(request));
    const Scope scope = TUSKER_TRY(read_scope(TUSKER_TRY(version_of(request, services)), body));
    const auto cursor = TUSKER_TRY(
        body.number("cursor", {.least = 0, .most = scope.q.size(), .absent = scope.q.size()}));
    const query::Completion completion =
        query::complete(scope.q, cursor, scope.query_scope(), services.pool);
    json::Writer writer;
    writer.object().member("from", completion.from).member("to", completion.to);
    writer.key("names").array();
    for (const query::Suggestion& name : completion.names)
        writer.object()
            .member("text", name.text)
            .member("kind", name.kind)
            .member("detail", name.detail)
            .end();
    writer.end().key("values").array();
    for (const query::ValueCount& value : completion.values)
        writer.object().member("text", value.text).member("count", value.rows).end();
    return http::Response::json(writer.end().end().take());
}

}  // namespace tusker::app
