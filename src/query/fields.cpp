#include "query/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "query/for_values.hpp"

namespace tusker::query {
namespace {

using catalog::ObjectType;
using columns::Column;
using columns::Segment;
using columns::Type;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Bounds {
    double x = kNone;
    double y = kNone;
    double width = kNone;
    double height = kNone;
};

Bounds bounds_of(ObjectType type, std::span<const double> geometry) {
    if (type == ObjectType::Box && geometry.size() >= 4)
        return {geometry[0], geometry[1], geometry[2], geometry[3]};
    if (type != ObjectType::Polygon || geometry.size() < 2) return {};
    double left = geometry[0];
    double right = left;
    double top = geometry[1];
    double bottom = top;
    for (std::size_t i = 2; i + 1 < geometry.size(); i += 2) {
        left = std::min(left, geometry[i]);
        right = std::max(right, geometry[i]);
        top = std::min(top, geometry[i + 1]);
        bottom = std::max(bottom, geometry[i + 1]);
    }
    return {left, top, right - left, bottom - top};
}

// Shoelace, relative to the first vertex so that far-away polygons keep their digits.
double area_of(ObjectType type, std::span<const double> geometry) {
    if (type == ObjectType::Box && geometry.size() >= 4) return geometry[2] * geometry[3];
    if (type != ObjectType::Polygon || geometry.size() < 6) return kNone;
    double twice = 0;
    for (std::size_t i = 2; i + 3 < geometry.size(); i += 2)
        twice += (geometry[i] - geometry[0]) * (geometry[i + 3] - geometry[1]) -
                 (geometry[i + 2] - geometry[0]) * (geometry[i + 1] - geometry[1]);
    return std::abs(twice) / 2;
}

double measure(Field::Kind kind, ObjectType type, std::span<const double> geometry) {
    switch (kind) {
        case Field::Kind::X:
            return bounds_of(type, geometry).x;
        case Field::Kind::Y:
            return bounds_of(type, geometry).y;
        case Field::Kind::Width:
            return bounds_of(type, geometry).width;
        case Field::Kind::Height:
            return bounds_of(type, geometry).height;
        case Field::Kind::Area:
            return area_of(type, geometry);
        default:
            return kNone;
    }
}

void read_geometry(const Field& field, const Segment& segment, std::uint32_t begin,
                   std::span<double> out) {
    const Column* const geometry = segment.find(catalog::column::kGeometry, Type::F64List);
    const Column* const type = segment.find(catalog::column::kType, Type::U8);
    if (geometry == nullptr || type == nullptr) return;
    for_values(*geometry, begin, out.size(), [&](std::size_t index, std::size_t i) {
        const auto at = type->index_of(begin + static_cast<std::uint32_t>(i));
        if (!at) return;
        out[i] = measure(field.kind, static_cast<ObjectType>(type->values<std::uint8_t>()[*at]),
                         geometry->list<double>(static_cast<std::uint32_t>(index)));
    });
}

Cell cell_of(const Column& column, std::size_t index) {
    switch (column.type()) {
        case Type::Bool:
        case Type::U8:
            return Cell::of_whole(column.values<std::uint8_t>()[index]);
        case Type::U32:
            return Cell::of_whole(column.values<std::uint32_t>()[index]);
        case Type::I64:
            return Cell::of_whole(column.values<std::int64_t>()[index]);
        case Type::F32:
            return Cell::of_fraction(static_cast<double>(column.values<float>()[index]));
        case Type::F64:
            return Cell::of_fraction(column.values<double>()[index]);
        case Type::Text:
            return Cell::of_text(column.text(static_cast<std::uint32_t>(index)));
        case Type::Json:
            return cell_of_json(column.text(static_cast<std::uint32_t>(index)));
        case Type::U64:
        case Type::U32List:
        case Type::F32List:
        case Type::F64List:
            break;  // nothing that a query names
    }
    return {};
}

void read_columns(std::string_view name, const Segment& segment, std::uint32_t begin,
                  std::span<Cell> out) {
    for (const auto& column : segment.find_all(name))
        for_values(column, begin, out.size(),
                   [&](std::size_t index, std::size_t i) { out[i] = cell_of(column, index); });
}

}  // namespace

bool Field::is_number() const {
    switch (kind) {
        case Kind::X:
        case Kind::Y:
        case Kind::Width:
        case Kind::Height:
        case Kind::Area:
        case Kind::Confidence:
        case Kind::ItemWidth:
        case Kind::ItemHeight:
            return true;
        case Kind::Column:
        case Kind::Date:
        case Kind::Label:
        case Kind::ObjectType:
        case Kind::Nothing:
            return false;
    }
    return false;
}

Cell cell_of_json(std::string_view json) {
    if (json.empty() || (json[0] != '-' && (json[0] < '0' || json[0] > '9'))) return {};
    double number = 0;
    const auto [end, status] = std::from_chars(json.data(), json.data() + json.size(), number);
    return status == std::errc() ? Cell::of_fraction(number) : Cell{};
}

void read_numbers(const Field& field, const Segment& segment, std::uint32_t begin,
                  std::span<double> out) {
    std::ranges::fill(out, kNone);
    switch (field.kind) {
        case Field::Kind::Column: {
            std::vector<Cell> cells(out.size());
            read_columns(field.column, segment, begin, cells);
            std::ranges::transform(cells, out.begin(), &Cell::as_number);
            break;
        }
        case Field::Kind::ItemWidth:
        case Field::Kind::ItemHeight:
            if (const auto* column = segment.find(field.column, Type::U32))
                for_values(*column, begin, out.size(), [&](std::size_t index, std::size_t i) {
                    out[i] = column->values<std::uint32_t>()[index];
                });
            break;
        case Field::Kind::Confidence:
            if (const auto* column = segment.find(catalog::column::kConfidenceExact, Type::F64))
                for_values(*column, begin, out.size(), [&](std::size_t index, std::size_t i) {
                    out[i] = column->values<double>()[index];
                });
            break;
        case Field::Kind::X:
        case Field::Kind::Y:
        case Field::Kind::Width:
        case Field::Kind::Height:
        case Field::Kind::Area:
            read_geometry(field, segment, begin, out);
            break;
        case Field::Kind::Date:
        case Field::Kind::Label:
        case Field::Kind::ObjectType:
        case Field::Kind::Nothing:
            break;  // no numbers
    }
}

void read_cells(const Field& field, const Segment& segment, const catalog::LabelTable& labels,
                std::uint32_t begin, std::span<Cell> out) {
    std::ranges::fill(out, Cell{});
    switch (field.kind) {
        case Field::Kind::Column:
            read_columns(field.column, segment, begin, out);
            break;
        case Field::Kind::Date:
            if (const auto* column = segment.find(field.column, Type::I64))
                for_values(*column, begin, out.size(), [&](std::size_t index, std::size_t i) {
                    out[i] = Cell::of_date(column->values<std::int64_t>()[index]);
                });
            break;
        case Field::Kind::Label:
            if (const auto* column = segment.find(field.column, Type::U32))
                for_values(*column, begin, out.size(), [&](std::size_t index, std::size_t i) {
                    out[i] = Cell::of_text(labels.text(column->values<std::uint32_t>()[index]));
                });
            break;
        case Field::Kind::ObjectType:
            if (const auto* column = segment.find(catalog::column::kType, Type::U8))
                for_values(*column, begin, out.size(), [&](std::size_t index, std::size_t i) {
                    const auto type = column->values<std::uint8_t>()[index];
                    out[i] = Cell::of_text(catalog::to_text(static_cast<ObjectType>(type)));
                });
            break;
        case Field::Kind::X:
        case Field::Kind::Y:
        case Field::Kind::Width:
        case Field::Kind::Height:
        case Field::Kind::Area:
        case Field::Kind::Confidence:
        case Field::Kind::ItemWidth:
        case Field::Kind::ItemHeight: {
            std::vector<double> numbers(out.size());
            read_numbers(field, segment, begin, numbers);
            std::ranges::transform(numbers, out.begin(), [](double number) {
                return std::isnan(number) ? Cell{} : Cell::of_fraction(number);
            });
            break;
        }
        case Field::Kind::Nothing:
            break;
    }
}

}  // namespace tusker::query
