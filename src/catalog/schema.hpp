// Inside the room only: the tables of catalog.sqlite, one string a format number.
#pragma once

#include <array>

namespace tusker::catalog {

inline constexpr std::array<const char*, 2> kSchema = {R"sql(
CREATE TABLE dataset (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, tags TEXT NOT NULL, created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL, changed_what TEXT NOT NULL
);
-- The truth. payload: docs/formats/journal.md; null = it lies in journal/<no>.blob.
CREATE TABLE journal (
    no INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL, at INTEGER NOT NULL,
    who TEXT NOT NULL, why TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, payload BLOB
);
CREATE INDEX journal_by_dataset ON journal (dataset, no);
CREATE TABLE correction (
    journal_no INTEGER NOT NULL, part INTEGER NOT NULL, dataset TEXT NOT NULL,
    item_no INTEGER NOT NULL, row_no INTEGER NOT NULL, verdict INTEGER NOT NULL,
    given TEXT NOT NULL, given_change INTEGER NOT NULL, label TEXT NOT NULL,
    finding_id TEXT NOT NULL, score REAL, undone_no INTEGER,
    PRIMARY KEY (journal_no, part)
) WITHOUT ROWID;
CREATE INDEX correction_by_row ON correction (dataset, row_no);
CREATE TABLE taxonomy (
    dataset TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL,
    labels TEXT NOT NULL, PRIMARY KEY (dataset, name)
) WITHOUT ROWID;
CREATE TABLE slice (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, dataset TEXT NOT NULL,
    name TEXT NOT NULL, query TEXT NOT NULL, created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL, items BLOB NOT NULL
);
CREATE TABLE model (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    reference_id TEXT NOT NULL UNIQUE, metadata TEXT NOT NULL, tags TEXT NOT NULL,
    trained_slice_ids TEXT NOT NULL
);
-- kind: 0 named, 1 the implicit one of (model, dataset), 2 run-free.
CREATE TABLE run (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, model TEXT NOT NULL,
    dataset TEXT NOT NULL, name TEXT NOT NULL, metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL, kind INTEGER NOT NULL
);
CREATE TABLE finding (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, dataset TEXT NOT NULL,
    kind TEXT NOT NULL, run TEXT NOT NULL, parameters TEXT NOT NULL, version INTEGER NOT NULL,
    created_at INTEGER NOT NULL, summary TEXT NOT NULL
);
CREATE TABLE item_size (
    dataset TEXT NOT NULL, item_no INTEGER NOT NULL, width INTEGER NOT NULL,
    height INTEGER NOT NULL, PRIMARY KEY (dataset, item_no)
) WITHOUT ROWID;
)sql",
                                                       R"sql(
-- issue_row: the row that the finding named, where it is not row_no (null: it is). effect: Effect of
-- catalog.hpp. given_geometry: doubles as they were, of a box that was moved.
ALTER TABLE correction ADD COLUMN issue_row INTEGER;
ALTER TABLE correction ADD COLUMN effect INTEGER NOT NULL DEFAULT 0;
ALTER TABLE correction ADD COLUMN given_geometry BLOB;
)sql"};

}  // namespace tusker::catalog
