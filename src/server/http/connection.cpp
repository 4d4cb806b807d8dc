#include "server/http/connection.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "server/http/body_collector.hpp"
#include "server/http/wire.hpp"

// How one request goes: wait (idle) -> header -> match, authenticate, limits -> body -> worker ->
// answer -> wait again. All members are touched on the strand only, which is why drain() and cut()
// post. Local variables stand before every co_await whose argument owns memory: g++ 12 destroys
// temporaries of such expressions twice.
namespace tusker::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Stream = beast::basic_stream<asio::ip::tcp, Strand>;
using Token = asio::as_tuple_t<asio::use_awaitable_t<Strand>>;
using Task = asio::awaitable<void, Strand>;
using Parser = beast::http::request_parser<beast::http::buffer_body>;
using Clock = std::chrono::steady_clock;

constexpr Token kToken{};
constexpr std::size_t kHeaderBufferBytes = 4 << 10;
// From ~512 bytes a read to 64 KiB: 64 MB took 0.1 s instead of 0.8 s.
constexpr std::size_t kBodyBufferBytes = 64 << 10;
constexpr std::size_t kBodyInMemoryBytesMax = 256 << 10;
constexpr std::size_t kFileChunkBytes = 256 << 10;
// How long a refused upload is read and thrown away, so that the client, which reads only after it
// has sent everything, sees the refusal instead of a reset connection.
constexpr std::chrono::seconds kLinger{5};

Response refusal(int status, std::string sentence) {
    auto response = Response::error({ErrorCode::InvalidArgument, std::move(sentence)});
    response.status = status;
    return response;
}

/// What is known of a request while it is served.
struct Exchange {
    std::optional<Request> request;
    std::optional<Match> match;
    std::string method;
    std::string target;
    std::string_view family;
    std::string who;
    bool keep_alive = false;
    bool chunked_allowed = true;
    bool unread_body = false;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    Clock::time_point begun;
};

class BeastConnection final : public Connection,
                              public std::enable_shared_from_this<BeastConnection> {
public:
    BeastConnection(Socket socket, Service& service, bool crowded)
        : stream_(std::move(socket)), service_(service), crowded_(crowded) {}

    void run(std::function<void(Connection*)> on_end) {
        asio::co_spawn(stream_.get_executor(), serve(),
                       [self = shared_from_this(),
                        end = std::move(on_end)](const std::exception_ptr&) { end(self.get()); });
    }

    void drain() override {
        asio::post(stream_.get_executor(), [self = shared_from_this()] {
            error_code ignored;
            // A request that lies in the socket already has been begun.
            if (self->idle_ && self->stream_.socket().available(ignored) == 0) self->close();
        });
    }
    void cut() override {
        asio::post(stream_.get_executor(), [self = shared_from_this()] { self->close(); });
    }

private:
    void close() {
        error_code ignored;
        stream_.socket().shutdown(Socket::shutdown_both, ignored);
        stream_.close();
    }

    Task serve() {
        buffer_.reserve(kHeaderBufferBytes);
        while (true) {
            if (!co_await wait_for_request()) break;
            Exchange exchange;
            if (!co_await serve_one(exchange)) break;
            // An idle connection holds 4 KiB, whatever it carried before.
            if (buffer_.size() == 0 && buffer_.capacity() > kHeaderBufferBytes) {
                buffer_ = beast::flat_buffer();
                buffer_.reserve(kHeaderBufferBytes);
            }
        }
        if (stream_.socket().is_open()) close();
    }

    /// False when the connection should end.
    asio::awaitable<bool, Strand> wait_for_request() {
        if (buffer_.size() > 0) co_return true;
        if (service_.draining) co_return false;
        idle_ = true;
        stream_.expires_after(service_.settings.idle_timeout);
        auto room = buffer_.prepare(kHeaderBufferBytes);
        auto [code, size] = co_await stream_.async_read_some(room, kToken);
        idle_ = false;
        if (!code) buffer_.commit(size);
        co_return !code;
    }

    /// False when the connection should end.
    asio::awaitable<bool, Strand> serve_one(Exchange& exchange) {
        Parser parser;
        parser.header_limit(service_.settings.header_bytes_max);
        parser.body_limit(boost::none);  // ours depends on the route
        stream_.expires_after(service_.settings.header_timeout);
        auto [code, size] =
            co_await beast::http::async_read_header(stream_, buffer_, parser, kToken);
        exchange.begun = Clock::now();
        exchange.request_bytes = size;
        Response response;
        if (code) {
            auto refused = header_refusal(code);
            if (!refused) co_return false;
            exchange.unread_body = true;
            response = std::move(*refused);
        } else if (auto refused = begin(exchange, parser)) {
            exchange.unread_body = !parser.is_done();
            response = std::move(*refused);
        } else {
            auto failed = co_await read_body(exchange, parser);
            if (closed_) co_return false;
            if (failed)
                response = std::move(*failed);
            else
                co_await run_handler(exchange, response);
        }
        if (exchange.unread_body || service_.draining) exchange.keep_alive = false;
        const bool sent = co_await write(exchange, response);
        record(exchange, response);
        if (sent && exchange.unread_body) co_await linger();
        co_return sent&& exchange.keep_alive;
    }

    std::optional<Response> header_refusal(error_code code) const {
        if (code == beast::http::error::header_limit)
            return refusal(431, fmt::format("request header: must be at most {} bytes",
                                            service_.settings.header_bytes_max));
        // Beast's own category means malformed text; all else is a closed or silent connection.
        if (code == beast::http::error::end_of_stream ||
            code == beast::http::error::partial_message ||
            code.category() != make_error_code(beast::http::error::bad_method).category())
            return std::nullopt;
        return refusal(400, fmt::format("request header: {}", code.message()));
    }

    /// All that can be refused before the body is read.
    std::optional<Response> begin(Exchange& exchange, Parser& parser) {
        const auto& message = parser.get();
        exchange.keep_alive = message.keep_alive();
        exchange.chunked_allowed = message.version() >= 11;
        exchange.method = std::string(message.method_string());
        exchange.target = std::string(message.target());
        Headers headers;
        for (const auto& field : message)
            headers.add(std::string(field.name_string()), std::string(field.value()));
        const auto method = parse_method(exchange.method);
        if (!method)
            return refusal(501, fmt::format("method {}: Tusker serves GET, HEAD, POST, PUT, PATCH, "
                                            "DELETE and OPTIONS",
                                            exchange.method));
        auto request = Request::make(*method, exchange.target, {}, std::move(headers));
        if (!request) return Response::error(request.error());
        exchange.request = *std::move(request);
        if (crowded_)
            return Response::error(
                {ErrorCode::Unavailable, fmt::format("more than {} connections are open",
                                                     service_.settings.connections_max)});
        return admit(exchange, parser.content_length());
    }

    std::optional<Response> admit(Exchange& exchange, boost::optional<std::uint64_t> length) {
        Request& request = *exchange.request;
        auto match = service_.router.match(request.method(), request.segments());
        if (!match) {
            exchange.family = match.error().family;
            auto refused = refusal(match.error().status, match.error().error);
            if (!match.error().allow.empty()) refused.with("Allow", match.error().allow);
            return refused;
        }
        exchange.family = match->family;
        exchange.match = *std::move(match);
        request.set_path_params(std::move(exchange.match->params));
        auto principal = service_.hooks.authenticate(request);
        const auto& route = *exchange.match->route;
        if (!principal && route.role) return Response::error(principal.error());
        if (principal) {
            exchange.who = principal->who;
            request.set_principal(*principal);
            if (route.role && principal->way == access::SignInWay::Nobody)
                return Response::error({ErrorCode::Unauthenticated,
                                        "no key: send an API key as the user name of HTTP basic "
                                        "authentication, as a Bearer token or in "
                                        "x-limited-access-key, or sign in"});
            if (route.role && !access::may(principal->role, *route.role))
                return Response::error(
                    {ErrorCode::Forbidden,
                     fmt::format("{} has the role {}: this route asks for {}", principal->who,
                                 access::role_name(principal->role),
                                 access::role_name(*route.role))});
        }
        if (length && *length > body_bytes_max(exchange))
            return body_refusal(*length, body_bytes_max(exchange));
        return std::nullopt;
    }

    std::uint64_t body_bytes_max(const Exchange& exchange) const {
        const auto own = exchange.match->route->body_bytes_max;
        return own > 0 ? own : service_.settings.body_bytes_max;
    }
    static Response body_refusal(std::uint64_t size, std::uint64_t size_max) {
        return refusal(
            413, fmt::format("request body of {} bytes or more: must be at most {} bytes", size,
                             size_max));
    }

    /// A refusal, or nothing if the body is complete in the request. Sets closed_ if the client is
    /// gone.
    asio::awaitable<std::optional<Response>, Strand> read_body(Exchange& exchange, Parser& parser) {
        if (parser.is_done()) co_return std::nullopt;
        if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue") &&
            buffer_.size() == 0) {
            const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            auto [code, size] = co_await asio::async_write(stream_, asio::buffer(go_on), kToken);
            static_cast<void>(size);
            closed_ = static_cast<bool>(code);
        }
        BodyCollector collector(service_.settings.spool_folder, kBodyInMemoryBytesMax);
        const std::uint64_t size_max = body_bytes_max(exchange);
        // Most bodies are a few bytes of JSON: these need no large buffers.
        const std::size_t buffer_size = std::clamp<std::uint64_t>(
            parser.content_length().value_or(kBodyBufferBytes), 1, kBodyBufferBytes);
        std::vector<char> chunk(buffer_size);
        if (buffer_size > kHeaderBufferBytes) buffer_.reserve(kBodyBufferBytes);
        while (!closed_ && !parser.is_done()) {
            auto& body = parser.get().body();
            body.data = chunk.data();
            body.size = chunk.size();
            stream_.expires_after(service_.settings.transfer_timeout);
            auto [code, size] =
                co_await beast::http::async_read_some(stream_, buffer_, parser, kToken);
            exchange.request_bytes += size;
            if (code && code != beast::http::error::need_buffer) {
                closed_ = true;
                break;
            }
            const std::string_view arrived(chunk.data(), chunk.size() - body.size);
            if (collector.size() + arrived.size() > size_max) {
                exchange.unread_body = true;
                co_return body_refusal(collector.size() + arrived.size(), size_max);
            }
            if (auto kept = collector.append(arrived); !kept) {
                exchange.unread_body = true;
                co_return Response::error(kept.error());
            }
        }
        if (closed_) co_return std::nullopt;
        auto whole = collector.finish();
        if (!whole) co_return Response::error(whole.error());
        exchange.request->set_body(*std::move(whole));
        co_return std::nullopt;
    }

    Task run_handler(Exchange& exchange, Response& response) {
        const std::size_t pending_max = service_.settings.workers + service_.settings.waiting_max;
        if (service_.pending.fetch_add(1) >= pending_max) {
            --service_.pending;
            response = Response::error(
                {ErrorCode::Unavailable,
                 fmt::format("more than {} requests are waiting", service_.settings.waiting_max)});
            co_return;
        }
        std::function<void()> work = [&] {
            response = answer(exchange.match->route->handler, *exchange.request);
        };
        co_await on_worker(work);
        --service_.pending;
    }

    /// Runs `work` on a worker and comes back to the strand. `work` must not throw.
    Task on_worker(std::function<void()>& work) {
        stream_.expires_never();
        auto initiate = [this, &work](auto handler) {
            asio::post(service_.workers, [&work, handler = std::move(handler)]() mutable {
                work();
                const auto executor = asio::get_associated_executor(handler);
                asio::post(executor, std::move(handler));
            });
        };
        constexpr asio::use_awaitable_t<Strand> kPlain{};
        co_await asio::async_initiate<const asio::use_awaitable_t<Strand>, void()>(initiate,
                                                                                   kPlain);
    }

    asio::awaitable<bool, Strand> write(Exchange& exchange, Response& response) {
        const std::string head = response_head(
            response,
            {.keep_alive = exchange.keep_alive && (response.size() || exchange.chunked_allowed),
             .chunked_allowed = exchange.chunked_allowed});
        const bool head_only = exchange.request && exchange.request->method() == Method::Head;
        const bool sends_body = has_body(response.status) && !head_only;
        if (!sends_body) co_return co_await send(exchange, head, {});
        if (response.stream) {
            if (!exchange.chunked_allowed) exchange.keep_alive = false;
            if (!co_await send(exchange, head, {})) co_return false;
            co_return co_await write_stream(exchange, response);
        }
        if (response.file) {
            if (!co_await send(exchange, head, {})) co_return false;
            co_return co_await write_file(exchange, *response.file);
        }
        const std::string_view bytes =
            response.static_body.data() != nullptr ? response.static_body : response.body;
        co_return co_await send(exchange, head, bytes);
    }

    asio::awaitable<bool, Strand> send(Exchange& exchange, std::string_view first,
                                       std::string_view second) {
        // Cut in pieces, so that the timeout counts from the last progress, not for a whole GB.
        constexpr std::size_t kPieceBytes = 1 << 20;
        while (!first.empty() || !second.empty()) {
            const auto piece = second.substr(0, kPieceBytes);
            const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first),
                                                               asio::buffer(piece)};
            stream_.expires_after(service_.settings.transfer_timeout);
            auto [code, size] = co_await asio::async_write(stream_, buffers, kToken);
            exchange.response_bytes += size;
            if (code) co_return false;
            first = {};
            second.remove_prefix(piece.size());
        }
        co_return true;
    }

    asio::awaitable<bool, Strand> write_file(Exchange& exchange, FileSlice slice) {
        while (slice.size > 0) {
            const std::size_t size = std::min<std::uint64_t>(slice.size, kFileChunkBytes);
            Result<std::string> chunk;
            std::function<void()> work = [&] { chunk = slice.file->read_at(slice.offset, size); };
            co_await on_worker(work);
            // The length is promised already: a file that got shorter can only be cut off.
            if (!chunk) co_return false;
            if (!co_await send(exchange, *chunk, {})) co_return false;
            slice.offset += size;
            slice.size -= size;
        }
        co_return true;
    }

    asio::awaitable<bool, Strand> write_stream(Exchange& exchange, const Response& response) {
        Result<bool> more = true;
        while (*more) {
            std::string chunk;
            std::function<void()> work = [&] { more = next_chunk(response, chunk); };
            co_await on_worker(work);
            if (!more) co_return false;
            if (chunk.empty()) continue;
            if (exchange.chunked_allowed) {
                chunk.insert(0, fmt::format("{:x}\r\n", chunk.size()));
                chunk += "\r\n";
            }
            if (!co_await send(exchange, chunk, {})) co_return false;
        }
        if (!exchange.chunked_allowed) co_return true;
        co_return co_await send(exchange, "0\r\n\r\n", {});
    }

    static Result<bool> next_chunk(const Response& response, std::string& chunk) {
        try {
            return response.stream(chunk);
        } catch (const std::exception& exception) {
            return fail(ErrorCode::Internal, exception.what());
        }
    }

    Task linger() {
        error_code ignored;
        stream_.socket().shutdown(Socket::shutdown_send, ignored);
        stream_.expires_after(kLinger);
        std::vector<char> waste(kBodyBufferBytes);
        while (!service_.draining) {
            auto [code, size] = co_await stream_.async_read_some(asio::buffer(waste), kToken);
            if (code || size == 0) break;
        }
    }

    void record(const Exchange& exchange, const Response& response) const {
        if (!service_.hooks.record) return;
        const std::chrono::duration<double, std::milli> duration = Clock::now() - exchange.begun;
        service_.hooks.record(
            {.method = exchange.method,
             .path = exchange.request ? exchange.request->path() : exchange.target,
             .family = exchange.family,
             .pattern = exchange.match ? std::string_view(exchange.match->route->pattern) : "",
             .who = exchange.who,
             .status = response.status,
             .duration_ms = duration.count(),
             .request_bytes = exchange.request_bytes,
             .response_bytes = exchange.response_bytes});
    }

    Stream stream_;
    Service& service_;
    bool crowded_;
    beast::flat_buffer buffer_;
    bool idle_ = false;
    bool closed_ = false;
};

}  // namespace

std::shared_ptr<Connection> serve_connection(Socket socket, Service& service, bool crowded,
                                             std::function<void(Connection*)> on_end) {
    auto connection = std::make_shared<BeastConnection>(std::move(socket), service, crowded);
    connection->run(std::move(on_end));
    return connection;
}

}  // namespace tusker::http
