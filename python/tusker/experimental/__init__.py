"""Modules that cleanlab keeps under this name."""
