"""A whole dataset on disk: pictures, labels (COCO), predictions (COCO results), and the truth.

FOLDER/images/street-0000.jpg …
FOLDER/labels.coco.json         the labels people gave, mistakes included
FOLDER/predictions.coco.json    what the detector said: score and class_pdf for each box
FOLDER/truth.json               each mistake, by annotation id; what was dropped, by picture
FOLDER/made-from.json           seed, count, version: written last, so a torn run is done again
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path

from demo.progress import Progress
from demo.street.canvas import HEIGHT, WIDTH
from demo.street.detector import Predicted, detect
from demo.street.labels import LABELS, GivenLabels, give_labels
from demo.street.render import render_scene

# Raise it when the pictures or labels change, so that older folders are made again.
VERSION = 1
SEED = 7
COUNT = 400


def scene_name(number: int) -> str:
    return f"street-{number:04d}"


def _make(task: tuple[Path, int, int]) -> tuple[int, dict[str, str], GivenLabels, list[Predicted]]:
    folder, seed, number = task
    scene = render_scene(seed, number)
    scene.picture.save(folder / f"{scene_name(number)}.jpg", quality=90, subsampling=0)
    metadata = {"weather": scene.weather, "scene": scene.place, "timeofday": scene.timeofday}
    return number, metadata, give_labels(seed, scene), detect(seed, scene)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _write_labels(
    folder: Path, made: list[tuple[int, dict[str, str], GivenLabels, list[Predicted]]]
) -> None:
    """Ids are given here, in the order of the scenes, whoever rendered them."""
    categories = [{"id": i, "name": name} for i, name in enumerate(LABELS, start=1)]
    category = {name: i for i, name in enumerate(LABELS, start=1)}
    images, annotations, predictions = [], [], []
    wrong: dict[str, dict[str, object]] = {}
    dropped: list[dict[str, object]] = []
    unlabelled = []
    for number, metadata, given, predicted in made:
        image_id = number + 1
        name = scene_name(number)
        images.append(
            {
                "id": image_id,
                "file_name": f"{name}.jpg",
                "width": WIDTH,
                "height": HEIGHT,
                "metadata": metadata,
            }
        )
        if not given.labelled:
            unlabelled.append(name)
        for one in given.annotations:
            annotation_id = len(annotations) + 1
            annotations.append(
                {
                    "id": annotation_id,
                    "image_id": image_id,
                    "category_id": category[one.label],
                    "bbox": list(one.bbox),
                    "area": round(one.bbox[2] * one.bbox[3], 2),
                    "iscrowd": 0,
                    "metadata": one.metadata,
                }
            )
            if one.error:
                wrong[str(annotation_id)] = {
                    "image": name,
                    "error": one.error,
                    "label": one.true_label,
                    "bbox": list(one.true_bbox),
                }
        dropped += [
            {"image": name, "label": seen.label, "bbox": list(seen.bbox)} for seen in given.dropped
        ]
        predictions += [
            {
                "image_id": image_id,
                "category_id": category[one.label],
                "bbox": list(one.bbox),
                "score": one.confidence,
                "class_pdf": one.class_pdf,
            }
            for one in predicted
        ]
    _write_json(
        folder / "labels.coco.json",
        {"images": images, "annotations": annotations, "categories": categories},
    )
    _write_json(folder / "predictions.coco.json", predictions)
    _write_json(
        folder / "truth.json", {"wrong": wrong, "dropped": dropped, "unlabelled": unlabelled}
    )


def make_dataset(
    folder: Path, count: int = COUNT, seed: int = SEED, processes: int | None = None
) -> float:
    """Renders what is not there yet; returns the seconds it took."""
    began = time.monotonic()
    stamp = folder / "made-from.json"
    made_from = {"version": VERSION, "seed": seed, "count": count}
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == made_from:
        return time.monotonic() - began
    shutil.rmtree(folder, ignore_errors=True)
    pictures = folder / "images"
    pictures.mkdir(parents=True)
    tasks = [(pictures, seed, number) for number in range(count)]
    made = []
    with (
        multiprocessing.Pool(processes or os.cpu_count()) as pool,
        Progress("rendering street scenes", count) as progress,
    ):
        for one in pool.imap_unordered(_make, tasks, chunksize=4):
            made.append(one)
            progress.advance()
    _write_labels(folder, sorted(made, key=lambda one: one[0]))
    _write_json(stamp, made_from)
    return time.monotonic() - began


def load_json(folder: Path, name: str) -> object:
    return json.loads((folder / name).read_text(encoding="utf-8"))
