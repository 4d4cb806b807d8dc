// Slices that were deleted within the hour, so that deleting one needs no question. They are
// forgotten when the server stops.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/version.hpp"

namespace tusker::app {

struct DeletedSlice {
    std::string dataset_id;
    catalog::Slice slice;
    TimeMs deleted_at = 0;
};

/// Thread safety: may be called from several threads.
class DeletedSlices {
public:
    static constexpr TimeMs kKeptMs = TimeMs{60} * 60 * 1000;
    static constexpr std::size_t kKeptMax = 1'000;

    void keep(DeletedSlice slice);
    /// Removes and returns it; empty if it is none of the hour's.
    std::optional<DeletedSlice> take(std::string_view slice_id);

private:
    void forget_old(TimeMs now);
    std::mutex mutex_;
    std::map<std::string, DeletedSlice, std::less<>> slices_;  // by id
};

}  // namespace tusker::app
