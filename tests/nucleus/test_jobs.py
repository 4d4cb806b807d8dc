import time

import nucleus.async_job
import pytest
from client_calls import DEFAULT_POLLING_INTERVAL_S, box, client_of, remote
from client_version import IS_CURRENT
from nucleus.errors import NucleusAPIError


def test_jobs_are_listed_by_dataset_and_type(client, three):
    job = three.annotate([box("a")], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    listed = three.jobs(show_completed=True)
    assert job.job_id in [one.job_id for one in listed]
    uploads = client.list_jobs(
        show_completed=True, dataset_id=three.id, job_types=["uploadAnnotations"]
    )
    assert [one.job_id for one in uploads] == [job.job_id]
    assert uploads[0].job_type == "uploadAnnotations"
    assert uploads[0].job_last_known_status == "Completed"
    # Without show_completed only what still runs is listed.
    assert three.jobs() == []
    assert client.list_jobs(show_completed=True, dataset_id=three.id, limit=1) != []


def test_jobs_are_listed_by_date(client, three):
    three.annotate([box("a")], asynchronous=True).sleep_until_complete(verbose_std_out=False)

    def listed(**dates):
        return client.list_jobs(show_completed=True, dataset_id=three.id, **dates)

    assert listed(from_date="2020-01-01")
    assert listed(from_date="2020-01-01 00:00:00", to_date="2035-01-01")
    assert listed(to_date="2020-01-01") == []
    with pytest.raises(Exception, match=r"from_date|Unknown string format|yesterday"):
        listed(from_date="yesterday")


def test_a_job_is_found_by_its_id(client, three):
    job = three.annotate([box("a")], asynchronous=True)
    found = client.get_job(job.job_id)
    assert found.job_id == job.job_id
    assert found.job_creation_time == job.job_creation_time
    assert found.errors() == []
    with pytest.raises(NucleusAPIError) as error:
        client.get_job("job_never")
    assert error.value.status_code == 404


def test_a_small_job_is_finished_at_the_first_look(three, monkeypatch):
    monkeypatch.setattr(nucleus.async_job, "JOB_POLLING_INTERVAL", DEFAULT_POLLING_INTERVAL_S)
    began = time.monotonic()
    three.annotate([box("a")], asynchronous=True).sleep_until_complete(verbose_std_out=False)
    # One look, then the client's own five seconds. A second look would double them.
    assert time.monotonic() - began < 2 * DEFAULT_POLLING_INTERVAL_S


def test_jobs_outlive_the_server(start_server):
    server = start_server()
    client = client_of(server)
    dataset = client.create_dataset("restarted")
    answer = dataset.append([remote("a")])
    if IS_CURRENT:
        answer.sleep_until_complete(verbose_std_out=False)
    job = dataset.annotate([box("a"), box("nowhere")], asynchronous=True)
    job.sleep_until_complete(verbose_std_out=False)
    server.stop()
    server.start(server.port)
    again = client.get_job(job.job_id)
    assert again.status()["message"] == job.status()["message"]
    assert "nowhere" in again.errors()[0]
    assert client.get_dataset(dataset.id).refloc("a")["annotations"]["box"][0].label == "car"
