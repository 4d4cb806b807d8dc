#include <gtest/gtest.h>

#include "base/json.hpp"
#include "server/health/health_routes.hpp"
#include "server/health/request_log.hpp"

namespace tusker::health {
namespace {

http::RequestRecord record_of(int status, double duration_ms) {
    return {.method = "GET",
            .path = "/v1/nucleus/dataset/ds_1",
            .family = "nucleus",
            .pattern = "/v1/nucleus/dataset/{ds}",
            .who = "ann",
            .status = status,
            .duration_ms = duration_ms,
            .request_bytes = 100,
            .response_bytes = 20};
}

TEST(Metrics, CountsByFamilyAndStatus) {
    Metrics metrics;
    metrics.add_gauge("tusker_connections", "Open connections.", [] { return 3.0; });
    metrics.record(record_of(200, 2));
    metrics.record(record_of(200, 70));
    metrics.record(record_of(404, 90'000));
    const auto text = metrics.text();
    for (const auto* line : {
             "tusker_requests_total{family=\"nucleus\",status=\"200\"} 2\n",
             "tusker_requests_total{family=\"nucleus\",status=\"404\"} 1\n",
             "tusker_request_seconds_bucket{family=\"nucleus\",le=\"0.001\"} 0\n",
             "tusker_request_seconds_bucket{family=\"nucleus\",le=\"0.0025\"} 1\n",
             "tusker_request_seconds_bucket{family=\"nucleus\",le=\"0.1\"} 2\n",
             "tusker_request_seconds_bucket{family=\"nucleus\",le=\"+Inf\"} 3\n",
             "tusker_request_seconds_count{family=\"nucleus\"} 3\n",
             "tusker_received_bytes_total 300\n",
             "tusker_sent_bytes_total 60\n",
             "tusker_connections 3\n",
         })
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
    EXPECT_NE(text.find("process_resident_memory_bytes "), std::string::npos);
}

TEST(RequestLog, SaysOneLineInBothFormats) {
    auto record = record_of(200, 1.25);
    EXPECT_EQ(request_line(record, LogFormat::Text, "T"),
              "T GET /v1/nucleus/dataset/ds_1 200 1.2 ms 100 B in 20 B out ann");
    const auto text = request_line(record, LogFormat::Json, "T");
    const auto document = json::Document::parse(text);
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(document->root().find("status")->as_int(), 200);
    EXPECT_EQ(document->root().find("route")->as_string(), "/v1/nucleus/dataset/{ds}");
}

TEST(RequestLog, APathCannotFakeALine) {
    auto record = record_of(200, 1);
    record.path = "/a\r\nGET /fake";
    EXPECT_EQ(request_line(record, LogFormat::Text, "T").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tusker::health
