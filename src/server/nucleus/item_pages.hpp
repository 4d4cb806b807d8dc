// Which items a page holds: of a whole dataset, of a slice, of a query.
#pragma once

#include "query/query.hpp"
#include "server/nucleus/call.hpp"

namespace tusker::nucleus {

struct ItemPage {
    std::vector<ItemNo> items;
    std::optional<std::uint64_t> next;  // the token of the next page; none after the last
};

/// Members of `items` (living ones) from number `page.start` on. The token is an item number, so
/// that what is uploaded or deleted between two pages moves nothing.
ItemPage page_of(const Version& version, const columns::Bitmap& items, const Page& page);
/// The same for the answer of a query. With ORDER BY the token is a position.
Result<ItemPage> page_of_query(const Call& call, const Version& version, std::string_view text,
                               const Page& page);
/// Living items of a slice; a live one asks its query anew.
Result<columns::Bitmap> items_of_slice(const Call& call, const Version& version,
                                       const catalog::Slice& slice);

/// write(item) for each that still lives.
void for_each_item(const Version& version, std::span<const ItemNo> items,
                   const std::function<void(const catalog::Item&)>& write);

/// "exportedRows" / PAGE("data") of ROW.
std::string exported_rows(const Render& render, const columns::Bitmap& items,
                          const columns::Table* predictions);
std::string exported_page(const Render& render, const ItemPage& page,
                          const columns::Table* predictions, bool processed);
/// PAGE("items") of ITEM.
std::string items_page(const Render& render, const ItemPage& page);

}  // namespace tusker::nucleus
