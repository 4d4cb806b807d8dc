import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from running_server import run

CLASSES = ["car", "truck", "bus", "traffic light"]
WEATHER = ["clear", "rainy", "foggy"]
IMAGES = 2_000


@dataclass
class Dataset:
    """A dataset that `tusker import` brought in, and the same rows for those who want to count."""

    data: Path
    items: list[dict]  # item, ref, weather, speed
    annotations: list[dict]  # item, label, x, y, w, h, occluded
    predictions: list[dict]  # item, label, x, y, w, h, confidence

    def query(self, text: str, *options: str):
        return run("query", "street", text, *options, "--data", self.data)

    def references(self, text: str) -> list[str]:
        done = self.query(text, "--all")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


def random_objects(random: np.random.Generator, more: str) -> list[dict]:
    """Sizes and confidences in tenths, so that many stand at a bound; 0.3 has no float32."""
    objects = []
    for item in range(IMAGES):
        for _ in range(int(random.poisson(3))):
            x, y, w, h = (random.integers(1, 400, 4) / 10).tolist()
            label = CLASSES[int(random.choice(4, p=[0.6, 0.2, 0.1, 0.1]))]
            objects.append({"item": item, "label": label, "x": x, "y": y, "w": w, "h": h})
            if more == "confidence":
                objects[-1]["confidence"] = int(random.integers(0, 11)) / 10
            elif random.random() < 0.5:
                objects[-1]["occluded"] = bool(random.integers(0, 2))
    return objects


def write_coco(folder: Path, dataset: Dataset) -> None:
    def coco(objects):
        for number, one in enumerate(objects, 1):
            row = {"image_id": one["item"] + 1, "category_id": CLASSES.index(one["label"]) + 1}
            row |= {"id": number, "bbox": [one["x"], one["y"], one["w"], one["h"]]}
            if "occluded" in one:
                row["attributes"] = {"occluded": one["occluded"]}
            if "confidence" in one:
                row["score"] = one["confidence"]
            yield row

    images = []
    for item in dataset.items:
        metadata = {key: item[key] for key in ("weather", "speed") if item[key] is not None}
        image = {"id": item["item"] + 1, "file_name": item["ref"], "width": 640, "height": 360}
        images.append(image | {"metadata": metadata})
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(CLASSES)]
    truth = {"images": images, "categories": categories}
    (folder / "truth.json").write_text(
        json.dumps(truth | {"annotations": list(coco(dataset.annotations))})
    )
    (folder / "results.json").write_text(json.dumps(list(coco(dataset.predictions))))


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Dataset:
    folder = tmp_path_factory.mktemp("query")
    random = np.random.default_rng(11)
    items = [
        {
            "item": i,
            "ref": f"{i:05}.jpg",
            "weather": None if i % 7 == 0 else WEATHER[int(random.integers(0, 3))],
            "speed": None if i % 5 == 0 else int(random.integers(0, 200)) / 10,
        }
        for i in range(IMAGES)
    ]
    made = Dataset(
        folder / "data",
        items,
        random_objects(random, "occluded"),
        random_objects(random, "confidence"),
    )
    write_coco(folder, made)
    into = ["--dataset", "street", "--data", made.data, "--keep-missing"]
    labels = ["--model", "detector", "--labels", folder / "truth.json"]
    for path, options in ((folder / "truth.json", []), (folder / "results.json", labels)):
        done = run("import", path, *options, *into)
        assert done.returncode == 0, done.stderr
    return made
