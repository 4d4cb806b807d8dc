"""Helpers under the names that cleanlab gives its own, for scripts that import them."""
