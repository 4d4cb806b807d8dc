"""A test for each row of docs/errors.md: bad input is refused by a sentence that names the field,
the value and the rule, and what was stored before stays."""

import json
import pathlib
import re
import struct
import zlib

import numpy as np
import pytest
import requests
from running_server import ROOT, run

NUCLEUS = "/v1/nucleus"
LIMIT = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from running_server import RunningServer

    root = tmp_path_factory.mktemp("root")
    server = RunningServer(
        tmp_path_factory.mktemp("errors") / "data",
        "--allow-root",
        str(root),
        "--max-body",
        str(LIMIT),
    )
    server.root = root
    yield server
    server.kill()


def call(server, method, path, key=None, **options):
    auth = (server.key if key is None else key, "")
    return requests.request(method, server.url + path, auth=auth, timeout=60, **options)


@pytest.fixture
def dataset(server, request):
    """A dataset with two items and a box; afterwards it must still hold exactly these."""
    answer = call(
        server,
        "POST",
        f"{NUCLEUS}/dataset/create",
        json={"name": request.node.name, "is_scene": False},
    )
    id = answer.json()["dataset_id"]
    items = [
        {"reference_id": name, "image_url": f"https://example.org/{name}.jpg", "metadata": {"n": 1}}
        for name in ("first", "second")
    ]
    call(server, "POST", f"{NUCLEUS}/dataset/{id}/append", json={"items": items, "update": False})
    annotate(server, id, box("first", "kept"))
    yield id
    rows = export(server, id)
    assert {"first", "second"} <= set(rows)
    assert "kept" in [b["annotation_id"] for b in rows["first"]["box"]]


def box(reference, id, **geometry):
    shape = {"x": 1.5, "y": 2, "width": 3, "height": 4} | geometry
    return {
        "type": "box",
        "label": "car",
        "reference_id": reference,
        "annotation_id": id,
        "geometry": shape,
    }


def annotate(server, dataset, *annotations):
    return call(
        server,
        "POST",
        f"{NUCLEUS}/dataset/{dataset}/annotate",
        json={"annotations": list(annotations), "update": False},
    )


def export(server, dataset):
    answer = call(server, "GET", f"{NUCLEUS}/dataset/{dataset}/exportForTraining")
    return {row["item"]["reference_id"]: row for row in answer.json()["exportedRows"]}


def png(width, height):
    """A picture whose header says width × height and whose pixels are missing beyond a few rows."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = zlib.compress((b"\0" + bytes(width)) * min(height, 8))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def append_pictures(server, dataset, **pictures):
    items = [
        {"reference_id": name, "image_url": f"{name}.png", "metadata": {}, "update": False}
        for name in pictures
    ]
    parts = [("items", (None, json.dumps(items), "application/json"))]
    parts += [("image", (f"{name}.png", bytes_, "image/png")) for name, bytes_ in pictures.items()]
    path = f"{NUCLEUS}/dataset/{dataset}/append?async=1"
    answer = call(server, "POST", path, files=parts)
    assert answer.status_code == 200, answer.text
    job = answer.json()["job_id"]
    while True:
        status = call(server, "GET", f"{NUCLEUS}/job/{job}").json()
        if status["status"] != "Running":
            errors = call(server, "GET", f"{NUCLEUS}/job/{job}/errors").json()
            return status["status"], "\n".join(errors)


# --- tusker issues ------------------------------------------------------------------------------


@pytest.fixture
def arrays(tmp_path):
    """write(labels, probabilities) → the two paths."""

    def write(labels, probabilities):
        np.save(tmp_path / "labels.npy", labels)
        np.save(tmp_path / "probs.npy", probabilities)
        return tmp_path / "labels.npy", tmp_path / "probs.npy"

    return write


def probabilities(n=6, k=3):
    values = np.random.default_rng(1).dirichlet(np.ones(k), n)
    return values, np.arange(n) % k


def refused(*command):
    done = run(*command)
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stderr


def test_labels_shorter_than_probabilities(arrays):
    values, labels = probabilities()
    said = refused("issues", *arrays(labels[:4], values))
    assert "4" in said and "6" in said


def test_nan_probability(arrays):
    values, labels = probabilities()
    values[3, 1] = np.nan
    said = refused("issues", *arrays(labels, values))
    assert "nan" in said.lower() and re.search(r"\b3\b", said)


def test_truncated_npy(arrays):
    values, labels = probabilities()
    paths = arrays(labels, values)
    paths[1].write_bytes(paths[1].read_bytes()[:-10])
    said = refused("issues", *paths)
    assert "probs.npy" in said and "bytes" in said


def test_object_array(arrays):
    values, _ = probabilities()
    said = refused("issues", *arrays(np.array(["a", None] * 3, dtype=object), values))
    assert "pickle" in said


def test_row_does_not_sum_to_one(arrays):
    values, labels = probabilities()
    values[2] *= 0.5
    paths = arrays(labels, values)
    done = run("issues", *paths)
    assert done.returncode == 0
    assert "sum" in done.stderr and re.search(r"\b2\b", done.stderr)
    assert "sum" in refused("issues", *paths, "--strict")


# --- over HTTP ----------------------------------------------------------------------------------


def test_negative_width(server, dataset):
    answer = annotate(server, dataset, box("first", "bad", width=-4), box("second", "good"))
    assert answer.status_code == 200
    assert answer.json()["annotations_processed"] == 1
    (said,) = answer.json()["errors"]
    assert "width" in said and "-4" in said
    assert [b["annotation_id"] for b in export(server, dataset)["second"]["box"]] == ["good"]


def test_half_json(server, dataset):
    body = json.dumps({"annotations": [box("first", "half")], "update": False})[:-5]
    answer = call(
        server,
        "POST",
        f"{NUCLEUS}/dataset/{dataset}/annotate",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400 and "JSON" in answer.json()["error"]
    assert [b["annotation_id"] for b in export(server, dataset)["first"]["box"]] == ["kept"]


def test_not_a_picture(server, dataset):
    status, said = append_pictures(server, dataset, good=png(8, 8), bad=b"no picture at all")
    assert status.startswith("Errored") and "bad" in said
    assert "good" in export(server, dataset) and "bad" not in export(server, dataset)


def test_huge_picture(server, dataset):
    status, said = append_pictures(server, dataset, huge=png(60_000, 60_000))
    assert status.startswith("Errored") and "60000" in said.replace(",", "").replace(" ", "")
    assert "huge" not in export(server, dataset)


def test_unknown_item(server, dataset):
    answer = annotate(server, dataset, box("nobody", "a"))
    assert answer.status_code == 200
    assert "Item with id nobody doesn't exist" in answer.json()["errors"][0]


def test_limited_key(server, dataset):
    done = run("key", "create", "--role", "tasker", "--name", "t", "--data", server.data, "--json")
    key = json.loads(done.stdout)["secret"]
    path = f"/api/datasets/{dataset}"
    answer = call(server, "DELETE", path, key=key, json={"name": "x"})
    assert answer.status_code == 403
    assert "tasker" in answer.json()["error"] and "admin" in answer.json()["error"]


def test_wrong_key(server):
    assert call(server, "GET", f"{NUCLEUS}/dataset/", key="live_wrong").status_code == 401


def test_no_key(server):
    answer = requests.get(server.url + f"{NUCLEUS}/dataset/", timeout=60)
    assert answer.status_code == 401 and answer.json()["error"]


def query(server, dataset, text):
    return call(server, "POST", f"/api/datasets/{dataset}/query", json={"q": text})


def test_wrong_word(server, dataset):
    answer = query(server, dataset, "metadata.n = 1 AND anotations.count = 0")
    assert answer.status_code == 400
    assert answer.json()["column"] == 20
    assert "annotations" in answer.json()["error"]


def test_unknown_run(server, dataset):
    answer = query(server, dataset, 'predictions["nobody"](confidence > 0.5).count > 0')
    assert answer.status_code == 400 and "nobody" in answer.json()["error"]


def test_unknown_label_in_query(server, dataset):
    answer = query(server, dataset, "annotations.cra = 0").json()
    assert answer["total"] == 2
    assert "car" in answer["warnings"][0]["message"]


def test_path_outside_roots(server, dataset, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.png").write_bytes(png(8, 8))
    answer = call(
        server,
        "POST",
        f"/api/datasets/{dataset}/imports",
        json={"path": str(tmp_path), "dry_run": False},
    )
    assert answer.status_code == 403
    assert str(tmp_path) in answer.json()["error"] and str(server.root) in answer.json()["error"]
    assert set(export(server, dataset)) == {"first", "second"}


def test_body_above_limit(server, dataset):
    answer = call(server, "POST", f"{NUCLEUS}/dataset/{dataset}/annotate", data=b" " * (LIMIT + 1))
    assert answer.status_code == 413
    assert str(LIMIT) in answer.json()["error"].replace(",", "")


def test_unknown_dataset(server):
    answer = call(server, "GET", f"{NUCLEUS}/dataset/ds_nowhere/info")
    assert answer.status_code == 404 and "ds_nowhere" in answer.json()["error"]


def test_unknown_route(server, dataset):
    assert call(server, "GET", "/api/nowhere").status_code == 404
    assert call(server, "PATCH", f"{NUCLEUS}/dataset/{dataset}/info").status_code == 405
    answer = call(server, "GET", f"{NUCLEUS}/task/t/frame/1")
    assert answer.status_code == 501 and answer.text.startswith('{"error":"')


# --- no errors ----------------------------------------------------------------------------------


def test_same_reference_twice(server, dataset):
    item = {
        "reference_id": "first",
        "image_url": "https://example.org/first.jpg",
        "metadata": {"n": 2},
    }
    path = f"{NUCLEUS}/dataset/{dataset}/append"
    answer = call(server, "POST", path, json={"items": [item], "update": False}).json()
    assert answer["ignored_items"] == 1
    answer = call(server, "POST", path, json={"items": [item], "update": True}).json()
    assert answer["updated_items"] == 1
    assert export(server, dataset)["first"]["item"]["metadata"] == {"n": 2}


def test_dataset_named_like_sql(server, dataset):
    name = "'; DROP TABLE item;--"
    path = f"{NUCLEUS}/dataset/create"
    id = call(server, "POST", path, json={"name": name, "is_scene": False}).json()["dataset_id"]
    assert call(server, "GET", f"{NUCLEUS}/dataset/{id}/name").json()["name"] == name


def test_metadata_changes_type(server, dataset):
    items = [
        {"reference_id": name, "image_url": f"https://example.org/{name}", "metadata": {"n": value}}
        for name, value in (("number", 7), ("text", "seven"), ("list", [7]))
    ]
    path = f"{NUCLEUS}/dataset/{dataset}/append"
    call(server, "POST", path, json={"items": items, "update": False})
    rows = export(server, dataset)
    assert [rows[i["reference_id"]]["item"]["metadata"]["n"] for i in items] == [7, "seven", [7]]


def test_every_row_of_the_table_has_a_test():
    table = (ROOT / "docs" / "errors.md").read_text()
    cases = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    here = pathlib.Path(__file__).read_text()
    missing = [case for case in cases if f"def test_{case}(" not in here]
    assert not missing and len(cases) > 20, missing
