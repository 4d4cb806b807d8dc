"""Measures Tusker beside its peers and this machine's limits, and writes docs/benchmarks.md.

python -m bench --binary build/release/bin/tusker --output docs/benchmarks.md [--only imports]
"""

from __future__ import annotations

import argparse
import datetime
import pathlib
import sys

from bench import (
    crowd,
    detection,
    generate,
    imports,
    label_error_calls,
    label_errors,
    machine,
    multilabel,
    outliers,
    queries,
    ranking,
    uploads,
)

INTRODUCTION = """# Benchmarks

Made by `make bench` on {date}: {machine}. Each table is one run; what is compared ran in that run,
in turn, on the same data. Ratios are what counts: absolute times differ from machine to machine.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--large", type=pathlib.Path, default=pathlib.Path("build/large"))
    parser.add_argument(
        "--only",
        choices=[
            "label-errors",
            "detection",
            "ranking",
            "crowd",
            "multilabel",
            "outliers",
            "uploads",
            "imports",
            "queries",
        ],
    )
    options = parser.parse_args()
    sections = {
        "label-errors": (
            "Label errors",
            lambda: f"{label_errors.run(options.binary)}\n\n{label_error_calls.run()}",
        ),
        "detection": ("Label errors in boxes", detection.run),
        "ranking": ("Which ranking puts wrong labels first", ranking.run),
        "crowd": ("Several annotators", crowd.run),
        "multilabel": ("Label errors where a row has several classes", multilabel.run),
        "outliers": ("Outliers", outliers.run),
        "uploads": ("Uploads over HTTP", lambda: uploads.run(options.binary)),
        "imports": ("Import by path", lambda: imports.run(options.binary, options.large)),
        "queries": (
            "The queries of the app",
            lambda: queries.run(options.binary, options.large),
        ),
    }
    if not (options.large / "generated.json").exists():
        generate.generate_once(options.large)
    parts = [
        INTRODUCTION.format(date=datetime.date.today().isoformat(), machine=machine.describe())
    ]
    for name, (title, measure) in sections.items():
        if options.only and name != options.only:
            continue
        print(f"{title} …", file=sys.stderr, flush=True)
        parts.append(f"## {title}\n\n{measure()}\n")
    text = "\n".join(parts)
    print(text)
    if options.output and not options.only:
        options.output.write_text(text)


if __name__ == "__main__":
    main()
