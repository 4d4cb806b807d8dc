"""The unmodified client against a server that the tests started.

The same files run with scale-nucleus 0.22.3 and 0.18.4; `current` and `old` mark what only one has.
"""

import pytest
from client_calls import append, client_of, remote
from PIL import Image
from running_server import RunningServer


@pytest.fixture(scope="session")
def nucleus_server(tmp_path_factory):
    server = RunningServer(tmp_path_factory.mktemp("nucleus") / "data")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def client(nucleus_server):
    return client_of(nucleus_server)


@pytest.fixture
def dataset(client, request):
    return client.create_dataset(request.node.name)


@pytest.fixture
def model(client, request):
    name = request.node.name
    return client.create_model(name, f"{name}-{client.create_dataset('x').id}")


@pytest.fixture
def three(dataset):
    """A dataset of three items a, b, c."""
    append(dataset, [remote("a", {"n": 1}), remote("b", {"n": 2}), remote("c", {"n": 3})])
    return dataset


@pytest.fixture
def pictures(tmp_path):
    """Twelve small pictures on disk: 20 wide, 10 + i high."""
    paths = []
    for i in range(12):
        path = tmp_path / f"picture {i}.png"
        Image.new("RGB", (20, 10 + i), (i * 20, 0, 0)).save(path)
        paths.append(str(path))
    return paths
