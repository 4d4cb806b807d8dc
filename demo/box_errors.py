"""Asks the server for wrong boxes, and counts by kind how many of the planted ones it found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.label_errors import ROWS_PER_PAGE, newest_run
from demo.load import Loaded
from demo.progress import Progress
from demo.server import Server
from demo.street.dataset import load_json

# What truth.json calls a mistake, and what a label-issue run calls it.
KINDS = {"swapped": "swapped", "misplaced": "badly_located", "dropped": "overlooked"}
SAME_BOX_IOU = 0.5


@dataclass
class KindScore:
    kind: str
    planted: int
    named: int  # called so
    found: int  # planted ones that are called so
    hits: int  # of those called so, planted ones

    @property
    def precision(self) -> float:
        return self.hits / self.named if self.named else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 0.0


def find_box_errors(server: Server, name: str, loaded: Loaded) -> tuple[dict, list[dict]]:
    """The newest run over these predictions, made if there is none, and its tiles, worst first."""
    base = f"/api/datasets/{loaded.dataset_id}"
    if not newest_run(server, base, loaded.run_id):
        job = server.post(f"{base}/issue-runs", {"run": loaded.run_id, "task": "detection"})
        with Progress(f"{name}: finding wrong boxes", job["total"] or 1) as progress:
            server.wait_for_job(job, progress)
    run = newest_run(server, base, loaded.run_id)
    tiles: list[dict] = []
    while True:
        question = {"issues": run["id"], "offset": len(tiles), "limit": ROWS_PER_PAGE}
        page = server.post(f"{base}/issues", question)["tiles"]
        tiles += page
        if len(page) < ROWS_PER_PAGE:
            return run, tiles


def intersection_over_union(a: Sequence[float], b: Sequence[float]) -> float:
    """Boxes as x, y, width, height."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def annotation_id(tile: dict) -> str | None:
    row = tile["issue"]["row"]
    return next((a.get("annotation_id") for a in tile["annotations"] if a["row"] == row), None)


def measure_boxes(tiles: list[dict], folder: Path) -> list[KindScore]:
    """Against truth.json. Scenes without any label were left so on purpose: nothing is planted."""
    truth = load_json(folder, "truth.json")
    unlabelled = set(truth["unlabelled"])
    scores = []
    for error in ("swapped", "misplaced"):
        planted = {i for i, wrong in truth["wrong"].items() if wrong["error"] == error}
        named = {annotation_id(t) for t in tiles if t["issue"]["kind"] == KINDS[error]}
        hits = len(planted & named)
        scores.append(KindScore(KINDS[error], len(planted), len(named), hits, hits))
    dropped = [one for one in truth["dropped"] if one["image"] not in unlabelled]
    named = [t for t in tiles if t["issue"]["kind"] == "overlooked"]
    pairs = [
        (i, j)
        for i, one in enumerate(dropped)
        for j, tile in enumerate(named)
        if tile["ref"] == one["image"]
        and intersection_over_union(tile["issue"]["suggested_box"], one["bbox"]) >= SAME_BOX_IOU
    ]
    found, hits = len({i for i, _ in pairs}), len({j for _, j in pairs})
    scores.append(KindScore("overlooked", len(dropped), len(named), found, hits))
    return scores


def report_boxes(server: Server, name: str, loaded: Loaded, folder: Path) -> float:
    """Prints a line a kind; returns the seconds it took."""
    began = time.monotonic()
    run, tiles = find_box_errors(server, name, loaded)
    seconds = time.monotonic() - began
    print(f"{name}: {run['found']} label issues among {run['scored']:,} boxes; of the planted ones")
    for score in measure_boxes(tiles, folder):
        print(
            f"  {score.kind:13}  {score.found:3} of {score.planted:3} found, {score.named} named: "
            f"precision {score.precision:.3f}, recall {score.recall:.3f}"
        )
    return seconds
