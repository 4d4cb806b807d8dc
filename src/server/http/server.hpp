// The sockets: plain HTTP/1.1 on one address.
//
// Thread safety: start and stop from one thread; the rest is the server's own business.
// 1. Handlers run on the worker pool, never on the threads that read and write sockets.
// 2. Everything that grows has a maximum in Settings, and past it the client is told which.
// 3. A request is refused (401, 403, 404, 405, 413) before its body is read.
// 4. stop() answers the requests that were begun; idle connections are closed at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "access/principal.hpp"
#include "server/http/route.hpp"

namespace tusker::http {

struct Settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0 = any free one
    /// Bodies above 1 MiB are spooled to a file without a name here.
    std::filesystem::path spool_folder = std::filesystem::temp_directory_path();
    std::uint64_t body_bytes_max = std::uint64_t{1} << 30;
    std::uint32_t header_bytes_max = 64 << 10;
    std::size_t connections_max = 4096;
    /// Many more than cores: handlers wait for the disk's sync and for jobs, not only for the CPU.
    std::size_t workers = 64;
    /// Requests that wait for a worker; one more is answered 503.
    std::size_t waiting_max = 512;
    std::chrono::milliseconds header_timeout{10'000};    // from the first byte to the whole header
    std::chrono::milliseconds idle_timeout{75'000};      // between requests of one connection
    std::chrono::milliseconds transfer_timeout{60'000};  // one read or write without progress
    std::chrono::milliseconds drain_timeout{10'000};     // how long stop() waits for requests
};

/// One finished request, for logs and metrics.
struct RequestRecord {
    std::string_view method;
    std::string_view path;
    std::string_view family;   // empty if no route matched
    std::string_view pattern;  // empty if no route matched
    std::string_view who;
    int status = 0;
    double duration_ms = 0;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
};

struct Hooks {
    /// Who asks; nobody is an answer, a wrong key an Error. Called before the body is read, on a
    /// socket thread: must not block.
    std::function<Result<access::Principal>(const Request&)> authenticate;
    /// Called once per request after its last byte was sent. May be empty.
    std::function<void(const RequestRecord&)> record;
};

class Server {
public:
    /// Listens and serves from threads of its own. `router` must outlive the server.
    static Result<std::unique_ptr<Server>> start(Settings settings, const Router& router,
                                                 Hooks hooks);
    ~Server();
    std::uint16_t port() const;
    std::size_t connections() const;
    /// Closes the listener and idle connections, answers what was begun, returns when all are gone
    /// or cut at the drain timeout.
    void stop();

private:
    struct Impl;  // keeps Asio out of this header
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker::http
