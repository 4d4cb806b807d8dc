"""The labels people gave to the scenes, with their mistakes, and the truth about each mistake.

Every fifth scene was never labelled. In the others some boxes were forgotten, some got another
label, some are badly placed. Nothing else differs from what the renderer knows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from demo.street.canvas import HEIGHT, WIDTH, Seen
from demo.street.render import Scene

LABELS = ("car", "truck", "bus", "person", "traffic light", "traffic sign", "police_car")
UNLABELLED_EVERY = 5

DROPPED_SHARE = 0.06
SWAPPED_SHARE = 0.05
MISPLACED_SHARE = 0.04
# What people take for what.
CONFUSED_WITH = {
    "car": ("truck", "bus", "police_car"),
    "truck": ("bus", "car"),
    "bus": ("truck", "truck", "car"),
    "person": ("traffic sign",),
    "traffic light": ("traffic sign",),
    "traffic sign": ("traffic light",),
    "police_car": ("car",),
}
# A police car is easily called a car: the rare class is where label errors hurt most.
POLICE_SWAPPED_SHARE = 0.3

Box = tuple[float, float, float, float]


@dataclass
class Given:
    """One annotation. `error` is empty, "swapped" or "misplaced"; what is `true_…` is right."""

    label: str
    bbox: Box
    error: str
    true_label: str
    true_bbox: Box
    metadata: dict[str, object]


@dataclass
class GivenLabels:
    annotations: list[Given] = field(default_factory=list)
    dropped: list[Seen] = field(default_factory=list)
    labelled: bool = True


def _metadata(seen: Seen) -> dict[str, object]:
    known = {
        key: value for key, value in seen.attributes.items() if key in ("color", "pose", "sign")
    }
    return {
        "occluded": seen.visible < 0.9,
        "truncated": seen.truncated,
        "distance_m": seen.distance_m,
    } | known


def _misplace(bbox: Box, rng: random.Random) -> Box:
    """A box that slipped, or was drawn much too large; at most 0.6 of it still fits."""
    x, y, width, height = bbox
    if rng.random() < 0.5:
        x += rng.choice((-1, 1)) * width * rng.uniform(0.35, 0.55)
        y += rng.choice((-1, 1)) * height * rng.uniform(0.1, 0.3)
    else:
        grow_x, grow_y = width * rng.uniform(0.35, 0.6), height * rng.uniform(0.35, 0.6)
        x, y, width, height = (
            x - grow_x * rng.random(),
            y - grow_y * rng.random(),
            width + grow_x,
            height + grow_y,
        )
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(float(WIDTH), x + width), min(float(HEIGHT), y + height)
    return (
        round(left, 2),
        round(top, 2),
        round(max(2.0, right - left), 2),
        round(max(2.0, bottom - top), 2),
    )


def give_labels(seed: int, scene: Scene) -> GivenLabels:
    if scene.number % UNLABELLED_EVERY == UNLABELLED_EVERY - 1:
        return GivenLabels(dropped=list(scene.objects), labelled=False)
    rng = random.Random(f"labels {seed} {scene.number}")
    result = GivenLabels()
    for seen in scene.objects:
        luck = rng.random()
        swapped_share = POLICE_SWAPPED_SHARE if seen.label == "police_car" else SWAPPED_SHARE
        label, bbox, error = seen.label, seen.bbox, ""
        if luck < swapped_share:
            label, error = rng.choice(CONFUSED_WITH[seen.label]), "swapped"
        elif luck < swapped_share + MISPLACED_SHARE:
            bbox, error = _misplace(seen.bbox, rng), "misplaced"
        elif luck < swapped_share + MISPLACED_SHARE + DROPPED_SHARE:
            result.dropped.append(seen)
            continue
        result.annotations.append(Given(label, bbox, error, seen.label, seen.bbox, _metadata(seen)))
    return result
