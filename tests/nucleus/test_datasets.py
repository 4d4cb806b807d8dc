import nucleus
import pytest
from client_calls import append, box, predicted_box, remote
from nucleus.errors import NucleusAPIError


def test_a_dataset_is_listed_with_name_and_id(client):
    dataset = client.create_dataset("'; DROP TABLE item;--")
    assert dataset.name == "'; DROP TABLE item;--"
    assert dataset.id.startswith("ds_")
    assert dataset.id in [listed.id for listed in client.datasets]
    assert dataset.id in client.list_datasets()
    assert client.get_dataset(dataset.id).name == dataset.name


def test_an_empty_dataset_says_so(dataset):
    assert dataset.size == 0
    assert dataset.items == []
    assert dataset.slices == []
    assert dataset.model_runs == []
    assert dataset.is_scene is False
    assert dataset.use_privacy_mode is False
    assert dataset.items_and_annotations() == []


def test_info_tells_length_slices_and_runs(three, model):
    slice_ = three.create_slice("night", ["a"])
    three.upload_predictions(model, [predicted_box("a")])
    info = three.info()
    assert info.dataset_id == three.id
    assert info.name == three.name
    assert info.length == three.size == 3
    assert info.slice_ids == [slice_.id]
    assert info.model_run_ids == three.model_runs
    assert len(info.model_run_ids) == 1


def test_tags_are_added_once_and_removed(dataset):
    if not hasattr(dataset, "add_tags"):
        pytest.skip("this client has no tags")
    assert dataset.get_tags() == []
    assert dataset.add_tags(["night", "rain"]) == ["night", "rain"]
    assert dataset.add_tags(["rain"]) == ["night", "rain"]
    assert dataset.remove_tags(["night", "never there"]) == ["rain"]
    assert dataset.get_tags() == ["rain"]


def test_privacy_mode_is_kept_and_pictures_stay_where_they_are(client):
    dataset = client.create_dataset("private", use_privacy_mode=True)
    assert client.get_dataset(dataset.id).use_privacy_mode is True
    append(dataset, [remote("a", width=640, height=480)])
    assert dataset.items[0].image_location == "https://example.com/1.jpg"


def test_a_dataset_for_scenes_takes_no_items(client):
    dataset = client.create_dataset("lidar", is_scene=True)
    assert client.get_dataset(dataset.id).is_scene is True
    with pytest.raises(Exception, match="scene"):
        append(dataset, [remote("a")])
    assert dataset.size == 0
    assert client.get_dataset(dataset.id).items == []


def test_class_labels_are_those_of_annotations(three, model):
    three.annotate([box("a", "truck"), box("b", "bus"), box("c", "bus")])
    three.upload_predictions(model, [predicted_box("a", "ghost")])
    assert three.export_class_labels() == ["bus", "truck"]


def test_a_deleted_dataset_is_gone_with_its_slices(client, three):
    slice_ = three.create_slice("night", ["a"])
    answer = client.delete_dataset(three.id)
    assert answer == {"message": "Beginning dataset deletion..."}
    assert three.id not in [listed.id for listed in client.datasets]
    with pytest.raises(NucleusAPIError) as error:
        client.get_dataset(three.id).size  # noqa: B018
    assert error.value.status_code == 404
    with pytest.raises(NucleusAPIError):
        slice_.info()


def test_taxonomies(three):
    assert three.add_taxonomy("vehicle", "category", ["car", "bus"])["status"] == "Taxonomy created"
    again = three.add_taxonomy("vehicle", "category", ["car", "van"])
    assert again["status"] == "Taxonomy already exists"
    updated = three.add_taxonomy("vehicle", "category", ["van"], update=True)
    assert updated == {
        "dataset_id": three.id,
        "taxonomy_name": "vehicle",
        "status": "Taxonomy updated",
    }
    category = nucleus.CategoryAnnotation("van", "a", taxonomy_name="vehicle")
    assert three.annotate([category])["annotations_processed"] == 1
    assert three.refloc("a")["annotations"]["category"][0].taxonomy_name == "vehicle"

    deleted = three.delete_taxonomy("vehicle")
    assert deleted["status"] == "Taxonomy successfully deleted"
    assert "category" not in three.refloc("a")["annotations"]


def test_a_taxonomy_with_odd_characters_is_deleted_by_its_name(dataset):
    name = "weather: rain / snow"
    dataset.add_taxonomy(name, "category", ["rain"])
    assert dataset.delete_taxonomy(name)["taxonomy_name"] == name


def test_a_taxonomy_for_several_labels_at_once(dataset):
    answer = dataset.add_taxonomy("weather", "multicategory", ["rain", "fog"])
    assert answer["status"] == "Taxonomy created"


def test_an_unknown_label_of_a_taxonomy_is_refused_by_name(three):
    three.add_taxonomy("vehicle", "category", ["car"])
    answer = three.annotate([nucleus.CategoryAnnotation("boat", "a", taxonomy_name="vehicle")])
    assert answer["annotations_processed"] == 0
    assert "boat" in answer["errors"][0]
    answer = three.annotate([nucleus.CategoryAnnotation("x", "a", taxonomy_name="color")])
    assert f"Taxonomy color does not exist in dataset {three.id}" in answer["errors"][0]
