"""Several annotators: tusker beside cleanlab (CROWDLAB, ActiveLab) and crowd-kit (Dawid-Skene).

python -m bench.crowd [--items 50000 --annotators 200]   # with tusker and both peers installed
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
import tempfile

import numpy as np

from bench.label_errors import Cost, best, measure, row

CLASSES = 10
LABELS_MEAN = 5  # an item
ROUNDS = 3  # of tusker; the others run once

# Imports and the making of the input are left out: from there on all do the same.
PEER = """
import resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import pandas as pd

package, call, file, output = sys.argv[1:]
flat = np.load(file)
if call == "Dawid-Skene":
    votes = pd.DataFrame({name: flat[name] for name in ("task", "worker", "label")})
    if package == "tusker":
        from tusker import dawid_skene
        work = lambda: dawid_skene(votes).probas
    else:
        from crowdkit.aggregation import DawidSkene
        work = lambda: DawidSkene().fit(votes).probas_
else:
    if package == "tusker":
        from tusker import multiannotator
    else:
        from cleanlab import multiannotator
    table = np.full((len(flat["probs"]), flat["worker"].max() + 1), np.nan)
    table[flat["task"], flat["worker"]] = flat["label"]
    table = pd.DataFrame(table)
    probs = flat["probs"]
    if call == "CROWDLAB":
        work = lambda: multiannotator.get_label_quality_multiannotator(
            table, probs, verbose=False)["label_quality"]["consensus_quality_score"]
    else:
        work = lambda: multiannotator.get_active_learning_scores(table, probs, probs)[0]

wall, spent = time.perf_counter(), time.process_time()
found = work()
wall, spent = time.perf_counter() - wall, time.process_time() - spent
if call == "Dawid-Skene":
    found = found.sort_index(axis=1)  # pandas 3 makes crowd-kit list labels as they come
np.save(output, np.asarray(found))
with open(output + ".txt", "w") as text:
    print(wall, spent, file=text)
"""


@dataclasses.dataclass(frozen=True)
class Call:
    name: str
    peer: str
    title: str


CALLS = (
    Call("CROWDLAB", "cleanlab", "cleanlab 2.9.0"),
    Call("ActiveLab", "cleanlab", "cleanlab 2.9.0"),
    Call("Dawid-Skene", "crowd-kit", "crowd-kit 1.4.2"),
)


def make_input(items: int, annotators: int) -> dict[str, np.ndarray]:
    """Annotators who are right in 4 to 19 of 20 cases, a good model; a row a vote."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, CLASSES, items)
    counts = np.clip(rng.poisson(LABELS_MEAN, items), 1, annotators)
    task = np.repeat(np.arange(items), counts)
    worker = np.concatenate([rng.choice(annotators, count, replace=False) for count in counts])
    right = rng.random(len(task)) < rng.uniform(0.2, 0.95, annotators)[worker]
    label = np.where(right, truth[task], rng.integers(0, CLASSES, len(task)))
    logits = rng.normal(size=(items, CLASSES))
    logits[np.arange(items), truth] += rng.normal(3, 1.5, items)
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    return {"task": task, "worker": worker, "label": label, "probs": probs}


def measure_call(package: str, call: str, file: pathlib.Path, output: str) -> Cost:
    whole = measure([sys.executable, "-c", PEER, package, call, file, output])
    wall, cpu = map(float, pathlib.Path(f"{output}.txt").read_text().split())
    return Cost(wall, cpu, whole.peak_mb)


def run(items: int = 50_000, annotators: int = 200) -> str:
    """The table, as Markdown."""
    flat = make_input(items, annotators)
    lines, differences = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "votes.npz"
        np.savez(file, **flat)
        for call in CALLS:
            mine, other = f"{folder}/tusker.npy", f"{folder}/peer.npy"
            ours = best([measure_call("tusker", call.name, file, mine) for _ in range(ROUNDS)])
            theirs = measure_call(call.peer, call.name, file, other)
            lines.append(row(f"{call.name}, tusker", ours, 0, ours))
            lines.append(row(f"{call.name}, {call.title}", theirs, 0, ours))
            differences.append(np.abs(np.load(mine) - np.load(other)).max())
    if max(differences) > 1e-4:
        raise RuntimeError(f"results differ by {differences}")
    return "\n".join(
        [
            f"{len(flat['task']):,} labels of {items:,} items by {annotators} annotators in "
            f"{CLASSES} classes, float64",
            "probabilities: `get_label_quality_multiannotator` and `get_active_learning_scores`",
            "over a DataFrame of items × annotators, Dawid-Skene over a DataFrame of votes. Time",
            "of the call alone; memory: peak of the process.",
            "",
            "| | wall, ms | CPU, ms | memory, MB | wall, ratio | CPU, ratio |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
            "Qualities, scores and posteriors differ by at most "
            + ", ".join(f"{difference:.0e}" for difference in differences)
            + ".",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--annotators", type=int, default=200)
    options = parser.parse_args()
    print(run(options.items, options.annotators))


if __name__ == "__main__":
    main()
