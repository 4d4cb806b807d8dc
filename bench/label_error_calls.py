"""Calls of the Python package on label errors, beside cleanlab's and one read of the same bytes.

python -m bench.label_error_calls   # with tusker and cleanlab installed
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable

import numpy as np

from bench import machine

# Rows, classes, rounds of tusker. cleanlab runs once: minutes of it would change nothing.
BESIDE_CLEANLAB = [(50_000, 1_000, 5), (1_000_000, 100, 5), (5_000_000, 100, 3), (5_000_000, 2, 3)]
# As many values each; the last column of the table is what a row costs beyond its values.
WIDTHS = [2, 10, 50, 100, 256, 1_000]
VALUES = 20_000_000
RERANKED = [(100_000, 100), (1_000_000, 1_000)]
MOVES = 100

# Calls in a process of their own: the best wall time with its CPU time, and how far memory rose
# above what the input takes in the first one.
CALL = """
import importlib, json, os, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from bench import machine

package, labels, probs, rounds, output = sys.argv[1:]
labels, probs = np.load(labels), np.load(probs, mmap_mode="r")
find = importlib.import_module(package + ".filter").find_label_issues

def memory_mb(line):
    for text in open("/proc/self/status"):
        if text.startswith(line):
            return int(text.split()[1]) / 1024

read = machine.read_seconds(probs)  # every page is there, so that it does not count below
before = memory_mb("VmRSS:")
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
best = peak = None
for _ in range(int(rounds)):
    wall, cpu = time.perf_counter(), time.process_time()
    found = find(labels, probs, return_indices_ranked_by="self_confidence", n_jobs=1)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    best = min(best or spent, spent)
    # Of one call: what the heap keeps of it is not the next one's.
    peak = peak or memory_mb("VmHWM:") - before
np.save(output, found)
print(json.dumps([*best, peak, read]))
"""


@dataclasses.dataclass
class Call:
    wall_s: float
    cpu_s: float
    memory_mb: float
    read_s: float


def softmax_rows(rng: np.random.Generator, out: np.ndarray, truth: np.ndarray) -> None:
    """A good model's probabilities, written to `out` some rows at a time."""
    for start in range(0, len(out), 50_000):
        block = slice(start, min(start + 50_000, len(out)))
        logits = rng.standard_normal(out[block].shape, dtype=np.float32)
        logits[np.arange(len(logits)), truth[block]] += rng.normal(6, 2.5, len(logits))
        np.exp(logits, out=logits)
        out[block] = logits / logits.sum(axis=1, keepdims=True)


def given_labels(rng: np.random.Generator, truth: np.ndarray, classes: int) -> np.ndarray:
    """A tenth of them drawn anew."""
    return np.where(rng.random(len(truth)) < 0.1, rng.integers(0, classes, len(truth)), truth)


def measure(package: str, files: list[pathlib.Path], rounds: int, output: pathlib.Path) -> Call:
    command = [sys.executable, "-c", CALL, package, *files, rounds, output]
    text = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout
    return Call(*json.loads(text))


def beside_cleanlab(rows: int, classes: int, rounds: int) -> str:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, rows)
    with tempfile.TemporaryDirectory() as name:
        files = [pathlib.Path(name) / "labels.npy", pathlib.Path(name) / "probs.npy"]
        np.save(files[0], given_labels(rng, truth, classes))
        probs = np.lib.format.open_memmap(files[1], "w+", np.float32, (rows, classes))
        softmax_rows(rng, probs, truth)
        del probs
        ours = measure("tusker", files, rounds, pathlib.Path(name) / "tusker.npy")
        theirs = measure("cleanlab", files, 1, pathlib.Path(name) / "cleanlab.npy")
    return (
        f"| {rows:,} × {classes:,} | {ours.wall_s * 1e3:,.0f} | {ours.cpu_s * 1e3:,.0f} "
        f"| {ours.memory_mb:,.0f} | {theirs.wall_s * 1e3:,.0f} | {theirs.cpu_s * 1e3:,.0f} "
        f"| {theirs.memory_mb:,.0f} | {theirs.wall_s / ours.wall_s:.0f} × "
        f"| {theirs.cpu_s / ours.cpu_s:.0f} × | {theirs.memory_mb / ours.memory_mb:.0f} × "
        f"| {ours.wall_s / ours.read_s:.1f} × |"
    )


def functions_of_rows() -> dict[str, Callable]:
    """What looks at labels or rows, by the name of its column; all take (labels, probs)."""
    import tusker.count
    import tusker.rank

    return {
        "thresholds": tusker.count.get_confident_thresholds,
        "confident joint": tusker.count.compute_confident_joint,
        "self-confidence": tusker.rank.get_self_confidence_for_each_label,
        "margin": tusker.rank.get_normalized_margin_for_each_label,
        "label issues": tusker.find_label_issues,
    }


def functions_of_scores() -> dict[str, Callable]:
    """Scores that look at every probability in a row, and what adds rows or models up."""
    import tusker.dataset
    import tusker.experimental.label_issues_batched as batched
    import tusker.outlier
    import tusker.rank

    def doubtful(labels: np.ndarray, probs: np.ndarray) -> object:
        return tusker.find_doubtful_predictions(probs)

    def out_of_distribution(labels: np.ndarray, probs: np.ndarray) -> object:
        return tusker.outlier.OutOfDistribution().fit_score(
            pred_probs=probs, labels=labels, verbose=False
        )

    def ensemble(labels: np.ndarray, probs: np.ndarray) -> object:
        return tusker.rank.get_label_quality_ensemble_scores(labels, [probs, probs], verbose=False)

    return {
        "entropy, as cleanlab": tusker.rank.get_confidence_weighted_entropy_for_each_label,
        "entropy, sound": doubtful,
        "out of distribution, adjusted": out_of_distribution,
        "self-confidence, adjusted": functools.partial(
            tusker.rank.get_label_quality_scores, adjust_pred_probs=True
        ),
        "health": functools.partial(tusker.dataset.health_summary, verbose=False),
        "batched": functools.partial(batched.find_label_issues_batched, verbose=False),
        "two models": ensemble,
    }


def over_widths(calls: dict[str, Callable], kind: type[np.floating]) -> list[str]:
    """What each function costs beside one read of the probabilities."""
    lines = [
        f"| classes | one read, ns | {' | '.join(calls)} |",
        "|---|---|" + "---|" * len(calls),
    ]
    for classes in WIDTHS:
        rng = np.random.default_rng(1)
        rows = VALUES // classes
        truth = rng.integers(0, classes, rows)
        probs = np.empty((rows, classes), np.float32)
        softmax_rows(rng, probs, truth)
        probs = probs.astype(kind, copy=False)
        labels = given_labels(rng, truth, classes)
        read = machine.read_seconds(probs)
        cells = []
        for call in calls.values():
            wall = machine.least_seconds(functools.partial(call, labels, probs), rounds=5)
            cells.append(f"{wall * 1e9 / probs.size:.2f} ({wall / read:.1f} ×)")
        lines.append(f"| {classes:,} | {read * 1e9 / probs.size:.2f} | {' | '.join(cells)} |")
    return lines


def reranking(rows: int, classes: int) -> str:
    """Suggestions taken one by one, from anywhere among the worst thousand."""
    import tusker

    rng = np.random.default_rng(2)
    truth = rng.integers(0, classes, rows)
    probs = np.empty((rows, classes), np.float32)
    softmax_rows(rng, probs, truth)
    labels = given_labels(rng, truth, classes)
    nothing = machine.least_seconds(lambda: tusker.find_label_issues(labels, probs), rounds=3)
    live = tusker.LiveRanking(labels, probs)
    times = []
    for _ in range(MOVES):
        indices, _, suggested, _ = live.ranked()
        at = rng.integers(0, min(1_000, len(indices)))
        row, label = indices[at], suggested[at]
        labels[row] = label
        times.append(machine.least_seconds(lambda r=row, k=label: live.relabel(r, k), rounds=1))
    if not np.array_equal(live.indices, tusker.find_label_issues(labels, probs)):
        raise RuntimeError("the kept ranking is not that of a run from nothing")
    middle, worst = np.median(times), np.max(times)
    return (
        f"| {rows:,} × {classes:,} | {middle * 1e3:.1f} | {worst * 1e3:.1f} "
        f"| {nothing * 1e3:,.0f} | {nothing / middle:.0f} × |"
    )


def run() -> str:
    """The tables, as Markdown."""
    return "\n".join(
        [
            "`filter.find_label_issues` of the Python packages, ranked by self-confidence, float32",
            "memory-mapped, a process for each; time of the call alone, cleanlab with one job.",
            "Memory: how far its peak rises above input and imports. The last column: wall time in",
            "reads of the same bytes by one core, measured in that process.",
            "",
            "| rows × classes | ms | CPU, ms | MB | cleanlab, ms | CPU, ms | MB | wall | CPU "
            "| memory | reads |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
            *[beside_cleanlab(*size) for size in BESIDE_CLEANLAB],
            "",
            f"Functions over {VALUES:,} probabilities in float32: wall time, ns a probability, and",
            "in reads of the same bytes by one core. With few classes it is rows that cost.",
            "",
            *over_widths(functions_of_rows(), np.float32),
            "",
            "The same for scores by entropy, adjusted scores, the health of a dataset, batches of",
            "10,000 rows and two models' scores, weighed by accuracy; in float32, then in float64.",
            "",
            *over_widths(functions_of_scores(), np.float32),
            "",
            *over_widths(functions_of_scores(), np.float64),
            "",
            f"The ranking follows corrections (`tusker.LiveRanking`): {MOVES} suggestions taken",
            "one by one; afterwards it equals a run from nothing.",
            "",
            "| rows × classes | one move, ms | slowest, ms | run from nothing, ms | ratio |",
            "|---|---|---|---|---|",
            *[reranking(*size) for size in RERANKED],
        ]
    )


if __name__ == "__main__":
    print(run())
