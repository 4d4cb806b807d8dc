// tusker query: which items of a dataset satisfy a text. A running server is asked; else the data
// directory is opened, which its owner may do.
#include <chrono>
#include <cstdio>
#include <functional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "catalog/catalog.hpp"
#include "cli/commands.hpp"
#include "cli/remote.hpp"
#include "query/query.hpp"
#include "server/http/url.hpp"
#include "storage/data_folder/data_folder.hpp"

namespace tusker::cli {

namespace {

struct QueryOptions {
    RemoteOptions remote;
    std::string dataset;
    std::string text;
    std::string run;
    std::string slice;
    std::uint64_t limit = 100;
    bool all = false;
    bool count = false;
    bool json = false;
};

// The server answers at most so many rows at once.
constexpr std::uint64_t kRowsOfRequest = 1'000;

/// What came of the question, wherever it was asked. Rows are JSON objects with "ref".
struct Answered {
    std::uint64_t total = 0;
    double took_ms = 0;
    std::vector<query::Warning> warnings;
    std::vector<std::string> rows;
};

std::uint64_t wanted_rows(const QueryOptions& options) {
    if (options.count) return 0;
    return options.all ? std::numeric_limits<std::uint64_t>::max() : options.limit;
}

std::string question(const QueryOptions& options, std::uint64_t offset, std::uint64_t limit) {
    json::Writer body;
    body.object().member("q", options.text).member("overlays", false);
    if (!options.run.empty()) body.member("run", options.run);
    if (!options.slice.empty()) body.member("slice", options.slice);
    body.member("rows", limit > 0).member("offset", offset);
    if (limit > 0) body.member("limit", limit);
    body.end();
    return body.take();
}

Result<void> read_page(const json::Value& answer, Answered& into) {
    const auto number = [&](std::string_view name) {
        const auto value = answer.find_value(name);
        return value ? value->as_double().value_or(0) : 0;
    };
    into.total = static_cast<std::uint64_t>(number("total"));
    into.took_ms += number("took_ms");
    if (const auto warnings = answer.find_value("warnings"); warnings && into.warnings.empty())
        TUSKER_TRY(warnings->for_each([&](const json::Value& warning) {
            const auto column = warning.find_value("column");
            const auto message = warning.find_value("message");
            into.warnings.push_back(
                {static_cast<std::size_t>(column ? column->as_int().value_or(1) : 1),
                 std::string(message ? message->as_string().value_or("") : "")});
        }));
    if (const auto rows = answer.find_value("rows"))
        TUSKER_TRY(
            rows->for_each([&](const json::Value& row) { into.rows.push_back(row.text()); }));
    return {};
}

Result<Answered> ask_server(const Remote& remote, const QueryOptions& options) {
    Answered answered;
    const std::string path = "/api/datasets/" + http::percent_encode(options.dataset) + "/query";
    const std::uint64_t wanted = wanted_rows(options);
    do {
        const auto offset = answered.rows.size();
        const auto limit = std::min(kRowsOfRequest, wanted - offset);
        const auto body = TUSKER_TRY(ask(remote, "POST", path, question(options, offset, limit)));
        const auto document = TUSKER_TRY(json::Document::parse(body));
        TUSKER_TRY(read_page(document.root(), answered));
        if (answered.rows.size() == offset) break;
    } while (answered.rows.size() < std::min(wanted, answered.total));
    return answered;
}

Result<std::string> dataset_id(const catalog::Catalog& catalog, const std::string& id_or_name) {
    std::vector<std::string> found;
    for (const auto& dataset : catalog.datasets()) {
        if (dataset.id == id_or_name) return dataset.id;
        if (dataset.name == id_or_name) found.push_back(dataset.id);
    }
    if (found.size() == 1) return found[0];
    if (found.empty()) return not_found(fmt::format("no dataset '{}'", id_or_name));
    return invalid(fmt::format("dataset '{}': {} have this name; use an id such as {}", id_or_name,
                               found.size(), found[0]));
}

Result<Answered> ask_folder(const QueryOptions& options) {
    const auto lock = TUSKER_TRY(data_folder::DataLock::take(options.remote.data));
    const Pool pool;
    const auto catalog = TUSKER_TRY(catalog::Catalog::open(options.remote.data, pool));
    const auto id = TUSKER_TRY(dataset_id(*catalog, options.dataset));
    const auto version = TUSKER_TRY(catalog->version(id));
    query::Scope scope{*version};
    scope.run_id = options.run;
    if (!options.slice.empty()) scope.slice = options.slice;
    const auto start = std::chrono::steady_clock::now();
    const auto asked = TUSKER_TRY(query::ask_planned(options.text, scope, pool));
    Answered answered;
    answered.total = asked.answer.items.size();
    answered.warnings = asked.answer.warnings;
    const auto limit = std::min(wanted_rows(options), answered.total);
    const auto items = TUSKER_TRY(query::page(asked.plan, asked.answer, scope, pool, 0, limit));
    answered.took_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    for (const auto no : items) {
        const auto item = catalog::find_item(*version, no);
        json::Writer row;
        row.object().member("no", no).member("ref", item->reference_id);
        row.key("w");
        item->width ? row.value(*item->width) : row.null();
        row.key("h");
        item->height ? row.value(*item->height) : row.null();
        row.end();
        answered.rows.push_back(row.take());
    }
    return answered;
}

void print_json(const Answered& answered) {
    json::Writer out;
    out.object().member("total", answered.total).member("took_ms", answered.took_ms);
    out.key("warnings").array();
    for (const auto& warning : answered.warnings)
        out.object().member("column", warning.column).member("message", warning.message).end();
    out.end();
    if (!answered.rows.empty()) {
        out.key("rows").array();
        for (const auto& row : answered.rows) out.raw(row);
        out.end();
    }
    out.end();
    std::printf("%s\n", out.text().c_str());
}

Result<void> print_text(const Answered& answered, const QueryOptions& options) {
    for (const auto& warning : answered.warnings)
        std::fprintf(stderr, "column %zu: %s\n", warning.column, warning.message.c_str());
    if (options.count) {
        std::printf("%llu\n", static_cast<unsigned long long>(answered.total));
        return {};
    }
    for (const auto& row : answered.rows) {
        const auto document = TUSKER_TRY(json::Document::parse(row));
        const auto ref = document.root().find_value("ref");
        std::printf("%s\n", std::string(ref ? ref->as_string().value_or("") : "").c_str());
    }
    std::fprintf(stderr, "%zu of %llu items, %.1f ms\n", answered.rows.size(),
                 static_cast<unsigned long long>(answered.total), answered.took_ms);
    return {};
}

Result<void> query_items(const QueryOptions& options) {
    TUSKER_TRY(query::parse(options.text));  // a mistake needs no server to be found
    const auto remote = TUSKER_TRY(find_remote(options.remote));
    const auto answered = TUSKER_TRY(remote ? ask_server(*remote, options) : ask_folder(options));
    if (!options.json) return print_text(answered, options);
    print_json(answered);
    return {};
}

}  // namespace

void add_query_command(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("query", "Ask which items of a dataset satisfy a text");
    auto options = std::make_shared<QueryOptions>();
    command->add_option("dataset", options->dataset, "Id (ds_…) or name")->required();
    command->add_option("text", options->text, "The question; empty asks for every item")
        ->required();
    command->add_option("--run", options->run,
                        "Model run of `predictions`; default: the one with most predictions");
    command->add_option("--slice", options->slice, "Only items of this slice, by id or name");
    auto* limit = command->add_option("--limit", options->limit, "How many items are printed")
                      ->capture_default_str();
    command->add_flag("--all", options->all, "Print every item")->excludes(limit);
    command->add_flag("--count", options->count, "Print only how many");
    command->add_flag("--json", options->json, "Print JSON");
    add_remote_options(*command, options->remote);
    command->footer(
        "\nExamples:\n"
        "  tusker query street 'annotations.count = 0' --count\n"
        "  tusker query street 'annotations.truck >= 2 AND metadata.weather = rainy'\n"
        "  tusker query street 'annotations(label = car AND area < 32*32).count > 3' --json\n"
        "  tusker query street 'issue.score < 0.2 ORDER BY issue.score' --limit 20\n"
        "  tusker query ds_… '' --all --url http://127.0.0.1:9000 --key live_…");
    command->callback([options, &action] { action = [options] { return query_items(*options); }; });
}

}  // namespace tusker::cli
