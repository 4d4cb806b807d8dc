"""Tusker and DuckDB choose the same items of the same data."""

import duckdb
import pytest

WITH_COUNTS = """
    SELECT ref FROM items LEFT JOIN (
        SELECT item, {columns} FROM {table} GROUP BY item
    ) counts USING (item) WHERE {where} ORDER BY item
"""


def by_counts(table: str, columns: str, where: str) -> str:
    return WITH_COUNTS.format(table=table, columns=columns, where=where)


def some(table: str, where: str) -> str:
    return (
        "SELECT ref FROM items WHERE EXISTS (SELECT 1 FROM "
        f"{table} o WHERE o.item = items.item AND {where}) ORDER BY item"
    )


QUESTIONS = {
    "annotations.count = 0": by_counts("annotations", "count(*) n", "n IS NULL"),
    "annotations.truck + annotations.bus * 2 >= 3": by_counts(
        "annotations",
        "count(*) FILTER (label = 'truck') t, count(*) FILTER (label = 'bus') b",
        "t + b * 2 >= 3",
    ),
    'annotations."traffic light" % 2 = 0': by_counts(
        "annotations", "count(*) FILTER (label = 'traffic light') n", "coalesce(n, 0) % 2 = 0"
    ),
    "annotations.label = bus": some("annotations", "label = 'bus'"),
    "annotations.label != car": some("annotations", "label != 'car'"),
    "NOT annotations.label = car": some("annotations", "label = 'car'").replace(
        "EXISTS", "NOT EXISTS"
    ),
    # Booleans are 0 and 1; an absent one differs from both.
    "annotations.metadata.occluded != true": some("annotations", "occluded IS DISTINCT FROM true"),
    "annotations.car.occluded = 1": some("annotations", "label = 'car' AND occluded"),
    # Doubles at the bound: 0.3 as float32 is more than 0.3.
    "annotations.dimensions.x <= 0.3": some("annotations", "w <= 0.3::DOUBLE"),
    "annotations.dimensions.x < 0.3": some("annotations", "w < 0.3::DOUBLE"),
    "annotations(label = car AND area < 5.5).count >= 1": some(
        "annotations", "label = 'car' AND w * h < 5.5::DOUBLE"
    ),
    "annotations(dimensions.x < dimensions.y / 100)": some("annotations", "w < h / 100::DOUBLE"),
    "predictions.confidence > 0.8": some("predictions", "confidence > 0.8::DOUBLE"),
    "predictions(confidence >= 0.8 AND label = bus).count = 1": by_counts(
        "predictions",
        "count(*) FILTER (confidence >= 0.8::DOUBLE AND label = 'bus') n",
        "n = 1",
    ),
    "metadata.weather = rainy OR metadata.speed > 10 AND annotations.count > 5": by_counts(
        "annotations", "count(*) n", "weather = 'rainy' OR speed > 10 AND n > 5"
    ),
    "metadata.weather != rainy": "SELECT ref FROM items WHERE weather IS DISTINCT FROM 'rainy' "
    "ORDER BY item",
    'metadata.weather LIKE "%a%y" AND item.reference_id LIKE "0000_.jpg"': "SELECT ref FROM items "
    "WHERE weather LIKE '%a%y' AND ref LIKE '0000_.jpg' ORDER BY item",
    "metadata.speed < 2 ORDER BY metadata.speed DESC": "SELECT ref FROM items WHERE speed < 2 "
    "ORDER BY speed DESC, item",
    "annotations.count > 4 ORDER BY metadata.speed": by_counts(
        "annotations", "count(*) n", "n > 4"
    ).replace("ORDER BY item", "ORDER BY speed NULLS LAST, item"),
}


@pytest.fixture(scope="module")
def database(dataset):
    database = duckdb.connect()
    types = {
        "items": "item INTEGER, ref TEXT, weather TEXT, speed DOUBLE",
        "annotations": "item INTEGER, label TEXT, x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE, "
        "occluded BOOLEAN",
        "predictions": "item INTEGER, label TEXT, x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE, "
        "confidence DOUBLE",
    }
    for table, columns in types.items():
        names = [column.split()[0] for column in columns.split(", ")]
        rows = [[row.get(name) for name in names] for row in getattr(dataset, table)]
        database.execute(f"CREATE TABLE {table} ({columns})")
        marks = ", ".join("?" * len(names))
        database.execute("BEGIN")
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        database.execute("COMMIT")
    return database


@pytest.mark.parametrize("question", QUESTIONS)
def test_chooses_the_same_items(question, dataset, database):
    wanted = [row[0] for row in database.execute(QUESTIONS[question]).fetchall()]
    assert 0 < len(wanted) < len(dataset.items)
    assert dataset.references(question) == wanted
