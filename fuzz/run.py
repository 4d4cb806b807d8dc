"""Runs each fuzz target in BUILD/bin for some seconds; fails if one finds an input that breaks it.

    python3 fuzz/run.py --seconds 60 build/fuzz

What was found stays in BUILD/found, what covers new code in BUILD/corpus for the next run.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from seeds import seeds, write_seeds

# Larger inputs reach no other code and make each run slower.
BYTES_MAX = 4096


def run(target, build, seconds):
    folder = build / "corpus" / target
    dictionary = write_seeds(folder, target)
    grown = folder / "grown"
    found = build / "found"
    for path in (grown, found):
        path.mkdir(parents=True, exist_ok=True)
    command = [
        build / "bin" / f"fuzz_{target}",
        f"-max_total_time={seconds}",
        f"-max_len={BYTES_MAX}",
        f"-dict={dictionary}",
        f"-artifact_prefix={found}/{target}-",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        grown,
        folder / "seeds",
    ]
    log = folder / "log"
    with log.open("w") as out:
        done = subprocess.run(command, stderr=out, check=False)
    text = log.read_text(errors="replace")
    if done.returncode != 0:
        print(text[-4000:])
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    covered = re.findall(r" cov: (\d+)", text)
    print(
        f"{target}: {int(runs[1]) if runs else 0:,} inputs,",
        f"{covered[-1] if covered else 0} branches,",
        "broken" if done.returncode else "all well",
        flush=True,
    )
    return done.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", choices=seeds(), help="default: all")
    arguments = parser.parse_args()
    broken = []
    for target in arguments.target or seeds():
        if run(target, arguments.build, arguments.seconds) != 0:
            broken.append(target)
    if broken:
        print(f"broken: {', '.join(broken)}; the inputs are in {arguments.build / 'found'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
