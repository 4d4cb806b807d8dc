"""Finds wrong labels: confident learning and its relatives, at the speed of memory.

Functions of this module are *sound*: ordered by score and then by row, the same on every machine.
Modules named as cleanlab's (``tusker.filter``, ``tusker.rank``, ...) give cleanlab's results, bit
for bit.
"""

import importlib
import importlib.metadata
import importlib.util

from tusker.as_cleanlab import install_as_cleanlab, refuse_missing
from tusker.boxes import BoxIssues, find_box_issues
from tusker.consensus import Consensus, score_by_consensus
from tusker.crowd import DawidSkene, crowdlab, dawid_skene
from tusker.doubt import DoubtfulPredictions, find_doubtful_predictions
from tusker.feature_space import (
    NearDuplicates,
    Outliers,
    find_near_duplicates,
    find_neighbors,
    find_outliers,
)
from tusker.live import LiveRanking
from tusker.multilabel import MultilabelIssues, find_multilabel_issues
from tusker.sound import find_label_issues

__all__ = [
    "BoxIssues",
    "DawidSkene",
    "DoubtfulPredictions",
    "Consensus",
    "LiveRanking",
    "MultilabelIssues",
    "NearDuplicates",
    "Outliers",
    "crowdlab",
    "dawid_skene",
    "find_box_issues",
    "find_doubtful_predictions",
    "find_label_issues",
    "find_multilabel_issues",
    "find_near_duplicates",
    "find_neighbors",
    "find_outliers",
    "install_as_cleanlab",
    "score_by_consensus",
]


def __getattr__(name: str):
    """Modules as attributes once they are asked for, as ``import cleanlab`` gives them."""
    if name == "__version__":
        return importlib.metadata.version("tusker")
    if not name.startswith("_"):
        if importlib.util.find_spec(f"tusker.{name}") is not None:
            return importlib.import_module(f"tusker.{name}")
        refuse_missing(name)
    raise AttributeError(f"module 'tusker' has no attribute {name!r}")
