// Reads testdata/*.test: "? query", then lines that say what must come of it.
//   = canonical text    > reference ids in order    ! error    ~ warning
// Adding a case needs no C++.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tusker::query {

struct TestCase {
    std::size_t line = 0;
    std::string query;
    std::optional<std::string> canonical = std::nullopt;
    std::optional<std::string> rows = std::nullopt;
    std::optional<std::string> error = std::nullopt;
    std::vector<std::string> warnings = {};
};

inline std::string after_mark(const std::string& line) {
    return line.size() > 2 ? line.substr(2) : std::string();
}

inline std::vector<TestCase> read_test_file(const std::string& name) {
    const auto path = std::filesystem::path(TUSKER_QUERY_TESTDATA) / name;
    std::ifstream in(path);
    EXPECT_TRUE(in.good()) << path;
    std::vector<TestCase> cases;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.empty() || line[0] == '#') continue;
        if (line[0] == '?') {
            cases.push_back({.line = number, .query = after_mark(line)});
            continue;
        }
        if (cases.empty()) {
            ADD_FAILURE() << path << ":" << number << ": no query before this line";
            continue;
        }
        TestCase& last = cases.back();
        switch (line[0]) {
            case '=':
                last.canonical = after_mark(line);
                break;
            case '>':
                last.rows = after_mark(line);
                break;
            case '!':
                last.error = after_mark(line);
                break;
            case '~':
                last.warnings.push_back(after_mark(line));
                break;
            default:
                ADD_FAILURE() << path << ":" << number << ": unknown mark";
        }
    }
    return cases;
}

}  // namespace tusker::query
