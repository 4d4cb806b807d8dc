import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from running_server import RunningServer


@pytest.fixture
def start_server(tmp_path):
    """start_server(*options, data=None, limits=None) → RunningServer, stopped after the test."""
    running = []

    def start(*options, data=None, limits=None):
        folder = data or tmp_path / f"data-{len(running)}"
        server = RunningServer(folder, *map(str, options), limits=limits)
        running.append(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def server(start_server):
    """A fresh server with an empty data directory."""
    return start_server()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """One server for all tests of a file, for tests that do not disturb each other."""
    server = RunningServer(tmp_path_factory.mktemp("shared") / "data")
    yield server
    server.kill()
