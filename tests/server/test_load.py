"""Many clients at once, and stopping under them."""

import concurrent.futures
import resource
import socket
import threading

import requests

IDLE = 3000


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def read_answer(connection) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard or not heard.endswith(b"}"):
        more = connection.recv(65536)
        if not more:
            break
        heard += more
    return heard


def resident_bytes(server) -> float:
    for line in requests.get(server.url + "/metrics").text.splitlines():
        if line.startswith("process_resident_memory_bytes "):
            return float(line.split()[1])
    raise AssertionError("no memory in /metrics")


def test_thousands_of_idle_connections_do_not_hold_up_a_new_one(server):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    before = resident_bytes(server)
    idle = []
    for _ in range(IDLE):
        connection = connect(server)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.append(connection)
    for connection in idle:
        assert read_answer(connection).startswith(b"HTTP/1.1 200")
    assert requests.get(server.url + "/healthz").status_code == 200
    # 4 KiB of buffer and the coroutine each; a thread each would be a hundred times that.
    assert resident_bytes(server) - before < IDLE * 32 * 1024
    assert server.stop() == 0
    assert all(connection.recv(1) == b"" for connection in idle)


def test_a_large_upload_costs_no_memory(server):
    before = resident_bytes(server)
    total = 256 << 20

    def body():
        for _ in range(total >> 20):
            yield b"x" * (1 << 20)

    # No route of the session takes so much: a refusal must not read it into memory either.
    answer = requests.post(server.url + "/api/keys", data=body(), auth=server.auth)
    assert answer.status_code == 413
    assert resident_bytes(server) - before < 32 << 20


def test_stopping_under_load_answers_every_request_that_was_begun(server):
    begun = threading.Barrier(9)
    wrong = []

    def client():
        session = requests.Session()
        begun.wait()
        while True:
            try:
                answer = session.get(server.url + "/api/session", auth=server.auth)
            except requests.ConnectionError:
                return
            if answer.status_code != 200 or answer.json()["who"] != "admin":
                wrong.append(answer.text)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client) for _ in range(8)]
        begun.wait()
        assert server.stop() == 0
        for one in clients:
            one.result(30)
    assert wrong == []
