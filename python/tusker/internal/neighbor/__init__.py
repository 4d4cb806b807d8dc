"""Nearest rows of a feature matrix, under cleanlab's names."""

from tusker.internal.neighbor.knn_graph import features_to_knn

__all__ = ["features_to_knn"]
