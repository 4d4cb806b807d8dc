"""Label errors where a row may have several classes or none, as cleanlab finds them."""

from tusker.multilabel_classification import dataset, filter, rank
from tusker.multilabel_classification.rank import get_label_quality_scores

__all__ = ["dataset", "filter", "get_label_quality_scores", "rank"]
