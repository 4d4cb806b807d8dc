#include "cli/dataset_work.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/json.hpp"
#include "base/nearest.hpp"
#include "cli/progress_line.hpp"
#include "server/http/url.hpp"

namespace tusker::cli {
namespace {

std::string text_of(json::Value value, std::string_view key) {
    const auto member = value.find_value(key);
    return std::string(member ? member->as_string().value_or("") : "");
}

std::uint64_t number_of(json::Value value, std::string_view key) {
    const auto member = value.find_value(key);
    return static_cast<std::uint64_t>(member ? member->as_int().value_or(0) : 0);
}

}  // namespace

Result<LocalCatalog> LocalCatalog::open(const std::filesystem::path& data) {
    if (!std::filesystem::exists(data / "catalog.sqlite"))
        return not_found(
            fmt::format("data directory {}: there is no catalog in it (--data names "
                        "another, --url a server)",
                        data.string()));
    return open_or_make(data);
}

Result<LocalCatalog> LocalCatalog::open_or_make(const std::filesystem::path& data) {
    LocalCatalog local(TUSKER_TRY(data_folder::DataLock::take(data)), std::make_unique<Pool>());
    local.catalog_ = TUSKER_TRY(catalog::Catalog::open(data, *local.pool_));
    return local;
}

std::optional<catalog::DatasetSummary> LocalCatalog::find(std::string_view dataset) const {
    for (catalog::DatasetSummary& known : catalog_->datasets())
        if (known.id == dataset || known.name == dataset) return std::move(known);
    return std::nullopt;
}

Result<catalog::DatasetSummary> LocalCatalog::get(std::string_view dataset) const {
    if (auto found = find(dataset)) return *std::move(found);
    std::vector<std::string> names;
    for (const catalog::DatasetSummary& known : catalog_->datasets()) names.push_back(known.name);
    return not_found(fmt::format("dataset = {}: there is none with that id or name{}", dataset,
                                 did_you_mean(dataset, names)));
}

Result<std::optional<Remote>> find_server(const RemoteOptions& options) {
    if (options.url.empty() && !std::filesystem::exists(options.data)) return std::nullopt;
    return find_remote(options);
}

std::string command_line_user() {
    const passwd* const user = ::getpwuid(::getuid());
    return user != nullptr ? user->pw_name : "command line";
}

std::string dataset_path(std::string_view dataset, std::string_view rest) {
    return fmt::format("/api/datasets/{}{}", http::percent_encode(dataset), rest);
}

Result<bool> has_dataset(const Remote& remote, std::string_view dataset) {
    const auto answer = ask(remote, "GET", dataset_path(dataset));
    if (answer) return true;
    if (answer.error().code == ErrorCode::NotFound) return false;
    return std::unexpected(answer.error());
}

Result<std::string> follow_job(const Remote& remote, const std::string& started) {
    ProgressLine line;
    std::string answer = started;
    for (;;) {
        const json::Document document = TUSKER_TRY(json::Document::parse(answer));
        const json::Value job = document.root();
        const std::string status = text_of(job, "status");
        if (status == "done") {
            const auto result = job.find_value("result");
            return result ? result->text() : "{}";
        }
        if (status == "cancelled") return fail(ErrorCode::Cancelled, "the job was cancelled");
        if (status == "failed") return invalid(text_of(job, "error"));
        line.show(text_of(job, "message"), number_of(job, "done"), number_of(job, "total"),
                  text_of(job, "unit"));
        answer = TUSKER_TRY(
            ask(remote, "GET", fmt::format("/api/jobs/{}?wait=1000", text_of(job, "id"))));
    }
}

}  // namespace tusker::cli
