"""tusker import, export and issues --dataset: with a server that runs, and without one."""

import csv
import io
import json

import pytest
import requests
from api import Api
from running_server import run
from sample_data import WRONG, write_animals, write_street


class Place:
    """Files, a data directory, and `tusker` on it; a server runs if `serves`."""

    def __init__(self, folder, start_server, serves: bool):
        self.files = folder / "files"
        self.data = folder / "data"
        self.start_server = start_server
        self.serves = serves
        self.server = None
        self.files.mkdir()
        write_street(self.files / "street")
        write_animals(self.files / "animals")
        if serves:
            self.serve()

    def tusker(self, *arguments, code=0):
        done = run(*arguments, "--data", self.data)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    def json(self, *arguments):
        return json.loads(self.tusker(*arguments, "--json").stdout)

    def serve(self) -> Api:
        """For what only the app can do, on the same data directory."""
        if not self.server:
            self.server = self.start_server("--allow-root", self.files, data=self.data)
        return Api(self.server)

    def stop(self):
        """Commands work by themselves again, if they did."""
        if not self.serves and self.server:
            self.server.stop()
            self.server = None


@pytest.fixture(params=["with a server", "without a server"])
def place(request, tmp_path, start_server):
    return Place(tmp_path, start_server, request.param == "with a server")


def test_coco_in_and_out(place):
    labels = place.files / "street/labels.json"
    dry = place.tusker("import", labels, "--dataset", "street", "--dry-run")
    assert "6 new, 0 changed, 0 as before" in dry.stdout
    assert "3: car 4, bus 1, police car 1" in dry.stdout
    report = place.json("import", labels, "--dataset", "street")
    assert (report["items"]["created"], report["annotations"]["created"]) == (6, 6)
    again = place.json("import", labels, "--dataset", "street")
    assert (again["items"]["ignored"], again["annotations"]["ignored"]) == (6, 6)
    results = place.json(
        "import", place.files / "street/results.json", "--dataset", "street", "--model", "yolo"
    )
    assert results["predictions"]["created"] == 2

    text = place.tusker("export", "street", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["label"] for row in rows if row["reference_id"] == "0.png"] == ["car", "car"]
    output = place.files / "out.json"
    query = ("--query", "metadata.weather = rainy")
    place.tusker("export", "street", "--format", "coco", "--output", output, *query)
    assert [i["file_name"] for i in json.loads(output.read_text())["images"]] == ["0.png", "4.png"]


def test_corrections_go_back_into_the_file(place):
    labels = place.files / "street/labels.json"
    place.tusker("import", labels, "--dataset", "street")
    before = labels.read_text()
    api = place.serve()
    box = api.query("street", limit=1)["rows"][0]["annotations"][1]
    decision = {"no": 0, "row": box["row"], "verdict": "choose", "label": "bus"}
    api.post("/datasets/street/decisions", {"decisions": [decision]})
    place.stop()

    in_place = ("export", "street", "--format", "coco", "--in-place", labels)
    dry = place.tusker(*in_place, "--dry-run")
    assert "1 row would change" in dry.stdout
    assert labels.read_text() == before
    done = place.tusker(*in_place)
    assert "\n-{" in done.stdout
    assert "\n+{" in done.stdout
    pairs = zip(before.splitlines(), labels.read_text().splitlines(), strict=True)
    changed = [(old, new) for old, new in pairs if old != new]
    assert changed == [('   "category_id": 1,', '   "category_id": 2,')]
    assert "0 rows changed" in place.tusker(*in_place).stdout
    # The file that came out goes in again and changes nothing, and no correction is lost.
    again = place.json("import", labels, "--dataset", "street")
    assert again["annotations"] == {"created": 0, "updated": 0, "ignored": 6}


def test_a_folder_probabilities_and_label_issues(place):
    report = place.json("import", place.files / "animals", "--dataset", "animals")
    assert report["format"] == "folder"
    assert report["classes"] == [
        {"label": "ape", "count": 20},
        {"label": "bear", "count": 20},
        {"label": "zebra", "count": 20},
    ]
    matrix = ["import", "probabilities", "animals", "resnet"]
    matrix += ["--npy", place.files / "probabilities.npy"]
    matrix += ["--classes", place.files / "classes.txt", "--refs", place.files / "refs.txt"]
    assert place.json(*matrix)["created"] == 60
    assert place.json(*matrix)["ignored"] == 60
    found = place.tusker("issues", "--dataset", "animals").stdout
    assert found.startswith("3 label issues among 60 items")
    for reference in WRONG:
        assert reference in found
    assert place.json("issues", "--dataset", "animals", "--compat", "cleanlab")["found"] == 3
    assert len(place.serve().get("/datasets/animals/issue-runs")["runs"]) == 2


@pytest.mark.parametrize("kind", ["half", "bracket"])
def test_a_broken_file_stores_nothing(place, kind):
    labels = place.files / "street/labels.json"
    text = labels.read_text()
    if kind == "half":
        labels.write_text(text[: len(text) // 2])
    else:
        labels.write_text(text.replace('"bbox": [', '"bbox": {', 1))
    refused = place.tusker("import", labels, "--dataset", "street", code=2)
    assert f"{labels}: line " in refused.stderr
    datasets = {d["name"]: d["items"] for d in place.serve().get("/datasets")["datasets"]}
    assert datasets.get("street", 0) == 0


def test_refused_rows_are_named_and_the_others_kept(place):
    path = place.files / "street/labels.json"
    labels = json.loads(path.read_text())
    labels["annotations"][0]["bbox"][2] = -4
    labels["annotations"][1]["image_id"] = 999
    labels["annotations"][2]["category_id"] = 999
    (place.files / "street/images/3.png").write_bytes(b"this is a text, not a picture")
    (place.files / "street/images/5.png").unlink()
    path.write_text(json.dumps(labels, indent=1))
    lines = path.read_text().splitlines()
    report = place.json("import", path, "--dataset", "street")
    assert (report["items"]["created"], report["annotations"]["created"]) == (4, 2)
    refused = {row["field"]: row for row in report["refused"]}
    assert report["refused_total"] == 6
    width = refused["annotations[0].bbox[2]"]
    assert (width["value"], width["rule"]) == ("-4", "width must be > 0")
    assert lines[width["line"]] == '   "id": 100,'  # the line after the row's opening brace
    assert refused["annotations[1].image_id"]["value"] == "999"
    assert refused["annotations[2].category_id"]["rule"] == "must be the id of a category"
    assert "must be a picture" in refused["images[3].file_name"]["rule"]
    assert "there is no such file" in refused["images[5].file_name"]["rule"]
    assert refused["image_id"]["rule"] == "its image was refused"
    text = place.tusker("import", path, "--dataset", "street").stdout
    assert f"{path}:{width['line']}: annotations[0].bbox[2] = -4: width must be > 0" in text


def test_what_is_missing_is_said(place):
    nowhere = place.tusker("import", place.files / "nowhere", "--dataset", "x", code=1)
    assert "there is no such file or folder" in nowhere.stderr
    place.tusker("import", place.files / "street/labels.json", "--dataset", "street")
    results = ("import", place.files / "street/results.json", "--dataset", "street")
    assert "model is absent" in place.tusker(*results, code=2).stderr
    unknown = place.tusker("export", "stret", "--format", "csv", code=1)
    assert "did you mean 'street'" in unknown.stderr
    place.tusker("import", "--dataset", "x", code=2)
    none = place.tusker("issues", "--dataset", "street", code=1)
    assert "no predicted boxes with a confidence" in none.stderr


def test_a_dry_run_makes_no_data_directory(tmp_path):
    write_street(tmp_path / "street")
    done = run(
        "import", tmp_path / "street/labels.json", "--dataset", "s", "--dry-run", cwd=tmp_path
    )
    assert done.returncode == 0
    assert not (tmp_path / "tusker-data").exists()


def test_pictures_of_an_import_without_server_are_served_under_a_root(tmp_path, start_server):
    write_street(tmp_path / "street")
    data = tmp_path / "d"
    done = run("import", tmp_path / "street/labels.json", "--dataset", "s", "--data", data)
    assert done.returncode == 0
    closed = start_server(data=data)
    assert Api(closed).raw("GET", "/datasets/s/items/0/image").status_code == 403
    closed.stop()
    opened = start_server("--allow-root", tmp_path / "street", data=data)
    url = f"{opened.url}/api/datasets/s/items/0/image"
    assert requests.get(url, auth=opened.auth, timeout=10).status_code == 200
