"""The street dataset: repeatable, and its truth is what the pictures show."""

import json
import math
import random

import numpy as np
import pytest
from PIL import Image

from demo.box_errors import measure_boxes
from demo.street.canvas import HEIGHT, WIDTH, Camera, Canvas
from demo.street.dataset import make_dataset
from demo.street.labels import LABELS
from demo.street.light import choose_light
from demo.street.render import BOTTOM_PX, render_scene
from demo.street.vehicles import make_vehicle

COUNT = 20
SEED = 3


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    folder = tmp_path_factory.mktemp("street")
    make_dataset(folder, COUNT, SEED)
    return folder


def load(folder, name):
    return json.loads((folder / name).read_text())


def test_the_same_seed_gives_the_same_files_on_any_number_of_processes(street, tmp_path):
    make_dataset(tmp_path / "again", COUNT, SEED, processes=1)
    for name in ("labels.coco.json", "predictions.coco.json", "truth.json"):
        assert (street / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    for picture in sorted((street / "images").iterdir()):
        assert picture.read_bytes() == (tmp_path / "again" / "images" / picture.name).read_bytes()


def test_another_seed_gives_other_scenes(street):
    other = render_scene(SEED + 1, 0).picture
    assert not np.array_equal(np.asarray(other), np.asarray(render_scene(SEED, 0).picture))


def test_what_is_there_is_not_rendered_again(street):
    before = {p.name: p.stat().st_mtime_ns for p in (street / "images").iterdir()}
    make_dataset(street, COUNT, SEED)
    assert before == {p.name: p.stat().st_mtime_ns for p in (street / "images").iterdir()}


def test_every_picture_opens_and_has_its_size_and_metadata(street):
    labels = load(street, "labels.coco.json")
    assert len(labels["images"]) == COUNT
    for image in labels["images"]:
        with Image.open(street / "images" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (WIDTH, HEIGHT)
        assert set(image["metadata"]) == {"weather", "scene", "timeofday"}


def test_every_fifth_scene_has_no_box(street):
    labels, truth = load(street, "labels.coco.json"), load(street, "truth.json")
    labelled = {a["image_id"] for a in labels["annotations"]}
    empty = [
        i["file_name"].removesuffix(".jpg") for i in labels["images"] if i["id"] not in labelled
    ]
    assert empty == truth["unlabelled"] == [f"street-{n:04d}" for n in range(4, COUNT, 5)]


def test_boxes_lie_inside_their_picture(street):
    boxes = load(street, "labels.coco.json")["annotations"] + load(street, "predictions.coco.json")
    assert boxes
    for box in boxes:
        x, y, width, height = box["bbox"]
        assert x >= 0 and y >= 0 and width > 0 and height > 0
        assert x + width <= WIDTH + 0.01 and y + height <= HEIGHT + 0.01


def test_labels_and_truth_together_are_the_objects_of_the_scenes(street):
    labels, truth = load(street, "labels.coco.json"), load(street, "truth.json")
    names = {c["id"]: c["name"] for c in labels["categories"]}
    for number in range(COUNT):
        found = []
        for annotation in labels["annotations"]:
            if annotation["image_id"] == number + 1:
                wrong = truth["wrong"].get(str(annotation["id"]))
                given = {"label": names[annotation["category_id"]], "bbox": annotation["bbox"]}
                right = wrong or given
                found.append((right["label"], tuple(right["bbox"])))
                if wrong:
                    assert (wrong["label"] != given["label"]) == (wrong["error"] == "swapped")
                    assert (wrong["bbox"] != given["bbox"]) == (wrong["error"] == "misplaced")
        name = f"street-{number:04d}"
        found += [(d["label"], tuple(d["bbox"])) for d in truth["dropped"] if d["image"] == name]
        expected = [(o.label, o.bbox) for o in render_scene(SEED, number).objects]
        assert sorted(found) == sorted(expected)


def empty_road():
    """A camera, plain light, and a canvas on which only what one paints differs from grey."""
    light = choose_light("overcast", "daytime", random.Random(1))
    camera = Camera(512.0, 165.0, 0.0, 1.5)
    grey = np.full((HEIGHT, WIDTH, 3), 128.0, np.float32)
    return camera, light, Canvas(camera, light, grey, BOTTOM_PX)


@pytest.mark.parametrize(
    ("kind", "x", "z", "yaw"),
    [
        ("sedan", 2.0, 9.0, 0.0),
        ("van", 5.0, 12.0, 0.02),
        ("bus", -4.0, 14.0, math.pi),
        ("truck", -3.0, 20.0, math.pi / 2),
        ("police", 1.0, 15.0, -math.pi / 2),
    ],
)
def test_a_box_ends_where_the_pixels_of_its_object_end(kind, x, z, yaw):
    camera, light, canvas = empty_road()
    canvas.paint([make_vehicle(kind, x, z, yaw, camera, light, random.Random(2))])
    (seen,) = canvas.seen(1, 0.1, 0.01)
    rows, columns = np.nonzero(np.any(np.abs(canvas.pixels() - 128.0) > 1.0, axis=2))
    left, top, width, height = seen.bbox
    assert columns.min() == pytest.approx(left, abs=1.0)
    assert columns.max() + 1 == pytest.approx(left + width, abs=1.0)
    assert rows.min() == pytest.approx(top, abs=1.0)
    assert rows.max() + 1 == pytest.approx(top + height, abs=1.0)


def test_a_hidden_object_gets_no_box_and_a_half_hidden_one_says_so():
    camera, light, canvas = empty_road()
    rng = random.Random(2)
    bus = make_vehicle("bus", 0.0, 10.0, 0.0, camera, light, rng)
    behind = make_vehicle("sedan", 0.0, 30.0, 0.0, camera, light, rng)
    beside = make_vehicle("sedan", 3.4, 30.0, 0.0, camera, light, rng)
    canvas.paint([behind, beside, bus])
    seen = canvas.seen(1, 0.1, 0.01)
    assert [o.label for o in seen] == ["bus", "car"]
    assert seen[0].visible == 1.0
    assert 0.1 < seen[1].visible < 0.9


def test_predictions_are_probabilities_over_the_labels(street):
    names = {c["id"]: c["name"] for c in load(street, "labels.coco.json")["categories"]}
    assert tuple(names.values()) == LABELS
    for prediction in load(street, "predictions.coco.json"):
        pdf = prediction["class_pdf"]
        assert set(pdf) == set(LABELS)
        assert sum(pdf.values()) == pytest.approx(1.0, abs=1e-9)
        assert all(p >= 0 for p in pdf.values())
        assert max(pdf, key=pdf.get) == names[prediction["category_id"]]
        assert 0 < prediction["score"] <= 1


def tile(kind, row, ref, suggested_box=None):
    return {
        "ref": ref,
        "annotations": [{"row": "1", "annotation_id": "11"}, {"row": "2", "annotation_id": "12"}],
        "issue": {"row": row, "kind": kind, "suggested_box": suggested_box},
    }


def test_planted_boxes_are_counted_by_kind(tmp_path):
    truth = {
        "wrong": {"11": {"error": "swapped"}, "12": {"error": "misplaced"}},
        "dropped": [
            {"image": "a", "label": "car", "bbox": [0, 0, 10, 10]},
            {"image": "a", "label": "bus", "bbox": [50, 50, 10, 10]},
            {"image": "b", "label": "bus", "bbox": [0, 0, 10, 10]},
        ],
        "unlabelled": ["b"],
    }
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    tiles = [
        tile("swapped", "1", "a"),
        tile("swapped", "2", "a"),  # it is misplaced
        tile("overlooked", "7", "a", [1, 0, 10, 10]),
        tile("overlooked", "8", "a", [200, 0, 10, 10]),
    ]
    swapped, badly_located, overlooked = measure_boxes(tiles, tmp_path)
    assert (swapped.precision, swapped.recall) == (0.5, 1.0)
    assert (badly_located.precision, badly_located.recall) == (0.0, 0.0)
    # Nothing is planted where nobody labelled anything.
    assert (overlooked.planted, overlooked.precision, overlooked.recall) == (2, 0.5, 0.5)
