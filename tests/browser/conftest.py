"""A small demo, loaded as `make demo` loads it, and Debian's Chromium to look at it."""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, sync_playwright
from running_server import BINARY, ROOT

DEMO_PYTHON = os.environ.get("TUSKER_DEMO_PYTHON", sys.executable)
CHROMIUM = "/usr/bin/chromium"
# Only what is needed to run without a display, a sandbox or the network.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclasses.dataclass
class Demo:
    said: str  # what it printed
    url: str
    key: str

    @property
    def link(self) -> str:
        """The sign-in link that the demo printed."""
        return re.search(r"http://\S+token=\S+", self.said).group(0)

    @property
    def auth(self) -> tuple[str, str]:
        return (self.key, "")


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    command = [DEMO_PYTHON, "-m", "demo", "--binary", str(BINARY), "--data", str(folder / "data")]
    command += ["--port", "0", "--cache", str(folder / "cache")]
    command += ["--photographs", "1500", "--scenes", "25"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    ready = folder / "data" / "ready.json"
    try:
        assert done.returncode == 0, done.stderr
        url = json.loads(ready.read_text())["url"]
        yield Demo(done.stdout, url, (folder / "data" / "admin-key").read_text().strip())
    finally:
        if ready.exists():
            os.kill(json.loads(ready.read_text())["process_id"], signal.SIGTERM)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, tmp_path: pathlib.Path):
    """A page that fails the test if anything went wrong in the console or over the wire."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "response",
        lambda r: wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None,
    )
    yield page
    context.close()
    assert wrong == []
