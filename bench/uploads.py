"""Raw HTTP uploads of items and boxes, each request durable before it is answered, beside the
disk's own syncs per second and MB/s."""

from __future__ import annotations

import json
import pathlib
import tempfile
import time

import numpy as np

from bench import machine
from bench.server import Server, serve

ITEM_BATCHES, ITEMS_PER_BATCH = 20, 5_000
BOX_BATCHES, BOXES_PER_BATCH = 60, 5_000  # the client's own batch size


def upload_items(server: Server, dataset: str) -> tuple[float, int]:
    seconds, size = 0.0, 0
    for batch in range(ITEM_BATCHES):
        items = [
            {
                "reference_id": f"picture_{batch * ITEMS_PER_BATCH + i}",
                "image_url": f"https://example.org/{batch}/{i}.jpg",
                "metadata": {"weather": "rainy", "speed": i * 0.5},
            }
            for i in range(ITEMS_PER_BATCH)
        ]
        body = json.dumps({"items": items, "update": False})
        size += len(body)
        started = time.monotonic()
        server.post(f"/v1/nucleus/dataset/{dataset}/append", data=body)
        seconds += time.monotonic() - started
    return seconds, size


def upload_boxes(server: Server, dataset: str) -> tuple[float, int]:
    random = np.random.default_rng(1)
    seconds, size = 0.0, 0
    for batch in range(BOX_BATCHES):
        numbers = random.integers(0, ITEM_BATCHES * ITEMS_PER_BATCH, BOXES_PER_BATCH).tolist()
        shapes = random.uniform(1, 500, (BOXES_PER_BATCH, 4)).round(2).tolist()
        annotations = [
            {
                "type": "box",
                "label": "car",
                "reference_id": f"picture_{item}",
                "annotation_id": f"{batch}-{i}",
                "geometry": dict(zip(("x", "y", "width", "height"), shape, strict=True)),
                "metadata": {},
            }
            for i, (item, shape) in enumerate(zip(numbers, shapes, strict=True))
        ]
        body = json.dumps({"annotations": annotations, "update": False})
        size += len(body)
        started = time.monotonic()
        answer = server.post(f"/v1/nucleus/dataset/{dataset}/annotate", data=body)
        seconds += time.monotonic() - started
        assert answer["annotations_processed"] == BOXES_PER_BATCH, answer
    return seconds, size


def run(binary: pathlib.Path) -> str:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data = pathlib.Path(folder) / "data"
        syncs = machine.syncs_per_second(pathlib.Path(folder))
        written = machine.write_mb_per_second(pathlib.Path(folder))
        with serve(binary, data, []) as server:
            made = server.post(
                "/v1/nucleus/dataset/create", json={"name": "uploads", "is_scene": False}
            )
            rows = []
            for what, upload, batches, per_batch in (
                ("items", upload_items, ITEM_BATCHES, ITEMS_PER_BATCH),
                ("boxes", upload_boxes, BOX_BATCHES, BOXES_PER_BATCH),
            ):
                before = server.cpu_seconds()
                seconds, size = upload(server, made["dataset_id"])
                cpu = server.cpu_seconds() - before
                rows.append(
                    f"| {what}, {per_batch:,} a request | {batches * per_batch / seconds:,.0f} "
                    f"| {batches / seconds:.0f} | {batches / seconds / syncs:.2f} "
                    f"| {size / seconds / 2**20:.0f} | {size / seconds / 2**20 / written:.2f} "
                    f"| {cpu / (batches * per_batch) * 1e6:.1f} |"
                )
            peak = server.peak_mib()
    return "\n".join(
        [
            "One connection, one request after the other, each answered only when it survives a "
            f"crash. The disk alone: {syncs:,.0f} syncs/s, {written:,.0f} MB/s. "
            f"Peak memory of the server {peak:,.0f} MiB.",
            "",
            "| upload | rows/s | requests/s | of the disk's syncs/s | MB/s of JSON "
            "| of the disk's MB/s | CPU µs a row |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )
