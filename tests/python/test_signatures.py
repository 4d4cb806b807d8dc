"""A call written for cleanlab is a call of tusker: same modules, functions, arguments, defaults."""

import importlib
import inspect

import numpy as np
import pytest
import tusker

MODULES = [
    "count",
    "filter",
    "rank",
    "dataset",
    "multiannotator",
    "outlier",
    "multilabel_classification",
    "multilabel_classification.filter",
    "multilabel_classification.rank",
    "multilabel_classification.dataset",
    "object_detection.filter",
    "object_detection.rank",
    "object_detection.summary",
    "experimental.label_issues_batched",
]


def public_names(module):
    """What the module itself defines, not what it imports."""
    named = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value))
    }
    return {n: v for n, v in named.items() if v.__module__.startswith(module.__name__)}


def parameters(function):
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, plain(p.default)) for p in found]


def plain(default):
    """Numbers, texts and the like compare as they are; of others only that there is a default."""
    if default is inspect.Parameter.empty:
        return "required"
    immutable = isinstance(default, bool | int | float | str)
    return repr(default) if immutable else "a default"


def pairs():
    for name in MODULES:
        theirs = importlib.import_module(f"cleanlab.{name}")
        for attribute, value in public_names(theirs).items():
            yield pytest.param(name, attribute, value, id=f"{name}.{attribute}")


@pytest.mark.parametrize(("module", "attribute", "theirs"), list(pairs()))
def test_takes_the_same_arguments(module, attribute, theirs):
    ours = getattr(importlib.import_module(f"tusker.{module}"), attribute)
    if inspect.isfunction(theirs):
        assert parameters(ours) == parameters(theirs)
        return
    assert parameters(ours.__init__) == parameters(theirs.__init__)
    for name, method in public_methods(theirs).items():
        assert parameters(getattr(ours, name)) == parameters(method), name


def public_methods(kind):
    return {n: v for n, v in vars(kind).items() if inspect.isfunction(v) and not n.startswith("_")}


def test_rows_are_numpys_own_int64():
    labels = np.array([0, 0, 1, 1, 0, 1])
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [0.8, 0.2], [0.9, 0.1]])
    found = tusker.find_label_issues(labels, probs, filter_by="predicted_neq_given")
    assert found.tolist() == [5, 1]
    assert isinstance(found[0], np.int64)
