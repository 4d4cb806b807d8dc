"""The app's interface as the tests call it: answers as values, refusals as (status, sentence)."""

import time

import requests

JOB_LIMIT_S = 60


class Refused(Exception):
    def __init__(self, answer: requests.Response):
        self.status = answer.status_code
        self.body = answer.json()
        super().__init__(f"{self.status}: {self.body['error']}")


class Api:
    def __init__(self, server):
        self.url = server.url
        self.auth = server.auth

    def raw(self, method: str, path: str, body=None, **options) -> requests.Response:
        return requests.request(
            method, self.url + "/api" + path, json=body, auth=self.auth, timeout=60, **options
        )

    def ask(self, method: str, path: str, body=None, **options):
        answer = self.raw(method, path, body, **options)
        if answer.status_code >= 400:
            raise Refused(answer)
        return answer.json()

    def get(self, path: str, **options):
        return self.ask("GET", path, **options)

    def post(self, path: str, body=None, **options):
        return self.ask("POST", path, {} if body is None else body, **options)

    def finish(self, job: dict) -> dict:
        """The result of a job; fails with its error."""
        until = time.monotonic() + JOB_LIMIT_S
        while job["status"] == "running" and time.monotonic() < until:
            job = self.get(f"/jobs/{job['id']}?wait=5000")
        assert job["status"] == "done", job
        return job["result"]

    def import_path(self, dataset: str, path, **options) -> dict:
        if not any(d["name"] == dataset for d in self.get("/datasets")["datasets"]):
            self.post("/datasets", {"name": dataset})
        body = {"path": str(path), **options}
        return self.finish(self.post(f"/datasets/{dataset}/imports", body))

    def query(self, dataset: str, q: str = "", **scope) -> dict:
        return self.post(f"/datasets/{dataset}/query", {"q": q, **scope})

    def refs(self, dataset: str, q: str = "", **scope) -> list[str]:
        return [row["ref"] for row in self.query(dataset, q, **scope)["rows"]]
