// The query language: text -> Tree -> Plan -> bitmap of items. DESIGN § 3 says what a text means;
// testdata/*.test shows it.
//
// It is not a store and not a planner of joins: a Plan is the tree with every name resolved against
// one Version; running it scans columns in blocks of items on the pool. Invariants: (1) the number
// of threads never changes an answer; (2) parse(print(tree)) == tree; (3) an answer holds living
// items only. Start reading at tree.hpp, then plan.cpp (what names mean), then evaluate.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "catalog/version.hpp"
#include "query/tree.hpp"

namespace tusker::query {

/// Longer texts are refused.
inline constexpr std::size_t kMaxTextBytes = std::size_t{256} * 1024;
/// Deeper nesting of parentheses, NOT, minus signs and arithmetic is refused.
inline constexpr std::size_t kMaxDepth = 256;

/// Error: "column N: …", N from 1 in characters, the place where reading stopped and what was
/// expected there. The empty text is the tree of all items.
Result<Tree> parse(std::string_view text);
/// Canonical text; parse(print(tree)) == tree.
std::string print(const Tree& tree);
std::string print(const Node& node);

/// Where and in what light a query is asked. Borrowed: lives as long as the calls.
struct Scope {
    const catalog::Version& version;
    std::string run_id = {};      // the selected run; empty = the only one, if there is one
    std::string finding_id = {};  // the label-issue run of issue.*; empty = the newest
    std::optional<std::string> slice = std::nullopt;  // id or name; the answer lies within it
};

/// Something that is no error but surely not meant: an unknown label or metadata key.
struct Warning {
    std::size_t column;
    std::string message;
    friend bool operator==(const Warning&, const Warning&) = default;
};

struct ResolvedQuery;  // private to the room

/// A tree whose names are resolved against a scope; run it with the scope it was made for.
class Plan {
public:
    explicit Plan(std::shared_ptr<const ResolvedQuery> resolved) : resolved_(std::move(resolved)) {}
    const ResolvedQuery& resolved() const { return *resolved_; }
    const std::vector<Warning>& warnings() const;
    bool is_sorted() const;

private:
    std::shared_ptr<const ResolvedQuery> resolved_;
};

struct Answer {
    columns::Bitmap items;  // living item numbers
    bool sorted = false;    // the text has an ORDER BY
    std::vector<Warning> warnings;
};

/// Error: InvalidArgument "column N: …" for an unknown word, run, slice, or one that is not
/// available in this dataset.
Result<Plan> plan(const Tree& tree, const Scope& scope);
/// Which items.
Result<Answer> run(const Plan& plan, const Scope& scope, const Pool& pool);
/// Items `offset` to `offset + limit` of the answer, in the order of ORDER BY (absent values last,
/// ties in upload order) or else in upload order. Past the end: empty.
Result<std::vector<catalog::ItemNo>> page(const Plan& plan, const Answer& answer,
                                          const Scope& scope, const Pool& pool,
                                          std::uint64_t offset, std::size_t limit);
/// parse, plan and run. The empty text answers all living items.
Result<Answer> ask(std::string_view text, const Scope& scope, const Pool& pool);

/// A question with its plan, for callers that want pages of it.
struct Asked {
    Plan plan;
    Answer answer;
};
Result<Asked> ask_planned(std::string_view text, const Scope& scope, const Pool& pool);

}  // namespace tusker::query
