"""Loads three datasets with known label errors, finds them, and prints a link that opens them.

Starts the server in the background if none holds the data directory. Running it again is harmless.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from urllib.parse import quote

from demo import fashion
from demo.box_errors import report_boxes
from demo.label_errors import find_label_errors, measure
from demo.load import Loaded, load_fashion, load_street
from demo.server import Server, ServerError, find_or_start, stop_sentence
from demo.street.dataset import COUNT, make_dataset

FASHION = "Fashion-MNIST"
FLIPPED = "Fashion-MNIST, 5 % flipped"
STREET = "street"


class Clock:
    """Remembers how long each step took."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []
        self._last = self.began = time.monotonic()

    def step(self, name: str) -> None:
        now = time.monotonic()
        self.steps.append((name, now - self._last))
        self._last = now


def prepare_fashion(cache: Path, count: int, clock: Clock):
    photographs = fashion.read_photographs(count)
    pictures = fashion.write_pictures(photographs, cache / "fashion" / "pictures")
    clock.step("photographs written")
    flipped, chosen = fashion.flip_labels(photographs.labels)
    fashion.write_truth(photographs, chosen, cache / "fashion" / "flipped.json")
    probabilities = fashion.compute_probabilities(
        photographs, photographs.labels, cache / "fashion"
    )
    of_flipped = fashion.compute_probabilities(photographs, flipped, cache / "fashion")
    clock.step("probabilities, two labellings of 5 folds")
    accuracy = (probabilities.argmax(axis=1) == photographs.labels).mean()
    print(f"Fashion-MNIST: {len(pictures):,} photographs, out-of-sample accuracy {accuracy:.3f}")
    return photographs, pictures, (photographs.labels, probabilities), (flipped, of_flipped), chosen


def load_all(
    server: Server, cache: Path, photograph_count: int, scene_count: int, clock: Clock
) -> str:
    """Everything; returns the page of the label errors."""
    photographs, pictures, given, flipped, chosen = prepare_fashion(cache, photograph_count, clock)
    loaded = load_fashion(server, FASHION, photographs, pictures, *given)
    clock.step(f"{FASHION}: loaded through the client")
    found = find_label_errors(server, FASHION, loaded)
    clock.step(f"{FASHION}: label errors found")
    print(f"{FASHION}: {len(found.issues)} probable label errors among its own labels")
    street_folder = cache / "street"
    make_dataset(street_folder, scene_count)
    clock.step(f"{STREET}: {scene_count} scenes rendered")
    street = load_street(server, STREET, street_folder)
    clock.step(f"{STREET}: loaded through the client")
    report_boxes(server, STREET, street, street_folder)
    clock.step(f"{STREET}: wrong boxes found")
    copy = load_fashion(server, FLIPPED, photographs, pictures, *flipped)
    clock.step(f"{FLIPPED}: loaded through the client")
    names = photographs.names
    report_flipped(server, copy, {names[i] for i in chosen}, clock)
    return f"/d/{quote(loaded.dataset_id)}/issues"


def report_flipped(server: Server, loaded: Loaded, known: set[str], clock: Clock) -> None:
    found = find_label_errors(server, FLIPPED, loaded)
    clock.step(f"{FLIPPED}: label errors found")
    score = measure(found, known)
    print()
    print(f"{score.known} labels were flipped on purpose. {score.named} are called label errors,")
    print(f"{score.found} of them flipped ones: precision {score.precision:.3f}, ", end="")
    print(f"recall {score.recall:.3f}, average precision {score.average_precision:.3f}.")
    print(f"Among the worst {score.known}, {score.among_worst} are flipped ones. ", end="")
    print("(False alarms here include the data's own label errors.)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--binary", type=Path, default=Path("build/release/bin/tusker"))
    parser.add_argument("--data", type=Path, default=Path("tusker-data"), help="data directory")
    parser.add_argument("--port", type=int, default=8080, help="of the server, if it is started")
    parser.add_argument(
        "--cache", type=Path, default=Path("build/demo"), help="pictures and models"
    )
    parser.add_argument(
        "--photographs", type=int, default=fashion.COUNT, help="the first so many, at least 100"
    )
    parser.add_argument("--scenes", type=int, default=COUNT, help="street scenes to render")
    options = parser.parse_args()
    clock = Clock()
    try:
        server = find_or_start(options.binary, options.data, options.port)
        clock.step("server started" if server.started else "server found")
        page = load_all(server, options.cache, options.photographs, options.scenes, clock)
    except (ServerError, FileNotFoundError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print()
    for name, seconds in clock.steps:
        print(f"{seconds:7.1f} s  {name}")
    print(f"{time.monotonic() - clock.began:7.1f} s  in all")
    print()
    print(stop_sentence(server))
    print(f"The label errors, signed in (once, within 15 minutes): {server.sign_in_link(page)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
