#include "server/http/server.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http/connection.hpp"

namespace tusker::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
// Sockets need little CPU (14 µs a request): two threads feed all workers.
constexpr std::size_t kSocketThreads = 2;
// When descriptors run out, accepting again at once would spin.
constexpr std::chrono::milliseconds kAcceptPause{50};
}  // namespace

struct Server::Impl {
    Impl(Settings chosen, const Router& router, Hooks chosen_hooks)
        : settings(std::move(chosen)),
          hooks(std::move(chosen_hooks)),
          workers(settings.workers),
          service{settings, router, hooks, workers},
          guard(asio::make_work_guard(io)),
          acceptor(asio::make_strand(io)),
          pause(acceptor.get_executor()) {}

    Result<void> listen() {
        error_code code;
        const auto address = asio::ip::make_address(
            settings.address == "localhost" ? "127.0.0.1" : settings.address, code);
        if (code)
            return invalid(
                fmt::format("listen address = \"{}\": must be an IP address", settings.address));
        const asio::ip::tcp::endpoint endpoint(address, settings.port);
        acceptor.open(endpoint.protocol(), code);
        if (!code) acceptor.set_option(asio::socket_base::reuse_address(true), code);
        if (!code) acceptor.bind(endpoint, code);
        if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
        if (code)
            return fail(ErrorCode::Conflict,
                        fmt::format("cannot listen on {} port {}: {}", settings.address,
                                    settings.port, code.message()));
        port = acceptor.local_endpoint().port();
        return {};
    }

    void accept() {
        acceptor.async_accept(asio::make_strand(io), [this](error_code code, Socket socket) {
            if (!acceptor.is_open()) return;
            if (code) {
                pause.expires_after(kAcceptPause);
                pause.async_wait([this](error_code) {
                    if (acceptor.is_open()) accept();
                });
                return;
            }
            take(std::move(socket));
            accept();
        });
    }

    void take(Socket socket) {
        error_code ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        const std::scoped_lock lock(mutex);
        const std::size_t open = connections.size();
        // Some above the maximum are told so; beyond these the socket is just closed.
        if (open >= settings.connections_max + settings.connections_max / 8 + 1) return;
        // The end runs on the connection's strand and waits for this lock.
        auto connection =
            serve_connection(std::move(socket), service, open >= settings.connections_max,
                             [this](Connection* ended) { forget(ended); });
        connections.emplace(connection.get(), connection);
    }

    void forget(Connection* ended) {
        const std::scoped_lock lock(mutex);
        connections.erase(ended);
        if (connections.empty()) all_ended.notify_all();
    }

    void for_each_connection(void (Connection::*act)()) {
        const std::scoped_lock lock(mutex);
        for (const auto& [key, weak] : connections)
            if (const auto connection = weak.lock()) ((*connection).*act)();
    }

    void stop() {
        if (stopped) return;
        stopped = true;
        service.draining = true;
        std::atomic<bool> closed = false;
        asio::post(acceptor.get_executor(), [this, &closed] {
            error_code ignored;
            acceptor.close(ignored);
            pause.cancel();
            closed = true;
            closed.notify_all();
        });
        closed.wait(false);
        for_each_connection(&Connection::drain);
        {
            std::unique_lock lock(mutex);
            all_ended.wait_for(lock, settings.drain_timeout, [&] { return connections.empty(); });
        }
        for_each_connection(&Connection::cut);
        {
            // Handlers that still run cannot be cut; a worker's answer finds its socket closed.
            std::unique_lock lock(mutex);
            all_ended.wait(lock, [&] { return connections.empty(); });
        }
        workers.join();
        guard.reset();
        for (auto& thread : threads) thread.join();
    }

    Settings settings;
    Hooks hooks;
    asio::io_context io;
    asio::thread_pool workers;
    Service service;
    asio::executor_work_guard<asio::io_context::executor_type> guard;
    asio::basic_socket_acceptor<asio::ip::tcp, Strand> acceptor;
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Strand>
        pause;
    std::vector<std::thread> threads;
    std::uint16_t port = 0;
    bool stopped = false;
    mutable std::mutex mutex;
    std::condition_variable all_ended;
    std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// A mutex that cannot be locked leaves nothing to save.
Server::~Server() { stop(); }  // NOLINT(bugprone-exception-escape)

Result<std::unique_ptr<Server>> Server::start(Settings settings, const Router& router,
                                              Hooks hooks) {
    auto impl = std::make_unique<Impl>(std::move(settings), router, std::move(hooks));
    TUSKER_TRY(impl->listen());
    Impl& running = *impl;
    asio::post(running.acceptor.get_executor(), [&running] { running.accept(); });
    for (std::size_t i = 0; i < kSocketThreads; ++i)
        running.threads.emplace_back([&running] { running.io.run(); });
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port; }

std::size_t Server::connections() const {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->connections.size();
}

void Server::stop() { impl_->stop(); }

}  // namespace tusker::http
