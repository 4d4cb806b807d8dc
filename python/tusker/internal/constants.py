"""Numbers of cleanlab's methods, under its names."""

FLOATING_POINT_COMPARISON = 1e-6
CLIPPING_LOWER_BOUND = 1e-6
CONFIDENT_THRESHOLDS_LOWER_BOUND = 2 * FLOATING_POINT_COMPARISON
TINY_VALUE = 1e-100
EPSILON = 1e-6

# Object detection.
EUC_FACTOR = 0.1  # a similarity falls by a factor of e every 10 pixels
MAX_ALLOWED_BOX_PRUNE = 0.97  # a larger share of pruned boxes is warned about
IOU_THRESHOLD = 0.5
ALPHA = 0.9  # weight of IoU against distance
LOW_PROBABILITY_THRESHOLD = 0.5  # a prediction above it may say "badly located"
HIGH_PROBABILITY_THRESHOLD = 0.95  # a prediction above it may say "overlooked" or "swapped"
TEMPERATURE = 0.1  # of the softmin over an image's boxes
LABEL_OVERLAP_THRESHOLD = 0.95  # boxes of this IoU are in one place
# A box is an issue up to this factor of its class's scaled average precision.
OVERLOOKED_THRESHOLD_FACTOR = 0.8
BADLOC_THRESHOLD_FACTOR = 0.8
SWAP_THRESHOLD_FACTOR = 0.8
AP_SCALE_FACTOR = 0.25
# Weights of the three kinds in an image's score.
CUSTOM_SCORE_WEIGHT_OVERLOOKED = 1 / 3
CUSTOM_SCORE_WEIGHT_BADLOC = 1 / 3
CUSTOM_SCORE_WEIGHT_SWAP = 1 / 3
MAX_CLASS_TO_SHOW = 10  # classes in a legend
