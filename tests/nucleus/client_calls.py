"""Short ways to say what the tests say often."""

import nucleus
import nucleus.async_job
from client_version import IS_CURRENT

# The client waits so long between two looks at a job; test_jobs.py has tests with its default.
DEFAULT_POLLING_INTERVAL_S = nucleus.async_job.JOB_POLLING_INTERVAL
nucleus.async_job.JOB_POLLING_INTERVAL = 0.01


def client_of(server, **key):
    return nucleus.NucleusClient(
        **(key or {"api_key": server.key}), endpoint=server.url + "/v1/nucleus"
    )


def remote(reference_id, metadata=None, **more):
    return nucleus.DatasetItem(
        image_location=f"https://example.com/{len(reference_id)}.jpg",
        reference_id=reference_id,
        metadata=metadata or {},
        **more,
    )


def append(dataset, items, **options):
    """The counts of an upload, whichever way the client's version gives them."""
    answer = dataset.append(items, **options)
    if not IS_CURRENT:
        keys = ("new_items", "updated_items", "ignored_items", "upload_errors")
        return {key: getattr(answer, key) for key in keys}
    answer.sleep_until_complete(verbose_std_out=False)
    return answer.status()["message"]


def box(reference_id, label="car", x=0, annotation_id=None, **more):
    return nucleus.BoxAnnotation(
        label=label,
        x=x,
        y=2.5,
        width=30,
        height=40.25,
        reference_id=reference_id,
        annotation_id=annotation_id,
        **more,
    )


def predicted_box(reference_id, label="car", x=0, annotation_id=None, **more):
    return nucleus.BoxPrediction(
        label=label,
        x=x,
        y=2.5,
        width=30,
        height=40.25,
        reference_id=reference_id,
        annotation_id=annotation_id,
        **more,
    )
