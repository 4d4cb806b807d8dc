import datetime

import nucleus
import pytest
import requests
from client_calls import append, box
from nucleus.errors import NotFoundError, NucleusAPIError


def test_a_slice_holds_the_items_it_was_made_of(client, three):
    slice_ = three.create_slice("night", ["c", "a"])
    assert slice_.id.startswith("slc_")
    assert slice_.name == "night"
    assert slice_.dataset_id == three.id
    assert slice_.slice_id == slice_.id
    assert {item.reference_id for item in slice_.items} == {"a", "c"}
    assert {item.reference_id for item in slice_.dataset_items()} == {"a", "c"}
    assert [one.reference_id for one in slice_.items_generator(page_size=1)] == ["a", "c"]
    assert slice_.id in [listed.id for listed in client.slices]
    assert slice_.id in [listed.id for listed in three.slices]
    assert slice_.type == "dataset_item"
    assert slice_.pending_job_count == 0
    created_at = three.slices[0].created_at
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert abs(now - created_at) < datetime.timedelta(minutes=5)


def test_slices_are_found_by_name_and_type(three):
    night = three.create_slice("night & rain", ["a"])
    three.create_slice("day", ["b"])
    found = three.get_slices(slice_type="dataset_item")
    assert len(found) == 2
    with pytest.raises(NotFoundError):
        three.get_slices(slice_type="object")
    with pytest.raises(NotFoundError):
        three.get_slices(name="dusk")
    assert [one.id for one in three.get_slices(name="day")] != [night.id]


def test_appending_adds_what_is_not_there(three):
    slice_ = three.create_slice("night", ["a"])
    answer = slice_.append(reference_ids=["a", "b"])
    assert answer["slice_id"] == slice_.id
    assert answer["new_items"] == ["b"]
    assert [item.reference_id for item in slice_.items] == ["a", "b"]


def test_an_unknown_reference_is_named_and_no_slice_is_made(three):
    with pytest.raises(NucleusAPIError, match="nowhere"):
        three.create_slice("night", ["a", "nowhere"])
    assert three.slices == []


def test_a_slice_of_ids(client, three):
    ids = [
        client.make_request({}, f"dataset/{three.id}/refloc/{ref}", requests.get)["item"]["id"]
        for ref in "bc"
    ]
    slice_ = three.create_slice_by_ids("ids", dataset_item_ids=ids)
    assert [item.reference_id for item in slice_.items] == ["b", "c"]


def test_an_empty_slice(client, three):
    payload = {"name": "empty", "allow_empty": 1}
    slice_id = client.make_request(payload, f"dataset/{three.id}/create_slice")["slice_id"]
    assert client.get_slice(slice_id).items == []


def test_slices_export_annotations(three):
    three.annotate([box("a", "car"), box("b", "bus")])
    slice_ = three.create_slice("just b", ["b"])
    (row,) = slice_.items_and_annotations()
    assert row["item"].reference_id == "b"
    assert row["annotations"]["box"][0].label == "bus"
    (row,) = list(slice_.items_and_annotation_generator())
    assert row["annotations"]["box"][0].label == "bus"
    assert slice_.export_class_labels() == ["bus"]
    assert three.export_class_labels(slice_id=slice_.id) == ["bus"]


def test_raw_items_point_to_their_pictures(dataset, pictures):
    append(dataset, [nucleus.DatasetItem(pictures[0], reference_id="a", metadata={"k": 1})])
    (raw,) = dataset.create_slice("raw", ["a"]).export_raw_items()["raw_dataset_items"]
    assert raw["ref_id"] == "a"
    assert raw["metadata"] == {"k": 1}
    assert requests.get(raw["scale_url"], timeout=10).status_code == 200


def test_a_deleted_item_leaves_its_slices(three):
    slice_ = three.create_slice("night", ["a", "b"])
    three.delete_item("a")
    assert [item.reference_id for item in slice_.items] == ["b"]


def test_a_deleted_slice_is_gone_and_its_items_stay(client, three):
    slice_ = three.create_slice("night", ["a"])
    client.delete_slice(slice_.id)
    assert three.slices == []
    assert three.size == 3
    with pytest.raises(NucleusAPIError) as error:
        client.get_slice(slice_.id).items  # noqa: B018
    assert error.value.status_code == 404


def test_the_flow_of_2021(dataset, client, pictures):
    """Scripts of that year: upload, annotate, make a slice, read it back by its info."""
    items = [
        nucleus.DatasetItem(path, reference_id=f"{i}.png", metadata={"mislabel_score": i / 10})
        for i, path in enumerate(pictures)
    ]
    append(dataset, items)
    job = dataset.annotate(
        [box(f"{i}.png", "police_car", metadata={"potential_mislabel": i % 2}) for i in range(12)],
        update=True,
        asynchronous=True,
    )
    job.sleep_until_complete(verbose_std_out=False)
    query = "annotations.metadata.potential_mislabel = 1 ORDER BY metadata.mislabel_score DESC"
    worst = [item.reference_id for item in dataset.query_items(query)]
    assert worst[:2] == ["11.png", "9.png"]
    slice_id = dataset.create_slice("worst", worst).id
    found = client.get_slice(slice_id).info()["dataset_items"]
    assert {one["ref_id"] for one in found} == set(worst)
    for one in found:
        assert one["metadata"]["mislabelScore"] == one["metadata"]["mislabel_score"]
        assert dataset.refloc(one["ref_id"])["item"].metadata["mislabel_score"] >= 0
        assert requests.get(one["original_image_url"], timeout=10).status_code == 200
    # Elsewhere a key has its one spelling.
    assert "mislabelScore" not in dataset.items[0].metadata
