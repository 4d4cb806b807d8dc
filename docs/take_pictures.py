"""Takes the pictures of the app that README and docs show: each screen, dark and light.

    make demo
    build/venv-test/bin/python docs/take_pictures.py --data tusker-data

Needs Debian's chromium. It makes a few slices in the dataset *street*, and decides about the worst
labels and the picks of the flipped one as somebody who knows the truth would, if nobody has yet.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests
from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 1440, 900
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STREET, FASHION, FLIPPED = "street", "Fashion-MNIST", "Fashion-MNIST, 5 % flipped"
SLICES = {
    "not labelled yet": "annotations.count = 0",
    "night in the rain": "metadata.timeofday = night AND metadata.weather = rainy",
    "busy crossings": 'annotations.car + annotations.bus >= 8 AND annotations."traffic light" > 0',
    "police cars": "annotations.police_car > 0",
}


@dataclass
class Server:
    url: str
    key: str

    def get(self, path: str) -> dict:
        answer = requests.get(self.url + path, auth=(self.key, ""), timeout=60)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict) -> dict:
        answer = requests.post(self.url + path, json=body, auth=(self.key, ""), timeout=60)
        answer.raise_for_status()
        return answer.json()


def running_server(data: Path) -> Server:
    holder = json.loads((data / "lock").read_text(encoding="utf-8"))
    key = (data / "admin-key").read_text(encoding="utf-8").strip()
    return Server(f"http://{holder['address'] or '127.0.0.1'}:{holder['port']}", key)


def make_slices(server: Server, dataset: str) -> None:
    there = {one["name"] for one in server.get(f"/api/datasets/{dataset}/slices")["slices"]}
    for name, query in SLICES.items():
        if name not in there:
            body = {"name": name, "q": query, "slice": None, "live": True, "items": None}
            server.post(f"/api/datasets/{dataset}/slices", body)


def decide_some(server: Server, dataset: str, flipped: set[str], worst: int = 150) -> None:
    """Picks first, then the worst; what was flipped is put right, the rest is kept."""
    base = f"/api/datasets/{dataset}"
    if server.get(f"{base}/decisions?limit=1")["decisions"]:
        return
    for asked in ({"state": "picks"}, {"limit": worst}):
        answer = server.post(f"{base}/issues", asked)
        for tile in answer["tiles"]:
            issue = tile["issue"]
            if issue["decision"]:
                continue
            one = {"no": tile["no"], "row": issue["row"], "issues": answer["run"]["id"]}
            one |= {"score": issue["score"], "verdict": "keep"}
            if tile["ref"] in flipped and issue["given"] != issue["suggested"]:
                one["verdict"] = "accept"
            server.post(f"{base}/decisions", {"decisions": [one]})


def screens(server: Server) -> dict[str, str]:
    """Name of the picture and the page it shows."""
    ids = {one["name"]: one["id"] for one in server.get("/api/datasets")["datasets"]}
    make_slices(server, ids[STREET])
    explore = f"/d/{ids[STREET]}/explore"
    busy = quote('annotations.car >= 3 AND metadata.scene = "city street"')
    crowd = {"q": "annotations.bus >= 1 AND annotations.person >= 2 AND metadata.weather = clear"}
    item = server.post(f"/api/datasets/{ids[STREET]}/query", crowd | {"limit": 1})["rows"][0]["no"]
    return {
        "datasets": "/",
        "explore": f"{explore}?q={busy}",
        "explore-fashion": f"/d/{ids[FASHION]}/explore",
        "item": f"{explore}?q={quote(crowd['q'])}&item={item}",
        "issues": f"/d/{ids[FASHION]}/issues",
        "issues-flipped": f"/d/{ids[FLIPPED]}/issues",
        "issues-boxes": f"/d/{ids[STREET]}/issues?kind=badly_located",
        "slices": f"/d/{ids[STREET]}/slices",
    }


def settle(page: Page) -> None:
    """Until the app has its answers and every picture in view is drawn.

    Not until the network is idle: the app always has one question about jobs open.
    """
    page.wait_for_selector("main:visible")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(1500)
    page.wait_for_function("[...document.images].every((i) => i.complete || i.loading === 'lazy')")
    page.wait_for_timeout(500)


def take(browser: Browser, server: Server, theme: str, pages: dict[str, str]) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(server.post("/api/sign-in-links", {"next": "/"})["url"])
    for name, address in pages.items():
        page.goto(server.url + address)
        settle(page)
        path = PICTURES / f"{name}-{theme}.png"
        page.screenshot(path=path)
        print(path)
    context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("tusker-data"), help="of the demo")
    parser.add_argument("--cache", type=Path, default=Path("build/demo"), help="of the demo")
    options = parser.parse_args()
    server = running_server(options.data)
    truth = json.loads((options.cache / "fashion" / "flipped.json").read_text(encoding="utf-8"))
    decide_some(server, quote(FLIPPED), set(truth))
    pages = screens(server)
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for theme in ("dark", "light"):
            take(browser, server, theme, pages)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
