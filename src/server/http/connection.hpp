// One client's socket: reads requests, has them answered on the worker pool, writes the answers.
// The only header of this room that shows Asio; Beast stays in connection.cpp.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include "server/http/server.hpp"

namespace tusker::http {

// Concrete executors, not any_io_executor: a quarter less CPU per request.
using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

/// What all connections share. Outlives them.
struct Service {
    const Settings& settings;
    const Router& router;
    const Hooks& hooks;
    boost::asio::thread_pool& workers;
    /// Requests handed to the workers and not answered yet.
    std::atomic<std::size_t> pending = 0;
    /// Set once: every answer from now on is its connection's last.
    std::atomic<bool> draining = false;
};

class Connection {
public:
    virtual ~Connection() = default;
    /// Closes the connection if it waits for a request. From any thread.
    virtual void drain() = 0;
    /// Closes the connection whatever it does. From any thread.
    virtual void cut() = 0;
};

/// Serves until either side closes, then calls `on_end` once. A `crowded` connection is one above
/// the maximum: its first request is answered 503 and it is closed.
std::shared_ptr<Connection> serve_connection(Socket socket, Service& service, bool crowded,
                                             std::function<void(Connection*)> on_end);

}  // namespace tusker::http
