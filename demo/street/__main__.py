"""`python -m demo.street FOLDER`: renders the street dataset there."""

import argparse
from pathlib import Path

from demo.street.dataset import COUNT, SEED, make_dataset

parser = argparse.ArgumentParser(prog="python -m demo.street", description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("--count", type=int, default=COUNT, help=f"number of scenes (default {COUNT})")
parser.add_argument(
    "--seed", type=int, default=SEED, help=f"default {SEED}; another seed, other scenes"
)
options = parser.parse_args()
seconds = make_dataset(options.folder, options.count, options.seed)
print(f"{options.count} scenes in {options.folder} ({seconds:.1f} s)")
