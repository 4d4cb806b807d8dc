#include <algorithm>
#include <map>
#include <numeric>

#include "storage/columns/layout.hpp"
#include "storage/columns/segment.hpp"

namespace tusker::columns {

using layout::PendingColumn;

struct SegmentBuilder::Impl {
    std::vector<std::uint32_t> item_no;
    std::vector<std::uint64_t> row_no;
    std::vector<PendingColumn> columns;
    std::map<std::pair<std::string, Type>, ColumnRef, std::less<>> refs;

    void set(ColumnRef column, Type type, const void* value, std::size_t size) {
        auto& pending = columns[column];
        TUSKER_CHECK(pending.type == type);
        append(pending, value, size);
    }
    void append(PendingColumn& pending, const void* value, std::size_t size) const {
        TUSKER_CHECK(!item_no.empty());
        const auto row = static_cast<std::uint32_t>(item_no.size() - 1);
        // Once a row: a second value would belong to the next row.
        TUSKER_CHECK(pending.dense_so_far ? pending.count <= row
                                          : pending.rows.empty() || pending.rows.back() < row);
        pending.append(row, value, size);
    }
    void sort_rows();
};

namespace {

/// The same values in another order of rows. `now[row]` is where the row stands afterwards.
PendingColumn reordered(const PendingColumn& column, const std::vector<std::uint32_t>& now) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> values(column.count);  // (row, value)
    for (std::uint32_t i = 0; i < column.count; ++i)
        values[i] = {now[column.dense_so_far ? i : column.rows[i]], i};
    std::sort(values.begin(), values.end());
    PendingColumn sorted;
    sorted.name = column.name;
    sorted.type = column.type;
    sorted.bytes.reserve(column.bytes.size());
    for (const auto& [row, index] : values) {
        const auto value = column.value(index);
        sorted.append(row, value.data(), value.size());
    }
    return sorted;
}

}  // namespace

void SegmentBuilder::Impl::sort_rows() {
    std::vector<std::uint32_t> order(item_no.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
        return item_no[a] != item_no[b] ? item_no[a] < item_no[b] : row_no[a] < row_no[b];
    };
    if (std::is_sorted(order.begin(), order.end(), before)) return;
    std::stable_sort(order.begin(), order.end(), before);
    std::vector<std::uint32_t> now(order.size());
    std::vector<std::uint32_t> items(order.size());
    std::vector<std::uint64_t> numbers(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        now[order[i]] = i;
        items[i] = item_no[order[i]];
        numbers[i] = row_no[order[i]];
    }
    item_no = std::move(items);
    row_no = std::move(numbers);
    for (auto& column : columns) column = reordered(column, now);
}

SegmentBuilder::SegmentBuilder() : impl_(std::make_unique<Impl>()) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;

SegmentBuilder::ColumnRef SegmentBuilder::column(std::string_view name, Type type) {
    auto key = std::pair(std::string(name), type);
    const auto found = impl_->refs.find(key);
    if (found != impl_->refs.end()) return found->second;
    const ColumnRef ref = impl_->columns.size();
    auto& pending = impl_->columns.emplace_back();
    pending.name = name;
    pending.type = type;
    impl_->refs.emplace(std::move(key), ref);
    return ref;
}

void SegmentBuilder::add_row(std::uint32_t item_no, std::uint64_t row_no) {
    TUSKER_CHECK(impl_->item_no.size() < 0xffffffffU);
    impl_->item_no.push_back(item_no);
    impl_->row_no.push_back(row_no);
}

void SegmentBuilder::set_bool(ColumnRef column, bool value) {
    const std::uint8_t byte = value ? 1 : 0;
    impl_->set(column, Type::Bool, &byte, sizeof byte);
}
void SegmentBuilder::set_u8(ColumnRef column, std::uint8_t value) {
    impl_->set(column, Type::U8, &value, sizeof value);
}
void SegmentBuilder::set_u32(ColumnRef column, std::uint32_t value) {
    impl_->set(column, Type::U32, &value, sizeof value);
}
void SegmentBuilder::set_u64(ColumnRef column, std::uint64_t value) {
    impl_->set(column, Type::U64, &value, sizeof value);
}
void SegmentBuilder::set_i64(ColumnRef column, std::int64_t value) {
    impl_->set(column, Type::I64, &value, sizeof value);
}
void SegmentBuilder::set_f32(ColumnRef column, float value) {
    impl_->set(column, Type::F32, &value, sizeof value);
}
void SegmentBuilder::set_f64(ColumnRef column, double value) {
    impl_->set(column, Type::F64, &value, sizeof value);
}
void SegmentBuilder::set_text(ColumnRef column, std::string_view value) {
    auto& pending = impl_->columns[column];
    TUSKER_CHECK(layout::is_text(pending.type));
    impl_->append(pending, value.data(), value.size());
}
void SegmentBuilder::set_list(ColumnRef column, std::span<const std::uint32_t> values) {
    impl_->set(column, Type::U32List, values.data(), values.size_bytes());
}
void SegmentBuilder::set_list(ColumnRef column, std::span<const float> values) {
    impl_->set(column, Type::F32List, values.data(), values.size_bytes());
}
void SegmentBuilder::set_list(ColumnRef column, std::span<const double> values) {
    impl_->set(column, Type::F64List, values.data(), values.size_bytes());
}

std::uint32_t SegmentBuilder::rows() const {
    return static_cast<std::uint32_t>(impl_->item_no.size());
}

std::shared_ptr<const Segment> SegmentBuilder::finish() {
    impl_->sort_rows();
    std::size_t size = 0;
    auto storage = layout::encode(impl_->item_no, impl_->row_no, impl_->columns, size);
    *impl_ = Impl();
    auto segment = SegmentReader::read(std::move(storage), size, false);
    TUSKER_CHECK(segment.has_value());
    return *segment;
}

}  // namespace tusker::columns
