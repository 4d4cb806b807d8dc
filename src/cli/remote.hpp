// Asking a running server from the command line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the name that CLI11 gave it
class App;
}

namespace tusker::cli {

struct Remote {
    std::string url;  // "http://127.0.0.1:8080"
    std::string key;
};

/// --data D | --url U --key K (or TUSKER_URL, TUSKER_API_KEY), as every command that asks has them.
struct RemoteOptions {
    std::filesystem::path data = "tusker-data";
    std::string url;
    std::string key;
};
void add_remote_options(CLI::App& command, RemoteOptions& options);

/// The server named by --url, else the one that holds --data, asked with its admin key. Empty if
/// nobody holds the directory; what then is the command's decision.
Result<std::optional<Remote>> find_remote(const RemoteOptions& options);
/// The same, and an Error that says how to start one if there is none.
Result<Remote> require_remote(const RemoteOptions& options);

/// The answer's body; the server's own sentence as Error for a status of 400 or more.
Result<std::string> ask(const Remote& remote, std::string_view method, std::string_view path,
                        std::string_view body = {});

}  // namespace tusker::cli
