"""Label errors beside cleanlab, and beside one read of the same bytes, in one run.

python -m bench.label_errors --binary build/release/bin/tusker [--rows 50000 --classes 1000]
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from bench import machine

ROUNDS = 5

PEER = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from cleanlab.filter import find_label_issues

started = time.perf_counter(), time.process_time()
labels, probs = np.load(sys.argv[1]), np.load(sys.argv[2])
found = find_label_issues(labels, probs, return_indices_ranked_by="self_confidence", n_jobs=1)
np.save(sys.argv[3], found)
spent = time.perf_counter() - started[0], time.process_time() - started[1]
with open(sys.argv[3] + ".txt", "w") as file:
    print(*spent, file=file)
"""


@dataclasses.dataclass
class Cost:
    wall_s: float
    cpu_s: float
    peak_mb: float  # beyond the input's own bytes


def make_input(folder: pathlib.Path, rows: int, classes: int) -> tuple[pathlib.Path, pathlib.Path]:
    """A good model's softmax in float32; a tenth of the labels drawn anew."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, rows)
    probs = np.lib.format.open_memmap(
        folder / "probs.npy", mode="w+", dtype=np.float32, shape=(rows, classes)
    )
    for start in range(0, rows, 10_000):
        block = slice(start, min(start + 10_000, rows))
        logits = rng.normal(size=probs[block].shape).astype(np.float32)
        logits[np.arange(len(logits)), truth[block]] += rng.normal(6, 2.5, len(logits))
        np.exp(logits, out=logits)
        probs[block] = logits / logits.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(rows) < 0.1, rng.integers(0, classes, rows), truth)
    np.save(folder / "labels.npy", labels)
    return folder / "labels.npy", folder / "probs.npy"


# A process inherits the peak memory of the one that starts it, so a small one starts both.
STARTER = """
import os, sys, time
wall = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(status != 0)
"""


def measure(command: list) -> Cost:
    """The whole process, from its start to the written file."""
    starter = [sys.executable, "-S", "-c", STARTER, *map(str, command)]
    text = subprocess.run(starter, check=True, capture_output=True, text=True).stdout
    wall, cpu, peak_kb = map(float, text.split())
    return Cost(wall, cpu, peak_kb / 1024)


def measure_cleanlab(files: list[pathlib.Path], output: pathlib.Path) -> tuple[Cost, Cost]:
    """The whole process, and from loading the arrays to the written indices."""
    whole = measure([sys.executable, "-c", PEER, *files, output])
    wall, cpu = map(float, pathlib.Path(f"{output}.txt").read_text().split())
    return whole, Cost(wall, cpu, whole.peak_mb)


def row(name: str, cost: Cost, input_mb: float, ours: Cost) -> str:
    return (
        f"| {name} | {cost.wall_s * 1e3:,.0f} | {cost.cpu_s * 1e3:,.0f} "
        f"| {cost.peak_mb - input_mb:,.0f} "
        f"| {cost.wall_s / ours.wall_s:.1f} × | {cost.cpu_s / ours.cpu_s:.1f} × |"
    )


def best(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.wall_s)


def run(binary: pathlib.Path, rows: int = 50_000, classes: int = 1_000) -> str:
    """The table, as Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = list(make_input(folder, rows, classes))
        input_mb = files[1].stat().st_size / 2**20
        reads, ours, whole, inner = [], [], [], []
        for _ in range(ROUNDS):
            reads.append(machine.read_seconds(np.load(files[1], mmap_mode="r")))
            output = folder / "tusker.npy"
            ours.append(
                measure([binary, "issues", *files, "--compat", "cleanlab", "--output", output])
            )
            process, work = measure_cleanlab(files, folder / "cleanlab.npy")
            whole.append(process)
            inner.append(work)
        mine, theirs = np.load(folder / "tusker.npy"), np.load(folder / "cleanlab.npy")
    mine_cost = best(ours)
    lines = [
        f"`prune_by_noise_rate` on {rows:,} × {classes:,} float32 ({input_mb:,.0f} MB, in the page",
        f"cache), best of {ROUNDS} runs in turn, whole processes, one job for cleanlab (more are",
        "slower here). Memory: peak beyond the input's own bytes.",
        "",
        "| | wall, ms | CPU, ms | memory, MB | wall, ratio | CPU, ratio |",
        "|---|---|---|---|---|---|",
        row("`tusker issues --compat cleanlab`", mine_cost, input_mb, mine_cost),
        row("cleanlab 2.9.0", best(whole), input_mb, mine_cost),
        row("cleanlab 2.9.0 without its imports", best(inner), input_mb, mine_cost),
        f"| one read of the bytes, one core | {min(reads) * 1e3:,.0f} | | "
        f"| {min(reads) / mine_cost.wall_s:.2f} × | {min(reads) / mine_cost.cpu_s:.2f} × |",
        "",
        f"{len(mine):,} label issues; {len(np.setdiff1d(mine, theirs)):,} of them are not among",
        f"cleanlab's, because NumPy {np.__version__} orders equal keys in another way than the one",
        "pinned in the tests, with which there is no difference.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    options = parser.parse_args()
    print(run(options.binary, options.rows, options.classes))


if __name__ == "__main__":
    main()
