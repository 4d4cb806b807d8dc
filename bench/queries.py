"""The questions of the app at 100,000 pictures, 1.8 million boxes and 2.2 million predictions,
beside DuckDB and Polars in memory on the same data. All three must count the same items."""

from __future__ import annotations

import json
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl
import requests

from bench.generate import CLASSES
from bench.server import Server, serve

REPEATS = 15
PAGE = 100  # rows of a screen


@dataclass(frozen=True)
class Question:
    text: str  # Tusker's
    sql: str  # selects item numbers
    polars: Callable[[dict[str, pl.DataFrame]], pl.DataFrame]  # one row for each item


def having(table: str, condition: str, where: str = "true") -> str:
    """Items by an aggregate over their objects; those without objects are counted as zero."""
    return (
        f"SELECT i.item FROM items i LEFT JOIN (SELECT item, {condition} AS holds FROM {table} "
        f"WHERE {where} GROUP BY item) o USING (item) WHERE coalesce(o.holds, false)"
    )


def counted(frame: pl.DataFrame, condition: pl.Expr) -> pl.DataFrame:
    return frame.group_by("item").agg(condition.sum().alias("n"))


def of(label: str) -> pl.Expr:
    return pl.col("label") == label


QUESTIONS = [
    Question(
        "annotations.count = 0",
        "SELECT i.item FROM items i ANTI JOIN annotations a USING (item)",
        lambda t: t["items"].join(t["annotations"], on="item", how="anti"),
    ),
    Question(
        "metadata.weather = rainy AND metadata.timeofday = night",
        "SELECT item FROM items WHERE weather = 'rainy' AND timeofday = 'night'",
        lambda t: t["items"].filter(
            (pl.col("weather") == "rainy") & (pl.col("timeofday") == "night")
        ),
    ),
    Question(
        'annotations.label = "train" AND metadata.weather != clear',
        "SELECT i.item FROM items i SEMI JOIN (SELECT item FROM annotations WHERE label = 'train')"
        " a USING (item) WHERE weather IS DISTINCT FROM 'clear'",
        lambda t: (
            t["items"]
            .filter(pl.col("weather") != "clear")
            .join(t["annotations"].filter(of("train")), on="item", how="semi")
        ),
    ),
    Question(
        "annotations.truck + annotations.bus >= 5",
        having("annotations", "count(*) >= 5", "label IN ('truck', 'bus')"),
        lambda t: counted(t["annotations"], of("truck") | of("bus")).filter(pl.col("n") >= 5),
    ),
    Question(
        'annotations."traffic light" > 0 AND annotations."traffic light" % 2 = 0',
        having("annotations", "count(*) % 2 = 0", "label = 'traffic light'"),
        lambda t: counted(t["annotations"], of("traffic light")).filter(
            (pl.col("n") > 0) & (pl.col("n") % 2 == 0)
        ),
    ),
    Question(
        "annotations(label = car AND area < 32*32).count >= 3",
        having("annotations", "count(*) >= 3", "label = 'car' AND w * h < 1024"),
        lambda t: counted(t["annotations"], of("car") & (pl.col("w") * pl.col("h") < 1024)).filter(
            pl.col("n") >= 3
        ),
    ),
    Question(
        "NOT annotations.label = pedestrian",
        "SELECT i.item FROM items i ANTI JOIN (SELECT item FROM annotations WHERE label = "
        "'pedestrian') a USING (item)",
        lambda t: t["items"].join(t["annotations"].filter(of("pedestrian")), on="item", how="anti"),
    ),
    Question(
        "annotations.dimensions.x <= 12.5 AND annotations.position.y < 100",
        "SELECT i.item FROM items i SEMI JOIN (SELECT item FROM annotations WHERE w <= 12.5) a "
        "USING (item) SEMI JOIN (SELECT item FROM annotations WHERE y < 100) b USING (item)",
        lambda t: (
            t["items"]
            .join(t["annotations"].filter(pl.col("w") <= 12.5), on="item", how="semi")
            .join(t["annotations"].filter(pl.col("y") < 100), on="item", how="semi")
        ),
    ),
    Question(
        "predictions(confidence > 0.9 AND label = bus).count > 0",
        "SELECT i.item FROM items i SEMI JOIN (SELECT item FROM predictions WHERE confidence > 0.9 "
        "AND label = 'bus') p USING (item)",
        lambda t: t["items"].join(
            t["predictions"].filter((pl.col("confidence") > 0.9) & of("bus")),
            on="item",
            how="semi",
        ),
    ),
    Question(
        "predictions.count > annotations.count",
        "SELECT i.item FROM items i LEFT JOIN (SELECT item, count(*) n FROM predictions GROUP BY "
        "item) p USING (item) LEFT JOIN (SELECT item, count(*) n FROM annotations GROUP BY item) a "
        "USING (item) WHERE coalesce(p.n, 0) > coalesce(a.n, 0)",
        lambda t: (
            t["items"]
            .join(t["predictions"].group_by("item").len("p"), on="item", how="left")
            .join(t["annotations"].group_by("item").len("a"), on="item", how="left")
            .filter(pl.col("p").fill_null(0) > pl.col("a").fill_null(0))
        ),
    ),
    Question(
        "metadata.scene = highway ORDER BY annotations.count DESC",
        "SELECT i.item FROM items i LEFT JOIN (SELECT item, count(*) n FROM annotations GROUP BY "
        "item) a USING (item) WHERE scene = 'highway' ORDER BY coalesce(a.n, 0) DESC, i.item",
        lambda t: (
            t["items"]
            .filter(pl.col("scene") == "highway")
            .join(t["annotations"].group_by("item").len("n"), on="item", how="left")
            .with_columns(pl.col("n").fill_null(0))
            .sort(["n", "item"], descending=[True, False])
        ),
    ),
]


def read_lines(path: pathlib.Path, marker: str) -> tuple[list[dict], np.ndarray]:
    """(images, rows of item, class, x, y, w, h, score) of a file that bench/generate wrote."""
    images, rows = [], []
    with path.open() as lines:
        for line in lines:
            line = line.rstrip(",\n")
            if line.startswith('{"id"') and "file_name" in line:
                images.append(json.loads(line))
            elif marker in line and line.startswith("{"):
                one = json.loads(line)
                rows.append(
                    (one["image_id"] - 1, one["category_id"] - 1, *one["bbox"], one.get("score", 0))
                )
    return images, np.array(rows)


def read_tables(large: pathlib.Path) -> dict[str, pl.DataFrame]:
    labels = pl.Enum(list(CLASSES))

    def objects(rows: np.ndarray) -> pl.DataFrame:
        codes = pl.Series(rows[:, 1].astype(np.uint32))
        names = pl.Series(list(CLASSES), dtype=labels)
        columns = {"item": rows[:, 0].astype(np.uint32), "label": names[codes.to_list()]}
        columns |= {name: rows[:, 2 + i] for i, name in enumerate(["x", "y", "w", "h"])}
        return pl.DataFrame(columns | {"confidence": rows[:, 6]})

    images, annotations = read_lines(large / "annotations.json", '"image_id"')
    _, predictions = read_lines(large / "predictions.json", '"image_id"')
    items = pl.DataFrame(
        {
            "item": np.arange(len(images), dtype=np.uint32),
            **{
                key: pl.Series([image[key] for image in images], dtype=pl.Categorical)
                for key in ("weather", "scene", "timeofday")
            },
        }
    )
    return {
        "items": items,
        "annotations": objects(annotations).drop("confidence"),
        "predictions": objects(predictions),
    }


@dataclass
class Timing:
    count: int
    wall_ms: list[float]
    cpu_ms: float  # of one

    @property
    def median(self) -> float:
        return statistics.median(self.wall_ms)

    @property
    def p95(self) -> float:
        return sorted(self.wall_ms)[round(0.95 * (len(self.wall_ms) - 1))]


def own_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(ask: Callable[[], tuple[int, float | None]], cpu: Callable[[], float]) -> Timing:
    """`ask` answers (items, milliseconds if it measured them itself); the first call warms up."""
    count, _ = ask()
    wall, before = [], cpu()
    for _ in range(REPEATS):
        started = time.perf_counter()
        again, took = ask()
        wall.append((time.perf_counter() - started) * 1000 if took is None else took)
        assert again == count
    return Timing(count, wall, (cpu() - before) * 1000 / REPEATS)


def ask_tusker(server: Server, session: requests.Session, text: str) -> tuple[int, float]:
    answer = session.post(
        f"{server.url}/api/datasets/large/query",
        json={"q": text, "limit": PAGE, "overlays": False, "rows": "ORDER BY" in text},
        auth=(server.key, ""),
    )
    answer.raise_for_status()
    body = answer.json()
    return body["total"], body["took_ms"]


def ask_duckdb(database: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, None]:
    if "ORDER BY" not in sql:
        return database.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0], None
    counted_too = f"SELECT item, count(*) OVER () FROM ({sql}) LIMIT {PAGE}"
    return database.execute(counted_too).fetchall()[0][1], None


def run(binary: pathlib.Path, large: pathlib.Path) -> str:
    tables = read_tables(large)
    database = duckdb.connect()
    for name, frame in tables.items():
        database.register(f"{name}_frame", frame.to_arrow())
        database.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_frame ORDER BY item")
    rows, ratios = [], []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data = pathlib.Path(folder) / "data"
        into = ["--dataset", "large", "--data", str(data), "--allow-root", str(large)]
        truth = large / "annotations.json"
        detector = ["--model", "detector", "--labels", str(truth)]
        for path, options in ((truth, []), (large / "predictions.json", detector)):
            subprocess.run(
                [str(binary), "import", str(path), *options, *into],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        with serve(binary, data, [large]) as server, requests.Session() as session:
            for question in QUESTIONS:
                tusker = timed(
                    lambda q=question: ask_tusker(server, session, q.text), server.cpu_seconds
                )
                duck = timed(lambda q=question: ask_duckdb(database, q.sql), own_cpu_seconds)
                frame = timed(lambda q=question: (q.polars(tables).height, None), own_cpu_seconds)
                if not tusker.count == duck.count == frame.count:
                    raise AssertionError(
                        f"{question.text}: Tusker counts {tusker.count}, DuckDB {duck.count}, "
                        f"Polars {frame.count}"
                    )
                ratios.append((duck.median / tusker.median, frame.median / tusker.median))
                rows.append(
                    f"| `{question.text}` | {tusker.count:,} | "
                    + " | ".join(
                        f"{t.median:.1f} / {t.p95:.1f} / {t.cpu_ms:.0f}"
                        for t in (tusker, duck, frame)
                    )
                    + f" | {ratios[-1][0]:.1f} | {ratios[-1][1]:.1f} |"
                )
    duck_ratio, frame_ratio = (statistics.median(r[i] for r in ratios) for i in (0, 1))
    return "\n".join(
        [
            f"Milliseconds of the answer, median / 95th percentile / CPU, of {REPEATS}; Tusker's "
            "as its server reports them (`took_ms`), DuckDB's and Polars' around the call; CPU of "
            "Tusker with HTTP. DuckDB and Polars hold the tables in memory, labels as "
            f"enumerations. In the median Tusker is {duck_ratio:.1f} times as fast as DuckDB "
            f"{duckdb.__version__} and {frame_ratio:.1f} times as fast as Polars "
            f"{pl.__version__}. All three counted the same items.",
            "",
            "| question | items | Tusker | DuckDB | Polars | DuckDB ÷ Tusker | Polars ÷ Tusker |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )
