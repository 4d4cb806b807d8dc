"""`tusker query` as a person uses it, on a directory and on the server that holds it."""

import json

from running_server import run


def test_prints_reference_ids_and_says_how_many(dataset):
    done = dataset.query("annotations.count = 0", "--limit", "3")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert all(line.endswith(".jpg") for line in done.stdout.splitlines())
    total = int(dataset.query("annotations.count = 0", "--count").stdout)
    assert total > 3
    assert f"3 of {total} items" in done.stderr


def test_json_for_machines(dataset):
    answer = json.loads(
        dataset.query('metadata.wheather = "rainy" OR annotations.bus > 1', "--json").stdout
    )
    assert answer["total"] > 0
    assert answer["rows"][0].keys() >= {"no", "ref", "w", "h"}
    assert answer["warnings"] == [
        {"column": 10, "message": "no metadata key 'wheather'; did you mean 'weather'?"}
    ]


def test_a_mistake_names_its_column_and_is_bad_use(dataset):
    done = dataset.query("annotations.count bad syntax")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "column 19: expected a comparison" in done.stderr
    done = dataset.query("anotations.count = 1")
    assert done.returncode == 2
    assert "column 1: no word 'anotations'; did you mean 'annotations'?" in done.stderr


def test_an_unknown_dataset_is_refused(dataset):
    done = run("query", "nowhere", "annotations.count = 0", "--data", dataset.data)
    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_a_server_that_holds_the_directory_answers_the_same(dataset, start_server):
    text = "annotations.truck > 0 ORDER BY metadata.speed DESC"
    alone = dataset.references(text)
    assert len(alone) > 200
    server = start_server(data=dataset.data)
    assert dataset.references(text) == alone
    assert int(dataset.query(text, "--count").stdout) == len(alone)
    done = dataset.query("annotations.truck >")
    assert done.returncode == 2
    done = dataset.query("weather = rainy")
    assert done.returncode == 2
    assert "column 1: no word 'weather'" in done.stderr
    # Over the network, by address and key.
    by_url = run("query", "street", text, "--count", "--url", server.url, "--key", server.key)
    assert by_url.stdout == f"{len(alone)}\n"
    assert server.stop() == 0
