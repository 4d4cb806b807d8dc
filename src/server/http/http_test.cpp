#include <gtest/gtest.h>
// After gtest.
#include <rapidcheck/gtest.h>

#include "base/json.hpp"
#include "server/http/openapi.hpp"
#include "server/http/route.hpp"

namespace tusker::http {
namespace {

Request request(Method method, std::string_view target, std::string body = {},
                Headers headers = {}) {
    auto made = Request::make(method, target, std::move(body), std::move(headers));
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
}

Handler echo(const std::string& parameter) {
    return [parameter](const Request& r) -> Result<Response> {
        return Response::text("text/plain", std::string(r.path_param(parameter)));
    };
}

Handler say(const std::string& text) {
    return
        [text](const Request&) -> Result<Response> { return Response::text("text/plain", text); };
}

Router router() {
    auto made = Router::make(
        {{"nucleus",
          {{Method::Get, "/v1/nucleus/dataset/details", std::nullopt, say("details")},
           {Method::Get, "/v1/nucleus/dataset/{ds}", std::nullopt, echo("ds")},
           {Method::Delete, "/v1/nucleus/dataset/{ds}", std::nullopt, echo("ds")},
           {Method::Get, "/v1/nucleus/dataset/{ds}/name", std::nullopt, say("name")},
           {Method::Get, "/v1/nucleus/dataset/{ds}/refloc/{ref...}", std::nullopt, echo("ref")},
           {Method::Get, "/v1/nucleus/scene/{sc}", std::nullopt, nullptr}}}});
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
}

std::string got(Method method, std::string_view target) {
    const auto response = dispatch(router(), request(method, target));
    return std::to_string(response.status) + " " + response.body;
}

TEST(Router, LiteralSegmentsWinOverParameters) {
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/details"), "200 details");
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/ds_1"), "200 ds_1");
    // No DELETE stands under the literal, so the parameter's is meant.
    EXPECT_EQ(got(Method::Delete, "/v1/nucleus/dataset/details"), "200 details");
}

TEST(Router, SplitsBeforeItDecodes) {
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/a%2Fname"), "200 a/name");
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/a/name"), "200 name");
}

TEST(Router, TheLastParameterMaySwallowTheRestOfThePath) {
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/d/refloc/a"), "200 a");
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/d/refloc/a/b%20c/d"), "200 a/b c/d");
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/d/refloc/a%2Fb"), "200 a/b");
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/d/refloc/a//b"), "200 a//b");
    EXPECT_TRUE(got(Method::Get, "/v1/nucleus/dataset/d/refloc/").starts_with("404 "));
}

TEST(Router, ATrailingSlashIsServedAsWithout) {
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/details/"), "200 details");
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/dataset/d/name/?name=x&"), "200 name");
    EXPECT_TRUE(got(Method::Get, "/v1/nucleus/dataset/d/name//").starts_with("404 "));
}

TEST(Router, RefusalsAreCompactJsonThatNamesTheRoute) {
    EXPECT_EQ(got(Method::Get, "/v1/nucleus/nothing"),
              R"(404 {"error":"GET /v1/nucleus/nothing: no such route"})");
    EXPECT_EQ(got(Method::Put, "/v1/nucleus/dataset/d"),
              R"(405 {"error":"PUT /v1/nucleus/dataset/d: this path answers GET, DELETE only"})");
    EXPECT_TRUE(got(Method::Get, "/v1/nucleus/scene/s").starts_with("501 {\"error\":"));
}

TEST(Router, HeadIsServedByGet) {
    EXPECT_EQ(got(Method::Head, "/v1/nucleus/dataset/d/name"), "200 name");
}

TEST(Router, TheFallbackAnswersPagesAndNotTheInterfaces) {
    const auto made =
        Router::make({{"app", {{Method::Post, "/api/datasets", std::nullopt, say("made")}}}},
                     Fallback{.family = "assets",
                              .route = {Method::Get, "/{path...}", std::nullopt, say("page")}});
    ASSERT_TRUE(made);
    const auto status = [&](Method method, std::string_view target) {
        return dispatch(*made, request(method, target)).status;
    };
    EXPECT_EQ(status(Method::Get, "/"), 200);
    EXPECT_EQ(status(Method::Get, "/d/ds_1"), 200);
    EXPECT_EQ(status(Method::Post, "/d/ds_1"), 404);
    EXPECT_EQ(status(Method::Get, "/api/nothing"), 404);
    EXPECT_EQ(status(Method::Get, "/v1/nothing"), 404);
    EXPECT_EQ(status(Method::Get, "/api/datasets"), 405);
}

TEST(Router, TwoRoutesThatCannotBeToldApartAreABug) {
    const auto made = Router::make({{"a", {{Method::Get, "/x/{a}", std::nullopt, say("1")}}},
                                    {"b", {{Method::Get, "/x/{b}", std::nullopt, say("2")}}}});
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("/x/{a}"), std::string::npos) << made.error().message;
}

TEST(Router, AnExceptionOfAHandlerIsA500WithItsSentence) {
    const auto response = answer(
        [](const Request&) -> Result<Response> { throw std::runtime_error("broken \"thing\""); },
        request(Method::Get, "/"));
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, R"({"error":"broken \"thing\""})");
}

TEST(OpenApi, ListsEveryRouteOfTheTables) {
    const std::vector<RouteTable> tables = {
        {"nucleus",
         {{.method = Method::Get,
           .pattern = "/v1/nucleus/dataset/{ds}/refloc/{ref...}",
           .role = access::Role::Tasker,
           .handler = say("x"),
           .summary = "One item",
           .answers = "ITEM"},
          {.method = Method::Post,
           .pattern = "/v1/nucleus/scene",
           .role = access::Role::Curator}}}};
    const auto text = openapi_document(tables, "1.2.3");
    const auto document = json::Document::parse(text);
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(document->root().find("paths")->size(), 2U);
    EXPECT_NE(text.find(R"("/v1/nucleus/dataset/{ds}/refloc/{ref}":{"get":)"), std::string::npos);
    EXPECT_NE(text.find(R"("description":"Role: curator.")"), std::string::npos);
    EXPECT_NE(text.find(R"("501":)"), std::string::npos);
    EXPECT_TRUE(document->root().find("components")->find("responses")->find("error"));
}

TEST(Target, DecodesQueryParameters) {
    const auto r = request(Method::Get, "/a?name=night%2C+rainy&&flag&type=SliceType.OBJECT&");
    EXPECT_EQ(r.query_param("name"), "night, rainy");
    EXPECT_EQ(r.query_param("flag"), "");
    EXPECT_EQ(r.query_param("type"), "SliceType.OBJECT");
    EXPECT_EQ(r.query_param("none"), std::nullopt);
    EXPECT_EQ(request(Method::Get, "http://host:1/x/y?z=1").path(), "/x/y");
}

TEST(Target, RefusesWhatItCannotDecode) {
    for (const auto* bad : {"/a%2", "/a%zz", "/?x=%1", "a"}) EXPECT_FALSE(parse_target(bad)) << bad;
}

RC_GTEST_PROP(Target, DecodingUndoesEncoding, (const std::string& text)) {
    RC_ASSERT(percent_decode(percent_encode(text)) == text);
}

TEST(Headers, NamesCompareWithoutCase) {
    Headers headers;
    headers.add("X-Limited-Access-Key", "k");
    headers.add("Cookie", "a=1; tusker_session=abc=; b=2");
    const auto r = request(Method::Get, "/", {}, headers);
    EXPECT_EQ(r.header("x-limited-access-key"), "k");
    EXPECT_EQ(r.cookie("tusker_session"), "abc=");
    EXPECT_EQ(r.cookie("session"), std::nullopt);
}

Response part_of(std::string range, std::string bytes = "0123456789") {
    Headers headers;
    headers.add("Range", std::move(range));
    return apply_conditions(request(Method::Get, "/", {}, headers),
                            Response::bytes("text/plain", std::move(bytes)));
}

TEST(Range, GivesThePartThatWasAskedFor) {
    EXPECT_EQ(part_of("bytes=2-4").body, "234");
    EXPECT_EQ(part_of("bytes=2-4").status, 206);
    EXPECT_EQ(part_of("bytes=7-").body, "789");
    EXPECT_EQ(part_of("bytes=-2").body, "89");
    EXPECT_EQ(part_of("bytes=-20").body, "0123456789");
    EXPECT_EQ(part_of("bytes=5-99").body, "56789");
    EXPECT_EQ(part_of("bytes=0-0").body, "0");
}

TEST(Range, RefusesOrIgnoresTheRest) {
    EXPECT_EQ(part_of("bytes=10-").status, 416);
    EXPECT_EQ(part_of("bytes=-0").status, 416);
    EXPECT_EQ(part_of("bytes=0-0", "").status, 416);
    for (const auto* whole : {"bytes=4-2", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=-"})
        EXPECT_EQ(part_of(whole).status, 200) << whole;
}

RC_GTEST_PROP(Range, IsASubstring,
              (const std::string& bytes, std::uint8_t first, std::uint8_t more)) {
    const auto response =
        part_of("bytes=" + std::to_string(first) + "-" + std::to_string(first + more), bytes);
    if (first >= bytes.size())
        RC_ASSERT(response.status == 416);
    else
        RC_ASSERT(response.body == bytes.substr(first, std::size_t{more} + 1U));
}

TEST(Conditions, AKnownTagIsAnsweredWithoutBytes) {
    Headers headers;
    headers.add("If-None-Match", "\"other\", W/\"tag\"");
    const auto r = request(Method::Get, "/", {}, headers);
    auto whole = Response::text("text/plain", "hello");
    whole.etag = "\"tag\"";
    EXPECT_EQ(apply_conditions(r, whole).status, 304);
    EXPECT_EQ(apply_conditions(r, whole).body, "");
    whole.etag = "\"new\"";
    EXPECT_EQ(apply_conditions(r, whole).status, 200);
}

constexpr std::string_view kForm = "multipart/form-data; boundary=\"b0\"";

std::string print(const std::vector<std::pair<std::string, std::string>>& parts) {
    std::string body;
    for (const auto& [name, bytes] : parts)
        body += "--b0\r\nContent-Disposition: form-data; name=\"" + name +
                "\"; filename=\"f.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" + bytes + "\r\n";
    return body + "--b0--\r\n";
}

TEST(Multipart, ReadsNamesFilesAndTypes) {
    const std::string body =
        "preamble\r\n--b0  \r\ncontent-disposition: form-data; name=\"items\"\r\n\r\n[1]\r\n"
        "--b0\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name=image; "
        "filename=\"a \\\"b\\\".png\"; filename*=utf-8''%C3%A4.png\r\n\r\n\r\n--b0x\r\n\r\n"
        "--b0\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b0--epilogue";
    // "--b0--epilogue" is no last boundary: whatever follows it must stand on a line of its own.
    EXPECT_FALSE(parse_multipart(kForm, body));
    const std::string ended = body.substr(0, body.size() - 8) + "\r\nepilogue";
    const auto parts = parse_multipart(kForm, ended);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 3U);
    EXPECT_EQ((*parts)[0].name, "items");
    EXPECT_EQ((*parts)[0].bytes, "[1]");
    EXPECT_EQ((*parts)[0].filename, std::nullopt);
    EXPECT_EQ((*parts)[0].content_type, "text/plain");
    EXPECT_EQ((*parts)[1].name, "image");
    EXPECT_EQ((*parts)[1].filename, "ä.png");
    EXPECT_EQ((*parts)[1].content_type, "image/png");
    EXPECT_EQ((*parts)[1].bytes, "\r\n--b0x\r\n");
    EXPECT_EQ((*parts)[2].bytes, "");
}

TEST(Multipart, RefusesWhatIsNone) {
    const auto good = print({{"a", "x"}});
    EXPECT_FALSE(parse_multipart("application/json", good));
    EXPECT_FALSE(parse_multipart("multipart/form-data", good));
    EXPECT_FALSE(parse_multipart(kForm, "--b0\r\nX: y\r\n\r\nnameless\r\n--b0--\r\n"));
    EXPECT_FALSE(parse_multipart(kForm, ""));
    EXPECT_TRUE(parse_multipart(kForm, "--b0--")->empty());
}

std::string picture_bytes() {
    // Bytes that look like pieces of boundaries, so that near misses are met.
    const auto piece = rc::gen::element<std::string>("\r\n", "--", "-", "b0", "\r", "\n", "x",
                                                     "\r\n--b", std::string(1, '\0'), "\r\n--b0y");
    std::string bytes;
    for (const auto& one : *rc::gen::container<std::vector<std::string>>(piece)) bytes += one;
    return bytes;
}

RC_GTEST_PROP(Multipart, ParsingUndoesPrinting, ()) {
    std::vector<std::pair<std::string, std::string>> sent;
    const auto count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
        auto bytes = picture_bytes();
        // A boundary inside the bytes is the sender's fault: senders choose one that is not there.
        RC_PRE(("\r\n" + bytes + "\r\n").find("\r\n--b0\r\n") == std::string::npos);
        RC_PRE(("\r\n" + bytes + "\r\n").find("\r\n--b0--\r\n") == std::string::npos);
        sent.emplace_back("part " + std::to_string(i), std::move(bytes));
    }
    const auto body = print(sent);
    const auto parts = parse_multipart(kForm, body);
    RC_ASSERT(parts.has_value());
    RC_ASSERT(parts->size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        RC_ASSERT((*parts)[i].name == sent[i].first);
        RC_ASSERT((*parts)[i].bytes == sent[i].second);
    }
}

RC_GTEST_PROP(Multipart, ABodyThatWasCutShortIsRefused, ()) {
    const auto body = print({{"a", "some bytes"}, {"b", "more"}});
    // The last line end is no part of the last boundary.
    const auto kept = *rc::gen::inRange<std::size_t>(0, body.size() - 3);
    RC_ASSERT(!parse_multipart(kForm, std::string_view(body).substr(0, kept)).has_value());
}

}  // namespace
}  // namespace tusker::http
