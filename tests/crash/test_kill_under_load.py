"""kill -9 while four threads upload, update, delete and correct over HTTP: what was acknowledged is
there after the restart, once; what was not is there wholly or not at all."""

import copy
import json
import random
import struct
import threading
import time
import zlib

import pytest
import requests

ROUNDS = 4
THREADS = 4
ITEMS_A_REQUEST = 3
LABELS = ["boot", "dress", "shirt", "bag"]


def png(shade: int) -> bytes:
    """An 8 × 8 grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([shade] * 8)) * 8
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class Writer(threading.Thread):
    """Writes items that no other writer touches, and knows what the server has acknowledged.

    `known`: reference id -> {"category": label or None, "boxes": {annotation id: label}}.
    `pending`: the same as it would be after the one request whose answer never came.
    """

    def __init__(self, name: str, server, dataset: str, known: dict):
        super().__init__(name=name)
        self.random = random.Random(name)
        self.server, self.dataset = server, dataset
        self.known, self.pending = known, None
        self.acknowledged = 0
        self.problem = None
        self.session = requests.Session()
        self.session.auth = server.auth

    def run(self):
        acts = [self.upload, self.annotate, self.relabel, self.correct, self.delete]
        while True:
            act = self.random.choices(acts, weights=[3, 3, 3, 3, 1])[0]
            if act != self.upload and len(self.known) < 2 * ITEMS_A_REQUEST:
                act = self.upload
            self.pending = copy.deepcopy(self.known)
            try:
                act(self.pending)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                return  # the server is gone: pending may or may not have come true
            except AssertionError as problem:
                self.problem = problem
                return
            self.known, self.pending = self.pending, None
            self.acknowledged += 1

    def call(self, method: str, path: str, **options) -> dict:
        answer = self.session.request(method, self.server.url + path, timeout=60, **options)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def nucleus(self, method: str, path: str, **options) -> dict:
        return self.call(method, f"/v1/nucleus/dataset/{self.dataset}/{path}", **options)

    def choose(self, state: dict) -> list[str]:
        return self.random.sample(sorted(state), min(ITEMS_A_REQUEST, len(state)))

    def upload(self, state: dict):
        first = self.acknowledged * 1000
        names = [f"{self.name}/{first + i}" for i in range(ITEMS_A_REQUEST)]
        for name in names:
            state[name] = {"category": None, "boxes": {}}
        items = [
            {"reference_id": n, "image_url": n, "metadata": {"n": 1}, "update": False}
            for n in names
        ]
        parts = [("items", (None, json.dumps(items), "application/json"))]
        parts += [("image", (n, png(self.random.randrange(256)), "image/png")) for n in names]
        job = self.nucleus("POST", "append?async=1", files=parts)
        while self.call("GET", f"/v1/nucleus/job/{job['job_id']}")["status"] == "Running":
            pass

    def annotate(self, state: dict):
        annotations = []
        for name in self.choose(state):
            label = self.random.choice(LABELS)
            annotations.append(
                {"type": "category", "label": label, "reference_id": name, "geometry": {}}
            )
            state[name]["category"] = label
        self.send(annotations)

    def relabel(self, state: dict):
        annotations = []
        for name in self.choose(state):
            label = self.random.choice(LABELS)
            annotations.append(
                {
                    "type": "box",
                    "label": label,
                    "reference_id": name,
                    "annotation_id": "only",
                    "geometry": {"x": 1, "y": 2, "width": 3, "height": 4},
                }
            )
            state[name]["boxes"]["only"] = label
        self.send(annotations)

    def send(self, annotations: list[dict]):
        body = {"update": True, "annotations": annotations}
        answer = self.nucleus("POST", "annotate", json=body)
        assert answer["annotations_processed"] == len(annotations), answer

    def correct(self, state: dict):
        decisions = []
        for name in self.choose(state):
            if state[name]["category"] is None:
                continue
            found = self.call(
                "POST",
                f"/api/datasets/{self.dataset}/query",
                json={"q": f'item.reference_id = "{name}"'},
            )["rows"][0]
            row = next(a["row"] for a in found["annotations"] if a["type"] == "category")
            label = self.random.choice(LABELS)
            decisions.append({"no": found["no"], "row": row, "verdict": "choose", "label": label})
            state[name]["category"] = label
        if decisions:
            path = f"/api/datasets/{self.dataset}/decisions"
            self.call("POST", path, json={"decisions": decisions})

    def delete(self, state: dict):
        name = self.choose(state)[0]
        del state[name]
        self.nucleus("DELETE", "refloc/" + requests.utils.quote(name, safe=""), json={})


def stored(server, dataset: str) -> dict:
    """Everything in the dataset, as the writers describe it; a doubled row shows as a list."""
    state = {}
    token = None
    while True:
        answer = requests.post(
            f"{server.url}/v1/nucleus/dataset/{dataset}/exportForTrainingPage",
            auth=server.auth,
            json={"pageToken": token, "pageSize": 1000, "query": None, "chip": False},
            timeout=60,
        )
        answer.raise_for_status()
        for row in answer.json()["data"]:
            name = row["item"]["reference_id"]
            assert name not in state, f"{name} is there twice"
            categories = [c["label"] for c in row["category"]]
            assert len(categories) <= 1, f"{name} has categories {categories}"
            boxes = [(b["annotation_id"], b["label"]) for b in row["box"]]
            assert len(dict(boxes)) == len(boxes), f"{name} has boxes {boxes}"
            state[name] = {
                "category": categories[0] if categories else None,
                "boxes": dict(boxes),
            }
        token = answer.json()["nextPageToken"]
        if not token:
            return state


def difference(found: dict, wanted: dict) -> dict:
    """Name -> (found, wanted) where they differ."""
    names = found.keys() | wanted.keys()
    return {
        name: (found.get(name), wanted.get(name))
        for name in sorted(names)
        if found.get(name) != wanted.get(name)
    }


def of_writer(state: dict, name: str) -> dict:
    return {key: value for key, value in state.items() if key.startswith(name + "/")}


@pytest.mark.parametrize("seed", range(1))
def test_acknowledged_writes_survive_kill_9_and_others_leave_nothing_half(start_server, seed):
    server = start_server()
    created = requests.post(
        f"{server.url}/v1/nucleus/dataset/create",
        auth=server.auth,
        json={"name": "crash", "is_scene": False},
        timeout=60,
    )
    dataset = created.json()["dataset_id"]
    chance = random.Random(seed)
    known: dict = {}
    for round_no in range(ROUNDS):
        writers = [
            Writer(f"r{round_no}t{i}", server, dataset, known.get(f"r{round_no}t{i}", {}))
            for i in range(THREADS)
        ]
        for writer in writers:
            writer.start()
        # Not a wait for something: the moment of the kill is the test's random variable.
        threading.Event().wait(chance.uniform(0.3, 2.0))
        server.kill()
        for writer in writers:
            writer.join()
            assert writer.problem is None, writer.problem
        assert sum(writer.acknowledged for writer in writers) > 0
        started = time.monotonic()
        server.start()
        state = stored(server, dataset)
        print(f"round {round_no}: {len(state)} items, back in {time.monotonic() - started:.2f} s")
        for writer in writers:
            found = of_writer(state, writer.name)
            assert found == writer.known or found == writer.pending, (
                f"{writer.name}: besides what was acknowledged {difference(found, writer.known)}; "
                f"besides what was in flight {difference(found, writer.pending or {})}"
            )
            known[writer.name] = found
        # Earlier rounds are untouched.
        for name, wanted in known.items():
            assert of_writer(state, name) == wanted
