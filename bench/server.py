"""Starts `tusker serve` on a folder of its own for the length of a measurement."""

from __future__ import annotations

import contextlib
import pathlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import requests


@dataclass
class Server:
    url: str
    key: str
    data: pathlib.Path
    process: subprocess.Popen

    def post(self, path: str, **arguments) -> dict:
        answer = requests.post(self.url + path, auth=(self.key, ""), timeout=600, **arguments)
        answer.raise_for_status()
        return answer.json()

    def cpu_seconds(self) -> float:
        fields = (
            pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        )
        return (int(fields[11]) + int(fields[12])) / 100

    def peak_mib(self) -> float:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


@contextlib.contextmanager
def serve(binary: pathlib.Path, data: pathlib.Path, roots: list[pathlib.Path]) -> Iterator[Server]:
    command = [str(binary), "serve", "--data", str(data), "--port", "0"]
    for root in roots:
        command += ["--allow-root", str(root)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=(data.parent / "server.log").open("w"), text=True
    )
    try:
        for line in process.stdout:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                key = (data / "admin-key").read_text().strip()
                yield Server(found.group(1), key, data, process)
                return
        raise RuntimeError(f"{' '.join(command)} ended with {process.wait()}")
    finally:
        process.terminate()
        process.wait()
