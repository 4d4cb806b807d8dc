#include "server/assets/assets.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace tusker::assets {
namespace {

using http::Method;
using http::Response;

const std::vector<Asset> app_files = {
    {"/assets/main-1a2b.js", "aaaa", "plain script", "gzipped", "broken down"},
    {"/index.html", "bbbb", "<html>", {}, {}},
    {"/mark.svg", "cccc", "<svg>", "zipped", {}},
};

Response get(std::string_view target, std::string accepted = {}, std::string known = {}) {
    http::Headers headers;
    headers.add("Accept-Encoding", std::move(accepted));
    if (!known.empty()) headers.add("If-None-Match", std::move(known));
    const auto request = http::Request::make(Method::Get, target, {}, std::move(headers));
    return http::answer(fallback(app_files).handler, *request);
}

std::string header(const Response& response, std::string_view name) {
    for (const auto& [field, value] : response.headers)
        if (field == name) return value;
    return {};
}

TEST(Assets, AreSentInTheBestCodingThatTheBrowserTakes) {
    constexpr auto kPath = "/assets/main-1a2b.js";
    const auto best = get(kPath, "gzip, deflate, br");
    EXPECT_EQ(best.static_body, "broken down");
    EXPECT_EQ(header(best, "Content-Encoding"), "br");
    EXPECT_EQ(best.content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(get(kPath, "gzip, br;q=0").static_body, "gzipped");
    EXPECT_EQ(get(kPath, "br;q=0.5").static_body, "broken down");
    const auto plain = get(kPath);
    EXPECT_EQ(plain.static_body, "plain script");
    EXPECT_EQ(header(plain, "Content-Encoding"), "");
    for (const auto* accepted : {"br", "gzip", ""})
        EXPECT_EQ(header(get(kPath, accepted), "Vary"), "Accept-Encoding");
}

TEST(Assets, ATagStandsForOneCoding) {
    EXPECT_EQ(get("/mark.svg", "gzip", "\"cccc-gzip\"").status, 304);
    EXPECT_EQ(get("/mark.svg", "", "\"cccc-gzip\"").status, 200);
    EXPECT_EQ(get("/mark.svg", "", "\"cccc\"").status, 304);
}

TEST(Assets, PathsOfTheAppAreItsPage) {
    for (const auto* path : {"/", "/index.html", "/d/ds_1/issues?q=a", "/d/ds_1/items/img.jpg"}) {
        const auto page = get(path);
        EXPECT_EQ(page.static_body, "<html>") << path;
        EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
        EXPECT_NE(header(page, "Content-Security-Policy").find("default-src 'self'"),
                  std::string::npos);
    }
}

TEST(Assets, AMissingScriptIsNotAPage) {
    EXPECT_EQ(get("/assets/main-old.js").status, 404);
    EXPECT_NE(header(get("/assets/main-1a2b.js"), "Cache-Control").find("immutable"),
              std::string::npos);
}

TEST(Assets, AProgramWithoutTheAppSaysSo) {
    const auto request = http::Request::make(Method::Get, "/d/x");
    const auto page = http::answer(fallback({}).handler, *request);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("make build"), std::string::npos);
}

TEST(Assets, TheEmbeddedTableIsSortedAndItsTextsArePresent) {
    const auto files = embedded();
    EXPECT_TRUE(std::ranges::is_sorted(files, {}, &Asset::path));
    for (const auto& file : files) {
        EXPECT_EQ(file.tag.size(), 16U) << file.path;
        EXPECT_TRUE(file.brotli.empty() || file.brotli.size() < file.plain.size()) << file.path;
        if (file.path != "/index.html") continue;
        EXPECT_TRUE(file.plain.starts_with("<!doctype html>"));
    }
}

}  // namespace
}  // namespace tusker::assets
