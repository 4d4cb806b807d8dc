import nucleus
import pytest
from client_calls import append, box, remote
from client_version import IS_CURRENT
from nucleus import BoxAnnotation, CategoryAnnotation, Point, PolygonAnnotation
from nucleus.errors import NucleusAPIError

EVERYTHING = [
    BoxAnnotation("car", 0.1, -3, 1e3, 1 / 3, "a", "box-1", {"occluded": True, "n": 2}),
    BoxAnnotation("bus", 10, 20, 30, 40, "a", "box-2", track_reference_id="red bus"),
    PolygonAnnotation("road", [Point(0, 0), Point(10.5, 0), Point(1e-9, 99)], "a", "poly-1"),
    CategoryAnnotation("sunny", "a", metadata={"sure": 0.5}),
]


def test_what_was_given_comes_back_equal(three):
    answer = three.annotate(EVERYTHING)
    assert answer["annotations_processed"] == 4
    assert answer["annotations_ignored"] == 0
    assert "errors" not in answer
    found = three.refloc("a")["annotations"]
    if IS_CURRENT:
        for annotations in found.values():
            for annotation in annotations:
                assert annotation.dataset_item_id.startswith("di_")
                annotation.dataset_item_id = None
    assert found == {
        "box": EVERYTHING[:2],
        "polygon": [EVERYTHING[2]],
        "category": [EVERYTHING[3]],
    }


def test_a_second_upload_is_ignored_or_replaces(three):
    three.annotate([box("a", "car", annotation_id="1", metadata={"old": 1})])
    again = box("a", "truck", x=7, annotation_id="1")
    answer = three.annotate([again])
    assert (answer["annotations_processed"], answer["annotations_ignored"]) == (0, 1)
    assert three.refloc("a")["annotations"]["box"][0].label == "car"
    answer = three.annotate([again], update=True)
    assert (answer["annotations_processed"], answer["annotations_ignored"]) == (1, 0)
    (stored,) = three.refloc("a")["annotations"]["box"]
    assert (stored.label, stored.x, stored.metadata) == ("truck", 7, {})


def test_box_and_polygon_share_one_space_of_ids(three):
    three.annotate([box("a", annotation_id="1")])
    polygon = PolygonAnnotation("road", [Point(0, 0), Point(1, 0), Point(1, 1)], "a", "1")
    assert three.annotate([polygon])["annotations_ignored"] == 1


def test_one_category_for_each_taxonomy(three):
    three.annotate([CategoryAnnotation("day", "a")])
    assert three.annotate([CategoryAnnotation("night", "a")])["annotations_ignored"] == 1
    assert three.annotate([CategoryAnnotation("night", "a")], update=True)["annotations_processed"]
    (category,) = three.refloc("a")["annotations"]["category"]
    assert category.label == "night"
    assert category.taxonomy_name is None


def test_null_ids_stay_null_and_equal_objects_are_one(three):
    shape = [Point(0, 0), Point(4, 0), Point(4, 4)]
    for expected in (1, 0):
        answer = three.annotate([PolygonAnnotation("road", shape, "a")])
        assert answer["annotations_processed"] == expected
    other = PolygonAnnotation("road", [Point(0, 0), Point(5, 0), Point(4, 4)], "a")
    assert three.annotate([other])["annotations_processed"] == 1
    found = three.refloc("a")["annotations"]["polygon"]
    assert [polygon.annotation_id for polygon in found] == [None, None]


def test_unknown_items_are_named_and_the_rest_is_kept(three):
    answer = three.annotate([box("a"), box("nowhere"), box("b")])
    assert answer["annotations_processed"] == 2
    assert len(answer["errors"]) == 1
    assert "Item with id nowhere doesn't exist" in answer["errors"][0]


def test_an_asynchronous_upload_reports_what_happened(three):
    three.annotate([box("b", annotation_id="known")])
    job = three.annotate(
        [box("a"), box("nowhere"), box("b", annotation_id="known")], asynchronous=True
    )
    job.sleep_until_complete(verbose_std_out=False)
    status = job.status()
    assert status["status"] == "Completed"
    assert status["job_id"] == job.job_id
    assert status["job_progress"] == "1.00"
    assert status["completed_steps"] == status["total_steps"] == 3
    assert status["message"] == {
        "annotation_upload": {
            "total": 3,
            "errored": 1,
            "ignored": 1,
            "datasetId": three.id,
            "processed": 1,
        }
    }
    (error,) = job.errors()
    assert "Item with id nowhere doesn" in error
    assert '"referenceId":"nowhere"' in error


def test_refused_objects_say_field_value_and_rule(three):
    answer = three.annotate(
        [box("a"), BoxAnnotation("car", 0, 0, -4, 1, "a", "negative")],
    )
    assert answer["annotations_processed"] == 1
    assert "annotations[1].geometry.width = -4" in answer["errors"][0]


def test_other_types_are_refused_one_by_one(three):
    line = nucleus.LineAnnotation("lane", [Point(0, 0), Point(1, 1)], "a", "line")
    answer = three.annotate([line, box("a")])
    assert answer["annotations_processed"] == 1
    assert "line" in answer["errors"][0]


def test_masks_are_refused_in_a_sentence(three):
    mask = nucleus.SegmentationAnnotation(
        "https://example.com/mask.png", [nucleus.Segment("road", 1)], "a"
    )
    with pytest.raises(NucleusAPIError, match="stores box, polygon and category") as error:
        three.annotate([mask])
    assert error.value.status_code == 501


def test_boxes_larger_than_the_picture_are_kept(dataset):
    append(dataset, [remote("a", width=10, height=10)])
    dataset.annotate([BoxAnnotation("car", -5, -5, 100, 100, "a", "big")])
    assert dataset.refloc("a")["annotations"]["box"][0].width == 100


def test_ground_truth_is_found_by_reference_and_id(three):
    three.annotate([box("a", "car", annotation_id="one"), box("b", "bus", annotation_id="one")])
    assert three.ground_truth_loc("b", "one").label == "bus"
    with pytest.raises(NucleusAPIError) as error:
        three.ground_truth_loc("b", "two")
    assert error.value.status_code == 404


@pytest.mark.parametrize("annotation_id", ["x/y", "car 1", "ü/ß", "a/b/c"])
def test_odd_ids_are_found_although_the_client_sends_them_raw(dataset, annotation_id):
    append(dataset, [remote("folder/a b.jpg"), remote("folder")])
    dataset.annotate([box("folder/a b.jpg", annotation_id=annotation_id)])
    found = dataset.ground_truth_loc("folder/a b.jpg", annotation_id)
    assert found.annotation_id == annotation_id


def test_the_clients_own_ids_hold_numbers_and_are_found(three):
    three.annotate([box("a", "car", x=1.5)])
    (stored,) = three.refloc("a")["annotations"]["box"]
    assert stored.annotation_id == "car-1.5-2.5-30-40.25-a"
    assert three.ground_truth_loc("a", stored.annotation_id).x == 1.5


def test_annotations_of_some_items_are_deleted(three):
    three.annotate([box("a"), box("b"), box("c")])
    job = three.delete_annotations(["a", "b"])
    job.sleep_until_complete(verbose_std_out=False)
    assert three.refloc("a")["annotations"] == {}
    assert len(three.refloc("c")["annotations"]["box"]) == 1


def test_all_annotations_are_deleted_and_the_items_stay(three):
    three.annotate([box("a"), box("b"), box("c")])
    three.delete_annotations().sleep_until_complete(verbose_std_out=False)
    assert all(three.refloc(ref)["annotations"] == {} for ref in "abc")
    assert three.size == 3


def test_export_holds_every_item_with_its_annotations(three):
    three.annotate([box("a"), CategoryAnnotation("day", "b")])
    rows = three.items_and_annotations()
    assert [row["item"].reference_id for row in rows] == ["a", "b", "c"]
    assert len(rows[0]["annotations"]["box"]) == 1
    assert rows[1]["annotations"]["category"][0].label == "day"
    assert not rows[2]["annotations"]


def test_export_by_pages_and_by_query(three):
    three.annotate([box("a"), box("c", "truck")])
    rows = list(three.items_and_annotation_generator())
    assert [row["item"].reference_id for row in rows] == ["a", "b", "c"]
    try:
        rows = list(three.items_and_annotation_generator(query="annotations.truck > 0"))
    except TypeError:
        pytest.skip("this client exports without a query")
    assert [row["item"].reference_id for row in rows] == ["c"]


def test_an_update_keeps_its_place_in_the_order(three):
    three.annotate([box("a", annotation_id=str(i)) for i in range(3)])
    three.annotate([box("a", "bus", annotation_id="0")], update=True)
    found = three.refloc("a")["annotations"]["box"]
    assert [(one.annotation_id, one.label) for one in found] == [
        ("0", "bus"),
        ("1", "car"),
        ("2", "car"),
    ]


def test_task_and_track_ids_are_echoed(client, three):
    raw = {
        "type": "box",
        "label": "car",
        "geometry": {"x": 1, "y": 2, "width": 3, "height": 4},
        "reference_id": "a",
        "annotation_id": "1",
        "metadata": {},
        "task_id": "task-9",
        "track_reference_id": "track-7",
    }
    client.make_request({"annotations": [raw], "update": False}, f"dataset/{three.id}/annotate")
    # The task is part of the key: the same id of another task is another box.
    raw["task_id"] = "task-10"
    client.make_request({"annotations": [raw], "update": False}, f"dataset/{three.id}/annotate")
    found = three.refloc("a")["annotations"]["box"]
    assert [one.track_reference_id for one in found] == ["track-7", "track-7"]
    assert len(found) == 2
