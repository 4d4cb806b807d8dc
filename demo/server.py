"""The server the demo talks to: the one that holds the data directory, else one it starts."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import requests

START_LIMIT_S = 60.0


class ServerError(Exception):
    """The server cannot be had; the message says why and what to do."""


@dataclass
class Server:
    url: str
    key: str
    process_id: int
    started: bool  # by this demo, just now

    def get(self, path: str, **arguments) -> dict:
        return self._ask("GET", path, **arguments)

    def post(self, path: str, body: dict) -> dict:
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, path: str, **arguments) -> dict:
        answer = requests.request(
            method, self.url + path, auth=(self.key, ""), timeout=120, **arguments
        )
        if answer.status_code >= 400:
            raise ServerError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def wait_for_job(self, job: dict, progress) -> dict:
        """The job when it has ended; `progress` hears how far it is."""
        while job["status"] == "running":
            progress.reach(job["done"], job["total"] or None)
            job = self.get(f"/api/jobs/{job['id']}", params={"wait": 500})
        if job["status"] != "done":
            raise ServerError(f"{job['kind']}: {job['status']}: {job.get('error')}")
        return job

    def sign_in_link(self, page: str) -> str:
        return self.post("/api/sign-in-links", {"next": page})["url"]


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def _running(data: Path) -> Server | None:
    """The server that says in the lock file that it holds this directory, if it answers."""
    try:
        holder = json.loads((data / "lock").read_text(encoding="utf-8"))
        key = (data / "admin-key").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    url = f"http://{holder.get('address') or '127.0.0.1'}:{holder.get('port')}"
    if not holder.get("port") or not _answers(url):
        return None
    return Server(url, key, holder["process_id"], started=False)


def find_or_start(binary: Path, data: Path, port: int) -> Server:
    running = _running(data)
    if running:
        return running
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_file = data / "server.log"
    ready = data / "ready.json"
    ready.unlink(missing_ok=True)
    command = [str(binary), "serve", "--data", str(data), "--port", str(port)]
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # it outlives this demo
        )
    limit = time.monotonic() + START_LIMIT_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > limit:
            last = log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            process.kill()
            raise ServerError(f"{' '.join(command)}: {last[-1] if last else 'said nothing'}")
        time.sleep(0.05)
    url = json.loads(ready.read_text(encoding="utf-8"))["url"]
    key = (data / "admin-key").read_text(encoding="utf-8").strip()
    return Server(url, key, process.pid, started=True)


def stop_sentence(server: Server) -> str:
    return f"The server goes on running; this stops it: kill {server.process_id}"
