"""`tusker import` of 100,000 pictures with 1.8 million boxes and 2.2 million predictions."""

from __future__ import annotations

import pathlib
import resource
import subprocess
import tempfile
import time

from bench import machine


def timed(command: list[str]) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a command that must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read_seconds(path: pathlib.Path) -> float:
    started = time.monotonic()
    with path.open("rb", buffering=0) as file:
        while file.read(4 * 2**20):
            pass
    return time.monotonic() - started


def run(binary: pathlib.Path, large: pathlib.Path) -> str:
    rows = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data = pathlib.Path(folder) / "data"
        written = machine.write_mb_per_second(pathlib.Path(folder))
        for what, name, options in (
            ("100,000 pictures, 1.8 million boxes", "annotations.json", []),
            ("2.2 million predictions", "predictions.json", ["--model", "detector"]),
        ):
            path = large / name
            size = path.stat().st_size / 2**20
            read = read_seconds(path)
            command = [str(binary), "import", str(path), "--dataset", "large", "--data", str(data)]
            wall, cpu = timed([*command, "--allow-root", str(large), *options])
            rows.append(
                f"| {what} | {size:.0f} | {wall:.1f} | {cpu:.1f} | {size / wall:.0f} "
                f"| {wall / read:.1f} |"
            )
    return "\n".join(
        [
            f"Pictures referenced in place. The disk alone: {written:,.0f} MB/s.",
            "",
            "| file | MiB | wall s | CPU s | MiB/s | of one read of the file |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )
