#include "server/nucleus/item_pages.hpp"

namespace tusker::nucleus {

ItemPage page_of(const Version& version, const columns::Bitmap& items, const Page& page) {
    ItemPage found;
    if (page.start >= version.items_end) return found;
    auto rank = items.rank(static_cast<std::uint32_t>(page.start));
    for (auto item = items.select(rank); item; item = items.select(++rank)) {
        if (found.items.size() == page.size) {
            found.next = *item;
            break;
        }
        found.items.push_back(*item);
    }
    return found;
}

Result<ItemPage> page_of_query(const Call& call, const Version& version, std::string_view text,
                               const Page& page) {
    const query::Scope scope{.version = version};
    const auto asked = TUSKER_TRY(query::ask_planned(text, scope, call.services.pool));
    if (!asked.answer.sorted) return page_of(version, asked.answer.items, page);
    ItemPage found;
    found.items = TUSKER_TRY(
        query::page(asked.plan, asked.answer, scope, call.services.pool, page.start, page.size));
    const auto end = page.start + found.items.size();
    if (!found.items.empty() && end < asked.answer.items.size()) found.next = end;
    return found;
}

Result<columns::Bitmap> items_of_slice(const Call& call, const Version& version,
                                       const catalog::Slice& slice) {
    if (!slice.query.empty())
        return TUSKER_TRY(query::ask(slice.query, {.version = version}, call.services.pool)).items;
    columns::Bitmap items = *slice.items;
    items &= *version.living;
    return items;
}

void for_each_item(const Version& version, std::span<const ItemNo> items,
                   const std::function<void(const catalog::Item&)>& write) {
    for (const auto item_no : items)
        if (const auto item = catalog::find_item(version, item_no)) write(*item);
}

std::string exported_rows(const Render& render, const columns::Bitmap& items,
                          const columns::Table* predictions) {
    json::Writer writer;
    writer.object().key("exportedRows").array();
    items.for_each([&](std::uint32_t item_no) {
        if (const auto item = catalog::find_item(render.version(), item_no))
            render.row(writer, *item, predictions);
        return true;
    });
    return writer.end().end().take();
}

std::string exported_page(const Render& render, const ItemPage& page,
                          const columns::Table* predictions, bool processed) {
    json::Writer writer;
    writer.object().key("data").array();
    for_each_item(render.version(), page.items, [&](const catalog::Item& item) {
        render.row(writer, item, predictions, processed);
    });
    writer.end();
    write_next_page(writer, page.next);
    return writer.end().take();
}

std::string items_page(const Render& render, const ItemPage& page) {
    json::Writer writer;
    writer.object().key("items").array();
    for_each_item(render.version(), page.items,
                  [&](const catalog::Item& item) { render.item(writer, item); });
    writer.end();
    write_next_page(writer, page.next);
    return writer.end().take();
}

}  // namespace tusker::nucleus
