import io
import time
from pathlib import Path

import nucleus
import nucleus.async_job
import pytest
import requests
from client_calls import append, box, remote
from client_version import IS_CURRENT, current, old
from nucleus.errors import NucleusAPIError
from PIL import Image

ODD_IDS = [
    "a/b/c.jpg",
    "with space",
    "ünïcödé-日本",
    "50%",
    "a?b=c&d",
    "x;y:z",
    "per%2Fcent",
    "a\"b'c",
]


def test_remote_items_come_back_as_they_were_given(dataset):
    metadata = {"speed": 3, "ratio": 0.1, "rainy": True, "road": "A 1", "nested": {"a": [1, "x"]}}
    counts = append(dataset, [remote("first", metadata), remote("second")])
    assert counts["new_items"] == 2
    assert [item.reference_id for item in dataset.items] == ["first", "second"]
    first = dataset.items[0]
    assert first.metadata == metadata
    assert first.image_location == "https://example.com/5.jpg"


def test_a_second_upload_is_ignored_or_replaces_the_metadata(dataset):
    append(dataset, [remote("a", {"n": 1, "keep": "me"})])
    counts = append(dataset, [remote("a", {"n": 2}), remote("b")])
    assert (counts["new_items"], counts["ignored_items"]) == (1, 1)
    assert dataset.refloc("a")["item"].metadata == {"n": 1, "keep": "me"}
    counts = append(dataset, [remote("a", {"n": 2})], update=True)
    assert counts["updated_items"] == 1
    assert dataset.refloc("a")["item"].metadata == {"n": 2}
    assert dataset.size == 2


def test_a_key_may_change_its_type(dataset):
    append(dataset, [remote("a", {"v": 1}), remote("b", {"v": "one"}), remote("c", {"v": [1]})])
    assert [item.metadata["v"] for item in dataset.items] == [1, "one", [1]]


@pytest.mark.parametrize("reference_id", ODD_IDS)
def test_odd_characters_in_reference_ids(dataset, reference_id):
    append(dataset, [remote(reference_id), remote("other")])
    dataset.annotate([box(reference_id, "car")])
    found = dataset.refloc(reference_id)
    assert found["item"].reference_id == reference_id
    assert found["annotations"]["box"][0].reference_id == reference_id
    dataset.delete_item(reference_id)
    assert [item.reference_id for item in dataset.items] == ["other"]


def test_iloc_counts_the_living_in_upload_order(three):
    assert [three.iloc(i)["item"].reference_id for i in range(3)] == ["a", "b", "c"]
    three.delete_item("b")
    assert three.iloc(1)["item"].reference_id == "c"
    with pytest.raises(NucleusAPIError) as error:
        three.iloc(2)
    assert error.value.status_code == 404


def test_loc_finds_an_item_by_its_id(client, three):
    raw = client.make_request({}, f"dataset/{three.id}/refloc/b", requests.get)
    item_id = raw["item"]["dataset_item_id"]
    assert item_id.startswith("di_")
    assert raw["item"]["id"] == item_id
    assert three.loc(item_id)["item"].reference_id == "b"
    if IS_CURRENT:
        assert three.refloc("b")["item"].dataset_item_id == item_id


def test_a_deleted_item_takes_its_annotations_along_and_may_come_again(three):
    three.annotate([box("a")])
    three.delete_item("a")
    with pytest.raises(NucleusAPIError, match='reference_id \\\\"a\\\\"'):
        three.refloc("a")
    assert append(three, [remote("a")])["new_items"] == 1
    assert three.refloc("a")["annotations"] == {}
    with pytest.raises(NucleusAPIError):
        three.delete_item("never there")


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
def test_pages_hold_every_item_once_in_upload_order(three, page_size):
    pages = [item.reference_id for item in three.items_generator(page_size=page_size)]
    assert pages == ["a", "b", "c"]


def test_metadata_updates_merge(three):
    three.update_item_metadata({"a": {"weather": "rain"}, "b": {"n": 20}})
    assert three.refloc("a")["item"].metadata == {"n": 1, "weather": "rain"}
    assert three.refloc("b")["item"].metadata == {"n": 20}
    job = three.update_item_metadata({"c": {"late": True}, "zzz": {}}, asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    assert three.refloc("c")["item"].metadata == {"n": 3, "late": True}
    assert "zzz" in job.errors()[0]


def test_queries(three):
    three.annotate([box("b", "truck", x=1), box("b", "truck", x=2), box("c", "car")])

    def ask(query):
        return [item.reference_id for item in three.query_items(query)]

    assert ask("annotations.count > 1") == ["b"]
    assert ask("annotations.truck = 0") == ["a", "c"]
    assert ask("metadata.n >= 2 AND annotations.car = 1") == ["c"]
    assert ask("metadata.n > 0 ORDER BY metadata.n DESC") == ["c", "b", "a"]
    assert ask("") == ["a", "b", "c"]


def test_a_query_with_a_mistake_names_its_place(three):
    with pytest.raises(NucleusAPIError, match="column 19") as error:
        list(three.query_items("annotations.count bad syntax"))
    assert error.value.status_code == 400


def test_local_pictures_are_kept_and_served(dataset, pictures):
    items = [
        nucleus.DatasetItem(path, reference_id=f"ref/{i}", metadata={"i": i})
        for i, path in enumerate(pictures)
    ]
    append(dataset, items)  # twelve: two requests, which may arrive in any order
    assert dataset.size == 12
    for i, path in enumerate(pictures):
        item = dataset.refloc(f"ref/{i}")["item"]
        assert item.metadata == {"i": i}
        # The address is bare: it carries its own right.
        answer = requests.get(item.image_location, timeout=10)
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.content == Path(path).read_bytes()


def test_the_counts_of_local_uploads(dataset, pictures):
    items = [nucleus.DatasetItem(path, reference_id=path) for path in pictures[:3]]
    assert append(dataset, items)["new_items"] == 3
    counts = append(dataset, items)
    assert (counts["new_items"], counts["ignored_items"]) == (0, 3)


def test_a_picture_knows_its_size(client, dataset, pictures):
    append(dataset, [nucleus.DatasetItem(pictures[3], reference_id="a")])
    raw = client.make_request({}, f"dataset/{dataset.id}/refloc/a", requests.get)
    assert (raw["item"]["width"], raw["item"]["height"]) == (20, 13)


def test_a_changed_picture_address_is_refused(dataset, pictures):
    append(dataset, [nucleus.DatasetItem(p, reference_id=p) for p in pictures[:2]])
    first, second = (item.image_location for item in dataset.items)
    stolen = first.split("?")[0] + "?" + second.split("?")[1]
    assert requests.get(stolen, timeout=10).status_code == 403
    assert requests.get(first.split("?")[0], timeout=10).status_code == 403


def test_a_file_that_is_no_picture_is_refused_by_name_and_the_rest_is_kept(
    dataset, pictures, tmp_path
):
    fake = tmp_path / "fake.png"
    fake.write_bytes(b"this is no picture")
    items = [
        nucleus.DatasetItem(pictures[0], reference_id="good"),
        nucleus.DatasetItem(str(fake), reference_id="bad"),
    ]
    if IS_CURRENT:
        job = dataset.append(items)
        with pytest.raises(nucleus.async_job.JobError, match="1 of 2 items refused"):
            job.sleep_until_complete(verbose_std_out=False)
        assert job.status()["message"]["new_items"] == 1
        assert f'"{fake}"' in job.errors()[0]
    else:
        answer = dataset.append(items)
        assert (answer.new_items, answer.upload_errors) == (1, 1)
        assert [item["reference_id"] for item in answer.error_payload] == ["bad"]
    assert [item.reference_id for item in dataset.items] == ["good"]


def test_a_folder_becomes_a_dataset(client, tmp_path):
    folder = tmp_path / "holiday"
    (folder / "day 1").mkdir(parents=True)
    for name in ("day 1/a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(folder / name)
    dataset = client.create_dataset_from_dir(str(folder))
    assert dataset.name == "holiday"
    assert dataset.size == 2


@current
def test_annotations_may_follow_an_append_at_once(dataset):
    # Scripts of the days when append was synchronous do not wait for the job.
    dataset.append([remote(f"item {i}") for i in range(500)])
    answer = dataset.annotate([box(f"item {i}") for i in range(500)])
    assert answer["annotations_processed"] == 500


@current
def test_thirty_files_with_the_clients_own_waiting(dataset, pictures, monkeypatch):
    monkeypatch.setattr(nucleus.async_job, "JOB_POLLING_INTERVAL", 5)
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    items = [nucleus.DatasetItem(pictures[i % 12], reference_id=str(i)) for i in range(30)]
    dataset.append(items)
    # Three requests: the client looks at two of their jobs once each, and finds them finished.
    assert waits == [5, 5]
    assert dataset.size == 30


@old
def test_a_synchronous_append_answers_counts(dataset):
    answer = dataset.append([remote("a"), remote("b")])
    assert answer.dataset_id == dataset.id
    assert (answer.new_items, answer.upload_errors) == (2, 0)


@old
def test_an_asynchronous_append_is_a_job(dataset):
    job = dataset.append([remote(f"{i}") for i in range(50)], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    assert dataset.size == 50


def test_an_upload_address_is_for_its_upload_only(nucleus_server, client, dataset):
    signed = client.make_request({}, f"dataset/{dataset.id}/signedUrl/abc123", requests.get)
    url = signed["signed_url"]
    assert requests.put(url, data=b"{}\n", timeout=10).status_code == 200
    assert requests.put(url.replace("abc123", "abc124"), data=b"{}", timeout=10).status_code == 403
    bare = f"{nucleus_server.url}/v1/nucleus/upload/{dataset.id}/abc123"
    assert requests.put(bare, data=b"{}", timeout=10).status_code == 403


def test_lines_cut_short_store_nothing(client, dataset):
    url = client.make_request({}, f"dataset/{dataset.id}/signedUrl/cut", requests.get)["signed_url"]
    body = b'{"reference_id":"a","image_url":"https://example.com/a.jpg","metadata":{}}\n{"refer'
    requests.put(url, data=io.BytesIO(body), timeout=10)
    job = client.make_request(
        {"requestId": "cut", "update": False}, f"dataset/{dataset.id}/append?async=1"
    )
    status = client.get_job(job["job_id"]).status()
    assert status["status"] == "Errored"
    assert "line 2" in status["message"]
    assert dataset.size == 0


def test_uploads_that_were_never_put_are_not_found(client, dataset):
    with pytest.raises(NucleusAPIError, match="nothing was uploaded") as error:
        client.make_request({"requestId": "never"}, f"dataset/{dataset.id}/append?async=1")
    assert error.value.status_code == 404
