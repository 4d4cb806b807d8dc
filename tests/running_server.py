"""A `tusker serve` that a test started, on a free port and a data directory of its own.

Only the standard library, so that every test environment can use it.
"""

import os
import pathlib
import signal
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
START_LIMIT_S = 60
STOP_LIMIT_S = 30


class RunningServer:
    """url, key (the admin's), data and log say all; stop(), kill() and start() change it."""

    def __init__(self, data: pathlib.Path, *options: str, limits=None):
        self.data = data
        self.options = options
        self.limits = limits  # called in the child before it runs, e.g. to set an RLIMIT
        self.log_file = data.with_name(data.name + ".log")
        self.start()

    def start(self, port: int = 0) -> None:
        command = [BINARY, "serve", "--data", self.data, "--port", str(port), *self.options]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=self.limits
            )
        # A server that neither answers nor ends would hold the test for ever.
        watch = threading.Timer(START_LIMIT_S, self.process.kill)
        watch.start()
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("API key in "):
                break
        watch.cancel()
        if len(said) < 3:
            self.process.wait()
            raise RuntimeError(f"tusker serve did not start: {self.log}")
        self.url = said[0].removeprefix("listening on ").strip()
        self.sign_in_link = said[1].removeprefix("sign in at ").strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.key = (self.data / "admin-key").read_text().strip()

    @property
    def auth(self) -> tuple[str, str]:
        """For requests: the key as user name, no password."""
        return (self.key, "")

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_LIMIT_S)
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def restart(self, port: int = 0) -> None:
        self.stop()
        self.start(port)


def run(*arguments, **options) -> subprocess.CompletedProcess:
    """`tusker …` to its end, with its output as text."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )
