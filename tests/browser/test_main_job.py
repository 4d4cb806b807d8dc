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
    recall = float(re.search(r"recall (0\.\d+), average", demo.said).group(1))
    assert recall > 0.8  # of 75 flips among 1,500 photographs


def test_the_demo_says_how_many_planted_boxes_it_found(demo):
    for kind in ("swapped", "badly_located", "overlooked"):
        assert re.search(rf"{kind} +\d+ of +\d+ found, .* precision \d\.\d{{3}}, recall", demo.said)


def test_wrong_boxes_are_added_relabelled_or_kept_by_keys(page: Page, demo):
    link = requests.post(f"{demo.url}/api/sign-in-links", json={"next": "/"}, auth=demo.auth)
    page.goto(link.json()["url"])
    page.get_by_role("link", name="street", exact=True).first.click()
    expect(page.get_by_role("grid", name="Images")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(tile(page, 1)).to_be_visible()

    def boxes() -> int:
        return requests.get(f"{demo.url}/api/datasets/street", auth=demo.auth).json()["annotations"]

    # A box that was overlooked is added, and taken away again.
    before = boxes()
    link = page.get_by_role("link", name=re.compile(r"^overlooked"))
    count = link.inner_text().split()[-1]
    link.click()
    expect(tile(page, 1)).to_have_attribute(
        "aria-label", re.compile(rf"of {count}, overlooked, no box → ")
    )
    page.keyboard.press("a")
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile("accepted added "))
    expect(page.get_by_text(re.compile(r"open, 1 decided"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^saved "))).to_be_visible()
    assert boxes() == before + 1
    page.keyboard.press("Backspace")
    expect(page.get_by_text(re.compile(r"open, 0 decided"))).to_be_visible()
    expect(tile(page, 1)).not_to_have_attribute("aria-label", re.compile("accepted"))
    assert boxes() == before

    # One of another class takes the suggested one; one is kept as it is.
    page.keyboard.press("Escape")
    link = page.get_by_role("link", name=re.compile(r"^swapped"))
    count = link.inner_text().split()[-1]
    link.click()
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile(rf"of {count}, swapped, "))
    suggested = re.search(r" → (.+), score", tile(page, 1).get_attribute("aria-label")).group(1)
    page.keyboard.press("a")
    expect(tile(page, 1)).to_have_attribute(
        "aria-label", re.compile(f"accepted {re.escape(suggested)}$")
    )
    page.keyboard.press("k")
    expect(tile(page, 2)).to_have_attribute("aria-label", re.compile("kept kept "))

    # Re-ranked, the list no longer has what was put right, and says what became of it.
    page.keyboard.press("Shift+R")
    expect(page.get_by_role("link", name="1 relabelled")).to_be_visible()
    page.get_by_role("link", name="1 relabelled").click()
    expect(tile(page, 1)).to_have_attribute("aria-label", re.compile(r"of 1, swapped, "))


def test_picks_tell_how_many_labels_are_still_wrong(page: Page, demo):
    link = requests.post(f"{demo.url}/api/sign-in-links", json={"next": "/"}, auth=demo.auth)
    page.goto(link.json()["url"])
    page.get_by_role("link", name=DATASET, exact=True).first.click()
    expect(page.get_by_role("grid", name="Images")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    wrong = page.get_by_role("region", name="Labels still wrong")
    page.get_by_role("link", name="Audit 30 picks").click()
    # The list before it had thirty, too.
    expect(tile(page, 30)).to_have_attribute("aria-label", re.compile("of 30, "))
    for rank in range(1, 31):
        page.keyboard.press("k")
        expect(tile(page, rank)).to_have_attribute("aria-label", re.compile("kept"))
    expect(wrong).to_contain_text(re.compile(r"% .* to .* of 1,500"))
    expect(wrong).to_contain_text(re.compile(r"95 % interval, 3\d audited"))
