import json
import time

import nucleus
import pytest
import requests
from client_calls import append, box, client_of, remote
from nucleus.errors import NucleusAPIError
from running_server import run


@pytest.fixture
def keys(nucleus_server):
    """keys(role) → the secret of a new key."""
    count = iter(range(1000))

    def make(role, name):
        made = run(
            "key", "create", "--name", f"{name}-{next(count)}", "--role", role,
            "--url", nucleus_server.url, "--key", nucleus_server.key,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    return make


def test_a_wrong_key_is_refused(nucleus_server):
    with pytest.raises(NucleusAPIError) as error:
        client_of(nucleus_server, api_key="live_wrong").create_dataset("x")
    assert error.value.status_code == 401


def test_a_limited_key_does_what_its_role_may(nucleus_server, keys, three, request):
    reader = client_of(nucleus_server, limited_access_key=keys("reviewer", request.node.name))
    assert reader.get_dataset(three.id).size == 3
    with pytest.raises(NucleusAPIError) as error:
        reader.get_dataset(three.id).annotate([box("a")])
    assert error.value.status_code == 403
    with pytest.raises(NucleusAPIError) as error:
        reader.create_dataset("mine")
    assert error.value.status_code == 403
    with pytest.raises(NucleusAPIError) as error:
        client_of(nucleus_server, limited_access_key="wrong").datasets  # noqa: B018
    assert error.value.status_code == 401


def test_a_limited_key_may_upload_pictures_if_its_role_may(nucleus_server, keys, pictures, request):
    key = keys("curator", request.node.name)
    dataset = client_of(nucleus_server, limited_access_key=key).create_dataset("mine")
    append(dataset, [nucleus.DatasetItem(pictures[0], reference_id="a")])
    assert dataset.size == 1


def test_unknown_things_are_not_found(client, dataset, model):
    ghost = client.get_dataset("ds_never")
    for call in (
        lambda: ghost.name,
        lambda: ghost.size,
        lambda: ghost.info(),
        lambda: append(ghost, [remote("a")]),
        lambda: ghost.annotate([box("a")]),
        lambda: client.get_model("prj_never"),
        lambda: client.get_slice("slc_never").info(),
        lambda: dataset.refloc("never"),
        lambda: dataset.loc("di_never"),
        lambda: client.delete_dataset("ds_never"),
        lambda: client.delete_slice("slc_never"),
        lambda: client.delete_model("prj_never"),
        lambda: dataset.delete_taxonomy("never"),
        lambda: dataset.predictions_refloc(model, "never"),
    ):
        with pytest.raises(NucleusAPIError) as error:
            call()
        assert error.value.status_code == 404, str(error.value)


def test_errors_are_compact_json(nucleus_server):
    answer = requests.get(
        nucleus_server.url + "/v1/nucleus/dataset/ds_never/size",
        auth=nucleus_server.auth,
        timeout=10,
    )
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.text.startswith('{"error":"')
    assert "ds_never" in answer.json()["error"]


def test_a_body_cut_short_stores_nothing(nucleus_server, dataset):
    body = json.dumps({"items": [{"reference_id": "a", "image_url": "https://x/a.jpg"}]})[:-5]
    answer = requests.post(
        f"{nucleus_server.url}/v1/nucleus/dataset/{dataset.id}/append",
        data=body,
        auth=nucleus_server.auth,
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert dataset.size == 0


def test_what_is_not_served_says_so_and_is_not_retried(client, dataset, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    for call in (
        lambda: dataset.deduplicate(threshold=10) if hasattr(dataset, "deduplicate") else
        client.make_request({}, f"dataset/{dataset.id}/deduplicate_async"),
        lambda: dataset.create_image_index(),
        lambda: client.validate.eval_functions,
    ):  # fmt: skip
        with pytest.raises(NucleusAPIError) as error:
            call()
        assert error.value.status_code == 501
    assert waits == []


@pytest.mark.parametrize("page", [{"pageSize": 0}, {"pageSize": "x"}, {"pageToken": "made up"}])
def test_bad_pages_are_refused(client, dataset, page):
    with pytest.raises(NucleusAPIError, match=next(iter(page))) as error:
        client.make_request(page, f"dataset/{dataset.id}/itemsPage")
    assert error.value.status_code == 400


def test_a_trailing_slash_is_served(nucleus_server):
    for path in ("dataset/", "dataset", "models/", "models", "slice/", "slice"):
        answer = requests.get(
            f"{nucleus_server.url}/v1/nucleus/{path}", auth=nucleus_server.auth, timeout=10
        )
        assert answer.status_code == 200, path
