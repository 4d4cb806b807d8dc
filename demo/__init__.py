"""Tusker's demo: two datasets with known label errors, loaded the way a user would load them.

*Fashion-MNIST* is real: 10,000 photographs of clothes with their own label errors, and a copy in
which one label in twenty was flipped, so that what Tusker finds can be counted. *Street* is
rendered: 400 scenes with exact boxes, of which some were dropped, swapped or moved.

`python -m demo --help` says how to run it; `make demo` does so from nothing.
"""
