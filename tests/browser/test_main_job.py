"""The main job, as a person does it: worst labels first, put right by keys, taken out as a file."""

import csv
import re

import requests
from playwright.sync_api import Page, expect

DATASET = "Fashion-MNIST"


def tile(page: Page, rank: int):
    return page.get_by_role("gridcell", name=re.compile(rf"^label issue {rank} of "))


def claim(page: Page, rank: int) -> tuple[str, str]:
    """Given and suggested label of the issue with this rank (1 is the worst)."""
    said = tile(page, rank).get_attribute("aria-label")
    return re.search(r"given (.+), suggested (.+), score", said).groups()


def test_the_worst_labels_are_put_right_by_keys_and_leave_in_a_file(page: Page, demo, tmp_path):
    link = requests.post(f"{demo.url}/api/sign-in-links", json={"next": "/"}, auth=demo.auth)
    page.goto(link.json()["url"])

    # Open the demo's dataset, then its label issues, the worst first.
    page.get_by_role("link", name=DATASET, exact=True).first.click()
    expect(page.get_by_role("grid", name="Images")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(tile(page, 1)).to_be_visible()
    claims = [claim(page, rank) for rank in range(1, 6)]

    # Correct five by keys: the focus moves on by itself.
    for rank in range(1, 6):
        page.keyboard.press("a")
        expect(tile(page, rank)).to_have_attribute(
            "aria-label", re.compile(f"accepted {re.escape(claims[rank - 1][1])}$")
        )
    expect(page.get_by_text(re.compile(r"open, 5 decided"))).to_be_visible()

    # Undo one: the last.
    page.keyboard.press("Backspace")
    expect(page.get_by_text(re.compile(r"open, 4 decided"))).to_be_visible()
    expect(tile(page, 5)).not_to_have_attribute("aria-label", re.compile("accepted"))

    # Query: the five worst, whatever was decided about them.
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("grid", name="Images")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("issue.rank < 5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("search")).to_contain_text(re.compile(r"\b5\s+images"))

    # Slice them.
    page.get_by_role("grid", name="Images").get_by_role("gridcell").first.focus()
    page.keyboard.press("s")
    page.get_by_label("Name of the slice").fill("five worst")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="five worst")).to_be_visible()

    # Export the slice: four labels differ from the given ones, and each is the accepted one.
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.get_by_role("row", name=re.compile("five worst")).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="csv").click()
    download.value.save_as(tmp_path / "slice.csv")
    with (tmp_path / "slice.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    changed = [(row["given"], row["label"]) for row in rows if row["label"] != row["given"]]
    assert len(rows) == 5
    assert sorted(changed) == sorted(claims[:4])


def test_the_link_that_the_demo_prints_opens_the_label_issues(page: Page, demo):
    page.goto(demo.link)
    expect(tile(page, 1)).to_be_visible()
    assert "token" not in page.url


def test_the_demo_says_how_many_flipped_labels_it_found(demo):
    assert re.search(r"precision 0\.\d{3}, recall 0\.\d{3}, average precision 0\.\d{3}", demo.said)
    recall = float(re.search(r"recall (0\.\d+)", demo.said).group(1))
    assert recall > 0.8  # of 75 flips among 1,500 photographs


def test_the_demo_says_how_many_planted_boxes_it_found(demo):
    for kind in ("swapped", "badly_located", "overlooked"):
        assert re.search(rf"{kind} +\d+ of +\d+ found, .* precision \d\.\d{{3}}, recall", demo.said)
