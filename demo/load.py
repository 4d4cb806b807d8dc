"""Loads the demo's datasets through the unmodified `scale-nucleus` client, as any user would.

Each step first asks what is there and sends only what is missing, so running it again is harmless:
datasets and models are found by name, and rows that are there already are ignored by the server.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nucleus
import numpy as np
from nucleus import (
    BoxAnnotation,
    BoxPrediction,
    CategoryAnnotation,
    CategoryPrediction,
    DatasetItem,
    NucleusClient,
)

from demo.fashion import LABELS, Photographs, describe
from demo.progress import Progress
from demo.server import Server, ServerError
from demo.street.dataset import load_json

# The client sleeps this long before each look at an upload's job: 5 s, made for uploads by URL. It
# looks once for each 10 local files, 1,000 times for 10,000 photographs.
nucleus.async_job.JOB_POLLING_INTERVAL = 0.005

TAXONOMY = "clothing_type"
FASHION_MODEL = "kernel machine, 5 folds"
STREET_MODEL = "street detector"
# Local files go 10 to a request and 10 requests at a time, which arrive in any order. So many an
# `append` keep progress visible; one request an `append` keeps the scenes in their order.
PHOTOGRAPHS_PER_APPEND = 400
SCENES_PER_APPEND = 10
ROWS_PER_REQUEST = 2500


@dataclass
class Loaded:
    dataset_id: str
    run_id: str
    seconds: float


def connect(server: Server) -> NucleusClient:
    return NucleusClient(server.key, endpoint=f"{server.url}/v1/nucleus", use_notebook=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The client draws a bar and prints a line for each request; ours shows the whole."""
    unread = io.StringIO()
    with contextlib.redirect_stderr(unread), contextlib.redirect_stdout(unread):
        yield


def _facts(server: Server, dataset_id: str) -> dict:
    return server.get(f"/api/datasets/{dataset_id}")


def _find_or_make_dataset(client: NucleusClient, name: str):
    for dataset in client.datasets:
        if dataset.name == name:
            return dataset
    return client.create_dataset(name, is_scene=False)


def _find_or_make_model(client: NucleusClient, name: str):
    for model in client.models:
        if model.name == name:
            return model
    return client.create_model(name=name, reference_id=name.replace(" ", "-").replace(",", ""))


def _append(dataset, items: Sequence[DatasetItem], per_append: int, what: str) -> None:
    with Progress(f"{what}: uploading pictures", len(items)) as progress:
        for start in range(0, len(items), per_append):
            part = items[start : start + per_append]
            with _quiet():
                dataset.append(part).sleep_until_complete(verbose_std_out=False)
            progress.advance(len(part))


def _send(rows: Sequence, what: str, send) -> None:
    """`send(part)` is the client's call; refused rows end the demo with the server's sentence."""
    with Progress(what, len(rows)) as progress:
        for start in range(0, len(rows), ROWS_PER_REQUEST):
            part = rows[start : start + ROWS_PER_REQUEST]
            with _quiet():
                answer = send(part)
            if answer.get("errors"):
                raise ServerError(f"{what}: {answer['errors'][0]}")
            progress.advance(len(part))


def _run_of(server: Server, dataset_id: str) -> dict:
    runs = _facts(server, dataset_id)["runs"]
    return max(runs, key=lambda run: run["predictions"], default={"id": "", "predictions": 0})


def _verify(server: Server, dataset_id: str, name: str, expected: dict[str, int]) -> None:
    facts = _facts(server, dataset_id)
    found = {
        "items": facts["items"],
        "annotations": facts["annotations"],
        "predictions": _run_of(server, dataset_id)["predictions"],
    }
    for what, count in expected.items():
        if found[what] < count:
            raise ServerError(f"{name}: {found[what]:,} {what} are stored, {count:,} were sent")


def load_fashion(
    server: Server,
    name: str,
    photographs: Photographs,
    pictures: list[Path],
    labels: np.ndarray,
    probabilities: np.ndarray,
) -> Loaded:
    began = time.monotonic()
    client = connect(server)
    dataset = _find_or_make_dataset(client, name)
    names = photographs.names
    if _facts(server, dataset.id)["items"] < len(names):
        items = [
            DatasetItem(str(pictures[i]), reference_id=names[i], metadata=describe(photographs, i))
            for i in range(len(names))
        ]
        _append(dataset, items, PHOTOGRAPHS_PER_APPEND, name)
    facts = _facts(server, dataset.id)
    if not any(taxonomy["name"] == TAXONOMY for taxonomy in facts["schema"]["taxonomies"]):
        dataset.add_taxonomy(TAXONOMY, "category", list(LABELS))
    if facts["annotations"] < len(names):
        given = [
            CategoryAnnotation(LABELS[label], reference_id=ref, taxonomy_name=TAXONOMY)
            for ref, label in zip(names, labels, strict=True)
        ]
        _send(given, f"{name}: uploading labels", dataset.annotate)
    if _run_of(server, dataset.id)["predictions"] < len(names):
        model = _find_or_make_model(client, FASHION_MODEL)
        predicted = [
            CategoryPrediction(
                LABELS[int(row.argmax())],
                reference_id=ref,
                taxonomy_name=TAXONOMY,
                confidence=float(row.max()),
                class_pdf=dict(zip(LABELS, map(float, row), strict=True)),
            )
            for ref, row in zip(names, _normalised(probabilities), strict=True)
        ]
        _send(
            predicted,
            f"{name}: uploading probabilities",
            lambda part: dataset.upload_predictions(model, part),
        )
    counts = {"items": len(names), "annotations": len(names), "predictions": len(names)}
    _verify(server, dataset.id, name, counts)
    return Loaded(dataset.id, _run_of(server, dataset.id)["id"], time.monotonic() - began)


def _normalised(probabilities: np.ndarray) -> np.ndarray:
    """In double precision: float32 rows sum to 1 only to seven digits, the client wants more."""
    exact = probabilities.astype(np.float64)
    return exact / exact.sum(axis=1, keepdims=True)


def _box(bbox: Sequence[float]) -> dict[str, float]:
    return dict(zip(("x", "y", "width", "height"), bbox, strict=True))


def load_street(server: Server, name: str, folder: Path) -> Loaded:
    began = time.monotonic()
    client = connect(server)
    dataset = _find_or_make_dataset(client, name)
    labels, predictions = (
        load_json(folder, "labels.coco.json"),
        load_json(folder, "predictions.coco.json"),
    )
    category = {c["id"]: c["name"] for c in labels["categories"]}
    reference = {i["id"]: i["file_name"].removesuffix(".jpg") for i in labels["images"]}
    if _facts(server, dataset.id)["items"] < len(reference):
        items = [
            DatasetItem(
                str(folder / "images" / image["file_name"]),
                reference_id=reference[image["id"]],
                metadata=image["metadata"],
            )
            for image in labels["images"]
        ]
        _append(dataset, items, SCENES_PER_APPEND, name)
    if _facts(server, dataset.id)["annotations"] < len(labels["annotations"]):
        boxes = [
            BoxAnnotation(
                category[a["category_id"]],
                **_box(a["bbox"]),
                reference_id=reference[a["image_id"]],
                annotation_id=str(a["id"]),
                metadata=a["metadata"],
            )
            for a in labels["annotations"]
        ]
        _send(boxes, f"{name}: uploading boxes", dataset.annotate)
    if _run_of(server, dataset.id)["predictions"] < len(predictions):
        model = _find_or_make_model(client, STREET_MODEL)
        found = [
            BoxPrediction(
                category[p["category_id"]],
                **_box(p["bbox"]),
                reference_id=reference[p["image_id"]],
                annotation_id=f"detection-{i}",
                confidence=p["score"],
                class_pdf=p["class_pdf"],
            )
            for i, p in enumerate(predictions)
        ]
        _send(
            found,
            f"{name}: uploading predictions",
            lambda part: dataset.upload_predictions(model, part),
        )
    counts = {
        "items": len(reference),
        "annotations": len(labels["annotations"]),
        "predictions": len(predictions),
    }
    _verify(server, dataset.id, name, counts)
    return Loaded(dataset.id, _run_of(server, dataset.id)["id"], time.monotonic() - began)
