"""Calls on multi-label data: tusker beside cleanlab and one read of the same bytes.

python -m bench.multilabel   # with tusker and cleanlab installed
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

# Values in all: tusker's figures are of the many, the ratios to cleanlab of the few.
VALUES = 20_000_000
VALUES_BESIDE_CLEANLAB = 1_000_000
CLASSES = [2, 10, 100, 256]
ROUNDS = 3  # of tusker; cleanlab runs once

CALLS = {
    "find_label_issues": "filter.find_label_issues(labels, probs)",
    "the same, ranked": (
        "filter.find_label_issues(labels, probs, return_indices_ranked_by='self_confidence')"
    ),
    "find_multilabel_issues_per_class": "filter.find_multilabel_issues_per_class(labels, probs)",
    "get_label_quality_scores": "rank.get_label_quality_scores(labels, probs)",
    "the same, softmin": (
        "rank.get_label_quality_scores(labels, probs, aggregator_kwargs={'method': 'softmin'})"
    ),
    "common_multilabel_issues": "dataset.common_multilabel_issues(labels, probs)",
    "rank_classes_by_multilabel_quality": (
        "dataset.rank_classes_by_multilabel_quality(labels, probs)"
    ),
    "overall_multilabel_health_score": "dataset.overall_multilabel_health_score(labels, probs)",
    "multilabel_health_summary": (
        "dataset.multilabel_health_summary(labels, probs, verbose=False)"
    ),
}

# All calls in a process of their own; labels are lists of lists before the clock starts.
CALLER = """
import contextlib, importlib, io, json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from bench import machine

package, given, probs, rounds, calls, output = sys.argv[1:]
dataset, filter, rank = (
    importlib.import_module(f"{package}.multilabel_classification.{name}")
    for name in ("dataset", "filter", "rank"))
labels = [np.flatnonzero(row).tolist() for row in np.load(given)]
probs = np.load(probs)
costs, results = {"read": [machine.read_seconds(probs)] * 2}, {}
for name, call in json.loads(calls).items():
    for _ in range(int(rounds)):
        wall, cpu = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            found = eval(call)
        spent = time.perf_counter() - wall, time.process_time() - cpu
        costs[name] = min(costs.get(name, spent), spent)
    if isinstance(found, dict):
        found = found["overall_multilabel_health_score"]
    results[name] = np.asarray(found, dtype=float)
np.savez(output, **results)
print(json.dumps(costs))
"""


def make_input(folder: pathlib.Path, values: int, classes: int) -> list[pathlib.Path]:
    """A good model's probabilities in float32 of which 3 a row are high; 2 % of labels flipped."""
    rng = np.random.default_rng(0)
    shape = (values // classes, classes)
    truth = rng.random(shape, dtype=np.float32) < min(0.3, 3 / classes)
    unsure = rng.random(shape, dtype=np.float32) ** 2 * np.float32(0.7)
    given = truth ^ (rng.random(shape, dtype=np.float32) < 0.02)
    given[0], given[1] = True, False
    files = [folder / "given.npy", folder / "probs.npy"]
    np.save(files[0], given)
    np.save(files[1], np.where(truth, 1 - unsure, unsure).astype(np.float32))
    return files


def measure_calls(package: str, files: list[pathlib.Path], rounds: int, output: pathlib.Path):
    """Wall and CPU seconds of each call, and of one read."""
    command = [sys.executable, "-c", CALLER, package, *files, rounds, json.dumps(CALLS), output]
    text = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return json.loads(text.stdout)


def differing(mine: pathlib.Path, theirs: pathlib.Path) -> int:
    """Calls whose results differ by more than rounding in more than one of 10,000 entries."""
    count = 0
    with np.load(mine) as ours, np.load(theirs) as others:
        for name in CALLS:
            a, b = ours[name], others[name]
            if a.shape != b.shape or (~np.isclose(a, b, atol=1e-6)).sum() > a.size / 10_000:
                count += 1
    return count


def run(values: int = VALUES, values_beside_cleanlab: int = VALUES_BESIDE_CLEANLAB) -> str:
    """The tables, as Markdown."""
    costs, ratios, different = {}, {}, 0
    for classes in CLASSES:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            files = make_input(folder, values, classes)
            costs[classes] = measure_calls("tusker", files, ROUNDS, folder / "all.npz")
            files = make_input(folder, values_beside_cleanlab, classes)
            mine, theirs = folder / "tusker.npz", folder / "cleanlab.npz"
            ours = measure_calls("tusker", files, ROUNDS, mine)
            others = measure_calls("cleanlab", files, 1, theirs)
            ratios[classes] = {call: others[call][1] / ours[call][1] for call in CALLS}
            different += differing(mine, theirs)
    heads = "".join(f" K = {classes} |" for classes in CLASSES)
    rule = "|---|" + "---|" * len(CLASSES)
    lines = [
        f"Multi-label calls on {values / 1e6:,.0f} million float32 probabilities, labels as lists",
        "of lists: nanoseconds of CPU a probability / of wall time.",
        "",
        f"| |{heads}",
        rule,
    ]
    for call in [*CALLS, "read"]:
        cells = [
            " / ".join(f"{seconds / values * 1e9:.2f}" for seconds in reversed(costs[c][call]))
            for c in CLASSES
        ]
        name = "one read of the probabilities" if call == "read" else call
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        f"The same calls beside cleanlab 2.9.0, {values_beside_cleanlab / 1e6:,.0f} million "
        "probabilities: CPU, ratio.",
        "",
        f"| |{heads}",
        rule,
    ]
    for call in CALLS:
        cells = [f"{ratios[classes][call]:,.0f} ×" for classes in CLASSES]
        lines.append(f"| {call} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Of {len(CALLS) * len(CLASSES)} results {different} differ from cleanlab's by more than "
        "rounding",
        f"in more than one of 10,000 entries: NumPy {np.__version__} orders equal keys in another "
        "way",
        "than the one pinned in the tests, with which there is no difference.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--values", type=int, default=VALUES)
    parser.add_argument("--beside", type=int, default=VALUES_BESIDE_CLEANLAB)
    options = parser.parse_args()
    print(run(options.values, options.beside))


if __name__ == "__main__":
    main()
