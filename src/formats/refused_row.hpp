// A row of somebody's file that was not taken, so that its owner can find it and put it right.
#pragma once

#include <cstdint>
#include <string>

namespace tusker::formats {

struct RefusedRow {
    std::string file;
    std::uint64_t line = 0;  // from 1; 0 = the file has no lines (a picture, a folder)
    std::string field;       // "annotations[17].bbox[2]"
    std::string value;       // as it stands in the file, cut to 80 bytes
    std::string rule;        // "must be > 0"
};

}  // namespace tusker::formats
