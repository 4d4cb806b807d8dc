#include "storage/columns/merge.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "storage/columns/layout.hpp"

namespace tusker::columns {
namespace {

std::vector<Place> living_in_order(std::span<const Part> parts) {
    std::vector<std::uint32_t> head(parts.size());
    const auto skip_dead = [&](std::size_t part) {
        while (head[part] < parts[part].segment->rows() && !parts[part].is_alive(head[part]))
            ++head[part];
    };
    for (std::size_t part = 0; part < parts.size(); ++part) skip_dead(part);
    std::vector<Place> order;
    for (;;) {
        std::size_t least = parts.size();
        for (std::size_t part = 0; part < parts.size(); ++part) {
            const auto& segment = *parts[part].segment;
            if (head[part] == segment.rows()) continue;
            if (least == parts.size()) {
                least = part;
                continue;
            }
            const auto& best = *parts[least].segment;
            if (std::tuple(segment.item_no()[head[part]], segment.row_no()[head[part]]) <
                std::tuple(best.item_no()[head[least]], best.row_no()[head[least]]))
                least = part;
        }
        if (least == parts.size()) return order;
        order.push_back({static_cast<std::uint32_t>(least), head[least]++});
        skip_dead(least);
    }
}

/// One column of one part, read in the order of rows.
struct Source {
    const Column* column = nullptr;
    std::uint32_t next = 0;  // among the values of a sparse column

    std::optional<std::uint32_t> index_of(std::uint32_t row) {
        if (column->is_dense()) return row;
        const auto positions = column->positions();
        while (next < positions.size() && positions[next] < row) ++next;
        if (next == positions.size() || positions[next] != row) return std::nullopt;
        return next;
    }
};

void append_value(layout::PendingColumn& out, std::uint32_t row, const Column& in,
                  std::uint32_t index) {
    const auto append_span = [&](auto values) {
        out.append(row, values.data(), values.size_bytes());
    };
    switch (in.type()) {
        case Type::Text:
        case Type::Json: {
            const auto text = in.text(index);
            return out.append(row, text.data(), text.size());
        }
        case Type::U32List:
            return append_span(in.list<std::uint32_t>(index));
        case Type::F32List:
            return append_span(in.list<float>(index));
        case Type::F64List:
            return append_span(in.list<double>(index));
        case Type::Bool:
        case Type::U8:
            return append_span(in.values<std::uint8_t>().subspan(index, 1));
        case Type::U32:
        case Type::F32:
            return append_span(in.values<std::uint32_t>().subspan(index, 1));
        case Type::U64:
        case Type::I64:
        case Type::F64:
            return append_span(in.values<std::uint64_t>().subspan(index, 1));
    }
}

}  // namespace

std::shared_ptr<const Segment> merge(std::span<const Part> parts) {
    const auto order = living_in_order(parts);
    std::vector<std::uint32_t> item_no(order.size());
    std::vector<std::uint64_t> row_no(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto& segment = *parts[order[i].part].segment;
        item_no[i] = segment.item_no()[order[i].row];
        row_no[i] = segment.row_no()[order[i].row];
    }
    std::set<std::pair<std::string_view, Type>> keys;
    for (const auto& part : parts)
        for (const auto& column : part.segment->columns())
            keys.emplace(column.name(), column.type());
    std::vector<layout::PendingColumn> columns;
    columns.reserve(keys.size());
    for (const auto& [name, type] : keys) {
        std::vector<Source> sources(parts.size());
        for (std::size_t part = 0; part < parts.size(); ++part)
            sources[part].column = parts[part].segment->find(name, type);
        auto& out = columns.emplace_back();
        out.name = name;
        out.type = type;
        for (std::uint32_t row = 0; row < order.size(); ++row) {
            auto& source = sources[order[row].part];
            if (source.column == nullptr) continue;
            if (const auto index = source.index_of(order[row].row))
                append_value(out, row, *source.column, *index);
        }
    }
    std::size_t size = 0;
    auto storage = layout::encode(item_no, row_no, columns, size);
    auto segment = SegmentReader::read(std::move(storage), size, false);
    TUSKER_CHECK(segment.has_value());
    return *segment;
}

}  // namespace tusker::columns
