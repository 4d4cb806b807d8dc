"""Label-issue runs stay, can be compared, and tell how many labels are still wrong."""

import json
from urllib.parse import quote

import pytest
from api import Refused
from sample_data import WRONG


def issues(api, **asked) -> dict:
    return api.post("/datasets/animals/issues", asked)


def decide(api, tile: dict, verdict: str, run: str, **more) -> dict:
    decision = {"no": tile["no"], "row": tile["issue"]["row"], "verdict": verdict, "issues": run}
    return api.post("/datasets/animals/decisions", {"decisions": [decision | more]})


def find_again(api, **method) -> dict:
    return api.finish(api.post("/datasets/animals/issue-runs", method))


def still_wrong(api, run: str = "") -> dict:
    return api.get(f"/datasets/animals/still-wrong?issues={run}")


def test_a_finished_job_is_wholly_done(api):
    job = api.post("/datasets/animals/issue-runs")
    api.finish(job)
    job = api.get(f"/jobs/{job['id']}")
    assert (job["done"], job["total"]) == (120, 120)


def test_runs_are_kept_with_what_they_were_asked_and_read(api):
    made = find_again(api, rank_by="normalized_margin")
    runs = api.get("/datasets/animals/issue-runs")["runs"]
    assert runs[0] == made
    assert made["task"] == "classification"
    assert made["rank_by"] == "normalized_margin"
    assert made["found"] == 3
    assert made["version"] == api.query("animals", limit=0)["version"]
    assert made["run"] == api.get("/datasets/animals")["runs"][0]["id"]


def test_a_run_says_what_is_gone_and_what_is_new(fresh):
    api = fresh
    old = issues(api)
    assert old["since"] is None
    with pytest.raises(Refused, match="no earlier run to compare with"):
        issues(api, change="new")
    first, second, third = old["tiles"]
    decide(api, first, "accept", old["run"]["id"])
    decide(api, second, "keep", old["run"]["id"])
    # Another label becomes wrong.
    right = next(t for t in api.query("animals", limit=60)["rows"] if t["ref"] == "ape/00.png")
    row = right["annotations"][0]["row"]
    spoil = {"no": right["no"], "row": row, "verdict": "choose", "label": "bear"}
    api.post("/datasets/animals/decisions", {"decisions": [spoil]})
    made = find_again(api)

    answer = issues(api)
    since = answer["since"]
    assert since["run"]["id"] == old["run"]["id"]
    counts = {key: since[key] for key in ("new", "still", "relabelled", "gone")}
    assert counts == {"new": 1, "still": 2, "relabelled": 1, "gone": 0}
    assert [t["ref"] for t in issues(api, change="new")["tiles"]] == ["ape/00.png"]
    assert [t["ref"] for t in issues(api, change="relabelled")["tiles"]] == [first["ref"]]
    still = {t["ref"] for t in issues(api, change="still")["tiles"]}
    assert still == {second["ref"], third["ref"]}
    with pytest.raises(Refused, match="change = lost: must be new, still, relabelled or gone"):
        issues(api, change="lost")

    path = f"/datasets/animals/issue-runs/{made['id']}/changes?since={old['run']['id']}"
    compared = api.get(path)
    assert {key: compared[key] for key in counts} == counts
    rows = {(row["change"], row["ref"]) for row in compared["rows"]}
    assert ("new", "ape/00.png") in rows
    assert ("relabelled", first["ref"]) in rows
    with pytest.raises(Refused, match="has no such label-issue run"):
        api.get("/datasets/animals/issue-runs/iss_none/changes")


def test_kinds_are_a_column_a_facet_and_completed(api):
    assert set(api.refs("animals", "issue.kind = label")) == set(WRONG)
    assert api.refs("animals", 'issue.kind = "swapped"') == []
    facets = api.post("/datasets/animals/facets", {"q": "issue.kind = label"})
    assert facets["issue_kinds"] == [{"kind": "label", "issues": 3, "items": 3}]
    assert facets["issue_kinds_own_clause"]
    said = api.post("/datasets/animals/complete", {"q": "issue.", "cursor": 6})
    assert "kind" in [name["text"] for name in said["names"]]
    said = api.post("/datasets/animals/complete", {"q": "issue.kind = ", "cursor": 13})
    assert said["values"] == [{"text": '"label"', "count": 3}]
    path = f"/datasets/animals/export?format=csv&q={quote('issue.is = true')}"
    lines = api.raw("GET", path).text.splitlines()
    assert lines[0].endswith(",issue_kind,issue_suggested,issue_score")
    assert len(lines) == 4
    assert all(",label,ape," in line or ",label,zebra," in line for line in lines[1:])


def audit(api, run: str) -> None:
    """Every pick is looked at; those that are wrong are put right."""
    picks = issues(api, state="picks")
    assert picks["total"] == 23  # twenty of the 57 that were not found, and the three found
    for tile in picks["tiles"]:
        if tile["issue"]["decision"]:
            continue
        verdict = "accept" if tile["ref"] in WRONG else "keep"
        decide(api, tile, verdict, run)


def test_the_estimate_follows_the_decisions(fresh):
    api = fresh
    run = issues(api)["run"]["id"]
    wrong = still_wrong(api)
    assert (wrong["labels"], wrong["decided"], wrong["audited"]) == (60, 0, 0)
    assert wrong["still_wrong"] is None
    assert wrong["picks_open"] == 23

    # Of what was found alone something is known; of the rest nothing yet.
    first = issues(api)["tiles"][0]
    decide(api, first, "accept", run)
    wrong = still_wrong(api)
    assert wrong["listed"]["expected"] == 2  # the one audited was wrong
    assert wrong["next"]["labels"] == 2
    assert wrong["still_wrong"] is None

    audit(api, run)
    wrong = still_wrong(api)
    assert (wrong["decided"], wrong["audited"]) == (23, 23)
    assert wrong["still_wrong"]["expected"] == 0
    assert wrong["still_wrong"]["low"] == 0
    assert 1 < wrong["still_wrong"]["high"] < 10  # of 37 that nobody has looked at
    assert wrong["stop"] == {"share": 0.01, "reached": True, "more": 0}
    assert wrong["curve"][-1]["decided"] == 23
    assert wrong["picks_open"] == 20  # the next lot is offered, not asked for

    # It is the same after a re-rank: the decisions still speak.
    again = find_again(api)
    after = still_wrong(api, again["id"])
    assert after["decided"] == 23
    assert after["still_wrong"]["expected"] == 0
    # And picks that nobody drew say nothing about the others.
    unseen = next(
        t
        for t in api.query("animals", limit=60)["rows"]
        if not t["issue"]["decision"] and t["ref"] not in WRONG
    )
    decide(api, unseen, "choose", again["id"], label="okapi")
    assert still_wrong(api, again["id"])["still_wrong"]["expected"] == 0


def said(api) -> list[tuple]:
    tiles = issues(api)["tiles"]
    return [(t["ref"], t["issue"]["given"], t["issue"]["score"]) for t in tiles]


def test_reranking_says_what_a_run_from_nothing_says(fresh):
    api = fresh
    run = issues(api)["run"]["id"]
    first, second, _ = issues(api)["tiles"]
    decide(api, first, "accept", run)
    right = next(t for t in api.query("animals", limit=60)["rows"] if t["ref"] == "bear/11.png")
    spoil = {"no": right["no"], "row": right["annotations"][0]["row"]}
    spoil |= {"verdict": "choose", "label": "ape"}
    made = api.post("/datasets/animals/decisions", {"decisions": [spoil]})
    find_again(api)
    followed = said(api)
    assert [ref for ref, _, _ in followed] != [first["ref"], second["ref"]]
    # A server that has just started has nothing to follow.
    api.server.kill()
    api.server.start()
    api.url = api.server.url
    find_again(api)
    assert said(api) == followed
    api.post(f"/datasets/animals/decisions/{made['id']}/undo")
    find_again(api)
    assert "bear/11.png" not in [ref for ref, _, _ in said(api)]


def test_picks_are_the_same_for_everybody(fresh):
    api = fresh
    first = [tile["ref"] for tile in issues(api, state="picks")["tiles"]]
    find_again(api)
    assert [tile["ref"] for tile in issues(api, state="picks")["tiles"]] == first
    assert json.dumps(first) != json.dumps(sorted(first))
