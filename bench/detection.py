"""Label errors in boxes: tusker.object_detection beside cleanlab's, in one run.

python -m bench.detection [--images 1000]   # with tusker and cleanlab installed
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile

import numpy as np

from bench.label_errors import Cost, best, measure, row

CLASSES = 20
GIVEN_MEAN = 7  # boxes an image, as in COCO
PREDICTED_EXTRA_MEAN = 20
ROUNDS = 3  # of tusker; cleanlab runs once, it takes minutes

# Imports and the making of the input are left out: from here on both do the same.
PEER = """
import importlib, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np

package, call, file, output = sys.argv[1:]
detection = importlib.import_module(package + ".object_detection")
flat = np.load(file)
boxes, offsets = flat["boxes"], flat["offsets"]
labels = [
    {"bboxes": boxes[a:b, :4], "labels": flat["labels"][a:b]}
    for a, b in zip(offsets, offsets[1:])
]
rows, starts = flat["rows"], flat["starts"]
arrays = [rows[a:b] for a, b in zip(starts, starts[1:])]
classes = (len(starts) - 1) // len(labels)
predictions = [arrays[i : i + classes] for i in range(0, len(arrays), classes)]

def cpu():
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)

wall, spent = time.perf_counter(), cpu()
if call == "issues":
    found = detection.filter.find_label_issues(labels, predictions)
else:
    found = detection.rank.get_label_quality_scores(labels, predictions, verbose=False)
wall, spent = time.perf_counter() - wall, cpu() - spent
np.save(output, found)
with open(output + ".txt", "w") as text:
    print(wall, spent, file=text)
"""


def make_input(file: pathlib.Path, images: int) -> int:
    """Predictions near labels and from nowhere; a tenth of the labels broken. Number of boxes."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(GIVEN_MEAN, images)
    corner = rng.uniform(0, 560, (counts.sum(), 2))
    truth = np.concatenate([corner, corner + rng.gamma(2, 40, corner.shape)], axis=1)
    classes = rng.integers(0, CLASSES, len(truth))
    image = np.repeat(np.arange(images), counts)

    found = np.clip(truth + rng.normal(0, 4, truth.shape), 0, 800)
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2])
    extra = rng.poisson(PREDICTED_EXTRA_MEAN, images)
    corner = rng.uniform(0, 560, (extra.sum(), 2))
    noise = np.concatenate([corner, corner + rng.gamma(2, 40, corner.shape)], axis=1)
    rows = np.concatenate([found, noise])
    probability = np.concatenate([rng.beta(8, 0.4, len(found)), rng.beta(1, 4, len(noise))])
    rows = np.concatenate([rows, probability[:, None]], axis=1)
    group = np.concatenate([image, np.repeat(np.arange(images), extra)]) * CLASSES
    group += np.concatenate([classes, rng.integers(0, CLASSES, len(noise))])
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(images * CLASSES + 1))

    broken = rng.random(len(truth))
    labels = np.where(broken < 0.03, rng.integers(0, CLASSES, len(truth)), classes)
    moved = (broken >= 0.03) & (broken < 0.06)
    given = truth + moved[:, None] * 40
    kept = broken < 0.96
    counts = np.bincount(image[kept], minlength=images)
    np.savez(
        file,
        boxes=given[kept],
        labels=labels[kept],
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        rows=rows[order],
        starts=starts,
    )
    return int(kept.sum() + len(rows))


def measure_call(package: str, call: str, file: pathlib.Path, output: pathlib.Path) -> Cost:
    whole = measure([sys.executable, "-c", PEER, package, call, file, output])
    wall, cpu = map(float, pathlib.Path(f"{output}.txt").read_text().split())
    return Cost(wall, cpu, whole.peak_mb)


def run(images: int = 1000) -> str:
    """The table, as Markdown."""
    lines, differences = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        file = folder / "boxes.npz"
        boxes = make_input(file, images)
        lines += [
            f"ObjectLab on {images:,} images with {boxes:,} given and predicted boxes of {CLASSES}",
            "classes, float64. Time of the call alone; memory: peak of the process.",
            "",
            "| | wall, ms | CPU, ms | memory, MB | wall, ratio | CPU, ratio |",
            "|---|---|---|---|---|---|",
        ]
        for call, title in (
            ("issues", "`filter.find_label_issues`"),
            ("scores", "`rank.get_label_quality_scores`"),
        ):
            output = folder / call
            ours = best(
                [measure_call("tusker", call, file, f"{output}.ours.npy") for _ in range(ROUNDS)]
            )
            theirs = measure_call("cleanlab", call, file, f"{output}.theirs.npy")
            lines.append(row(f"{title}, tusker", ours, 0, ours))
            lines.append(row(f"{title}, cleanlab 2.9.0", theirs, 0, ours))
            mine, other = np.load(f"{output}.ours.npy"), np.load(f"{output}.theirs.npy")
            differences.append(np.abs(mine.astype(float) - other).max())
    issues, scores = differences
    if issues > 0 or scores > 1e-9:
        raise RuntimeError(f"results differ: issues by {issues}, scores by {scores}")
    lines += [
        "",
        f"Both flag the same images; scores differ by at most {scores:.0e}, because NumPy",
        f"{np.__version__} takes exponentials in another way than the one pinned in the tests,",
        "with which there is no difference.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    print(run(parser.parse_args().images))


if __name__ == "__main__":
    main()
