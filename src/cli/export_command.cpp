// tusker export: labels out of a dataset, and corrected ones back into the file they came from.
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/file.hpp"
#include "base/json.hpp"
#include "cli/commands.hpp"
#include "cli/dataset_work.hpp"
#include "formats/export/export.hpp"
#include "query/query.hpp"
#include "server/http/url.hpp"

namespace tusker::cli {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
    RemoteOptions remote;
    std::string dataset;
    std::string format;
    std::string slice;
    std::string query;
    std::string output;
    std::string in_place;
    bool dry_run = false;
    bool json = false;
};

// --- A file of its own --------------------------------------------------------------------------

Result<std::string> read_chunks(const formats::Chunks& next) {
    std::string text;
    while (TUSKER_TRY(next(text))) continue;
    return text;
}

Result<std::string> export_locally(const ExportOptions& options) {
    LocalCatalog catalog = TUSKER_TRY(LocalCatalog::open(options.remote.data));
    const auto dataset = TUSKER_TRY(catalog.get(options.dataset));
    const auto version = TUSKER_TRY(catalog->version(dataset.id));
    query::Scope scope{.version = *version};
    if (!options.slice.empty()) scope.slice = options.slice;
    auto answer = TUSKER_TRY(query::ask(options.query, scope, catalog.pool()));
    if (options.format == "coco")
        return read_chunks(formats::export_coco(version, std::move(answer.items)));
    return read_chunks(formats::export_csv(version, std::move(answer.items),
                                           TUSKER_TRY(catalog->corrections(dataset.id))));
}

Result<std::string> export_remotely(const Remote& remote, const ExportOptions& options) {
    return ask(
        remote, "GET",
        dataset_path(options.dataset, fmt::format("/export?format={}&slice={}&q={}", options.format,
                                                  http::percent_encode(options.slice),
                                                  http::percent_encode(options.query))));
}

Result<void> export_file(const ExportOptions& options) {
    const auto remote = TUSKER_TRY(find_server(options.remote));
    const std::string text =
        TUSKER_TRY(remote ? export_remotely(*remote, options) : export_locally(options));
    if (options.output.empty()) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        return {};
    }
    TUSKER_TRY(replace_file(options.output, text));
    std::fprintf(stderr, "%s written\n", options.output.c_str());
    return {};
}

// --- In place -----------------------------------------------------------------------------------

std::string to_json(const std::vector<formats::FileChange>& changes, const std::string& file,
                    bool dry_run) {
    json::Writer writer;
    writer.object().key("changed").array();
    for (const formats::FileChange& change : changes) {
        writer.object().member("line", change.line).member("before", change.before);
        writer.member("after", change.after).end();
    }
    return writer.end().member("file", file).member("dry_run", dry_run).end().take();
}

Result<std::string> change_in_place(const ExportOptions& options) {
    const std::string file = fs::absolute(options.in_place).lexically_normal().string();
    if (const auto remote = TUSKER_TRY(find_server(options.remote))) {
        json::Writer body;
        body.object().member("path", file).member("format", "coco").member("in_place", true);
        body.member("dry_run", options.dry_run).end();
        return ask(*remote, "POST", dataset_path(options.dataset, "/export"), body.text());
    }
    LocalCatalog catalog = TUSKER_TRY(LocalCatalog::open(options.remote.data));
    const auto dataset = TUSKER_TRY(catalog.get(options.dataset));
    return to_json(TUSKER_TRY(formats::export_in_place(*catalog, dataset.id, file, options.dry_run,
                                                       catalog.pool())),
                   file, options.dry_run);
}

std::string text_of(json::Value value, std::string_view key) {
    const auto member = value.find(key);
    return std::string(member ? member->as_string().value_or("") : "");
}

/// The difference as people know it: line, what was, what is.
Result<void> export_in_place(const ExportOptions& options) {
    const std::string answer = TUSKER_TRY(change_in_place(options));
    if (options.json) {
        std::printf("%s\n", answer.c_str());
        return {};
    }
    const json::Document document = TUSKER_TRY(json::Document::parse(answer));
    std::size_t count = 0;
    if (const auto changed = document.root().find("changed"))
        (void)changed->for_each([&](json::Value change) {
            ++count;
            const auto line = change.find("line");
            std::printf("@@ line %lld @@\n",
                        static_cast<long long>(line ? line->as_int().value_or(0) : 0));
            const std::string before = text_of(change, "before");
            if (!before.empty()) std::printf("-%s\n", before.c_str());
            std::printf("+%s\n", text_of(change, "after").c_str());
        });
    std::printf("%zu %s %s in %s\n", count, count == 1 ? "row" : "rows",
                options.dry_run ? "would change" : "changed", options.in_place.c_str());
    return {};
}

}  // namespace

void add_export_command(CLI::App& app, Action& action) {
    auto options = std::make_shared<ExportOptions>();
    auto* command = app.add_subcommand(
        "export", "Give labels back: COCO, CSV, or your own COCO file with its corrections");
    command->add_option("DATASET", options->dataset, "Name or id")->required();
    command->add_option("--format", options->format, "coco or csv")
        ->required()
        ->check(CLI::IsMember({"coco", "csv"}));
    command->add_option("--slice", options->slice, "Items of this slice only");
    command->add_option("--query", options->query, "Items that a query finds only");
    auto* output =
        command->add_option("--output", options->output, "File to write; else standard output");
    auto* in_place = command->add_option(
        "--in-place", options->in_place,
        "COCO file that was imported: change its corrected rows and no other byte");
    command->add_flag("--dry-run", options->dry_run, "With --in-place: print the difference only");
    command->add_flag("--json", options->json, "With --in-place: print the difference as JSON");
    in_place->excludes(output);
    add_remote_options(*command, options->remote);
    command->footer(
        "\nExamples:\n"
        "  tusker export pallets --format csv > labels.csv\n"
        "  tusker export street --format coco --slice night --output night.json\n"
        "  tusker export street --format coco --in-place /data/street/annotations.json --dry-run");
    command->callback([options, &action] {
        if (!options->in_place.empty() && options->format != "coco")
            throw CLI::ValidationError("--in-place", "works with --format coco");
        if (!options->in_place.empty() && !(options->slice.empty() && options->query.empty()))
            throw CLI::ValidationError("--in-place",
                                       "speaks of the whole file: no slice, no query");
        action = [options] {
            return options->in_place.empty() ? export_file(*options) : export_in_place(*options);
        };
    });
}

}  // namespace tusker::cli
