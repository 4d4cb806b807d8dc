// The server over real sockets: what a client sees on the wire.
#include <future>
#include <latch>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/server.hpp"

namespace tusker::http {
namespace {

/// A client that says exactly what the test says.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval limit{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { ::close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool connected() const { return connected_; }
    void say(std::string_view text) const {
        while (!text.empty()) {
            const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// Reads until `ending` has arrived or the server closes.
    std::string hear(std::string_view ending) {
        while (heard_.find(ending) == std::string::npos && read_more()) {
        }
        const auto at = heard_.find(ending);
        const auto size = at == std::string::npos ? heard_.size() : at + ending.size();
        std::string text = heard_.substr(0, size);
        heard_.erase(0, size);
        return text;
    }
    std::string hear_all() {
        while (read_more()) {
        }
        return std::exchange(heard_, {});
    }

private:
    bool read_more() {
        char chunk[65536];
        const auto size = ::recv(socket_, chunk, sizeof chunk, 0);
        if (size <= 0) return false;
        heard_.append(chunk, static_cast<std::size_t>(size));
        return true;
    }
    int socket_;
    bool connected_ = false;
    std::string heard_;
};

Result<access::Principal> by_test_key(const Request& request) {
    const auto key = request.header("X-Key");
    if (!key) return access::Principal{};
    const auto role = access::parse_role(*key);
    if (!role) return fail(ErrorCode::Unauthenticated, "wrong key");
    return access::Principal{std::string(*key), *role, access::SignInWay::Key, "key_1"};
}

Result<Response> echo(const Request& request) {
    return Response::text("text/plain", std::string(request.body()));
}

class ServerTest : public testing::Test {
protected:
    void start(Settings settings = {}) {
        auto router = Router::make({{"test",
                                     {{Method::Get, "/hello", std::nullopt,
                                       [](const Request&) -> Result<Response> {
                                           return Response::json(R"({"hello":1})");
                                       }},
                                      {Method::Post, "/echo", std::nullopt, echo},
                                      {.method = Method::Post,
                                       .pattern = "/small",
                                       .role = std::nullopt,
                                       .handler = echo,
                                       .body_bytes_max = 10},
                                      {Method::Post, "/curate", access::Role::Curator, echo},
                                      {Method::Get, "/slow", std::nullopt,
                                       [this](const Request&) -> Result<Response> {
                                           slow_begun.count_down();
                                           slow_may_end.wait();
                                           return Response::json("{\"slow\":1}");
                                       }},
                                      {Method::Get, "/stream", std::nullopt, stream}}}});
        ASSERT_TRUE(router) << router.error().message;
        router_.emplace(*std::move(router));
        auto server = Server::start(
            std::move(settings), *router_,
            {.authenticate = by_test_key, .record = [this](const RequestRecord& r) {
                 const std::scoped_lock lock(mutex_);
                 records.push_back(std::string(r.method) + " " + std::string(r.pattern) + " " +
                                   std::string(r.who) + " " + std::to_string(r.status));
             }});
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    static Result<Response> stream(const Request&) {
        auto left = std::make_shared<int>(3);
        return Response::streamed("text/plain", [left](std::string& out) -> Result<bool> {
            out = "line " + std::to_string(*left) + "\n";
            return --*left > 0;
        });
    }
    std::string ask(std::string_view text, std::string_view ending) {
        Client client(server_->port());
        client.say(text);
        return client.hear(ending);
    }

    std::latch slow_begun{1};
    std::latch slow_may_end{1};
    std::mutex mutex_;
    std::vector<std::string> records;
    std::optional<Router> router_;
    std::unique_ptr<Server> server_;
};

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
    start();
    Client client(server_->port());
    client.say(std::string(kHello) + std::string(kHello));  // pipelined
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.hear(R"({"hello":1})");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
        EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos);
        EXPECT_NE(answer.find("Connection: keep-alive\r\n"), std::string::npos);
    }
    client.say("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(client.hear_all().find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ServerTest, ReadsBodiesOfEverySizeAndKind) {
    start();
    for (const std::size_t size : {0U, 1U, 70'000U, 300'000U, 5'000'000U}) {
        std::string body(size, 'a');
        for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 23);
        Client client(server_->port());
        std::thread writer([&] {
            client.say("POST /echo HTTP/1.1\r\nContent-Length: " + std::to_string(size) +
                       "\r\nConnection: close\r\n\r\n" + body);
        });
        const auto answer = client.hear_all();
        writer.join();
        EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body)) << size << " " << answer.substr(0, 300);
    }
    const auto chunked = ask(
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n, you!\r\n"
        "0\r\n\r\n",
        "hello, you!");
    EXPECT_TRUE(chunked.ends_with("hello, you!")) << chunked;
}

TEST_F(ServerTest, AGetMayCarryABody) {
    start();
    const auto answer = ask("GET /hello HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "\"hello\":1}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
}

TEST_F(ServerTest, SaysContinueOnlyIfTheBodyIsWelcome) {
    start();
    Client client(server_->port());
    client.say("POST /echo HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.say("body");
    EXPECT_TRUE(client.hear("body").starts_with("HTTP/1.1 200"));
    const auto refused =
        ask("POST /small HTTP/1.1\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n", "\"}");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 413")) << refused;
}

TEST_F(ServerTest, ABodyAboveTheLimitIsRefusedNamingIt) {
    start({.body_bytes_max = 1 << 20});
    // Longer than what socket buffers hold, and sent in full before reading, as real clients do.
    const std::string body(8 << 20, 'x');
    const auto declared =
        ask("POST /echo HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n" + body, "\"}");
    EXPECT_TRUE(declared.starts_with("HTTP/1.1 413")) << declared;
    EXPECT_NE(declared.find("must be at most 1048576 bytes"), std::string::npos) << declared;
    const auto chunked = ask(
        "POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
        "\"}");
    EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413")) << chunked;
    EXPECT_NE(chunked.find("must be at most 10 bytes"), std::string::npos) << chunked;
}

TEST_F(ServerTest, RolesAreAskedBeforeTheBodyIsRead) {
    start();
    const auto with_key = [&](const std::string& key) {
        return ask("POST /curate HTTP/1.1\r\n" + key + "Content-Length: 2\r\n\r\n{}", "}")
            .substr(9, 3);
    };
    EXPECT_EQ(with_key(""), "401");
    EXPECT_EQ(with_key("X-Key: nonsense\r\n"), "401");
    EXPECT_EQ(with_key("X-Key: tasker\r\n"), "403");
    EXPECT_EQ(with_key("X-Key: curator\r\n"), "200");
    EXPECT_EQ(with_key("X-Key: admin\r\n"), "200");
}

TEST_F(ServerTest, RefusesWhatIsNotHttp) {
    start({.header_bytes_max = 2000});
    EXPECT_TRUE(ask("nonsense\r\n\r\n", "\"}").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(ask("BREW /hello HTTP/1.1\r\n\r\n", "\"}").starts_with("HTTP/1.1 501"));
    const auto large =
        ask("GET /hello HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", "\"}");
    EXPECT_TRUE(large.starts_with("HTTP/1.1 431")) << large;
    EXPECT_NE(large.find("at most 2000 bytes"), std::string::npos);
}

TEST_F(ServerTest, StreamsInChunksAndToOldClientsWithout) {
    start();
    const auto chunked = ask("GET /stream HTTP/1.1\r\n\r\n", "0\r\n\r\n");
    EXPECT_NE(chunked.find("7\r\nline 3\n\r\n7\r\nline 2\n\r\n7\r\nline 1\n\r\n0\r\n\r\n"),
              std::string::npos)
        << chunked;
    Client old(server_->port());
    old.say("GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(old.hear_all().ends_with("\r\n\r\nline 3\nline 2\nline 1\n"));
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
    start();
    Client client(server_->port());
    client.say("HEAD /hello HTTP/1.1\r\nConnection: close\r\n\r\n");
    const auto answer = client.hear_all();
    EXPECT_NE(answer.find("Content-Length: 11\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(ServerTest, WhatWaitsAboveTheMaximumIsToldToComeAgain) {
    start({.workers = 1, .waiting_max = 0});
    Client slow(server_->port());
    slow.say("GET /slow HTTP/1.1\r\n\r\n");
    slow_begun.wait();
    const auto refused = ask(kHello, "\"}");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503")) << refused;
    EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos);
    slow_may_end.count_down();
    EXPECT_TRUE(slow.hear("\"slow\":1}").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(ask(kHello, "1}").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, ConnectionsAboveTheMaximumAreToldSo) {
    start({.connections_max = 1});
    Client first(server_->port());
    first.say(kHello);
    first.hear("1}");
    const auto refused = ask(kHello, "\"}");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503")) << refused;
    EXPECT_NE(refused.find("more than 1 connections"), std::string::npos) << refused;
}

TEST_F(ServerTest, StopAnswersWhatWasBegunAndClosesTheRest) {
    start();
    Client idle(server_->port());
    idle.say(kHello);
    idle.hear("1}");
    Client slow(server_->port());
    slow.say("GET /slow HTTP/1.1\r\n\r\n");
    slow_begun.wait();
    auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
    EXPECT_EQ(idle.hear_all(), "");  // closed at once, while the slow request still runs
    slow_may_end.count_down();
    const auto answer = slow.hear_all();
    EXPECT_TRUE(answer.ends_with("{\"slow\":1}")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    stopped.get();
    EXPECT_FALSE(Client(server_->port()).connected());
}

TEST_F(ServerTest, StopCutsAnUploadThatDoesNotEnd) {
    start({.drain_timeout = std::chrono::milliseconds(100)});
    Client stuck(server_->port());
    stuck.say("POST /echo HTTP/1.1\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    stuck.hear("\r\n\r\n");
    stuck.say("half");
    server_->stop();
    EXPECT_EQ(stuck.hear_all(), "");
}

TEST_F(ServerTest, RecordsEachRequestOnce) {
    start();
    ask("POST /curate HTTP/1.1\r\nX-Key: admin\r\nContent-Length: 2\r\n\r\n{}", "{}");
    ask("GET /nothing HTTP/1.1\r\n\r\n", "\"}");
    server_->stop();
    EXPECT_EQ(records, (std::vector<std::string>{"POST /curate admin 200", "GET   404"}));
}

TEST_F(ServerTest, APortInUseIsNamed) {
    start();
    const auto second = Server::start({.port = server_->port()}, *router_,
                                      {.authenticate = by_test_key, .record = {}});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find(std::to_string(server_->port())), std::string::npos);
    const auto nonsense =
        Server::start({.address = "here"}, *router_, {.authenticate = by_test_key, .record = {}});
    ASSERT_FALSE(nonsense);
    EXPECT_EQ(nonsense.error().message, "listen address = \"here\": must be an IP address");
}

}  // namespace
}  // namespace tusker::http
