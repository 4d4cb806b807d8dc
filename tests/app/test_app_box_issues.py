"""Label issues of boxes: found by kind, put right as a whole or kept, taken back, exported."""

import csv
import io
import json
import pathlib

import pytest
from api import Api
from pictures import png

IMAGES = 40
BOXES = [("car", [4, 6, 20, 14]), ("bus", [34, 4, 24, 20]), ("car", [8, 24, 16, 10])]
SWAPPED, OVERLOOKED, BADLY_LOCATED, UNLABELLED = 3, 7, 11, 39
CATEGORIES = [{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}]
CATEGORY = {"car": 1, "bus": 2}


def given_of(image: int) -> list[tuple[str, list[int]]]:
    """What people drew: all right but in the images that say another thing."""
    boxes = [(label, list(box)) for label, box in BOXES]
    if image == SWAPPED:
        boxes[1] = ("car", boxes[1][1])
    if image == OVERLOOKED:
        boxes.pop(1)
    if image == BADLY_LOCATED:
        boxes[0] = ("car", [16, 12, 20, 14])
    return [] if image == UNLABELLED else boxes


def write_boxes(folder: pathlib.Path) -> None:
    (folder / "images").mkdir(parents=True)
    images, annotations, results = [], [], []
    for i in range(IMAGES):
        (folder / "images" / f"{i:02}.png").write_bytes(png(64, 36, (6 * i, 90, 200)))
        images.append({"id": i + 1, "file_name": f"{i:02}.png", "width": 64, "height": 36})
        for label, box in given_of(i):
            row = {"id": len(annotations) + 1, "image_id": i + 1, "category_id": CATEGORY[label]}
            annotations.append(row | {"bbox": box})
        for label, box in BOXES:
            row = {"image_id": i + 1, "category_id": CATEGORY[label], "bbox": box}
            results.append(row | {"score": 0.99})
    labels = {"images": images, "annotations": annotations, "categories": CATEGORIES}
    (folder / "labels.json").write_text(json.dumps(labels, indent=1))
    (folder / "results.json").write_text(json.dumps(results))


@pytest.fixture
def boxes(start_server, tmp_path) -> Api:
    files = tmp_path / "files"
    write_boxes(files)
    server = start_server("--allow-root", files)
    api = Api(server)
    api.server = server
    api.import_path("boxes", files / "labels.json")
    api.import_path("boxes", files / "results.json", model="yolo")
    api.made = api.finish(api.post("/datasets/boxes/issue-runs"))
    return api


def issues(api: Api, **asked) -> dict:
    return api.post("/datasets/boxes/issues", asked)


def tile_of(api: Api, kind: str, **asked) -> dict:
    (tile,) = issues(api, kind=kind, **asked)["tiles"]
    return tile


def decide(api: Api, tile: dict, verdict: str, **more) -> dict:
    decision = {"no": tile["no"], "row": tile["issue"]["row"], "verdict": verdict}
    decision |= {"issues": api.made["id"], "score": tile["issue"]["score"]} | more
    return api.post("/datasets/boxes/decisions", {"decisions": [decision]})


def undo(api: Api, decided: dict) -> dict:
    return api.post(f"/datasets/boxes/decisions/{decided['id']}/undo")


def shapes(api: Api, image: int) -> list[tuple[str, list[float]]]:
    (row,) = api.query("boxes", f'item.reference_id = "{image:02}.png"')["rows"]
    return [(shape["label"], shape["box"]) for shape in row["annotations"]]


def test_each_fault_is_found_by_its_kind(boxes):
    api = boxes
    assert api.made["task"] == "detection"
    assert api.made["kinds"] == {"overlooked": 1, "swapped": 1, "badly_located": 1}
    assert api.made["skipped"]["not_labelled"] == 1
    answer = issues(api)
    assert answer["total"] == 3
    assert [t["issue"]["rank"] for t in answer["tiles"]] == [0, 1, 2]
    assert {k["kind"]: k["issues"] for k in answer["kinds"]} == api.made["kinds"]

    swapped = tile_of(api, "swapped")
    assert swapped["ref"] == f"{SWAPPED:02}.png"
    assert (swapped["issue"]["given"], swapped["issue"]["suggested"]) == ("car", "bus")
    assert swapped["issue"]["box"] == BOXES[1][1]
    assert answer["matrix"]["cells"] == [{"given": "car", "suggested": "bus", "count": 1}]

    overlooked = tile_of(api, "overlooked")
    assert overlooked["ref"] == f"{OVERLOOKED:02}.png"
    assert (overlooked["issue"]["given"], overlooked["issue"]["suggested"]) == (None, "bus")
    assert (overlooked["issue"]["box"], overlooked["issue"]["suggested_box"]) == (None, BOXES[1][1])

    badly = tile_of(api, "badly_located")
    assert badly["ref"] == f"{BADLY_LOCATED:02}.png"
    assert badly["issue"]["box"] == [16, 12, 20, 14]
    assert badly["issue"]["suggested_box"] == BOXES[0][1]


def test_kinds_are_asked_in_queries(boxes):
    api = boxes
    assert api.refs("boxes", 'issue.kind = "swapped"') == [f"{SWAPPED:02}.png"]
    assert api.refs("boxes", "issue.kind = overlooked OR issue.kind = badly_located") == [
        f"{OVERLOOKED:02}.png",
        f"{BADLY_LOCATED:02}.png",
    ]
    # An item with several boxes has as many scores: some issue is meant, and the worst sorts.
    assert len(api.refs("boxes", "issue.is = false")) == IMAGES - 1
    worst = api.refs("boxes", "issue.is = true ORDER BY issue.rank")
    assert worst == [tile["ref"] for tile in issues(api)["tiles"]]
    said = api.post("/datasets/boxes/complete", {"q": "issue.kind = ", "cursor": 13})
    assert {value["text"] for value in said["values"]} == {
        '"overlooked"',
        '"swapped"',
        '"badly_located"',
    }


def test_accepting_relabels_moves_or_adds_the_box_and_undo_takes_it_back(boxes):
    api = boxes
    for kind, image in [
        ("swapped", SWAPPED),
        ("overlooked", OVERLOOKED),
        ("badly_located", BADLY_LOCATED),
    ]:
        before = shapes(api, image)
        tile = tile_of(api, kind)
        decided = decide(api, tile, "accept")
        assert sorted(shapes(api, image)) == sorted((label, list(b)) for label, b in BOXES), kind
        after = tile_of(api, kind)["issue"]
        assert after["decision"]["verdict"] == "accept"
        assert after["box"] == tile["issue"]["box"]  # as it was when it was found
        undone = undo(api, decided)
        assert undone["undone"][0]["row"] == tile["issue"]["row"]
        assert shapes(api, image) == before, kind
        assert tile_of(api, kind)["issue"]["decision"] is None
        decide(api, tile, "accept")
    api.server.kill()
    api.server.start()
    api.url = api.server.url
    for image in (SWAPPED, OVERLOOKED, BADLY_LOCATED):
        assert sorted(shapes(api, image)) == sorted((label, list(b)) for label, b in BOXES)

    # A new run has nothing to say, and says that it all was put right.
    again = api.finish(api.post("/datasets/boxes/issue-runs"))
    assert again["found"] == 0
    since = issues(api)["since"]
    assert (since["new"], since["relabelled"], since["gone"]) == (0, 3, 0)

    text = api.raw("GET", "/datasets/boxes/changes.csv").text
    changes = {row["change"]: row for row in csv.DictReader(io.StringIO(text))}
    assert set(changes) == {"relabelled", "moved", "added"}
    assert (changes["relabelled"]["given"], changes["relabelled"]["label"]) == ("car", "bus")
    assert (changes["added"]["given"], changes["added"]["label"]) == ("", "bus")
    moved = changes["moved"]
    assert [float(moved[side]) for side in ("x", "y", "w", "h")] == BOXES[0][1]


def test_history_tells_what_was_done_to_a_box(boxes):
    api = boxes
    for kind, steps in [
        ("swapped", [("imported", "", "car"), ("corrected", "car", "bus")]),
        ("badly_located", [("imported", "", "car"), ("moved", "car", "car")]),
        ("overlooked", [("added", "", "bus")]),
    ]:
        tile = tile_of(api, kind)
        known = {shape["row"] for shape in tile["annotations"]}
        decide(api, tile, "accept")
        history = api.get(f"/datasets/boxes/items/{tile['no']}")["history"]
        row = tile["issue"]["row"]
        if kind == "overlooked":
            (row,) = {step["row"] for step in history} - known
        said = [(s["what"], s["before"], s["after"]) for s in history if s["row"] == row]
        assert said == steps, kind


def test_a_box_is_kept_or_given_another_class(boxes):
    api = boxes
    overlooked = tile_of(api, "overlooked")
    kept = decide(api, overlooked, "keep")
    assert len(shapes(api, OVERLOOKED)) == 2
    assert tile_of(api, "overlooked")["issue"]["decision"]["verdict"] == "keep"
    assert issues(api, state="open")["total"] == 2
    undo(api, kept)
    decide(api, overlooked, "choose", label="tram")
    assert ("tram", BOXES[1][1]) in shapes(api, OVERLOOKED)
    badly = tile_of(api, "badly_located")
    decide(api, badly, "choose", label="bus")
    assert ("bus", [16, 12, 20, 14]) in shapes(api, BADLY_LOCATED)
    assert issues(api)["verdicts"] == {"accepted": 0, "kept": 0, "other": 2}
