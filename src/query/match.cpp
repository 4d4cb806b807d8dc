// A comparison with a constant, made ready: what the operator says becomes an interval of numbers,
// and dictionaries, labels and types become tables, so that the loops over rows (match_rows) are
// look-ups and range tests that the compiler can vectorise; this file is compiled at -O3 for them.
//
// The hot float32 columns only find candidates. Rounding is monotonic, so a float32 strictly
// between the rounded ends of the interval is certainly inside, one outside them certainly outside,
// and only one equal to an end needs the exact double (else `w <= 0.3` loses a third of its rows
// and `confidence > 0.8` finds 0.8).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "query/fields.hpp"
#include "query/for_values.hpp"

namespace tusker::query {
namespace {

using columns::Column;
using columns::Segment;
using columns::Type;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();

// The doubles that satisfy `op c` for a whole c, which need not be a double itself.
Interval<double> doubles_for(Operator op, const Cell& c) {
    const double near = c.as_number();
    const auto order = order_of(Cell::of_fraction(near), c);
    const double below = *order < 0 ? near : std::nextafter(near, -kInfinity);  // largest < c
    const double above = *order > 0 ? near : std::nextafter(near, kInfinity);   // smallest > c
    const bool exact = *order == 0;
    switch (op) {
        case Operator::Less:
            return {-kInfinity, below};
        case Operator::LessEqual:
            return {-kInfinity, exact ? near : below};
        case Operator::Greater:
            return {above, kInfinity};
        case Operator::GreaterEqual:
            return {exact ? near : above, kInfinity};
        default:
            return exact ? Interval<double>{near, near} : Interval<double>{1, 0};
    }
}

// The int64 that satisfy `op c`.
Interval<std::int64_t> whole_for(Operator op, const Cell& c) {
    static constexpr Interval<std::int64_t> kNone{1, 0};
    std::int64_t floor = c.whole;  // largest <= c
    bool exact = true;
    if (c.kind == Cell::Kind::Fraction) {
        const bool up = op == Operator::Greater || op == Operator::GreaterEqual;
        const bool down = op == Operator::Less || op == Operator::LessEqual;
        if (c.fraction >= 0x1p63) return down ? Interval{kLowest, kHighest} : kNone;
        if (c.fraction < -0x1p63) return up ? Interval{kLowest, kHighest} : kNone;
        floor = static_cast<std::int64_t>(std::floor(c.fraction));
        exact = static_cast<double>(floor) == c.fraction;
    }
    switch (op) {
        case Operator::Less:
            if (!exact) return {kLowest, floor};
            return floor == kLowest ? kNone : Interval{kLowest, floor - 1};
        case Operator::LessEqual:
            return {kLowest, floor};
        case Operator::Greater:
            return floor == kHighest ? kNone : Interval{floor + 1, kHighest};
        case Operator::GreaterEqual:
            if (exact) return {floor, kHighest};
            return floor == kHighest ? kNone : Interval{floor + 1, kHighest};
        default:
            return exact ? Interval{floor, floor} : kNone;
    }
}

std::vector<std::uint8_t> accepted_entries(const Column& column, const Match& match) {
    std::vector<std::uint8_t> accepted;
    if (!column.has_dictionary()) return accepted;
    accepted.resize(column.dictionary_size());
    for (std::uint32_t code = 0; code < column.dictionary_size(); ++code)
        accepted[code] = match.accepts(Cell::of_text(column.dictionary_entry(code))) ? 1 : 0;
    return accepted;
}

template <class T, class Bound>
void match_interval(const Column& column, Interval<Bound> bounds, std::uint32_t begin,
                    std::span<std::uint8_t> out) {
    if (bounds.is_empty()) return;
    const T* const values = column.values<T>().data();
    const Bound low = bounds.low;
    const Bound high = bounds.high;
    std::uint8_t* const into = out.data();
    for_values(column, begin, out.size(), [=](std::size_t index, std::size_t i) {
        const auto value = static_cast<Bound>(values[index]);
        into[i] = static_cast<std::uint8_t>((value >= low) & (value <= high));
    });
}

void match_text(const Column& column, const Match& match, std::span<const std::uint8_t> accepted,
                std::uint32_t begin, std::span<std::uint8_t> out) {
    if (column.has_dictionary()) {
        const std::uint32_t* const codes = column.codes().data();
        for_values(column, begin, out.size(),
                   [&](std::size_t index, std::size_t i) { out[i] = accepted[codes[index]]; });
        return;
    }
    for_values(column, begin, out.size(), [&](std::size_t index, std::size_t i) {
        out[i] = match.accepts(Cell::of_text(column.text(static_cast<std::uint32_t>(index))));
    });
}

// Columns of one name have a value in different rows, so each only sets ones.
void match_column(const Match& match, const Column& column, std::span<const std::uint8_t> accepted,
                  std::uint32_t begin, std::span<std::uint8_t> out) {
    switch (column.type()) {
        case Type::Bool:
        case Type::U8:
            return match_interval<std::uint8_t>(column, match.numbers, begin, out);
        case Type::U32:
            return match_interval<std::uint32_t>(column, match.numbers, begin, out);
        case Type::I64:
            return match_interval<std::int64_t>(column, match.whole, begin, out);
        case Type::F32:
            return match_interval<float>(column, match.numbers, begin, out);
        case Type::F64:
            return match_interval<double>(column, match.numbers, begin, out);
        case Type::Text:
            return match_text(column, match, accepted, begin, out);
        case Type::Json:
            for_values(column, begin, out.size(), [&](std::size_t index, std::size_t i) {
                const auto cell = cell_of_json(column.text(static_cast<std::uint32_t>(index)));
                out[i] = match.accepts(cell);
            });
            return;
        case Type::U64:
        case Type::U32List:
        case Type::F32List:
        case Type::F64List:
            return;  // nothing that a query names
    }
}

template <class T>
void match_codes(const Segment& segment, std::string_view name, Type type, const Match& match,
                 std::uint32_t begin, std::span<std::uint8_t> out) {
    const Column* const column = segment.find(name, type);
    if (column == nullptr || match.accepted_codes == 0) return;
    const T* const codes = column->values<T>().data();
    std::uint8_t* const into = out.data();
    // One accepted code is the common case, and a comparison is many times a look-up.
    if (match.accepted_codes == 1) {
        const auto only = static_cast<T>(match.only_code);
        for_values(*column, begin, out.size(), [=](std::size_t index, std::size_t i) {
            into[i] = static_cast<std::uint8_t>(codes[index] == only);
        });
        return;
    }
    const std::uint8_t* const accepted = match.codes.data();
    for_values(*column, begin, out.size(),
               [=](std::size_t index, std::size_t i) { into[i] = accepted[codes[index]]; });
}

float rounded(double value) {
    if (value > std::numeric_limits<float>::max()) return std::numeric_limits<float>::infinity();
    if (value < std::numeric_limits<float>::lowest())
        return -std::numeric_limits<float>::infinity();
    return static_cast<float>(value);
}

constexpr std::uint8_t kUnsure = 2;

// The exact value decides for those that float32 cannot tell.
void settle(const Field& field, const Match& match, const Segment& segment, std::uint32_t begin,
            std::span<std::uint8_t> out) {
    if (std::memchr(out.data(), kUnsure, out.size()) == nullptr) return;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i] < kUnsure) continue;
        double exact = 0;
        read_numbers(field, segment, begin + static_cast<std::uint32_t>(i), {&exact, 1});
        out[i] = match.numbers.contains(exact) ? 1 : 0;
    }
}

void match_rounded(const Field& field, const Match& match, const Segment& segment,
                   std::uint32_t begin, std::span<std::uint8_t> out) {
    if (match.numbers.is_empty()) return;
    const Column* const column = segment.find(field.column, Type::F32);
    if (column == nullptr) return;
    const float low = rounded(match.numbers.low);
    const float high = rounded(match.numbers.high);
    const float* const values = column->values<float>().data();
    for_values(*column, begin, out.size(),
               [=, into = out.data()](std::size_t index, std::size_t i) {
                   const float value = values[index];
                   const int inside = (value > low) & (value < high);
                   const int at_end = (value == low) | (value == high);
                   into[i] = static_cast<std::uint8_t>(inside | (at_end * kUnsure));
               });
    settle(field, match, segment, begin, out);
}

/// Where the product of two float32 decides about an area, and where it cannot.
struct AreaBounds {
    explicit AreaBounds(Interval<double> exact)
        : surely_above_(exact.low + margin(exact.low)),
          surely_below_(exact.high - margin(exact.high)),
          too_small_(exact.low - margin(exact.low)),
          too_large_(exact.high + margin(exact.high)) {}

    std::uint8_t judge(float width, float height, std::uint8_t type) const {
        const double area = static_cast<double>(width) * static_cast<double>(height);
        const int inside = (area > surely_above_) & (area < surely_below_);
        const int outside = (area < too_small_) | (area > too_large_);
        const int is_box = type == static_cast<std::uint8_t>(catalog::ObjectType::Box);
        const int sure = (inside | outside) & is_box;
        return static_cast<std::uint8_t>((inside & sure) | ((sure ^ 1) * kUnsure));
    }

private:
    // The product is off by less than 2^-22 of itself, or by little where float32 loses digits.
    static double margin(double bound) {
        return std::isinf(bound) ? 0 : std::abs(bound) * 0x1p-22 + 1e-30;
    }
    double surely_above_;
    double surely_below_;
    double too_small_;
    double too_large_;
};

// Boxes by their hot columns, polygons exactly.
void match_area(const Field& field, const Match& match, const Segment& segment, std::uint32_t begin,
                std::span<std::uint8_t> out) {
    if (match.numbers.is_empty()) return;
    const Column* const width = segment.find(catalog::column::kW, Type::F32);
    const Column* const height = segment.find(catalog::column::kH, Type::F32);
    const Column* const type = segment.find(catalog::column::kType, Type::U8);
    if (width == nullptr || height == nullptr || type == nullptr) return;
    const AreaBounds bounds(match.numbers);
    const float* const widths = width->values<float>().data();
    const float* const heights = height->values<float>().data();
    const std::uint8_t* const types = type->values<std::uint8_t>().data();
    if (width->is_dense() && height->is_dense() && type->is_dense()) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = bounds.judge(widths[begin + i], heights[begin + i], types[begin + i]);
    } else {
        for_values(*width, begin, out.size(), [&](std::size_t index, std::size_t i) {
            const auto row = begin + static_cast<std::uint32_t>(i);
            const auto height_index = height->index_of(row);
            const auto type_index = type->index_of(row);
            if (height_index && type_index)
                out[i] = bounds.judge(widths[index], heights[*height_index], types[*type_index]);
        });
    }
    settle(field, match, segment, begin, out);
}

}  // namespace

bool can_match(const Field& field) {
    return field.kind != Field::Kind::ItemWidth && field.kind != Field::Kind::ItemHeight;
}

Match make_match(const Field& field, Operator op, const Term& literal, const RowSource& source,
                 const catalog::LabelTable& labels) {
    Match match;
    match.is_negated = op == Operator::NotEqual;
    match.op = match.is_negated ? Operator::Equal : op;
    match.constant = literal.literal;
    match.text = literal.text;
    const bool is_number = literal.literal.is_number() && match.op != Operator::Like;
    match.numbers = is_number ? doubles_for(match.op, literal.literal) : Interval<double>{1, 0};
    match.whole = is_number ? whole_for(match.op, literal.literal) : Interval<std::int64_t>{1, 0};
    const auto accept_codes = [&](std::size_t count, auto text_of) {
        match.codes.resize(count);
        for (std::uint32_t code = 0; code < count; ++code) {
            const std::string_view text = text_of(code);
            if (text.empty() && field.kind == Field::Kind::ObjectType) continue;  // no such type
            if (!match.accepts(Cell::of_text(text))) continue;
            match.codes[code] = 1;
            match.only_code = code;
            ++match.accepted_codes;
        }
    };
    if (field.kind == Field::Kind::Label)
        accept_codes(labels.size(),
                     [&](std::uint32_t code) -> std::string_view { return labels.text(code); });
    if (field.kind == Field::Kind::ObjectType)
        accept_codes(256, [](std::uint32_t code) {
            return catalog::to_text(static_cast<catalog::ObjectType>(code));
        });
    if (field.kind == Field::Kind::Column)
        for (const auto& part : source.parts) {
            auto& tables = match.dictionaries.emplace_back();
            for (const auto& column : part.segment->find_all(field.column))
                tables.push_back(accepted_entries(column, match));
        }
    return match;
}

void match_rows(const Field& field, const Match& match, const Segment& segment, std::size_t part,
                std::uint32_t begin, std::span<std::uint8_t> out) {
    std::ranges::fill(out, std::uint8_t{0});
    switch (field.kind) {
        case Field::Kind::Column: {
            const auto all = segment.find_all(field.column);
            for (std::size_t i = 0; i < all.size(); ++i)
                match_column(match, all[i], match.dictionaries[part][i], begin, out);
            break;
        }
        case Field::Kind::Date: {
            std::vector<Cell> cells(out.size());
            read_cells(field, segment, {}, begin, cells);
            std::ranges::transform(cells, out.begin(),
                                   [&](const Cell& cell) { return match.accepts(cell) ? 1 : 0; });
            break;
        }
        case Field::Kind::Label:
            match_codes<std::uint32_t>(segment, field.column, Type::U32, match, begin, out);
            break;
        case Field::Kind::ObjectType:
            match_codes<std::uint8_t>(segment, catalog::column::kType, Type::U8, match, begin, out);
            break;
        case Field::Kind::X:
        case Field::Kind::Y:
        case Field::Kind::Width:
        case Field::Kind::Height:
        case Field::Kind::Confidence:
            match_rounded(field, match, segment, begin, out);
            break;
        case Field::Kind::Area:
            match_area(field, match, segment, begin, out);
            break;
        case Field::Kind::ItemWidth:
        case Field::Kind::ItemHeight:
        case Field::Kind::Nothing:
            break;
    }
    if (match.is_negated)
        for (auto& value : out) value ^= 1U;
}

}  // namespace tusker::query
