"""One server with the two datasets of sample_data."""

import json
import pathlib

import pytest
from api import Api
from running_server import RunningServer
from sample_data import CLASSES, write_animals, write_street


def put_probabilities(api: Api, folder: pathlib.Path) -> dict:
    refs = api.post("/uploads", (folder / "refs.txt").read_text().split())["id"]
    return api.ask(
        "PUT",
        "/datasets/animals/models/resnet/probabilities",
        params={"classes": json.dumps(CLASSES), "refs": refs},
        data=(folder / "probabilities.npy").read_bytes(),
    )


def load(server, files: pathlib.Path) -> Api:
    api = Api(server)
    write_street(files / "street")
    write_animals(files / "animals")
    api.import_path("street", files / "street/labels.json")
    api.import_path("street", files / "street/results.json", model="yolo")
    api.import_path("animals", files / "animals")
    put_probabilities(api, files)
    api.finish(api.post("/datasets/animals/issue-runs"))
    return api


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """Read by all tests of a file; they do not disturb each other."""
    files = tmp_path_factory.mktemp("files")
    server = RunningServer(tmp_path_factory.mktemp("app") / "data", "--allow-root", str(files))
    api = load(server, files)
    api.server = server
    api.files = files
    yield api
    server.kill()


@pytest.fixture
def fresh(start_server, tmp_path):
    """One for a test of its own: what it changes nobody else sees."""
    files = tmp_path / "files"
    files.mkdir()
    server = start_server("--allow-root", files)
    api = load(server, files)
    api.server = server
    api.files = files
    return api
