"""Wrong boxes by ObjectLab, as cleanlab 2.9.0 finds them: bit for bit, in C++.

Source: Tkachenko, Thyagarajan, Mueller, "ObjectLab", arXiv 2309.00832.
"""

from tusker.object_detection import filter, rank, summary

__all__ = ["filter", "rank", "summary"]
