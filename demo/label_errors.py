"""Asks the server for label errors, and counts how many of the known ones it found."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score

from demo.load import TAXONOMY, Loaded
from demo.progress import Progress
from demo.server import Server

ROWS_PER_PAGE = 1000  # the most that the server gives


@dataclass
class Found:
    """What a label-issue run said about a dataset: every scored item, worst first."""

    references: list[str]
    scores: np.ndarray
    issues: set[str]  # references of those it calls label errors
    seconds: float
    run: dict


def find_label_errors(server: Server, name: str, loaded: Loaded) -> Found:
    """Uses the newest run over these predictions if there is one."""
    base = f"/api/datasets/{loaded.dataset_id}"
    began = time.monotonic()
    if not newest_run(server, base, loaded.run_id):
        job = server.post(f"{base}/issue-runs", {"run": loaded.run_id, "taxonomy": TAXONOMY})
        with Progress(f"{name}: finding label errors", job["total"] or 1) as progress:
            server.wait_for_job(job, progress)
    seconds = time.monotonic() - began
    run = newest_run(server, base, loaded.run_id)
    rows = []
    while True:
        question = {"q": "ORDER BY issue.score", "issues": run["id"], "overlays": False}
        question |= {"offset": len(rows), "limit": ROWS_PER_PAGE}
        page = server.post(f"{base}/query", question)["rows"]
        rows += page
        if len(page) < ROWS_PER_PAGE:
            break
    scored = [row for row in rows if row["issue"]]
    return Found(
        references=[row["ref"] for row in scored],
        scores=np.array([row["issue"]["score"] for row in scored]),
        issues={row["ref"] for row in scored if row["issue"]["rank"] is not None},
        seconds=seconds,
        run=run,
    )


def newest_run(server: Server, base: str, run_id: str) -> dict | None:
    runs = [run for run in server.get(f"{base}/issue-runs")["runs"] if run["run"] == run_id]
    return max(runs, key=lambda run: run["created_at"], default=None)


@dataclass
class Score:
    precision: float
    recall: float
    average_precision: float
    found: int  # of the known errors
    known: int
    named: int  # called label errors
    among_worst: int  # known errors among as many worst ones as there are known


def measure(found: Found, known: set[str]) -> Score:
    """Precision and recall of what it calls an error; average precision of its whole order."""
    hits = len(found.issues & known)
    wrong = np.array([reference in known for reference in found.references])
    return Score(
        precision=hits / len(found.issues) if found.issues else 0.0,
        recall=hits / len(known),
        average_precision=float(average_precision_score(wrong, -found.scores)),
        found=hits,
        known=len(known),
        named=len(found.issues),
        among_worst=int(wrong[: len(known)].sum()),
    )
