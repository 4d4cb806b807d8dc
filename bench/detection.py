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
ROUNDS = 3  # of tusker; cleanlab runs once

# Imports and the making of the input are left out: from there on both do the same.
PEER = """
import importlib, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from bench.detection import lists_of

package, call, file, output = sys.argv[1:]
detection = importlib.import_module(package + ".object_detection")
labels, predictions = lists_of(np.load(file))

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


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    corner = rng.uniform(0, 560, (count, 2))
    return np.concatenate([corner, corner + rng.gamma(2, 40, corner.shape)], axis=1)


def make_input(images: int, broken_share: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Flat arrays of given boxes and of a model that finds nine of ten, and some that are none.

    Of the given boxes a share is broken, a third each: dropped, another class, moved by 40 pixels.
    """
    rng = np.random.default_rng(seed)
    counts = rng.poisson(GIVEN_MEAN, images)
    truth = random_boxes(rng, counts.sum())
    classes = rng.integers(0, CLASSES, len(truth))
    image = np.repeat(np.arange(images), counts)

    seen = rng.random(len(truth)) < 0.9
    near = truth[seen] + rng.normal(0, 4, (seen.sum(), 4))
    near[:, 2:] = np.maximum(near[:, 2:], near[:, :2])
    extra = rng.poisson(PREDICTED_EXTRA_MEAN, images)
    boxes = np.concatenate([near, random_boxes(rng, extra.sum())])
    probability = rng.beta(1, 3, len(boxes))
    probability[: len(near)] = rng.beta(8, 0.4, len(near))
    confident = rng.random(len(boxes)) < 0.01  # and wrong, if from nowhere
    probability[confident] = rng.uniform(0.9, 1, confident.sum())
    group = np.concatenate([image[seen], np.repeat(np.arange(images), extra)]) * CLASSES
    group += np.concatenate([classes[seen], rng.integers(0, CLASSES, extra.sum())])
    order = np.argsort(group, kind="stable")

    fate = rng.random(len(truth)) / broken_share * 3
    dropped, swapped, moved = fate < 1, (fate >= 1) & (fate < 2), (fate >= 2) & (fate < 3)
    labels = np.where(swapped, (classes + rng.integers(1, CLASSES, len(truth))) % CLASSES, classes)
    return {
        "boxes": (truth + moved[:, None] * 40)[~dropped],
        "labels": labels[~dropped],
        "offsets": np.cumsum([0, *np.bincount(image[~dropped], minlength=images)]),
        "rows": np.concatenate([boxes, probability[:, None]], axis=1)[order],
        "starts": np.searchsorted(group[order], np.arange(images * CLASSES + 1)),
        "broken": np.bincount(image[fate < 3], minlength=images) > 0,
    }


def lists_of(flat) -> tuple[list, list]:
    """The same as both libraries take it."""
    bounds = zip(flat["offsets"][:-1], flat["offsets"][1:], strict=True)
    boxes, numbers = flat["boxes"], flat["labels"]
    labels = [{"bboxes": boxes[a:b], "labels": numbers[a:b]} for a, b in bounds]
    rows, starts = flat["rows"], flat["starts"]
    arrays = [rows[a:b] for a, b in zip(starts[:-1], starts[1:], strict=True)]
    return labels, [arrays[i : i + CLASSES] for i in range(0, len(arrays), CLASSES)]


def measure_call(package: str, call: str, file: pathlib.Path, output: str) -> Cost:
    whole = measure([sys.executable, "-c", PEER, package, call, file, output])
    wall, cpu = map(float, pathlib.Path(f"{output}.txt").read_text().split())
    return Cost(wall, cpu, whole.peak_mb)


def speed(images: int) -> list[str]:
    differences, lines = [], []
    flat = make_input(images, broken_share=0.1)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "boxes.npz"
        np.savez(file, **flat)
        for call, title in (
            ("issues", "`filter.find_label_issues`"),
            ("scores", "`rank.get_label_quality_scores`"),
        ):
            mine, other = f"{folder}/{call}.tusker.npy", f"{folder}/{call}.cleanlab.npy"
            ours = best([measure_call("tusker", call, file, mine) for _ in range(ROUNDS)])
            theirs = measure_call("cleanlab", call, file, other)
            lines.append(row(f"{title}, tusker", ours, 0, ours))
            lines.append(row(f"{title}, cleanlab 2.9.0", theirs, 0, ours))
            differences.append(np.abs(np.load(mine).astype(float) - np.load(other)).max())
    issues, scores = differences
    if issues > 0 or scores > 1e-9:
        raise RuntimeError(f"results differ: issues by {issues}, scores by {scores}")
    return [
        f"ObjectLab on {images:,} images with {len(flat['boxes']):,} given and "
        f"{len(flat['rows']):,} predicted boxes of",
        f"{CLASSES} classes, float64. Time of the call alone; memory: peak of the process.",
        "",
        "| | wall, ms | CPU, ms | memory, MB | wall, ratio | CPU, ratio |",
        "|---|---|---|---|---|---|",
        *lines,
        "",
        f"Both flag the same images; scores differ by at most {scores:.0e}, because NumPy",
        f"{np.__version__} takes exponentials in another way than the one pinned in the tests,",
        "with which there is no difference.",
    ]


def average_precision(scores: np.ndarray, broken: np.ndarray) -> float:
    """Mean, over the broken images, of the precision down to each; worst scores first."""
    hits = broken[np.argsort(scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def quality(images: int, seeds: int = 5) -> list[str]:
    """Whether the sound order's fixed least similarity costs anything."""
    import tusker
    from tusker.object_detection.rank import get_label_quality_scores

    lines = []
    for seed in range(seeds):
        flat = make_input(images, broken_share=0.03, seed=seed)
        labels, predictions = lists_of(flat)
        sound = tusker.find_box_issues(labels, predictions).image_scores
        compat = get_label_quality_scores(labels, predictions, verbose=False)
        precisions = [average_precision(scores, flat["broken"]) for scores in (sound, compat)]
        share = flat["broken"].mean()
        lines.append(f"| {seed} | {share:.1%} | " + " | ".join(f"{p:.3f}" for p in precisions))
    return [
        "",
        f"Do they find what is broken? Average precision of the ranking of {images:,} images, of",
        "which 3 % of the boxes were broken (dropped, swapped, moved by 40 pixels), by",
        "`tusker.find_box_issues`, whose least similarity is fixed, and by cleanlab's scores, that",
        "take the least of the call:",
        "",
        "| seed | images broken | sound | cleanlab's |",
        "|---|---|---|---|",
        *(f"{line} |" for line in lines),
    ]


def run(images: int = 1000) -> str:
    """The tables, as Markdown."""
    return "\n".join([*speed(images), *quality(5 * images)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    print(run(parser.parse_args().images))


if __name__ == "__main__":
    main()
