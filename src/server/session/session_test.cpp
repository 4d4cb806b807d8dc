#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.hpp"
#include "server/session/authenticate.hpp"
#include "server/session/session_routes.hpp"

namespace tusker::session {
namespace {

using access::Role;
using access::SignInWay;
using http::Headers;
using http::Method;
using http::Response;

class SessionTest : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        auto opened = access::Access::open(folder);
        ASSERT_TRUE(opened) << opened.error().message;
        access = *std::move(opened);
        services.emplace(Services{*access, "1.2.3"});
        auto made = http::Router::make({routes(*services)});
        ASSERT_TRUE(made) << made.error().message;
        router.emplace(*std::move(made));
        curator = access->create_key("ann", Role::Curator, "test")->secret;
        admin = access->create_key("root", Role::Admin, "test")->secret;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    static Headers headers(std::initializer_list<std::pair<std::string, std::string>> fields) {
        Headers all;
        all.add("Host", "127.0.0.1:8080");
        for (const auto& [name, value] : fields) all.add(name, value);
        return all;
    }
    Result<access::Principal> who(std::initializer_list<std::pair<std::string, std::string>> fields,
                                  Method method = Method::Get) {
        return authenticate(*access, *http::Request::make(method, "/", {}, headers(fields)));
    }
    /// As the server does it: authenticate, then dispatch.
    Response ask(Method method, std::string_view target, std::string body,
                 std::initializer_list<std::pair<std::string, std::string>> fields) {
        auto request = *http::Request::make(method, target, std::move(body), headers(fields));
        auto principal = authenticate(*access, request);
        if (!principal) return Response::error(principal.error());
        request.set_principal(*principal);
        return http::dispatch(*router, std::move(request));
    }
    static std::string header_of(const Response& response, std::string_view name) {
        for (const auto& [field, value] : response.headers)
            if (field == name) return value;
        return {};
    }
    static std::string member(const Response& response, std::string_view name) {
        const auto document = json::Document::parse(response.body);
        const auto value = document ? document->root().find_value(name) : std::nullopt;
        return std::string(value ? value->as_string().value_or("") : "");
    }
    /// "tusker_session_8080=…" of a browser that opened a link.
    std::string sign_in() {
        const auto link = ask(Method::Post, "/api/sign-in-links", R"({"next":"/d/ds_1?q=a"})",
                              {{"Authorization", "Bearer " + curator}});
        const auto url = member(link, "url");
        EXPECT_TRUE(url.starts_with("http://127.0.0.1:8080/sign-in?token=")) << url;
        const auto opened = ask(Method::Get, url, {}, {});
        EXPECT_EQ(opened.status, 303) << opened.body;
        EXPECT_EQ(header_of(opened, "Location"), "/d/ds_1?q=a");
        const auto cookie = header_of(opened, "Set-Cookie");
        EXPECT_NE(cookie.find("; HttpOnly; SameSite=Strict"), std::string::npos);
        return cookie.substr(0, cookie.find(';'));
    }

    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("tusker_session_" + std::to_string(::getpid()));
    std::unique_ptr<access::Access> access;
    std::optional<Services> services;
    std::optional<http::Router> router;
    std::string curator, admin;
};

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group =
                group << 8U | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            text += i + j > bytes.size()
                        ? '='
                        : kDigits[group >> (18U - 6U * static_cast<unsigned>(j)) & 63U];
    }
    return text;
}

TEST_F(SessionTest, KeysComeInThreeWays) {
    EXPECT_EQ(who({})->way, SignInWay::Nobody);
    EXPECT_EQ(who({{"Authorization", "Basic " + base64(curator + ":")}})->who, "ann");
    EXPECT_EQ(who({{"Authorization", "bearer " + curator}})->who, "ann");
    EXPECT_EQ(who({{"x-limited-access-key", curator}})->way, SignInWay::LimitedKey);
}

TEST_F(SessionTest, WrongCredentialsAreErrorsAndNotNobody) {
    const std::vector<std::string> all = {"Basic " + base64("live_x:"),
                                          "Basic " + base64(curator + ":password"),
                                          "Basic " + base64(curator),
                                          "Basic ???",
                                          "Bearer live_x",
                                          "Digest " + curator,
                                          "Basic",
                                          ""};
    for (const auto& wrong : all) {
        const auto principal = who({{"Authorization", wrong}});
        ASSERT_FALSE(principal) << wrong;
        EXPECT_EQ(principal.error().code, ErrorCode::Unauthenticated);
    }
    EXPECT_FALSE(who({{"x-limited-access-key", "live_x"}}));
    EXPECT_FALSE(who({{"Cookie", "tusker_session_8080=nonsense"}}));
}

TEST_F(SessionTest, ALimitedKeyIsNeverMoreThanACurator) {
    EXPECT_EQ(who({{"x-limited-access-key", admin}})->role, Role::Curator);
    const auto tasker = access->create_key("tim", Role::Tasker, "test")->secret;
    EXPECT_EQ(who({{"x-limited-access-key", tasker}})->role, Role::Tasker);
}

TEST_F(SessionTest, ALinkSignsTheBrowserInOnce) {
    const auto cookie = sign_in();
    EXPECT_TRUE(cookie.starts_with("tusker_session_8080="));
    const auto session = ask(Method::Get, "/api/session", {}, {{"Cookie", "x=1; " + cookie}});
    EXPECT_EQ(member(session, "who"), "ann");
    EXPECT_EQ(member(session, "role"), "curator");
    EXPECT_EQ(member(session, "version"), "1.2.3");
    const auto again = ask(Method::Get, "/sign-in?token=used&next=/", {}, {});
    EXPECT_EQ(again.status, 401);
    EXPECT_NE(again.body.find("tusker link"), std::string::npos);
    // In the browser that it signed in, the same link just goes on.
    EXPECT_EQ(ask(Method::Get, "/sign-in?token=used&next=/x", {}, {{"Cookie", cookie}}).status,
              303);
}

TEST_F(SessionTest, ALinkLeadsNowhereElse) {
    for (const auto* next : {"https://evil", "//evil", "/\\evil", "evil", ""})
        EXPECT_EQ(sign_in_path("t", next), "/sign-in?token=t&next=%2F") << next;
}

TEST_F(SessionTest, ChangesByABrowserNeedTheCsrfValue) {
    const auto cookie = sign_in();
    const auto csrf = member(ask(Method::Get, "/api/session", {}, {{"Cookie", cookie}}), "csrf");
    EXPECT_EQ(csrf.size(), 64U);
    EXPECT_EQ(ask(Method::Post, "/api/session/end", {}, {{"Cookie", cookie}}).status, 403);
    EXPECT_EQ(ask(Method::Post, "/api/session/end", {},
                  {{"Cookie", cookie}, {"X-Tusker-CSRF", csrf + "0"}})
                  .status,
              403);
    EXPECT_EQ(
        ask(Method::Post, "/api/session/end", {}, {{"Cookie", cookie}, {"X-Tusker-CSRF", csrf}})
            .status,
        200);
    EXPECT_EQ(ask(Method::Get, "/api/session", {}, {{"Cookie", cookie}}).status, 401);
}

TEST_F(SessionTest, RevokingAKeyEndsSessionsOpenedThroughASession) {
    const auto cookie = sign_in();
    const auto csrf = member(ask(Method::Get, "/api/session", {}, {{"Cookie", cookie}}), "csrf");
    const auto link = ask(Method::Post, "/api/sign-in-links", "{}",
                          {{"Cookie", cookie}, {"X-Tusker-CSRF", csrf}});
    const auto opened = ask(Method::Get, member(link, "url"), {}, {});
    const auto second = header_of(opened, "Set-Cookie");
    ASSERT_TRUE(access->revoke_key(access->by_key(curator)->credential_id));
    EXPECT_FALSE(who({{"Cookie", cookie}}));
    EXPECT_FALSE(who({{"Cookie", second.substr(0, second.find(';'))}}));
}

TEST_F(SessionTest, KeysAreMadeListedAndRevoked) {
    const std::pair<std::string, std::string> by{"Authorization", "Bearer " + admin};
    const auto made = ask(Method::Post, "/api/keys", R"({"name":"ci","role":"reviewer"})", {by});
    EXPECT_EQ(made.status, 201);
    const auto secret = member(made, "secret");
    EXPECT_EQ(access->by_key(secret)->role, Role::Reviewer);
    const auto list = ask(Method::Get, "/api/keys", {}, {by});
    EXPECT_NE(list.body.find("\"name\":\"ci\",\"role\":\"reviewer\""), std::string::npos);
    EXPECT_EQ(list.body.find(secret), std::string::npos);
    EXPECT_EQ(ask(Method::Delete, "/api/keys/" + member(made, "id"), {}, {by}).status, 200);
    EXPECT_FALSE(access->by_key(secret));
    const auto wrong = ask(Method::Post, "/api/keys", R"({"name":"x","role":"owner"})", {by});
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.body.find("must be admin, curator, reviewer or tasker"), std::string::npos);
}

}  // namespace
}  // namespace tusker::session
