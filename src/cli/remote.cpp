#include "cli/remote.hpp"

#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "access/access.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "cli/curl_library.hpp"
#include "storage/data_folder/data_folder.hpp"

namespace tusker::cli {

namespace {

struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t keep(char* bytes, std::size_t size, std::size_t count, void* into) {
    static_cast<std::string*>(into)->append(bytes, size * count);
    return size * count;
}

ErrorCode code_of(long status) {
    for (const auto code :
         {ErrorCode::InvalidArgument, ErrorCode::Unauthenticated, ErrorCode::Forbidden,
          ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::TooLarge,
          ErrorCode::UnsupportedMedia, ErrorCode::NotImplemented, ErrorCode::Unavailable,
          ErrorCode::StorageFull, ErrorCode::Cancelled})
        if (http_status(code) == status) return code;
    return ErrorCode::Internal;
}

Error error_of(long status, const std::string& body, const std::string& url) {
    const auto document = json::Document::parse(body);
    const auto sentence = document ? document->root().find_value("error") : std::nullopt;
    const auto text = sentence ? sentence->as_string() : std::nullopt;
    return {code_of(status),
            text ? std::string(*text) : fmt::format("{}: answered status {}", url, status)};
}

}  // namespace

void add_remote_options(CLI::App& command, RemoteOptions& options) {
    auto* data = command.add_option("--data", options.data, "Data directory of the server")
                     ->capture_default_str();
    auto* url =
        command.add_option("--url", options.url, "Address of the server, instead of --data")
            ->envname("TUSKER_URL");
    command.add_option("--key", options.key, "API key for --url")->envname("TUSKER_API_KEY");
    url->excludes(data);
}

Result<std::optional<Remote>> find_remote(const RemoteOptions& options) {
    if (!options.url.empty()) {
        std::string url = options.url;
        while (url.ends_with('/')) url.pop_back();
        return Remote{std::move(url), options.key};
    }
    const auto holder = TUSKER_TRY(data_folder::find_holder(options.data));
    if (!holder) return std::nullopt;
    if (holder->port == 0)
        return fail(ErrorCode::Unavailable,
                    fmt::format("data directory {}: process {} holds it and does not listen yet",
                                options.data.string(), holder->process_id));
    auto key = options.key;
    if (key.empty()) key = TUSKER_TRY(read_file(access::admin_key_file(options.data)));
    while (key.ends_with('\n')) key.pop_back();
    return Remote{holder->url(), std::move(key)};
}

Result<Remote> require_remote(const RemoteOptions& options) {
    auto remote = TUSKER_TRY(find_remote(options));
    if (!remote)
        return not_found(fmt::format(
            "data directory {}: no server runs on it; start one with `tusker serve --data {}`",
            options.data.string(), options.data.string()));
    return *std::move(remote);
}

Result<std::string> ask(const Remote& remote, std::string_view method, std::string_view path,
                        std::string_view body) {
    TUSKER_TRY(require_curl());
    const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
    if (!handle) return fail(ErrorCode::Internal, "libcurl does not start");
    const std::string url = remote.url + std::string(path);
    const std::string verb(method);
    const std::string sent(body);
    const std::unique_ptr<curl_slist, FreeList> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    if (!remote.key.empty())
        curl_slist_append(headers.get(), ("Authorization: Bearer " + remote.key).c_str());
    std::string answer;
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, verb.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    if (!sent.empty()) {
        curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(sent.size()));
        curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, sent.c_str());
    }
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK)
        return fail(ErrorCode::Unavailable, fmt::format("{}: {}", url, curl_easy_strerror(code)));
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) return std::unexpected(error_of(status, answer, url));
    return answer;
}

}  // namespace tusker::cli
