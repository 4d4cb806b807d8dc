import nucleus
import pytest
import requests
from client_calls import append, predicted_box, remote
from client_version import IS_CURRENT, run_free
from nucleus import CategoryPrediction, Point, PolygonPrediction
from nucleus.errors import NucleusAPIError


def test_a_model_is_listed_and_found(client):
    model = client.create_model("yolo", "yolo-1", {"layers": 3}, tags=["fast"])
    assert model.id.startswith("prj_")
    found = client.get_model(model.id)
    assert (found.name, found.reference_id, found.metadata) == ("yolo", "yolo-1", {"layers": 3})
    assert found.tags == ["fast"]
    assert model.id in [listed.id for listed in client.models]


def test_a_second_model_with_the_reference_is_refused(client):
    client.create_model("one", "same reference")
    with pytest.raises(NucleusAPIError, match="same reference") as error:
        client.create_model("two", "same reference")
    assert error.value.status_code == 400


def test_model_tags(client, model):
    model.add_tags(["a", "b"])
    model.remove_tags(["a"])
    assert client.get_model(model.id).tags == ["b"]
    with pytest.raises(NucleusAPIError) as error:
        model.remove_tags(["never there"])
    expected = '{"error":"Deleted 0 tags from model. The specified tag(s) were not found."}'
    assert expected in str(error.value)


def test_a_model_knows_the_slices_it_was_trained_on(client, three, model):
    slices = [three.create_slice(name, ["a"]).id for name in ("train", "more")]
    model.add_trained_slice_ids(slices)
    model.remove_trained_slice_ids(slices[:1])
    assert client.get_model(model.id).trained_slice_ids == slices[1:]
    with pytest.raises(NucleusAPIError, match="slc_never"):
        model.add_trained_slice_ids(["slc_never"])


def test_a_deleted_model_takes_its_predictions_along(client, three, model):
    three.upload_predictions(model, [predicted_box("a")])
    answer = client.delete_model(model.id)
    assert answer["msg"] == "Model deletion running in an async job"
    assert three.model_runs == []
    with pytest.raises(NucleusAPIError):
        client.get_model(model.id)


def predictions_of(reference_id):
    pdf = {"car": 0.7, "bus": 0.2, "truck": 0.1}
    triangle = [Point(0, 0), Point(9.5, 0), Point(0, 9)]
    return [
        predicted_box(reference_id, "car", annotation_id="1", confidence=0.75, class_pdf=pdf),
        predicted_box(reference_id, "bus", x=5, annotation_id="2", metadata={"deep": {"k": 1}}),
        PolygonPrediction("road", triangle, reference_id, confidence=1 / 3, annotation_id="3"),
        CategoryPrediction("day", reference_id, confidence=0.25, class_pdf={"day": 1.0}),
    ]


def without_place(found):
    for predictions in found.values():
        for prediction in predictions:
            for name in ("dataset_item_id", "dataset_id"):
                if hasattr(prediction, name):
                    setattr(prediction, name, None)
    return found


def by_type(predictions):
    return {"box": predictions[:2], "polygon": [predictions[2]], "category": [predictions[3]]}


def test_predictions_come_back_equal(three, model):
    answer = three.upload_predictions(model, predictions_of("a"))
    assert answer["predictions_processed"] == 4
    assert answer["predictions_ignored"] == 0
    assert answer["dataset_id"] == three.id
    assert three.model_runs == [answer["model_run_id"]]
    expected = by_type(predictions_of("a"))
    assert without_place(three.predictions_refloc(model, "a")) == expected
    assert without_place(three.predictions_iloc(model, 0)) == expected
    assert without_place(three.export_predictions(model)) == expected
    found = three.prediction_loc(model, "a", "1")
    assert (found.confidence, found.class_pdf["bus"]) == (0.75, 0.2)


def test_an_item_without_predictions_answers_empty(three, model):
    assert three.predictions_refloc(model, "a") == {"annotations": {}}
    three.upload_predictions(model, [predicted_box("b")])
    assert three.predictions_refloc(model, "a") == {"annotations": {}}


def test_predictions_are_ignored_or_replaced(three, model):
    three.upload_predictions(model, [predicted_box("a", annotation_id="1", confidence=0.5)])
    better = predicted_box("a", annotation_id="1", confidence=0.9)
    assert three.upload_predictions(model, [better])["predictions_ignored"] == 1
    answer = three.upload_predictions(model, [better], update=True)
    assert answer["predictions_processed"] == 1
    assert three.prediction_loc(model, "a", "1").confidence == 0.9


def test_predictions_of_unknown_items_are_named(three, model):
    answer = three.upload_predictions(model, [predicted_box("nowhere"), predicted_box("a")])
    assert answer["predictions_processed"] == 1
    assert "nowhere" in answer["errors"][0]


def test_asynchronous_predictions(three, model):
    job = three.upload_predictions(
        model, [predicted_box("a"), predicted_box("nowhere")], asynchronous=True
    )
    job.sleep_until_complete(verbose_std_out=False)
    assert job.status()["status"] == "Completed"
    assert "Item with id nowhere doesn" in job.errors()[0]
    assert len(three.predictions_refloc(model, "a")["box"]) == 1


@pytest.mark.parametrize("odd", ["dir/a b.jpg", "ü/ß"])
def test_odd_ids_are_read_back(dataset, model, odd):
    append(dataset, [remote(odd)])
    dataset.upload_predictions(model, [predicted_box(odd, annotation_id="p/1")])
    assert len(dataset.predictions_refloc(model, odd)["box"]) == 1
    assert dataset.prediction_loc(model, odd, "p/1").reference_id == odd


def test_a_model_run_of_its_own(client, three, model):
    run = model.create_run(
        "epoch 3", dataset=three, predictions=predictions_of("a"), metadata={"epoch": 3}
    )
    run_id = run.model_run_id
    assert run_id.startswith("run_")
    assert run_id in three.model_runs
    expected = by_type(predictions_of("a"))
    assert without_place(run.refloc("a")) == expected
    assert without_place(run.iloc(0)) == expected
    item_id = client.make_request({}, f"dataset/{three.id}/refloc/a", requests.get)["item"]["id"]
    assert without_place(run.loc(item_id)) == expected
    assert run.prediction_loc("a", "2").label == "bus"
    assert client.get_model(run_id) == client.get_model(model.id)
    assert run.predict([predicted_box("b")])["predictions_processed"] == 1
    job = run.predict([predicted_box("c")], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    assert len(run.refloc("c")["box"]) == 1
    assert client.commit_model_run(run_id)["model_run_id"] == run_id


def test_runs_of_one_model_are_apart(three, model):
    first = model.create_run("one", dataset=three, predictions=[predicted_box("a", "car")])
    second = model.create_run("two", dataset=three, predictions=[predicted_box("a", "bus")])
    assert first.refloc("a")["box"][0].label == "car"
    assert second.refloc("a")["box"][0].label == "bus"


def test_run_info_and_deletion(client, three, model):
    run = model.create_run("one", dataset=three, predictions=[predicted_box("a")])
    info = run.info()
    assert (info["model_id"], info["name"]) == (model.id, "one")
    assert [box.label for box in run.ungrouped_export()["box"]] == ["car"]
    if IS_CURRENT:
        client.delete_model_run(run.model_run_id)
        assert three.model_runs == []


def test_slices_export_predictions(three, model):
    three.upload_predictions(model, predictions_of("a") + [predicted_box("b", "ghost")])
    slice_ = three.create_slice("just a", ["a"])
    (row,) = slice_.export_predictions(model)
    assert row["item"].reference_id == "a"
    assert len(row["predictions"]["box"]) == 2
    (row,) = list(slice_.export_predictions_generator(model))
    assert row["predictions"]["category"][0].label == "day"


@run_free
def test_predictions_without_a_run(client, three, model):
    item_id = three.refloc("b")["item"].dataset_item_id
    answer = model.upload_predictions(
        [
            predicted_box(None, "car", annotation_id="by id", dataset_item_id=item_id),
            predicted_box("c", "bus", annotation_id="by both", dataset_id=three.id),
            predicted_box("nowhere", annotation_id="lost", dataset_id=three.id),
        ]
    )
    assert answer["model_id"] == model.id
    assert answer["predictions_processed"] == 2
    assert "nowhere" in answer["errors"][0]
    assert [box.label for box in model.predictions_loc(item_id)["box"]] == ["car"]
    assert [box.label for box in model.predictions_refloc("c")["box"]] == ["bus"]
    assert [box.label for box in model.predictions_iloc(1)["box"]] == ["bus"]
    # A store of its own: runs do not show them.
    assert three.model_runs == []
    assert three.predictions_refloc(model, "b") == {"annotations": {}}


@run_free
def test_predictions_of_a_run_are_copied_to_the_model(three, model):
    run = model.create_run("one", dataset=three, predictions=predictions_of("a"))
    answer = model.copy_predictions_from_run(run.model_run_id)
    assert answer == {
        "model_id": model.id,
        "model_run_ids": [run.model_run_id],
        "predictions_copied": 4,
        "predictions_skipped_unsupported": 0,
    }
    assert without_place(model.predictions_refloc("a")) == by_type(predictions_of("a"))
    # A second time there is nothing new.
    assert model.copy_predictions_from_run(run.model_run_id)["predictions_copied"] == 0


@run_free
def test_a_reference_in_two_datasets_needs_its_dataset(client, model, request):
    reference_id = request.node.name
    for name in ("one", "two"):
        append(client.create_dataset(name), [remote(reference_id)])
    answer = model.upload_predictions([predicted_box(reference_id)])
    assert answer["predictions_processed"] == 0
    assert "give dataset_id" in answer["errors"][0]


@run_free
def test_predictions_are_added_to_a_run(three, model):
    run = model.create_run("one", dataset=three, predictions=[predicted_box("a")])
    item_id = three.refloc("b")["item"].dataset_item_id
    answer = run.add_predictions([predicted_box(None, "bus", dataset_item_id=item_id)])
    assert answer["predictions_processed"] == 1
    assert run.refloc("b")["box"][0].label == "bus"
    answer = three.upload_predictions_for_model_run(run.model_run_id, [predicted_box("c", "van")])
    assert answer["predictions_processed"] == 1
    assert run.refloc("c")["box"][0].label == "van"
    assert model.model_runs() == [run.model_run_id]


@run_free
def test_the_label_schema_names_given_and_predicted_labels(three, model):
    three.annotate([nucleus.CategoryAnnotation("day", "a")])
    three.upload_predictions(model, [predicted_box("a", "ghost")])
    assert three.evaluation_label_schema() == {
        "gt_labels": ["day"],
        "prediction_labels": ["ghost"],
    }
