// tusker import: files into a dataset, by the server that runs or by this process.
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/file.hpp"
#include "base/json.hpp"
#include "cli/commands.hpp"
#include "cli/dataset_work.hpp"
#include "cli/progress_line.hpp"
#include "formats/import/import.hpp"
#include "formats/probabilities/probabilities.hpp"
#include "server/http/url.hpp"
#include "storage/media/locations.hpp"

namespace tusker::cli {
namespace {

namespace fs = std::filesystem;

struct ImportOptions {
    RemoteOptions remote;
    std::string path;
    std::string dataset;
    std::string format;
    std::string model;
    std::string images;
    std::string labels;
    std::vector<fs::path> roots;
    bool keep_missing = false;
    bool dry_run = false;
    bool json = false;
};

std::string absolute(const std::string& path) {
    return path.empty() ? path : fs::absolute(path).lexically_normal().string();
}

// --- Running ------------------------------------------------------------------------------------

Result<formats::ImportRequest> to_request(const ImportOptions& options) {
    formats::ImportRequest request;
    request.path = absolute(options.path);
    if (!options.format.empty()) request.format = formats::find_format(options.format);
    request.model = options.model;
    request.images = absolute(options.images);
    request.labels = absolute(options.labels);
    request.dry_run = options.dry_run;
    request.keep_missing = options.keep_missing;
    request.who = command_line_user();
    if (!options.roots.empty()) {
        auto locations = TUSKER_TRY(media::Locations::make(options.roots));
        request.may_read = [locations](const fs::path& path) -> Result<void> {
            TUSKER_TRY(locations.check(path.string()));
            return {};
        };
    }
    return request;
}

/// A dry run of a dataset that is not there yet needs no catalog, and makes none.
Result<std::string> import_without_catalog(const ImportOptions& options) {
    const Pool pool;
    TerminalProgress progress;
    const auto request = TUSKER_TRY(to_request(options));
    return TUSKER_TRY(formats::run_import(nullptr, request, pool, progress)).json();
}

Result<std::string> import_locally(const ImportOptions& options) {
    if (options.dry_run && !fs::exists(options.remote.data / "catalog.sqlite"))
        return import_without_catalog(options);
    formats::ImportRequest request = TUSKER_TRY(to_request(options));
    // What cannot work is said before a dataset is made for it.
    TUSKER_TRY(formats::find_source(request.path, request.format));
    LocalCatalog catalog = TUSKER_TRY(LocalCatalog::open_or_make(options.remote.data));
    if (const auto dataset = catalog.find(options.dataset))
        request.dataset_id = dataset->id;
    else if (!options.dry_run)
        request.dataset_id =
            TUSKER_TRY(catalog->create_dataset(options.dataset, {.who = request.who, .why = {}}));
    TerminalProgress progress;
    return TUSKER_TRY(formats::run_import(&*catalog, request, catalog.pool(), progress)).json();
}

void add_text(json::Writer& writer, std::string_view key, const std::string& text) {
    writer.key(key);
    if (text.empty())
        writer.null();
    else
        writer.value(text);
}

Result<std::string> import_remotely(const Remote& remote, const ImportOptions& options) {
    if (!TUSKER_TRY(has_dataset(remote, options.dataset))) {
        if (options.dry_run) return import_without_catalog(options);
        TUSKER_TRY(
            formats::find_source(absolute(options.path), formats::find_format(options.format)));
        json::Writer made;
        made.object().member("name", options.dataset).end();
        TUSKER_TRY(ask(remote, "POST", "/api/datasets", made.text()));
    }
    json::Writer body;
    body.object().member("path", absolute(options.path));
    add_text(body, "format", options.format);
    add_text(body, "model", options.model);
    add_text(body, "images", absolute(options.images));
    add_text(body, "labels", absolute(options.labels));
    body.member("keep_missing", options.keep_missing).member("dry_run", options.dry_run).end();
    const std::string job =
        TUSKER_TRY(ask(remote, "POST", dataset_path(options.dataset, "/imports"), body.text()));
    return follow_job(remote, job);
}

// --- What is printed ----------------------------------------------------------------------------

std::uint64_t number_of(json::Value value, std::string_view key) {
    const auto member = value.find(key);
    return static_cast<std::uint64_t>(member ? member->as_int().value_or(0) : 0);
}

std::string text_of(json::Value value, std::string_view key) {
    const auto member = value.find(key);
    return std::string(member ? member->as_string().value_or("") : "");
}

void print_counts(json::Value report, const char* name, const char* key) {
    const auto counts = report.find(key);
    if (!counts) return;
    const auto created = number_of(*counts, "created");
    const auto updated = number_of(*counts, "updated");
    const auto ignored = number_of(*counts, "ignored");
    if (created + updated + ignored == 0) return;
    std::printf("%-13s%s new, %s changed, %s as before\n", name, with_commas(created).c_str(),
                with_commas(updated).c_str(), with_commas(ignored).c_str());
}

void print_classes(json::Value report) {
    constexpr std::size_t kShown = 12;
    const auto classes = report.find("classes");
    if (!classes || classes->size() == 0) return;
    std::string line;
    std::size_t shown = 0;
    (void)classes->for_each([&](json::Value value) {
        if (shown++ >= kShown) return;
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", text_of(value, "label"),
                            with_commas(number_of(value, "count")));
    });
    if (shown > kShown) line += fmt::format(" and {} more", shown - kShown);
    std::printf("%-13s%zu: %s\n", "classes", shown, line.c_str());
}

void print_refused(json::Value report) {
    constexpr std::size_t kShown = 20;
    const auto total = number_of(report, "refused_total");
    if (total == 0) return;
    std::printf("%-13s%s\n", "refused", with_commas(total).c_str());
    std::size_t shown = 0;
    if (const auto refused = report.find("refused"))
        (void)refused->for_each([&](json::Value row) {
            if (shown++ >= kShown) return;
            const auto line = number_of(row, "line");
            std::printf("  %s%s: %s = %s: %s\n", text_of(row, "file").c_str(),
                        line > 0 ? fmt::format(":{}", line).c_str() : "",
                        text_of(row, "field").c_str(), text_of(row, "value").c_str(),
                        text_of(row, "rule").c_str());
        });
    if (total > kShown)
        std::printf("  … and %s more; --json lists up to %zu\n",
                    with_commas(total - kShown).c_str(), formats::kRefusedListed);
}

Result<void> print_report(const std::string& text, const ImportOptions& options) {
    if (options.json) {
        std::printf("%s\n", text.c_str());
        return {};
    }
    const json::Document document = TUSKER_TRY(json::Document::parse(text));
    const json::Value report = document.root();
    std::printf("%s into %s%s\n", options.path.c_str(), options.dataset.c_str(),
                options.dry_run ? " (dry run: nothing is stored)" : "");
    print_counts(report, "pictures", "items");
    print_counts(report, "annotations", "annotations");
    print_counts(report, "predictions", "predictions");
    print_classes(report);
    print_refused(report);
    return {};
}

Result<void> run_import_command(const ImportOptions& options) {
    const auto remote = TUSKER_TRY(find_server(options.remote));
    const std::string report =
        TUSKER_TRY(remote ? import_remotely(*remote, options) : import_locally(options));
    return print_report(report, options);
}

// --- tusker import probabilities ----------------------------------------------------------------

struct ProbabilitiesOptions {
    RemoteOptions remote;
    std::string dataset;
    std::string model;
    std::string npy;
    std::string classes;
    std::string refs;
    bool json = false;
};

std::string json_list(const std::vector<std::string>& names) {
    json::Writer writer;
    writer.array();
    for (const std::string& name : names) writer.value(name);
    return writer.end().take();
}

/// Names travel before the matrix: an address is too short for a hundred thousand. The id.
Result<std::string> upload(const Remote& remote, const std::vector<std::string>& names) {
    const std::string answer = TUSKER_TRY(ask(remote, "POST", "/api/uploads", json_list(names)));
    return text_of(TUSKER_TRY(json::Document::parse(answer)).root(), "id");
}

Result<std::string> import_matrix(const ProbabilitiesOptions& options,
                                  const formats::ProbabilitiesRequest& request) {
    const auto remote = TUSKER_TRY(find_server(options.remote));
    if (remote) {
        const std::string_view bytes(reinterpret_cast<const char*>(request.npy.data()),
                                     request.npy.size());
        std::string path = dataset_path(
            options.dataset,
            fmt::format("/models/{}/probabilities?classes={}", http::percent_encode(options.model),
                        TUSKER_TRY(upload(*remote, request.classes))));
        if (!request.references.empty())
            path += "&refs=" + TUSKER_TRY(upload(*remote, request.references));
        return ask(*remote, "PUT", path, bytes);
    }
    LocalCatalog catalog = TUSKER_TRY(LocalCatalog::open(options.remote.data));
    formats::ProbabilitiesRequest local = request;
    local.dataset_id = TUSKER_TRY(catalog.get(options.dataset)).id;
    TerminalProgress progress;
    return TUSKER_TRY(formats::import_probabilities(*catalog, local, progress)).json();
}

Result<void> run_probabilities_command(const ProbabilitiesOptions& options) {
    const MappedFile file = TUSKER_TRY(MappedFile::open(options.npy));
    formats::ProbabilitiesRequest request;
    request.model = options.model;
    request.npy = file.bytes();
    request.name = options.npy;
    request.classes = formats::read_lines(TUSKER_TRY(read_file(options.classes)));
    if (!options.refs.empty())
        request.references = formats::read_lines(TUSKER_TRY(read_file(options.refs)));
    request.who = command_line_user();
    const std::string report = TUSKER_TRY(import_matrix(options, request));
    if (options.json) {
        std::printf("%s\n", report.c_str());
        return {};
    }
    const json::Document document = TUSKER_TRY(json::Document::parse(report));
    const json::Value root = document.root();
    std::printf("%s of %s: %s new, %s changed, %s as before\n",
                with_commas(number_of(root, "predictions")).c_str(), options.model.c_str(),
                with_commas(number_of(root, "created")).c_str(),
                with_commas(number_of(root, "updated")).c_str(),
                with_commas(number_of(root, "ignored")).c_str());
    if (const auto warnings = root.find("warnings"))
        (void)warnings->for_each([](json::Value warning) {
            std::fprintf(stderr, "tusker: warning: %s\n",
                         std::string(warning.as_string().value_or("")).c_str());
        });
    print_refused(root);
    return {};
}

void add_probabilities(CLI::App& import, Action& action) {
    auto options = std::make_shared<ProbabilitiesOptions>();
    auto* command = import.add_subcommand(
        "probabilities", "A model's class probabilities, one row an item, as a .npy matrix");
    command->add_option("DATASET", options->dataset, "Name or id")->required();
    command->add_option("MODEL", options->model, "Name of the model; made if there is none")
        ->required();
    command->add_option("--npy", options->npy, "rows x classes, float32 or float64")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("--classes", options->classes, "Text file: the label of each column")
        ->required()
        ->check(CLI::ExistingFile);
    command
        ->add_option("--refs", options->refs,
                     "Text file: the reference id of each row; else rows are in upload order")
        ->check(CLI::ExistingFile);
    command->add_flag("--json", options->json, "Print the report as JSON");
    add_remote_options(*command, options->remote);
    command->footer(
        "\nExample:\n"
        "  tusker import probabilities pallets resnet --npy p.npy --classes c.txt --refs r.txt");
    command->callback(
        [options, &action] { action = [options] { return run_probabilities_command(*options); }; });
}

}  // namespace

void add_import_command(CLI::App& app, Action& action) {
    auto options = std::make_shared<ImportOptions>();
    auto* command = app.add_subcommand(
        "import", "Bring a folder of class folders, a COCO file or COCO results into a dataset");
    command->require_subcommand(0, 1);
    auto* path =
        command->add_option("PATH", options->path, "Folder, or .json: COCO labels or COCO results");
    command->add_option("--dataset", options->dataset, "Name or id; made if there is none");
    command->add_option("--format", options->format, "Found out from PATH if not given")
        ->check(CLI::IsMember({"folder", "coco", "coco_results"}));
    command->add_option("--model", options->model, "COCO results: whose predictions they are");
    command->add_option("--images", options->images, "COCO: folder where file names begin");
    command->add_option("--labels", options->labels,
                        "COCO results: the COCO file whose ids they use");
    command->add_option("--allow-root", options->roots,
                        "Without a server: read pictures under this folder only");
    command->add_flag("--keep-missing", options->keep_missing,
                      "Keep images whose picture is not there");
    command->add_flag("--dry-run", options->dry_run, "Say what would be done, store nothing");
    command->add_flag("--json", options->json, "Print the report as JSON");
    add_remote_options(*command, options->remote);
    add_probabilities(*command, action);
    command->footer(
        "\nPictures stay where they are. Importing again changes only what differs; labels that\n"
        "people corrected stay corrected.\n\nExamples:\n"
        "  tusker import /data/pallets --dataset pallets --dry-run\n"
        "  tusker import /data/street/annotations.json --dataset street\n"
        "  tusker import /data/street/results.json --dataset street --model detector");
    command->callback([options, command, path, &action] {
        if (!command->get_subcommands().empty()) return;
        if (path->count() == 0) throw CLI::RequiredError("PATH");
        if (options->dataset.empty()) throw CLI::RequiredError("--dataset");
        action = [options] { return run_import_command(*options); };
    });
}

}  // namespace tusker::cli
