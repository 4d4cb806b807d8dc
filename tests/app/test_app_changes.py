"""Datasets, slices, files and jobs through the app's interface."""

import json

import pytest
from api import Refused


def test_a_dataset_is_made_renamed_and_deleted_by_its_name(fresh):
    api = fresh
    name = "'; DROP TABLE item;--"
    made = api.post("/datasets", {"name": name})
    assert (made["name"], made["items"]) == (name, 0)
    with pytest.raises(Refused, match="a dataset has this name") as refused:
        api.post("/datasets", {"name": name})
    assert refused.value.status == 409
    renamed = api.ask("PATCH", f"/datasets/{made['id']}", {"name": "plain"})
    assert renamed["name"] == "plain"
    with pytest.raises(Refused, match="must be the dataset's name, plain"):
        api.ask("DELETE", "/datasets/plain", {"name": "plane"})
    assert api.ask("DELETE", "/datasets/plain", {"name": "plain"}) == {}
    assert {d["name"] for d in api.get("/datasets")["datasets"]} == {"street", "animals"}


def test_slices_are_static_or_live(fresh):
    api = fresh
    rainy = {"q": "metadata.weather = rainy", "slice": None, "items": None}
    static = api.post("/datasets/street/slices", rainy | {"name": "rain", "live": False})
    live = api.post("/datasets/street/slices", rainy | {"name": "rain now", "live": True})
    assert (static["items"], static["query"], static["cover"]) == (2, "", [0, 4])
    assert (live["items"], live["query"]) == (2, "metadata.weather = rainy")
    named = api.post("/datasets/street/slices", {"name": "picked", "items": [1, 3]})
    assert named["cover"] == [1, 3]
    assert api.refs("street", 'slice = "rain"') == ["0.png", "4.png"]
    assert api.refs("street", "annotations.car > 0", slice=static["id"]) == ["0.png"]
    # The weather changes: the live one follows, the static one stays.
    labels = json.loads((api.files / "street/labels.json").read_text())
    labels["images"][0]["weather"] = "clear"
    (api.files / "street/labels.json").write_text(json.dumps(labels))
    api.import_path("street", api.files / "street/labels.json")
    items = {s["name"]: s["items"] for s in api.get("/datasets/street/slices")["slices"]}
    assert items == {"rain": 2, "rain now": 1, "picked": 2}

    for op, covered in [("and", []), ("or", [0, 1, 3, 4]), ("a-b", [0, 4]), ("b-a", [1, 3])]:
        asked = {"a": static["id"], "b": "picked", "op": op}
        combined = api.post("/datasets/street/slices/combine", asked)
        assert (combined["items"], combined["cover"]) == (len(covered), covered), op
    stored = api.post(
        "/datasets/street/slices/combine",
        {"a": "rain", "b": "picked", "op": "xor", "name": "either"},
    )
    assert stored["items"] == 4

    assert api.ask("PATCH", f"/slices/{static['id']}", {"name": "wet"})["name"] == "wet"
    undo = api.ask("DELETE", f"/slices/{static['id']}")["undo"]
    assert "wet" not in [s["name"] for s in api.get("/datasets/street/slices")["slices"]]
    restored = api.post(undo.removeprefix("/api"))
    assert (restored["name"], restored["items"]) == ("wet", 2)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": ""}, 'name = "": must have 1 to 200 bytes'),
        ({"name": "x", "items": [99]}, "items: 99 is no item of the dataset"),
        ({"name": "x", "live": True}, "q: a live slice must have a query"),
        ({"name": "x", "q": "wether ="}, "column"),
    ],
)
def test_slices_that_make_no_sense(api, body, sentence):
    with pytest.raises(Refused, match=sentence):
        api.post("/datasets/street/slices", body)


def test_an_import_says_what_it_did(fresh):
    api = fresh
    path = api.files / "street/labels.json"
    again = api.import_path("street", path)
    assert again["items"] == {"created": 0, "updated": 0, "ignored": 6}
    assert again["annotations"] == {"created": 0, "updated": 0, "ignored": 6}
    api.post("/datasets", {"name": "other"})
    dry = api.import_path("other", path, dry_run=True)
    assert dry["items"]["created"] == 6
    assert dry["classes"][0] == {"label": "car", "count": 4}
    assert api.get("/datasets/other")["items"] == 0
    jobs = api.get("/jobs?dataset=other")["jobs"]
    assert [(j["kind"], j["status"]) for j in jobs] == [("import", "done")]
    with pytest.raises(Refused) as refused:
        api.post(f"/jobs/{jobs[0]['id']}/cancel")
    assert refused.value.status == 409
    with pytest.raises(Refused):
        api.get("/jobs/job_none")


def test_files_outside_the_roots_are_not_touched(fresh, tmp_path):
    api = fresh
    outside = tmp_path / "labels.json"
    outside.write_text((api.files / "street/labels.json").read_text())
    for path, body in [
        ("/datasets/street/imports", {"path": str(outside)}),
        ("/datasets/street/export", {"path": str(outside), "format": "coco", "in_place": True}),
    ]:
        with pytest.raises(Refused, match="lies under no allowed root") as refused:
            api.post(path, body)
        assert refused.value.status == 403
    # Nor pictures that a file inside names.
    labels = json.loads(outside.read_text())
    for image in labels["images"]:
        image["file_name"] = "../../../../../../etc/" + image["file_name"]
    (api.files / "evil.json").write_text(json.dumps(labels))
    report = api.import_path("evil", api.files / "evil.json")
    assert report["items"]["created"] == 0
    assert "lies under no allowed root" in report["refused"][0]["rule"]


def test_an_export_of_a_scope_is_coco_that_can_be_read(api):
    path = "/datasets/street/export?format=coco&q=metadata.weather%20%3D%20rainy"
    coco = api.raw("GET", path).json()
    assert [image["file_name"] for image in coco["images"]] == ["0.png", "4.png"]
    assert coco["images"][0]["metadata"]["weather"] == "rainy"
    names = {c["id"]: c["name"] for c in coco["categories"]}
    rows = [(a["id"], names[a["category_id"]], a["bbox"]) for a in coco["annotations"]]
    assert rows == [
        (100, "car", [1, 2, 30, 10]),
        (101, "car", [5, 5, 8, 8]),
        (105, "police car", [2, 2, 20, 20]),
    ]
    with pytest.raises(Refused, match="format = yaml: must be coco or csv"):
        api.get("/datasets/street/export?format=yaml")


def test_a_corrected_box_goes_back_into_its_file(fresh):
    api = fresh
    path = api.files / "street/labels.json"
    before = path.read_text()
    box = api.query("street", limit=1)["rows"][0]["annotations"][1]
    decision = {"no": 0, "row": box["row"], "verdict": "choose", "label": "bus"}
    api.post("/datasets/street/decisions", {"decisions": [decision]})
    asked = {"path": str(path), "format": "coco", "in_place": True}
    dry = api.post("/datasets/street/export", asked | {"dry_run": True})
    assert len(dry["changed"]) == 1
    assert path.read_text() == before
    done = api.post("/datasets/street/export", asked)
    assert done["changed"] == dry["changed"]
    lines = [
        (a, b)
        for a, b in zip(before.splitlines(), path.read_text().splitlines(), strict=True)
        if a != b
    ]
    assert lines == [('   "category_id": 1,', '   "category_id": 2,')]
    assert done["changed"][0]["line"] == 1 + before.splitlines().index('   "id": 101,') + 2


def test_probabilities_are_checked_before_anything_is_stored(fresh):
    api = fresh
    matrix = (api.files / "probabilities.npy").read_bytes()
    path = "/datasets/animals/models/other/probabilities"
    classes = {"classes": '["ape","bear","zebra"]'}
    for body, params, sentence in [
        (matrix[:-4], classes, "body"),
        (matrix, {"classes": '["ape"]'}, "classes has 1 names: body has 3 columns"),
        (matrix, {"classes": "ape"}, "classes: must be a JSON list of texts"),
        (matrix, classes | {"refs": "[]"}, "body has 60 rows"),
        (matrix, classes | {"refs": "upl_none"}, "was not uploaded within the hour"),
    ]:
        if params.get("refs") == "[]":
            params = classes | {"refs": '["ape/00.png"]'}
        with pytest.raises(Refused, match=sentence):
            api.ask("PUT", path, params=params, data=body)
    assert [r["model"] for r in api.get("/datasets/animals")["runs"]] == ["resnet"]
    # Without references the rows are the items in upload order.
    report = api.ask("PUT", path, params=classes, data=matrix)
    assert report["predictions"] == 60
