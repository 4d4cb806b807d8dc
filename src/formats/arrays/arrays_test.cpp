#include "formats/arrays/arrays.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"

namespace tusker::arrays {
namespace {

/// A folder of its own, gone after the test.
class Arrays : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "tusker_arrays_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// The source of a file with this content; `member` as in FILE:MEMBER.
    Source file(const std::string& name, std::string_view content, const std::string& member = {}) {
        const auto path = folder_ / name;
        EXPECT_TRUE(replace_file(path, content));
        const auto source =
            find_source(path.string() + (member.empty() ? "" : ":" + member), "labels");
        EXPECT_TRUE(source) << source.error().message;
        return *source;
    }
    /// A refusal without the folder's path.
    template <class T>
    std::string refusal(const Result<T>& result) const {
        if (result) return "accepted";
        std::string text = result.error().message;
        const std::string prefix = folder_.string() + "/";
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
            text.erase(at, prefix.size());
        return text;
    }
    std::filesystem::path folder_;
};

bool is_digit(std::string_view cell) {
    return !cell.empty() && cell.find_first_not_of("0123456789") == std::string_view::npos;
}

TEST_F(Arrays, AFileOfTheWholeNameComesBeforeAMember) {
    file("a.json", "[1]");
    const auto whole = file("a.json:b.csv", "1\n");
    EXPECT_EQ(whole.format, Format::Csv);
    EXPECT_EQ(whole.member, "");
    const auto member = file("a.json", "{\"b\": [1]}", "b");
    EXPECT_EQ(member.format, Format::Json);
    EXPECT_EQ(member.member, "b");
    EXPECT_EQ(refusal(find_source((folder_ / "none.npy").string(), "labels")),
              "labels: none.npy: there is no such file");
    EXPECT_TRUE(replace_file(folder_ / "x.txt", ""));
    EXPECT_EQ(refusal(find_source((folder_ / "x.txt").string(), "labels")),
              "labels: x.txt: must end in .npy, .npz, .csv or .json, which says how it is read");
}

TEST_F(Arrays, AMatrixIsTheSameFromCsvAndJson) {
    for (const auto& source :
         {file("m.csv", "cat,dog\n0.25,0.75\n1,0\n"), file("m.json", "[[0.25, 0.75], [1, 0]]"),
          file("n.json", R"({"k": 2, "probs": [[0.25, 0.75], [1, 0]]})")}) {
        const auto matrix = read_matrix(source);
        ASSERT_TRUE(matrix) << matrix.error().message;
        EXPECT_EQ(matrix->columns, source.format == Format::Csv ? Texts({"cat", "dog"}) : Texts{});
        EXPECT_TRUE(std::ranges::equal(matrix->values.shape(), std::vector<std::size_t>{2, 2}));
        EXPECT_TRUE(std::ranges::equal(matrix->values.values<double>(),
                                       std::vector<double>{0.25, 0.75, 1, 0}));
    }
}

TEST_F(Arrays, NumberedColumnsAreAHeader) {
    const auto matrix = read_matrix(file("m.csv", "0,1,2\n0.2,0.3,0.5\n"));
    ASSERT_TRUE(matrix);
    EXPECT_EQ(matrix->columns, (Texts{"0", "1", "2"}));
    EXPECT_EQ(matrix->values.shape()[0], 1U);
    EXPECT_EQ(read_matrix(file("m.csv", "0,1\n0.2,0.8\n"))->values.shape()[0], 2U);
}

TEST_F(Arrays, MatricesNameThePlaceThatTheyRefuse) {
    EXPECT_EQ(refusal(read_matrix(file("m.csv", "a,b\n1,0\n1,x\n"))),
              "labels[1, 1] = 'x' (m.csv, line 3): must be a number");
    EXPECT_EQ(refusal(read_matrix(file("m.csv", "1,0\n1\n"))),
              "labels: m.csv: line 2: 1 cells, the first line has 2");
    EXPECT_EQ(refusal(read_matrix(file("m.json", "[[1, 0], [1, \"x\"]]"))),
              "labels[1, 1] = \"x\" (m.json): must be a number");
    EXPECT_EQ(refusal(read_matrix(file("m.json", "[[1, 0], [1]]"))),
              "labels: m.json: labels[1] has 1 numbers: must have 2, as the first");
    EXPECT_EQ(refusal(read_matrix(file("m.json", "[[1,\n NaN]]"))),
              "labels: m.json: line 2: NaN is no number of JSON");
    EXPECT_EQ(refusal(read_matrix(file("m.json", "3"))),
              "labels: m.json: must be an array, or an object that holds one");
    EXPECT_EQ(refusal(read_matrix(file("m.json", R"({"a": [], "b": []})"))),
              "labels: m.json: holds 2 arrays (a, b): name one, as m.json:a");
    EXPECT_EQ(refusal(read_matrix(file("m.json", R"({"ab": [], "c": []})", "abc"))),
              "labels: m.json: no array 'abc' (did you mean 'ab'?)");
}

TEST_F(Arrays, AColumnOfNumbersOrNames) {
    const auto texts = [&](const Source& source) {
        const auto column = read_column(source, is_digit);
        EXPECT_TRUE(column) << column.error().message;
        return std::get<Texts>(column->values);
    };
    EXPECT_EQ(texts(file("l.csv", "1\n0\n")), (Texts{"1", "0"}));
    EXPECT_EQ(texts(file("l.csv", "label\n1\n0\n")), (Texts{"1", "0"}));
    EXPECT_EQ(texts(file("l.csv", "id,label\n7,1\n8,0\n")), (Texts{"1", "0"}));
    EXPECT_EQ(texts(file("l.csv", "id,x\n7,1\n8,0\n", "id")), (Texts{"7", "8"}));
    EXPECT_EQ(texts(file("l.json", "[\"cat\", \"dog\"]")), (Texts{"cat", "dog"}));
    const auto numbers = read_column(file("l.json", "[3, 1]"), is_digit);
    ASSERT_TRUE(numbers);
    EXPECT_TRUE(std::ranges::equal(std::get<npy::Array>(numbers->values).values<std::int64_t>(),
                                   std::vector<std::int64_t>{3, 1}));
    EXPECT_EQ(refusal(read_column(file("l.csv", "a,b\n1,2\n"), is_digit)),
              "labels: l.csv: has 2 columns (a, b): name one, as l.csv:b");
    EXPECT_EQ(refusal(read_column(file("l.csv", "1\n\n0\n"), is_digit)),
              "labels[1] = '' (l.csv, line 2): there must be a label on each line");
    EXPECT_EQ(refusal(read_column(file("l.json", "[1, 2.5]"), is_digit)),
              "labels[1] = 2.5 (l.json): must be an integer, the number of a class, or its name");
    EXPECT_EQ(refusal(read_column(file("l.json", "[1, \"a\"]"), is_digit)),
              "labels[1] = \"a\" (l.json): numbers and names of classes cannot be mixed");
}

TEST_F(Arrays, ListsMayBeEmpty) {
    const std::vector<Texts> expected = {{"0 3"}, {}, {"a", "b"}};
    const auto lists = read_lists(file("l.csv", "labels\n0 3\n\na,b\n"),
                                  [](std::string_view cell) { return cell != "labels"; });
    ASSERT_TRUE(lists);
    EXPECT_EQ(std::get<std::vector<Texts>>(lists->values), expected);
    const auto from_json = read_lists(file("l.json", R"([["0 3"], [], ["a", "b"]])"), is_digit);
    ASSERT_TRUE(from_json);
    EXPECT_EQ(std::get<std::vector<Texts>>(from_json->values), expected);
}

TEST_F(Arrays, TablesHaveAHeaderOrExactlyTheColumns) {
    const Texts names = {"item", "annotator", "label"};
    const std::vector<Texts> expected = {{"7", "8"}, {"ann", "bob"}, {"0", "1"}};
    for (const auto& source : {file("t.csv", "7,ann,0\n8,bob,1\n"),
                               file("t.csv", "item,annotator,label\n7,ann,0\n8,bob,1\n"),
                               file("t.csv", "label,when,annotator,item\n0,x,ann,7\n1,x,bob,8\n"),
                               file("t.json", R"([{"item": 7, "annotator": "ann", "label": 0},
                             {"item": 8, "annotator": "bob", "label": 1}])")}) {
        const auto table = read_table(source, names);
        ASSERT_TRUE(table) << table.error().message;
        EXPECT_EQ(*table, expected);
    }
    EXPECT_EQ(refusal(read_table(file("t.csv", "item,label\n1,2\n"), names)),
              "labels: t.csv: line 1: has the columns item, label: must be item, annotator, label");
    EXPECT_EQ(refusal(read_table(file("t.csv", "7,,0\n"), names)),
              "labels[0, annotator] = '' (t.csv, line 1): must not be empty");
    EXPECT_EQ(refusal(read_table(file("t.json", R"([{"item": 7}])"), names)),
              "labels[0] = {\"item\":7} (t.json): must be an object with item, annotator, label, "
              "each an integer or a text");
}

}  // namespace
}  // namespace tusker::arrays
