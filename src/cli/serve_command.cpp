// tusker serve: one process that holds a data directory and serves it.
#include <csignal>
#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/file.hpp"
#include "base/json.hpp"
#include "cli/commands.hpp"
#include "cli/house.hpp"
#include "server/assets/assets.hpp"
#include "server/health/request_log.hpp"
#include "server/http/server.hpp"
#include "server/session/authenticate.hpp"
#include "storage/data_folder/data_folder.hpp"

namespace tusker::cli {

namespace {

struct ServeOptions {
    std::filesystem::path data = "tusker-data";
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    std::vector<std::filesystem::path> roots;
    bool allow_remote = false;
    std::uint64_t body_bytes_max = http::Settings().body_bytes_max;
    std::size_t connections_max = http::Settings().connections_max;
    std::size_t workers = http::Settings().workers;
    std::string log_format = "text";
    std::string next = "/";
    std::filesystem::path ready_file;
};

bool is_loopback(std::string_view address) {
    return address == "localhost" || address == "::1" || address.starts_with("127.");
}

/// SIGTERM and SIGINT, waited for by one thread instead of interrupting all.
class StopSignals {
public:
    /// Before any thread is made, so that all inherit the mask.
    StopSignals() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGTERM);
        sigaddset(&signals_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
        // A file above RLIMIT_FSIZE is then an error of that write, not the end of the process.
        std::signal(SIGXFSZ, SIG_IGN);
    }
    void wait() const {
        int which = 0;
        sigwait(&signals_, &which);
    }

private:
    sigset_t signals_{};
};

/// As many descriptors as the system lets this process have: the usual soft limit of 1,024 is less
/// than --max-connections.
void allow_many_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> check(const ServeOptions& options) {
    if (is_loopback(options.address) || options.allow_remote) return {};
    return invalid(
        fmt::format("--listen {}: other machines could reach it, and Tusker has no accounts and no "
                    "encryption of "
                    "its own yet; --allow-remote accepts that keys travel unencrypted",
                    options.address));
}

http::Settings settings_of(const ServeOptions& options) {
    http::Settings settings;
    settings.address = options.address;
    settings.port = options.port;
    settings.spool_folder = options.data / "uploads";
    settings.body_bytes_max = options.body_bytes_max;
    settings.connections_max = options.connections_max;
    settings.workers = options.workers;
    return settings;
}

/// The lines on standard output are read by people and by scripts: their beginnings are fixed.
Result<void> say_ready(const ServeOptions& options, House& house, const std::string& url) {
    const auto secret = TUSKER_TRY(access::ensure_admin_key(house.access(), options.data));
    const auto admin = TUSKER_TRY(house.access().by_key(secret));
    const auto token = house.access().create_sign_in_token(admin);
    if (!options.ready_file.empty()) {
        json::Writer writer;
        writer.object().member("url", url).member("process_id", ::getpid()).end();
        TUSKER_TRY(replace_file(options.ready_file, writer.take() + "\n"));
    }
    std::printf("listening on %s\n", url.c_str());
    std::printf("sign in at %s%s\n", url.c_str(),
                session::sign_in_path(token, options.next).c_str());
    std::printf("API key in %s\n", access::admin_key_file(options.data).c_str());
    std::fflush(stdout);
    return {};
}

Result<void> serve(const ServeOptions& options) {
    TUSKER_TRY(check(options));
    const StopSignals stop;
    allow_many_files();
    auto lock = TUSKER_TRY(data_folder::DataLock::take(options.data));
    std::error_code ignored;
    std::filesystem::create_directories(options.data / "uploads", ignored);
    const auto house = TUSKER_TRY(House::open({options.data, options.roots}));
    const auto router = TUSKER_TRY(http::Router::make(
        house->tables(),
        http::Fallback{.family = "assets", .route = assets::fallback(assets::embedded())}));
    health::RequestLog log(options.log_format == "json" ? health::LogFormat::Json
                                                        : health::LogFormat::Text);
    std::unique_ptr<http::Server> server;
    house->metrics().add_gauge("tusker_connections", "Open connections.", [&server] {
        return server ? static_cast<double>(server->connections()) : 0.0;
    });
    server = TUSKER_TRY(http::Server::start(settings_of(options), router,
                                            {.authenticate =
                                                 [&](const http::Request& request) {
                                                     return session::authenticate(house->access(),
                                                                                  request);
                                                 },
                                             .record =
                                                 [&](const http::RequestRecord& record) {
                                                     log.request(record);
                                                     house->metrics().record(record);
                                                 }}));
    TUSKER_TRY(lock.announce(options.address, server->port()));
    const auto url = data_folder::Holder{::getpid(), options.address, server->port()}.url();
    TUSKER_TRY(say_ready(options, *house, url));
    log.event(fmt::format("serving {} on {}", options.data.string(), url));
    if (!is_loopback(options.address))
        log.event("other machines may connect: keys and pictures travel unencrypted");
    stop.wait();
    log.event("stopping: answering what was begun");
    server->stop();
    log.event("stopped");
    return {};
}

}  // namespace

void add_serve_command(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("serve", "Serve a data directory: the app and the API");
    auto options = std::make_shared<ServeOptions>();
    command->add_option("--data", options->data, "Data directory; made if it is not there")
        ->capture_default_str();
    command->add_option("--listen", options->address, "IP address to listen on")
        ->capture_default_str();
    command->add_option("--port", options->port, "Port; 0 takes a free one and prints it")
        ->capture_default_str();
    command->add_option("--allow-root", options->roots,
                        "Folder whose pictures may be read in place; may be given again");
    command->add_flag("--allow-remote", options->allow_remote,
                      "Allow --listen to reach beyond this machine: keys travel unencrypted");
    command
        ->add_option("--max-body", options->body_bytes_max, "Largest request body, e.g. 500M, 2G")
        ->transform(CLI::AsSizeValue(false))
        ->capture_default_str();
    command->add_option("--max-connections", options->connections_max, "Open connections")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command->add_option("--workers", options->workers, "Threads that answer requests")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    command->add_option("--log-format", options->log_format, "Log on standard error")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->add_option("--next", options->next, "Page that the printed sign-in link opens")
        ->capture_default_str();
    command->add_option("--ready-file", options->ready_file,
                        "Written when requests are answered: {\"url\",\"process_id\"}");
    command->footer(
        "\nExamples:\n"
        "  tusker serve\n"
        "  tusker serve --data /srv/tusker --port 9000 --allow-root /srv/pictures\n"
        "  tusker serve --port 0 --log-format json --max-body 4G");
    command->callback([options, &action] { action = [options] { return serve(*options); }; });
}

}  // namespace tusker::cli
