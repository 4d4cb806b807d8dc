"""`tusker issues --task detection`: a COCO file of labels and one of results about it."""

import copy
import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
CATEGORIES = [{"id": 7, "name": "car"}, {"id": 3, "name": "big, red bus"}]


class Scene:
    """Forty pictures with a car and a bus each, and a detector that sees them; three labels lie."""

    def __init__(self, folder):
        self.folder = folder
        images = [
            {"id": 100 + i, "file_name": f"street/{i:03}.jpg", "width": 400, "height": 300}
            for i in range(40)
        ]
        annotations, self.results = [], []
        for i in range(40):
            for k, (category, box) in enumerate(
                ((7, [20 + i, 30, 60, 40]), (3, [220 - i, 130 + i, 120, 90]))
            ):
                annotations.append(
                    {"id": 1000 + 2 * i + k, "image_id": 100 + i, "category_id": category}
                    | {"bbox": box}
                )
                self.results.append(
                    {"image_id": 100 + i, "category_id": category, "score": 0.99}
                    | {"bbox": [box[0] + 1, box[1], box[2], box[3] + 1]}
                )
        annotations[10]["category_id"] = 3  # picture 5: the car is called a bus
        annotations[25]["bbox"] = [100, 150, 120, 90]  # picture 12: the bus lies elsewhere
        del annotations[60]  # picture 30: the car was overlooked
        self.labels = {
            "images": images,
            "annotations": annotations,
            "categories": copy.deepcopy(CATEGORIES),
        }

    def run(self, *more):
        (self.folder / "labels.json").write_text(json.dumps(self.labels))
        (self.folder / "results.json").write_text(json.dumps(self.results))
        files = self.folder / "labels.json", self.folder / "results.json"
        arguments = "issues", "--task", "detection", *files, *more
        return subprocess.run(
            [BINARY, *map(str, arguments)], capture_output=True, text=True, check=False
        )

    def found(self):
        done = self.run("--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refusal(self, *more):
        done = self.run(*more)
        assert done.returncode == 2, (done.returncode, done.stdout)
        assert done.stdout == "" and done.stderr.count("\n") == 1
        return done.stderr


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_the_three_lies_are_found(scene):
    found = scene.found()
    issues = {issue["kind"]: issue for issue in found["issues"]}
    assert found["images"] == 40 and found["class_names"] == ["car", "big, red bus"]
    swapped = issues["swapped"]
    assert swapped["file_name"] == "street/005.jpg" and swapped["annotation_id"] == "1010"
    assert (swapped["given"], swapped["suggested"]) == (1, 0)
    overlooked = issues["overlooked"]
    assert overlooked["file_name"] == "street/030.jpg" and overlooked["suggested"] == 0
    assert overlooked["bbox"] == [51, 30, 60, 41]
    located = issues["badly_located"]
    assert located["annotation_id"] == "1025" and located["suggested_bbox"] == [209, 142, 120, 91]


def test_prints_and_writes(scene, tmp_path):
    text = scene.run().stdout
    assert "of 40 images (79 given boxes), 2 classes" in text
    for words in ("Per kind", "swapped", "Largest confusions", "street/005.jpg", "big, red bus"):
        assert words in text
    assert scene.run("--output", tmp_path / "o.csv").returncode == 0
    rows = list(csv.DictReader((tmp_path / "o.csv").open()))
    assert {row["image"] for row in rows} >= {"street/005.jpg", "street/030.jpg", "street/012.jpg"}
    swapped = next(row for row in rows if row["kind"] == "swapped")
    assert (swapped["given"], swapped["suggested"]) == ("big, red bus", "car")
    assert (swapped["annotation_id"], swapped["suggested_x"]) == ("1010", "")
    scene.run("--output", tmp_path / "o.npy")
    assert {5, 12, 30} <= set(np.load(tmp_path / "o.npy").tolist())


def test_no_boxes_at_all(scene):
    scene.labels["annotations"] = []
    scene.results = []
    done = scene.run()
    assert done.returncode == 0 and done.stdout.startswith("0 label issues in 0 of 40 images")


def spoil(part, index, **members):
    def change(scene):
        rows = scene.results if part == "results" else scene.labels[part]
        rows[index] = rows[index] | members

    return change


def empty_images(scene):
    scene.labels["images"] = []
    scene.labels["annotations"] = []
    scene.results = []


def swap_files(scene):
    scene.labels, scene.results = scene.results, copy.deepcopy(scene.labels)


def without(member):
    def change(scene):
        del scene.labels[member]

    return change


BAD = {
    "unknown category": (spoil("annotations", 3, category_id=9), ["labels", "[3].category_id = 9"]),
    "unknown image": (spoil("annotations", 3, image_id=9), ["labels", "[3].image_id = 9"]),
    "three numbers": (spoil("annotations", 3, bbox=[1, 2, 3]), ["labels", "[3].bbox", "four"]),
    "negative width": (spoil("annotations", 3, bbox=[1, 2, -3, 4]), ["bbox[2] = -3", "> 0"]),
    "text as number": (spoil("annotations", 3, bbox=[1, 2, "3", 4]), ["[3].bbox", "numbers"]),
    "no box": (spoil("annotations", 3, bbox=None), ["labels", "bbox", "x, y, width, height"]),
    "results: category": (spoil("results", 5, category_id=9), ["predictions", "[5].category_id"]),
    "results: image": (spoil("results", 5, image_id=9), ["predictions", "[5].image_id = 9"]),
    "score above 1": (spoil("results", 5, score=1.5), ["predictions", "[5].score = 1.5", "0 to 1"]),
    "no score": (spoil("results", 5, score=None), ["predictions", "[5].score"]),
    "doubled image": (spoil("images", 5, id=100), ["labels", "images[5].id = 100", "unique"]),
    "doubled name": (spoil("categories", 1, name="car"), ["labels", "'car'", "class 0", "class 1"]),
    "no images": (empty_images, ["labels", "0 images"]),
    "files exchanged": (swap_files, ["labels", "must be COCO labels"]),
    "no categories": (without("categories"), ["labels", '"categories" is absent']),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, scene):
    change, words = BAD[name]
    change(scene)
    text = scene.refusal()
    for word in words:
        assert word in text, text


def test_text_that_is_no_json(scene, tmp_path):
    scene.run()
    labels, results = tmp_path / "labels.json", tmp_path / "results.json"
    whole = labels.read_text()
    for text in (whole[:2000], "", "no json", "[1, 2", "\0"):
        labels.write_text(text)
        arguments = [BINARY, "issues", "--task", "detection", labels, results]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 2 and done.stdout == "", done.stderr
        assert done.stderr.startswith(f"tusker: labels: {labels}: ")
    done = subprocess.run(
        [BINARY, "issues", "--task", "detection", labels, tmp_path / "none.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2


def test_boxes_without_area_are_left_out_or_with_strict_refused(scene):
    scene.results[7]["bbox"][2] = 0
    done = scene.run()
    assert done.returncode == 0
    assert "bbox[2] = 0" in done.stderr and "1 box without area left out" in done.stderr
    assert "[7].bbox[2] = 0" in scene.refusal("--strict")


def test_crowds_are_left_out(scene):
    expected = scene.found()
    scene.labels["annotations"].append(
        {"id": 9, "image_id": 101, "category_id": 7, "iscrowd": 1, "bbox": [0, 0, 400, 300]}
    )
    found = scene.found()
    assert found["issues"] == expected["issues"]
    assert "1 region of crowds left out" in found["warnings"][0]


def test_options_that_make_no_sense_here(scene):
    done = scene.run("--filter-by", "both")
    assert done.returncode == 2 and "--task detection has no use for it" in done.stderr
