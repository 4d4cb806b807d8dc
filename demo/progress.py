"""One line that says how far long work is: redrawn on a terminal, a few lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType

REDRAW_S = 0.1
LOG_EVERY_S = 5.0


class Progress:
    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._began = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        self._show()
        return self

    def advance(self, count: int = 1) -> None:
        self.reach(self._done + count)

    def reach(self, done: int, total: int | None = None) -> None:
        self._done, self._total = done, total or self._total
        if time.monotonic() - self._shown >= (REDRAW_S if self._terminal else LOG_EVERY_S):
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        passed = self._shown - self._began
        line = f"  {self._what}: {self._done:,} of {self._total:,}"
        if 0 < self._done < self._total and passed > 1:
            line += f", {passed / self._done * (self._total - self._done):.0f} s left"
        if self._terminal:
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._done = self._total
            self._show()
        if self._terminal:
            print(file=sys.stderr)
