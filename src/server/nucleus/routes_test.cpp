#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/route.hpp"
#include "server/http/url.hpp"
#include "server/nucleus/route_specs.hpp"

namespace tusker::nucleus {
namespace {

/// The table without services: what a path leads to.
class Paths : public testing::Test {
protected:
    Paths() {
        http::RouteTable table{.family = "nucleus", .routes = {}};
        for (const auto specs : {served_routes(), refused_routes()})
            for (const auto& spec : specs)
                table.routes.push_back({.method = spec.method,
                                        .pattern = "/v1/nucleus/" + std::string(spec.path),
                                        .role = spec.role,
                                        .handler = spec.function == nullptr
                                                       ? http::Handler()
                                                       : [](const Request&) -> Result<Response> {
                                            return Response::json("{}");
                                        },
                                        .number = spec.number});
        auto made = http::Router::make({std::move(table)});
        EXPECT_TRUE(made) << made.error().message;
        router = std::make_unique<http::Router>(*std::move(made));
    }

    /// The row's number, or minus the status.
    int number(http::Method method, std::string_view path) const {
        const auto target = http::parse_target("/v1/nucleus/" + std::string(path));
        const auto match = router->match(method, target->segments);
        return match ? match->route->number : -match.error().status;
    }
    std::string param(http::Method method, std::string_view path, std::string_view name) const {
        const auto target = http::parse_target("/v1/nucleus/" + std::string(path));
        const auto match = router->match(method, target->segments);
        for (const auto& [key, value] : match->params)
            if (key == name) return value;
        return "?";
    }
    std::unique_ptr<http::Router> router;
};

using http::Method;

TEST_F(Paths, WordsWinOverIds) {
    EXPECT_EQ(number(Method::Get, "dataset/details"), 1);
    EXPECT_EQ(number(Method::Get, "dataset/"), 2);
    EXPECT_EQ(number(Method::Post, "dataset/create"), 3);
    EXPECT_EQ(number(Method::Delete, "dataset/ds_1"), 5);
    EXPECT_EQ(number(Method::Get, "model/run_1"), 47);
    EXPECT_EQ(number(Method::Post, "model/run/tag"), -501);
    EXPECT_EQ(number(Method::Post, "model/prj_1/tag"), 50);
    EXPECT_EQ(number(Method::Get, "slice/slc_1/exportForTraining"), 86);
    EXPECT_EQ(number(Method::Get, "slice/slc_1/prj_1/exportForTraining"), 88);
    EXPECT_EQ(number(Method::Post, "modelRun/merge"), -501);
    EXPECT_EQ(number(Method::Post, "ds_1/upload_scenes"), -501);
    EXPECT_EQ(number(Method::Get, "validate/scenario_test/details"), -501);
    EXPECT_EQ(number(Method::Post, "jobs/"), 118);
    EXPECT_EQ(number(Method::Get, "nothing/of/ours"), -404);
}

TEST_F(Paths, RawIdsSwallowTheRestOfThePath) {
    EXPECT_EQ(param(Method::Get, "dataset/ds_1/refloc/a%2Fb%20c", "ref"), "a/b c");
    EXPECT_EQ(param(Method::Get, "dataset/ds_1/groundTruth/loc/a/b/c", "path"), "a/b/c");
    EXPECT_EQ(param(Method::Delete, "dataset/ds_1/taxonomy/rain%20/%20snow", "name"),
              "rain / snow");
    EXPECT_EQ(number(Method::Get, "dataset/ds_1/model/prj_1/referenceId/a/b"), 57);
}

TEST(Table, NamesEachRowOfTheWireFormatOnce) {
    std::set<int> numbers;
    for (const auto specs : {served_routes(), refused_routes()})
        for (const auto& spec : specs) EXPECT_TRUE(numbers.insert(spec.number).second) << spec.path;
    // 150 is a PUT to addresses that nothing here hands out.
    EXPECT_EQ(numbers.size(), 174U);
    EXPECT_EQ(*numbers.rbegin(), 175);
}

TEST(Table, ServesEveryRowOfTheFirstTier) {
    for (const auto& spec : refused_routes()) EXPECT_NE(spec.tier, "T0") << spec.path;
}

TEST(Table, OnlySignedAddressesAreOpen) {
    for (const auto specs : {served_routes(), refused_routes()})
        for (const auto& spec : specs) EXPECT_EQ(spec.role.has_value(), spec.number != 21);
}

}  // namespace
}  // namespace tusker::nucleus
