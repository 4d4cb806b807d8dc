// Inside the room only: the columns of one segment of annotations or predictions, found once.
#pragma once

#include "catalog/version.hpp"

namespace tusker::catalog {

struct ObjectColumns {
    explicit ObjectColumns(const columns::Segment& segment);
    Object read(columns::Place place) const;

    const columns::Segment* segment;
    const columns::Column* type;
    const columns::Column* label;
    const columns::Column* geometry;
    const columns::Column* annotation_id;
    const columns::Column* task_id;
    const columns::Column* track_id;
    const columns::Column* taxonomy;
    const columns::Column* confidence;
    const columns::Column* change;
};

}  // namespace tusker::catalog
