"""A large driving set, shaped like BDD100K's training and validation pictures, made from a seed.

100,000 pictures of 1280 x 720, 21 % of them without any label, 1.8 million boxes of ten classes
with BDD's frequencies, weather, scene and time of day as metadata, and a detector's 2.2 million
predictions with confidences. Pictures: a thousand layouts are drawn once; a picture is a hard link
to its layout's file, and its boxes are a part of that layout's objects, a little moved, so that
boxes and pictures agree. Written as COCO, COCO results, and a folder of JPEGs.

    python -m bench.generate --output DIR [--images 100000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import time

import numpy as np
from PIL import Image, ImageColor, ImageDraw

WIDTH, HEIGHT = 1280, 720
# Class names and shares of BDD100K's training labels (bdd100k label statistics, detection 2020).
CLASSES = {
    "car": 0.554,
    "traffic sign": 0.186,
    "traffic light": 0.144,
    "pedestrian": 0.071,
    "truck": 0.0231,
    "bus": 0.0090,
    "bicycle": 0.0056,
    "rider": 0.0035,
    "motorcycle": 0.0033,
    "train": 0.0002,
}
WEATHER = {
    "clear": 0.534,
    "overcast": 0.125,
    "undefined": 0.117,
    "snowy": 0.079,
    "rainy": 0.072,
    "partly cloudy": 0.071,
    "foggy": 0.002,
}
SCENE = {
    "city street": 0.621,
    "highway": 0.25,
    "residential": 0.117,
    "parking lot": 0.005,
    "undefined": 0.004,
    "tunnel": 0.002,
    "gas stations": 0.001,
}
TIME_OF_DAY = {"daytime": 0.526, "night": 0.4, "dawn/dusk": 0.073, "undefined": 0.001}
EMPTY_SHARE = 0.21337  # the share of pictures without a label that the set is known for
LAYOUTS = 1000
OBJECTS_PER_LAYOUT = 48
MEAN_BOXES = 18.0 / (1 - EMPTY_SHARE)  # of a picture that has any

COLOURS = ["#9b3b30", "#d8c64a", "#f0b040", "#57607a", "#5a7d59", "#b0643a"]
COLOURS += ["#7f8fa6", "#6a5a7d", "#444444", "#a06060"]
SKIES = {"daytime": ("#8fb7d9", "#6f7176"), "night": ("#10141f", "#23252b")}
SKIES |= {"dawn/dusk": ("#c98f6b", "#4d4a50"), "undefined": ("#9aa3ab", "#63666b")}


def choose(random: np.random.Generator, shares: dict[str, float], count: int) -> np.ndarray:
    weights = np.array(list(shares.values()))
    return random.choice(len(shares), size=count, p=weights / weights.sum())


def draw_layout(task: tuple[pathlib.Path, int, np.ndarray, np.ndarray, str]) -> None:
    """One picture at 640 x 360: sky, road, and a block of colour for each object, far first."""
    path, seed, boxes, classes, time_of_day = task
    random = np.random.default_rng(seed)
    sky, road = SKIES[time_of_day]
    picture = Image.new("RGB", (WIDTH // 2, HEIGHT // 2), sky)
    pen = ImageDraw.Draw(picture)
    for x in range(0, WIDTH // 2, 40):
        height = int(random.integers(30, 110))
        shade = int(random.integers(50, 120))
        pen.rectangle((x, 170 - height, x + 38, 170), fill=(shade, shade, shade + 10))
    ground = tuple(channel // 2 + 20 for channel in ImageColor.getrgb(road))
    pen.rectangle((0, 170, 640, 360), fill=ground)
    pen.polygon([(250, 170), (390, 170), (640, 360), (0, 360)], fill=road)
    for index in np.argsort(boxes[:, 1] + boxes[:, 3]):
        x, y, w, h = boxes[index] / 2
        colour = COLOURS[classes[index]]
        pen.rectangle((x, y, x + w, y + h), fill=colour, outline="#151515")
        pen.rectangle((x + w * 0.2, y + h * 0.12, x + w * 0.8, y + h * 0.42), fill="#c9d4dc")
    picture.save(path, quality=80)


def make_layouts(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(boxes [layouts, objects, 4], classes [layouts, objects], time of day [layouts])"""
    shape = (LAYOUTS, OBJECTS_PER_LAYOUT)
    classes = choose(random, CLASSES, LAYOUTS * OBJECTS_PER_LAYOUT).reshape(shape)
    depth = random.beta(1.2, 3.0, shape)  # 0 = at the horizon, 1 = at the bumper
    size = 10 + 330 * depth**1.5 * random.lognormal(0, 0.25, shape)
    upright = np.isin(classes, [2, 3, 7])
    above = np.isin(classes, [1, 2])
    size = np.where(above, size * 0.4, size)
    width = np.where(upright, size * 0.38, size * 1.15)
    height = np.where(upright, size, size * 0.85)
    x = random.uniform(0, 1, shape) * (WIDTH - width)
    y = 340 + 380 * depth - height
    y = np.where(above, 330 - size - 200 * random.uniform(0, 1, shape), y)
    boxes = np.stack([x, y, width, height], axis=-1)
    boxes[..., 2] = np.minimum(boxes[..., 2], WIDTH - boxes[..., 0])
    boxes[..., 1] = np.clip(boxes[..., 1], 0, HEIGHT - 12)
    boxes[..., 3] = np.clip(boxes[..., 3], 8, HEIGHT - boxes[..., 1])
    return boxes, classes, choose(random, TIME_OF_DAY, LAYOUTS)


def write_pictures(folder: pathlib.Path, images: int, layouts, layout_of: np.ndarray) -> None:
    boxes, classes, times = layouts
    masters = folder.parent / "layouts"
    folder.mkdir(parents=True, exist_ok=True)
    masters.mkdir(exist_ok=True)
    names = list(TIME_OF_DAY)
    tasks = [
        (masters / f"{i:04}.jpg", i, boxes[i], classes[i], names[times[i]]) for i in range(LAYOUTS)
    ]
    with multiprocessing.Pool() as pool:
        for done, _ in enumerate(pool.imap_unordered(draw_layout, tasks, chunksize=20), 1):
            progress("layouts", done, LAYOUTS)
    for image in range(images):
        target = folder / f"{image:06}.jpg"
        if not target.exists():
            os.link(masters / f"{layout_of[image]:04}.jpg", target)
        progress("pictures", image + 1, images)


def progress(what: str, done: int, total: int) -> None:
    if done == total or done % max(1, total // 50) == 0:
        end = "\n" if done == total else ""
        print(f"\r{what}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


def separator(count: int) -> str:
    return ",\n" if count > 1 else ""


def write_coco(path: pathlib.Path, images: list[dict], annotations) -> int:
    """COCO, one image and one annotation a line, as a stream."""
    count = 0
    with path.open("w") as out:
        out.write('{"info": {"description": "bench/generate"},\n"images": [\n')
        out.write(",\n".join(json.dumps(image) for image in images))
        out.write('\n],\n"annotations": [\n')
        for image, box, label in annotations:
            count += 1
            x, y, w, h = box
            out.write(
                f'{separator(count)}{{"id": {count}, "image_id": {image + 1}, '
                f'"category_id": {label + 1}, "bbox": [{x:.2f}, {y:.2f}, {w:.2f}, {h:.2f}], '
                f'"area": {w * h:.2f}, "iscrowd": 0}}'
            )
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(CLASSES)]
        out.write('\n],\n"categories": ' + json.dumps(categories) + "}\n")
    return count


def write_results(path: pathlib.Path, predictions) -> int:
    count = 0
    with path.open("w") as out:
        out.write("[\n")
        for image, box, label, score in predictions:
            count += 1
            x, y, w, h = box
            out.write(
                f'{separator(count)}{{"image_id": {image + 1}, '
                f'"category_id": {label + 1}, "bbox": [{x:.2f}, {y:.2f}, {w:.2f}, {h:.2f}], '
                f'"score": {score:.4f}}}'
            )
        out.write("\n]\n")
    return count


def generate(output: pathlib.Path, images: int, seed: int) -> dict[str, int]:
    random = np.random.default_rng(seed)
    output.mkdir(parents=True, exist_ok=True)
    boxes, classes, times = layouts = make_layouts(random)
    layout_of = random.integers(0, LAYOUTS, images)
    counts = np.minimum(random.negative_binomial(4, 4 / (4 + MEAN_BOXES), images) + 1, 46)
    counts[random.uniform(size=images) < EMPTY_SHARE] = 0
    weather, scene = choose(random, WEATHER, images), choose(random, SCENE, images)
    weather_names, scene_names, time_names = list(WEATHER), list(SCENE), list(TIME_OF_DAY)
    write_pictures(output / "images", images, layouts, layout_of)
    image_rows = [
        {
            "id": i + 1,
            "file_name": f"{i:06}.jpg",
            "width": WIDTH,
            "height": HEIGHT,
            "weather": weather_names[weather[i]],
            "scene": scene_names[scene[i]],
            "timeofday": time_names[times[layout_of[i]]],
        }
        for i in range(images)
    ]

    def annotations():
        for i in range(images):
            chosen = random.permutation(OBJECTS_PER_LAYOUT)[: counts[i]]
            layout = layout_of[i]
            moved = boxes[layout, chosen] + random.normal(0, 1.0, (len(chosen), 4))
            moved[:, 2:] = np.maximum(moved[:, 2:], 3)
            moved[:, :2] = np.maximum(moved[:, :2], 0)
            for box, label in zip(moved.tolist(), classes[layout, chosen].tolist(), strict=True):
                yield i, box, label
            progress("annotations", i + 1, images)

    def predictions():
        for i in range(images):
            layout = layout_of[i]
            count = min(OBJECTS_PER_LAYOUT, int(random.poisson(22)))
            chosen = random.permutation(OBJECTS_PER_LAYOUT)[:count]
            moved = boxes[layout, chosen] * random.normal(1, 0.02, (count, 4))
            moved[:, 2:] = np.maximum(moved[:, 2:], 3)
            labels = classes[layout, chosen].copy()
            swap = random.uniform(size=count) < 0.05
            labels[swap] = choose(random, CLASSES, int(swap.sum()))
            scores = random.beta(3, 1.3, count)
            for box, label, score in zip(
                moved.tolist(), labels.tolist(), scores.tolist(), strict=True
            ):
                yield i, box, label, score
            progress("predictions", i + 1, images)

    return {
        "images": images,
        "annotations": write_coco(output / "annotations.json", image_rows, annotations()),
        "predictions": write_results(output / "predictions.json", predictions()),
    }


def generate_once(output: pathlib.Path, images: int = 100_000, seed: int = 1) -> None:
    """Does nothing if the same set is there already."""
    marker = output / "generated.json"
    wanted = {"images": images, "seed": seed}
    if marker.exists() and json.loads(marker.read_text()).get("wanted") == wanted:
        return
    started = time.monotonic()
    made = generate(output, images, seed)
    marker.write_text(json.dumps({"wanted": wanted, "made": made}))
    numbers = ", ".join(f"{value:,} {key}" for key, value in made.items())
    print(f"{numbers} in {time.monotonic() - started:.0f} s", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generate_once(options.output, options.images, options.seed)


if __name__ == "__main__":
    main()
