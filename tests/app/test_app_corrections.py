"""Label issues and corrections from end to end: found, decided, undone, exported, traceable."""

import csv
import io
from urllib.parse import quote

import pytest
import requests
from api import Refused
from sample_data import WRONG


def open_issues(api, **asked) -> dict:
    return api.post("/datasets/animals/issues", asked)


def decide(api, *tiles, verdict="accept", **more) -> dict:
    run = open_issues(api)["run"]["id"]
    decisions = [
        {
            "no": tile["no"],
            "row": tile["issue"]["row"],
            "verdict": verdict,
            "issues": run,
            "score": tile["issue"]["score"],
            **more,
        }
        for tile in tiles
    ]
    return api.post("/datasets/animals/decisions", {"decisions": decisions})


def labels_of(api) -> dict[str, str]:
    tiles = api.query("animals", limit=100)["rows"]
    return {tile["ref"]: tile["annotations"][0]["label"] for tile in tiles}


def test_wrong_labels_come_out_ranked(api):
    answer = open_issues(api)
    assert {tile["ref"] for tile in answer["tiles"]} == set(WRONG)
    scores = [tile["issue"]["score"] for tile in answer["tiles"]]
    assert scores == sorted(scores)
    assert [tile["issue"]["rank"] for tile in answer["tiles"]] == [0, 1, 2]
    assert answer["run"]["scored"] == 60
    assert answer["run"]["filter_by"] == "prune_by_noise_rate"
    assert answer["matrix"]["labels"] == ["ape", "bear", "zebra"]
    assert answer["matrix"]["cells"] == [
        {"given": "bear", "suggested": "zebra", "count": 1},
        {"given": "zebra", "suggested": "ape", "count": 2},
    ]
    assert not answer["stale"]
    cell = {"given": "zebra", "suggested": "ape"}
    assert open_issues(api, pair=cell)["total"] == 2
    assert open_issues(api, pair={"given": "bear", "suggested": None})["total"] == 1
    assert open_issues(api, q="annotations.label = bear")["total"] == 1
    # The same rows are columns of the query language.
    assert set(api.refs("animals", "issue.score < 0.2")) == set(WRONG)
    with pytest.raises(Refused, match="pair.given = \"bar\".*did you mean 'bear'"):
        open_issues(api, pair={"given": "bar"})


def test_a_wrong_method_is_told_the_names(api):
    with pytest.raises(Refused, match="filter_by = prune: must be one of prune_by_noise_rate"):
        api.post("/datasets/animals/issue-runs", {"filter_by": "prune"})
    with pytest.raises(Refused, match="task = boxes: must be classification or detection"):
        api.post("/datasets/animals/issue-runs", {"task": "boxes"})
    with pytest.raises(Refused, match="has no predictions with class probabilities"):
        api.post("/datasets/street/issue-runs", {"task": "classification"})
    with pytest.raises(Refused, match="no predicted boxes with a confidence"):
        api.post("/datasets/animals/issue-runs", {"task": "detection"})


def test_compat_names_cleanlab_and_every_run_stays(api):
    before = len(api.get("/datasets/animals/issue-runs")["runs"])
    made = api.finish(
        api.post(
            "/datasets/animals/issue-runs",
            {"compat": "cleanlab", "filter_by": "both", "rank_by": "normalized_margin"},
        )
    )
    assert (made["compat"], made["filter_by"], made["found"]) == ("cleanlab", "both", 3)
    runs = api.get("/datasets/animals/issue-runs")["runs"]
    assert len(runs) == before + 1
    assert runs[0]["id"] == made["id"]
    assert open_issues(api, issues=runs[-1]["id"])["run"]["id"] == runs[-1]["id"]


def test_the_whole_story_of_a_correction(fresh):
    api = fresh
    first, second = open_issues(api, pair={"given": "zebra"})["tiles"]
    (third,) = open_issues(api, pair={"given": "bear"})["tiles"]
    accepted = decide(api, first, second)
    assert {d["after"] for d in accepted["decided"]} == {"ape"}
    kept = decide(api, third, verdict="keep")
    assert kept["decided"][0]["before"] == kept["decided"][0]["after"]

    # What was decided keeps its place, and the list says that it is stale.
    answer = open_issues(api)
    assert (answer["total"], answer["open"], answer["decided"]) == (3, 0, 3)
    assert answer["verdicts"] == {"accepted": 2, "kept": 1, "other": 0}
    assert answer["stale"]
    issue = next(t["issue"] for t in answer["tiles"] if t["no"] == first["no"])
    assert issue["now"] == "ape"
    assert issue["decision"]["verdict"] == "accept"
    assert issue["decision"]["who"] == "admin"
    assert open_issues(api, state="open")["total"] == 0

    # One step takes both back; the third stays kept.
    undone = api.post(f"/datasets/animals/decisions/{accepted['id']}/undo")
    assert {u["label"] for u in undone["undone"]} == {"zebra"}
    assert open_issues(api)["open"] == 2
    assert labels_of(api)[first["ref"]] == "zebra"
    with pytest.raises(Refused) as refused:
        api.post(f"/datasets/animals/decisions/{accepted['id']}/undo")
    assert refused.value.status == 409

    # Once more, and another class for the other one.
    decide(api, first)
    chosen = decide(api, second, verdict="choose", label="okapi")
    assert chosen["decided"][0]["after"] == "okapi"

    # A new run finds less; the old one still says what it said.
    old = open_issues(api)["run"]["id"]
    api.finish(api.post("/datasets/animals/issue-runs"))
    assert first["ref"] not in {t["ref"] for t in open_issues(api)["tiles"]}
    assert open_issues(api, issues=old)["total"] == 3

    check_everywhere(api, first, second)
    # It is in the journal: a killed server says the same.
    api.server.kill()
    api.server.start()
    api.url = api.server.url
    check_everywhere(api, first, second)
    assert open_issues(api, issues=old)["decided"] == 3


def check_everywhere(api, first, second):
    labels = labels_of(api)
    assert (labels[first["ref"]], labels[second["ref"]]) == ("ape", "okapi")

    # The client's refloc shows the corrected label.
    dataset = api.get("/datasets/animals")["id"]
    refloc = requests.get(
        f"{api.url}/v1/nucleus/dataset/{dataset}/refloc/{quote(first['ref'], safe='')}",
        auth=api.auth,
        timeout=60,
    ).json()
    assert "annotations" in refloc, refloc
    assert [a["label"] for a in refloc["annotations"]["category"]] == ["ape"]

    # The item's history: uploaded, corrected, undone, corrected; who and why.
    item = api.get(f"/datasets/animals/items/{first['no']}")
    steps = [(h["before"], h["after"]) for h in item["history"]]
    assert steps == [("", "zebra"), ("zebra", "ape"), ("ape", "zebra"), ("zebra", "ape")]
    assert {h["who"] for h in item["history"]} == {"admin"}

    # The log: newest first, what was undone is marked.
    log = api.get("/datasets/animals/decisions")["decisions"]
    assert [d["undone"] for d in log if d["ref"] == first["ref"]] == [False, True]
    assert log[0]["label"] == "okapi"
    assert log[0]["score"] == second["issue"]["score"]
    assert len(api.get("/datasets/animals/decisions?limit=1")["decisions"]) == 1

    # The exports: the corrected label, and the given one beside it.
    changes = api.raw("GET", "/datasets/animals/changes.csv").text
    rows = {row["reference_id"]: row for row in csv.DictReader(io.StringIO(changes))}
    assert set(rows) == {first["ref"], second["ref"]}
    assert rows[first["ref"]]["given"] == "zebra"
    assert rows[first["ref"]]["label"] == "ape"
    assert rows[first["ref"]]["who"] == "admin"
    assert float(rows[first["ref"]]["score"]) == first["issue"]["score"]
    exported = api.raw("GET", "/datasets/animals/export?format=csv")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="animals.csv"'
    rows = {row["reference_id"]: row for row in csv.DictReader(io.StringIO(exported.text))}
    assert len(rows) == 60
    assert (rows[first["ref"]]["label"], rows[first["ref"]]["given"]) == ("ape", "zebra")


def test_decisions_that_make_no_sense_change_nothing(fresh):
    api = fresh
    tile = open_issues(api)["tiles"][0]
    good = {"no": tile["no"], "row": tile["issue"]["row"], "verdict": "keep"}
    for wrong, sentence in [
        ({"verdict": "maybe"}, r"decisions\[1\].verdict = \"maybe\": must be accept"),
        ({"verdict": "choose"}, r"decisions\[1\].label: must be the label chosen"),
        ({"row": "x"}, r"decisions\[1\].row = \"x\": must be an annotation's number"),
        ({"row": "999999"}, "has no annotation 999999"),
        ({"no": -1}, r"decisions\[1\].no = -1: must be an item number"),
    ]:
        with pytest.raises(Refused, match=sentence):
            api.post("/datasets/animals/decisions", {"decisions": [good, good | wrong]})
    assert api.get("/datasets/animals/decisions")["decisions"] == []
    with pytest.raises(Refused, match="decision = 7: dataset animals has none of that id"):
        api.post("/datasets/animals/decisions/7/undo")


def test_a_tasker_may_look_and_not_decide(fresh):
    api = fresh
    key = requests.post(
        api.url + "/api/keys", json={"name": "t", "role": "tasker"}, auth=api.auth, timeout=60
    ).json()["secret"]
    tile = open_issues(api)["tiles"][0]
    api.auth = (key, "")
    assert open_issues(api)["total"] == 3
    with pytest.raises(Refused) as refused:
        decide(api, tile)
    assert refused.value.status == 403
