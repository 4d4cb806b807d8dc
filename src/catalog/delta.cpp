#include "catalog/delta.hpp"

#include <zstd.h>

#include <cstring>
#include <new>

namespace tusker::catalog {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr int kCompression = 1;  // the fastest ordinary level: a write waits for it
/// No call stores more: bodies are limited far below. Guards the reader's allocation.
constexpr unsigned long long kDecodedMax = 1ULL << 36U;

std::unexpected<Error> corrupt(const std::string& what) {
    return fail(ErrorCode::Internal, "journal payload: " + what);
}

class Encoder {
public:
    template <class T>
    void number(T value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view text) {
        number(static_cast<std::uint64_t>(text.size()));
        bytes_ += text;
    }
    void items(const std::vector<ItemNo>& items) {
        number(static_cast<std::uint64_t>(items.size()));
        for (const auto item : items) number(item);
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

/// After the first missing byte everything reads as zero and failed() says so.
class Decoder {
public:
    explicit Decoder(std::string_view bytes) : bytes_(bytes) {}
    template <class T>
    T number() {
        T value{};
        const auto taken = take(sizeof value);
        taken.copy(reinterpret_cast<char*>(&value), sizeof value);
        return value;
    }
    std::string_view text() { return take(number<std::uint64_t>()); }
    /// A count of things of `size` bytes each, at least; 0 if so many cannot follow.
    std::uint64_t count(std::size_t size) {
        const auto count = number<std::uint64_t>();
        if (count > bytes_.size() / size) failed_ = true;
        return failed_ ? 0 : count;
    }
    std::vector<ItemNo> items() {
        std::vector<ItemNo> items(count(sizeof(ItemNo)));
        for (auto& item : items) item = number<ItemNo>();
        return items;
    }
    bool failed() const { return failed_; }
    bool is_done() const { return bytes_.empty(); }

private:
    std::string_view take(std::uint64_t size) {
        if (size > bytes_.size()) failed_ = true;
        if (failed_) return {};
        const auto taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }
    std::string_view bytes_;
    bool failed_ = false;
};

std::string compress(const std::string& bytes) {
    const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                          ZSTD_freeCCtx);
    if (!context) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompression);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size =
        ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    TUSKER_CHECK(ZSTD_isError(size) == 0);
    out.resize(size);
    return out;
}

Result<std::string> decompress(std::string_view bytes) {
    const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > kDecodedMax)
        return corrupt("no zstd frame");
    std::string out(size, '\0');
    const std::size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0) return corrupt(ZSTD_getErrorName(got));
    if (got != out.size()) return corrupt("bytes are missing");
    return out;
}

Result<TableDelta> decode_table(Decoder& in) {
    TableDelta table;
    const auto kind = in.number<std::uint8_t>();
    if (!in.failed() && (kind < 1 || kind > 3)) return corrupt("a table of unknown kind");
    table.kind = static_cast<TableKind>(kind);
    table.run_id = in.text();
    table.killed.resize(in.count(12));
    for (auto& key : table.killed) {
        key.item_no = in.number<std::uint32_t>();
        key.row_no = in.number<std::uint64_t>();
    }
    table.killed_items = in.items();
    const auto segment = in.text();
    if (!segment.empty()) table.added = TUSKER_TRY(columns::Segment::parse(segment));
    return table;
}

}  // namespace

std::string Delta::encode() const {
    Encoder out;
    out.number(kFormat);
    out.number(items_end);
    out.number(rows_end);
    out.number(static_cast<std::uint64_t>(labels.size()));
    for (const auto& label : labels) out.text(label);
    out.items(deleted_items);
    out.number(static_cast<std::uint64_t>(tables.size()));
    for (const auto& table : tables) {
        out.number(table.kind);
        out.text(table.run_id);
        out.number(static_cast<std::uint64_t>(table.killed.size()));
        for (const auto key : table.killed) {
            out.number(key.item_no);
            out.number(key.row_no);
        }
        out.items(table.killed_items);
        out.text(table.added ? table.added->bytes() : std::string_view());
    }
    return compress(out.bytes());
}

Result<Delta> Delta::decode(std::string_view bytes) {
    const auto raw = TUSKER_TRY(decompress(bytes));
    Decoder in(raw);
    Delta delta;
    if (const auto format = in.number<std::uint32_t>(); format != kFormat)
        return corrupt("format " + std::to_string(format) + ", this Tusker reads " +
                       std::to_string(kFormat));
    delta.items_end = in.number<ItemNo>();
    delta.rows_end = in.number<RowNo>();
    delta.labels.resize(in.count(8));
    for (auto& label : delta.labels) label = in.text();
    delta.deleted_items = in.items();
    const auto tables = in.count(33);
    for (std::uint64_t i = 0; i < tables && !in.failed(); ++i)
        delta.tables.push_back(TUSKER_TRY(decode_table(in)));
    if (in.failed()) return corrupt("bytes are missing");
    if (!in.is_done()) return corrupt("bytes are left over");
    return delta;
}

Version Delta::applied_to(const Version& before, std::uint64_t journal_no) const {
    Version next = before;
    next.journal_no = journal_no;
    next.items_end = items_end;
    next.rows_end = rows_end;
    if (!labels.empty()) {
        auto more = std::make_shared<LabelTable>(*before.labels);
        for (const auto& label : labels) more->add(label);
        next.labels = std::move(more);
    }
    const bool adds_items = items_end != before.items_end;
    if (adds_items || !deleted_items.empty()) {
        auto living = std::make_shared<columns::Bitmap>(*before.living);
        living->add_range(before.items_end, items_end);
        for (const auto item : deleted_items) living->remove(item);
        next.living = std::move(living);
    }
    const auto with_predictions = [&](const std::string& run_id, const auto& change) {
        const auto at = next.runs.find(run_id);
        if (at == next.runs.end()) return;
        auto run = std::make_shared<RunTable>(*at->second);
        run->predictions = change(run->predictions);
        at->second = std::move(run);
    };
    if (!deleted_items.empty()) {
        const auto without = [&](const columns::Table& table) {
            return table.with({}, deleted_items, nullptr);
        };
        next.items = without(next.items);
        next.annotations = without(next.annotations);
        for (const auto& [run_id, table] : before.runs) with_predictions(run_id, without);
    }
    for (const auto& table : tables) {
        const auto change = [&](const columns::Table& was) {
            return was.with(table.killed, table.killed_items, table.added);
        };
        switch (table.kind) {
            case TableKind::Items:
                next.items = change(next.items);
                break;
            case TableKind::Annotations:
                next.annotations = change(next.annotations);
                break;
            case TableKind::Predictions:
                with_predictions(table.run_id, change);
                break;
        }
    }
    return next;
}

}  // namespace tusker::catalog
