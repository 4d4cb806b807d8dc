"""Reading through the app's interface: datasets, queries, facets, items, pictures."""

import pytest
from api import Refused
from pictures import png


def test_datasets_are_listed_with_their_numbers(api):
    listed = {d["name"]: d for d in api.get("/datasets")["datasets"]}
    street = listed["street"]
    assert (street["items"], street["annotations"], street["unlabelled"]) == (6, 6, 1)
    assert [(r["model"], r["predictions"]) for r in street["runs"]] == [("yolo", 2)]
    assert street["issues"] is None
    assert street["cover"] == [0, 1, 2, 3, 4, 5]
    assert street["changed_by"] == "admin"
    issues = listed["animals"]["issues"]
    assert (issues["open"], issues["decided"], issues["total"]) == (3, 0, 3)
    assert api.get("/datasets")["roots"] == [str(api.files)]


def test_the_schema_names_labels_metadata_and_types(api):
    schema = api.get("/datasets/street")["schema"]
    assert {(x["name"], x["annotations"]) for x in schema["labels"]} == {
        ("car", 4),
        ("bus", 1),
        ("police car", 1),
    }
    assert sorted(x["color"] for x in schema["labels"]) == [1, 2, 3]
    assert schema["metadata"] == [
        {"key": "dry", "types": ["bool"], "items": 6},
        {"key": "speed", "types": ["number"], "items": 6},
        {"key": "weather", "types": ["text"], "items": 6},
    ]
    assert schema["types"] == ["box"]
    assert api.get("/datasets/animals")["schema"]["types"] == ["category"]


def test_a_dataset_is_found_by_name_and_id_and_a_wrong_name_is_told_the_nearest(api):
    dataset = api.get("/datasets/street")
    assert api.get(f"/datasets/{dataset['id']}")["name"] == "street"
    with pytest.raises(Refused, match="did you mean 'street'") as refused:
        api.get("/datasets/stret")
    assert refused.value.status == 404


def test_a_query_answers_a_page_of_tiles(api):
    answer = api.query("street", "annotations.car >= 1", limit=2)
    assert answer["total"] == 3
    assert [row["ref"] for row in answer["rows"]] == ["0.png", "1.png"]
    tile = answer["rows"][0]
    assert (tile["no"], tile["w"], tile["h"]) == (0, 64, 36)
    assert tile["id"].startswith("di_")
    assert [(o["label"], o["box"]) for o in tile["annotations"]] == [
        ("car", [1, 2, 30, 10]),
        ("car", [5, 5, 8, 8]),
    ]
    assert tile["annotations"][0]["annotation_id"] == "100"
    assert tile["predictions"][0]["confidence"] == 0.9
    assert api.refs("street", "annotations.car >= 1", offset=2) == ["3.png"]
    assert api.query("street", "annotations.car >= 1", rows=False)["rows"] == []
    without = api.query("street", overlays=False)["rows"][0]
    assert without["annotations"] == without["predictions"] == []
    warned = api.query("street", "annotations.caar > 0")
    assert warned["total"] == 0
    assert "'car'" in warned["warnings"][0]["message"]


def test_a_query_that_cannot_be_read_names_its_column(api):
    with pytest.raises(Refused, match="column 16: ") as refused:
        api.query("street", "annotations.car")
    assert refused.value.status == 400
    assert refused.value.body["column"] == 16


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"limit": 1001}, "limit = 1001: must be a whole number from 0 to 1000"),
        ({"q": 7}, "q = 7: must be a text"),
        ({"rows": "yes"}, 'rows = "yes": must be true or false'),
        ({"run": "run_x"}, "run = run_x: dataset street has no such run"),
        ({"issues": "iss_x"}, "issues = iss_x: dataset street has no such label-issue run"),
    ],
)
def test_a_wrong_member_is_named(api, body, sentence):
    with pytest.raises(Refused, match=sentence):
        api.post("/datasets/street/query", body)


def test_half_a_body_is_refused(api):
    answer = api.raw("POST", "/datasets/street/query", data='{"q":')
    assert answer.status_code == 400


def test_facets_count_exactly(api):
    facets = api.post("/datasets/street/facets", {"q": "annotations.car >= 1"})
    assert facets["total"] == 3
    metadata = {f["key"]: f for f in facets["metadata"]}
    assert {v["value"]: v["items"] for v in metadata["weather"]["values"]} == {
        "rainy": 1,
        "clear": 1,
        "snowy": 1,
    }
    assert metadata["dry"]["values"] == [
        {"value": True, "items": 1},
        {"value": False, "items": 2},
    ]
    assert (metadata["speed"]["min"], metadata["speed"]["max"]) == (0, 30)
    assert sum(b["items"] for b in metadata["speed"]["bins"]) == 3


def test_a_facet_ignores_its_own_clause(api):
    facets = api.post(
        "/datasets/street/facets", {"q": "metadata.weather = rainy AND annotations.car > 0"}
    )
    assert facets["total"] == 1
    weather = next(f for f in facets["metadata"] if f["key"] == "weather")
    assert weather["own_clause"]
    # Of the images with a car, whatever their weather.
    assert {v["value"]: v["items"] for v in weather["values"]} == {
        "rainy": 1,
        "clear": 1,
        "snowy": 1,
    }
    assert facets["labels_own_clause"]
    assert {x["label"]: x["items"] for x in facets["labels"]} == {"car": 1, "police car": 1}
    dry = next(f for f in facets["metadata"] if f["key"] == "dry")
    assert not dry["own_clause"]


def test_each_bar_is_a_query_that_finds_what_it_counts(api):
    facets = api.post("/datasets/street/facets", {"q": ""})
    histograms = {h["id"]: h for h in facets["histograms"]}
    assert list(histograms) == [
        "annotations_per_item",
        "label",
        "box_area",
        "confidence",
        "item_metadata.speed",
    ]
    for name in ("annotations_per_item", "item_metadata.speed"):
        for bar in histograms[name]["bars"]:
            assert api.query("street", bar["q"])["total"] == bar["count"] == bar["whole"], bar
    assert sum(b["count"] for b in histograms["box_area"]["bars"]) == 6
    assert sum(b["count"] for b in histograms["confidence"]["bars"]) == 2
    for name in ("label", "box_area", "confidence"):
        for bar in histograms[name]["bars"]:
            found = api.query("street", bar["q"])["total"]
            assert (found > 0) == (bar["count"] > 0), bar
    narrowed = api.post("/datasets/street/facets", {"q": "annotations.count = 0"})
    label = next(h for h in narrowed["histograms"] if h["id"] == "label")
    assert {b["label"]: (b["count"], b["whole"]) for b in label["bars"]}["car"] == (0, 4)


def test_completion_knows_names_and_values(api):
    names = api.post("/datasets/street/complete", {"q": "annotations.po", "cursor": 14})
    assert '"police car"' in [n["text"] for n in names["names"]]
    assert (names["from"], names["to"]) == (12, 14)
    q = "metadata.weather = "
    values = api.post("/datasets/street/complete", {"q": q, "cursor": len(q)})["values"]
    assert {v["text"].strip('"'): v["count"] for v in values} == {
        "clear": 3,
        "rainy": 2,
        "snowy": 1,
    }


def test_an_item_has_everything_that_is_known_of_it(api):
    item = api.get("/datasets/street/items/0")
    assert item["url"] == str(api.files / "street/images/0.png")
    assert item["metadata"] == {"dry": True, "speed": 0, "weather": "rainy"}
    assert (item["previous"], item["next"]) == (None, 1)
    assert [h["what"] for h in item["history"]] == ["imported", "imported"]
    assert item["history"][0]["why"]["import"]["format"] == "coco"
    assert item["issue"] is None
    animal = api.query("animals", 'item.reference_id = "zebra/03.png"')["rows"][0]["no"]
    item = api.get(f"/datasets/animals/items/{animal}")
    assert [p["label"] for p in item["class_pdf"]][0] == "ape"
    assert item["issue"]["given"] == "zebra"
    assert item["issue"]["suggested"] == "ape"
    with pytest.raises(Refused, match="item = 99: dataset street has no item of that number"):
        api.get("/datasets/street/items/99")


def test_pictures_and_thumbnails_are_served(api):
    whole = api.raw("GET", "/datasets/street/items/2/image")
    assert whole.headers["Content-Type"] == "image/png"
    assert whole.content == png(64, 36, (80, 90, 200))
    part = api.raw("GET", "/datasets/street/items/2/image", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    thumbnail = api.raw("GET", "/datasets/street/items/2/image?size=64")
    assert thumbnail.status_code == 200
    assert "immutable" in thumbnail.headers["Cache-Control"]
    again = api.raw(
        "GET",
        "/datasets/street/items/2/image?size=64",
        headers={"If-None-Match": thumbnail.headers["ETag"]},
    )
    assert again.status_code == 304
    with pytest.raises(Refused, match="size = 7: must be a whole number from 64 to 1024"):
        api.get("/datasets/street/items/2/image?size=7")
    # A folder's pictures have no sizes until somebody looks at them.
    assert api.query("animals", limit=1)["rows"][0]["w"] is None
    api.raw("GET", "/datasets/animals/items/0/image?size=64")
    tile = api.query("animals", limit=1)["rows"][0]
    assert (tile["w"], tile["h"], tile["color"]) == (28, 28, "#000063")
