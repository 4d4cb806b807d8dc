"""Two small sets of files: *street* (boxes, COCO) and *animals* (class folders with a model's
probabilities and three wrong labels)."""

import json
import pathlib

import numpy as np
from pictures import png

CLASSES = ["ape", "bear", "zebra"]
# Item -> the label it was given instead of its own.
WRONG = {"zebra/03.png": "zebra", "zebra/07.png": "zebra", "bear/05.png": "bear"}


def write_street(folder: pathlib.Path) -> pathlib.Path:
    """Six images; the last has no annotation."""
    (folder / "images").mkdir(parents=True)
    weather = ["rainy", "clear", "clear", "snowy", "rainy", "clear"]
    images, annotations = [], []
    for i in range(6):
        (folder / "images" / f"{i}.png").write_bytes(png(64, 36, (40 * i, 90, 200)))
        images.append({"id": 10 + i, "file_name": f"{i}.png", "width": 64, "height": 36})
        images[-1] |= {"weather": weather[i], "speed": 10 * i, "dry": i % 2 == 0}
    for image, category, box in [
        (10, 1, [1, 2, 30, 10]),
        (10, 1, [5, 5, 8, 8]),
        (11, 1, [1, 2, 30, 12]),
        (12, 2, [1, 2, 40, 30]),
        (13, 1, [3, 3, 3, 3]),
        (14, 3, [2, 2, 20, 20]),
    ]:
        row = {"id": 100 + len(annotations), "image_id": image, "category_id": category}
        annotations.append(row | {"bbox": box})
    categories = [{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}]
    categories.append({"id": 3, "name": "police car"})
    labels = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(labels, indent=1))
    results = [
        {"image_id": 10, "category_id": 1, "bbox": [1, 2, 30, 10], "score": 0.9},
        {"image_id": 11, "category_id": 2, "bbox": [1, 2, 30, 12], "score": 0.4},
    ]
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def write_animals(folder: pathlib.Path) -> pathlib.Path:
    """Twenty pictures a class; the model is sure of each, and WRONG are in other folders."""
    references, rows = [], []
    for true in range(3):
        for i in range(20):
            name = f"{CLASSES[true]}/{i:02}.png"
            swapped = [wrong for wrong in WRONG if wrong == name]
            own = (true + 1) % 3 if swapped else true
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(28, 28, (80 * true, 12 * i, 99)))
            row = [0.04, 0.04, 0.04]
            row[own] = 0.92 - 0.001 * i
            references.append(name)
            rows.append(row)
    np.save(folder.parent / "probabilities.npy", np.array(rows, dtype=np.float32))
    (folder.parent / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    (folder.parent / "refs.txt").write_text("\n".join(references) + "\n")
    return folder
