"""Outliers by neighbours: tusker.outlier beside cleanlab's, and beside the matrix product that an
exact search is made of, in one run.

python -m bench.outliers [--rows 50000 --columns 512]   # with tusker and cleanlab installed
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from bench.label_errors import Cost, best, row

ROUNDS = 3  # of tusker and of the product; cleanlab runs once, it takes minutes

# Imports and loading are left out; memory is what the call adds at its peak.
TIMED = """
import importlib, sys, time
import numpy as np

kind, file, output = sys.argv[1:]
features = np.load(file)
if kind != "product":
    outlier = importlib.import_module(kind + ".outlier")
warm = np.ones((64, 64), np.float32)
warm @ warm

def memory_mb(field):
    text = open("/proc/self/status").read()
    return int(text.split(field + ":")[1].split()[0]) / 1024

open("/proc/self/clear_refs", "w").write("5")  # forgets the peak so far
before = memory_mb("VmRSS")
cpu, wall = time.process_time(), time.perf_counter()
if kind == "product":
    for start in range(0, len(features), 1000):
        features[start : start + 1000] @ features.T
else:
    scores = outlier.OutOfDistribution().fit_score(features=features, verbose=False)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
added = memory_mb("VmHWM") - before
if kind != "product":
    np.save(output, scores)
print(wall, cpu, added)
"""


def make_input(file: pathlib.Path, rows: int, columns: int) -> None:
    """Embeddings of a hundred kinds of things in float32, one row in a hundred of none."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(100, columns)).astype(np.float32)
    features = centers[rng.integers(0, 100, rows)]
    features += rng.normal(size=features.shape).astype(np.float32)
    strange = rng.random(rows) < 0.01
    features[strange] = rng.normal(size=(strange.sum(), columns))
    np.save(file, features)


def measure_call(kind: str, file: pathlib.Path, output: pathlib.Path) -> Cost:
    command = [sys.executable, "-c", TIMED, kind, str(file), str(output)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Cost(*map(float, text.split()))


def run(rows: int = 50_000, columns: int = 512) -> str:
    """The table, as Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        file = folder / "features.npy"
        make_input(file, rows, columns)
        ours, products = [], []
        for _ in range(ROUNDS):
            ours.append(measure_call("tusker", file, folder / "tusker.npy"))
            products.append(measure_call("product", file, folder / "none.npy"))
        theirs = measure_call("cleanlab", file, folder / "cleanlab.npy")
        difference = np.abs(np.load(folder / "tusker.npy") - np.load(folder / "cleanlab.npy")).max()
    mine = best(ours)
    lines = [
        f"`OutOfDistribution().fit_score` on {rows:,} × {columns} float32 features (cosine, 10",
        "neighbours). Time of the call alone; memory: what it adds at its peak. The product is",
        "NumPy's (OpenBLAS, all cores), a thousand rows at a time against all; Tusker's own takes",
        "each pair of rows once.",
        "",
        "| | wall, ms | CPU, ms | memory, MB | wall, ratio | CPU, ratio |",
        "|---|---|---|---|---|---|",
        row("`tusker.outlier`", mine, 0, mine),
        row("cleanlab 2.9.0", theirs, 0, mine),
        row("the matrix product alone", best(products), 0, mine),
        "",
        f"Largest difference of a score: {difference:.1g} (scikit-learn takes the distances in",
        "float32, Tusker in float64).",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=512)
    options = parser.parse_args()
    print(run(options.rows, options.columns))


if __name__ == "__main__":
    main()
