// A query whose names mean columns: what plan() makes and run() evaluates. Private to the room.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "query/cell.hpp"
#include "query/query.hpp"

namespace tusker::query {

/// Rows that a query reads: items, annotations, the predictions of one run, or label issues.
struct RowSource {
    enum class Kind : std::uint8_t { Items, Annotations, Predictions, Issues };
    Kind kind = Kind::Items;
    std::string run_id;  // Predictions
    std::vector<columns::Part> parts;
    /// A bit for each dead row of a part; empty if all its rows live.
    std::vector<std::vector<std::uint64_t>> dead;

    bool is_of_objects() const { return kind == Kind::Annotations || kind == Kind::Predictions; }
};

/// What is read from a row.
struct Field {
    enum class Kind : std::uint8_t {
        Column,      // `column`, whatever types it has
        Date,        // `column`, milliseconds
        Label,       // `column`, label codes; its value is the text
        ObjectType,  // its value is the text
        X,           // of the box, or of the bounds of a polygon
        Y,
        Width,
        Height,
        Area,  // of the box or the polygon, px²
        Confidence,
        ItemWidth,  // given with the item, or found out later
        ItemHeight,
        Nothing,  // absent in every row
    };
    Kind kind = Kind::Nothing;
    std::string column;

    /// True if its values are numbers or absent, whatever the data.
    bool is_number() const;
    friend bool operator==(const Field&, const Field&) = default;
};

/// Values from low to high, both included; none if low > high.
template <class T>
struct Interval {
    T low;
    T high;
    bool contains(T value) const { return low <= value && value <= high; }
    bool is_empty() const { return !(low <= high); }
};

/// `field op constant`, made ready to be tested on columns without looking at `op` again. NotEqual
/// is Equal negated, so that it holds for absent values and other types.
struct Match {
    Operator op = Operator::Equal;  // never NotEqual
    bool is_negated = false;
    Cell constant;
    std::shared_ptr<const std::string> text;  // what a text constant points into
    Interval<double> numbers;                 // empty unless the constant is a number
    Interval<std::int64_t> whole;             // the same numbers among int64
    /// Whether each label (Field::Label) or object type (Field::ObjectType) satisfies it.
    std::vector<std::uint8_t> codes;
    std::size_t accepted_codes = 0;
    std::uint32_t only_code = 0;  // if accepted_codes == 1
    /// [part][column of that name there][dictionary code]; empty where a column has no dictionary.
    std::vector<std::vector<std::vector<std::uint8_t>>> dictionaries;

    /// Without is_negated.
    bool accepts(const Cell& cell) const { return compare(cell, op, constant); }
};

struct Term {
    enum class Kind : std::uint8_t {
        // conditions
        Constant,
        Or,
        And,
        Not,
        Compare,
        Matches,  // one part, a Field; `match` says which values
        Some,     // some row of `source` satisfies parts[0]
        Set,      // the item is in `items`
        // values
        Literal,
        Field,
        Count,  // rows of `source` that satisfy parts[0]
        Arithmetic,
        Negate,
    };
    Kind kind = Kind::Constant;
    Operator op = Operator::Equal;
    bool flag = false;        // Constant
    bool per_object = false;  // its value belongs to a row of the enclosing Some or Count
    std::size_t source = 0;   // Field, Some, Count: index into ResolvedQuery::sources
    Cell literal;             // Literal
    std::shared_ptr<const std::string> text;  // what a text literal points into
    query::Field field;
    std::shared_ptr<const Match> match;
    std::shared_ptr<const columns::Bitmap> items;
    std::vector<Term> parts;

    bool is_number() const;
};

struct ResolvedOrder {
    Term value;  // per item
    bool descending = false;
};

struct ResolvedQuery {
    catalog::ItemNo items_end = 0;
    std::shared_ptr<const columns::Bitmap> living;
    std::shared_ptr<const catalog::LabelTable> labels;
    std::shared_ptr<const catalog::ItemSizes> sizes;
    std::vector<RowSource> sources;
    Term condition;  // Constant true = all
    std::vector<ResolvedOrder> order;
    std::vector<Warning> warnings;
};

}  // namespace tusker::query
