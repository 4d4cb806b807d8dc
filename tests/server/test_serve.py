"""`tusker serve` as its users meet it: starting, refusing, stopping."""

import json
import os
import signal
import socket
import stat

import pytest
import requests
from running_server import run


def test_says_where_it_listens_and_is_healthy(server):
    answer = requests.get(server.url + "/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.headers["Content-Type"] == "application/json"
    assert server.stop() == 0


def test_a_second_server_on_the_same_data_is_refused_naming_the_first(server):
    second = run("serve", "--data", server.data, "--port", "0")
    assert second.returncode == 1
    assert str(server.process.pid) in second.stderr
    assert server.url in second.stderr
    assert str(server.data) in second.stderr


def test_after_a_kill_it_starts_again_with_the_same_key(server):
    key = server.key
    server.kill()
    server.start()
    assert server.key == key
    assert requests.get(server.url + "/api/session", auth=server.auth).status_code == 200


def test_a_port_in_use_is_named(server, tmp_path):
    second = run("serve", "--data", tmp_path / "other", "--port", server.port)
    assert second.returncode == 1
    assert f"port {server.port}" in second.stderr


def test_listening_beyond_this_machine_must_be_asked_for(tmp_path, start_server):
    refused = run("serve", "--data", tmp_path / "data", "--listen", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "--allow-remote" in refused.stderr
    assert "unencrypted" in refused.stderr
    server = start_server("--listen", "0.0.0.0", "--allow-remote")
    assert requests.get(server.url + "/healthz").status_code == 200


def test_secrets_are_for_their_owner_only(server):
    assert stat.S_IMODE((server.data / "admin-key").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_ready_file_is_written_when_it_answers(start_server, tmp_path):
    ready = tmp_path / "ready.json"
    server = start_server("--ready-file", ready)
    said = json.loads(ready.read_text())
    assert said == {"url": server.url, "process_id": server.process.pid}


def test_stops_with_connections_open(server):
    idle = socket.create_connection(("127.0.0.1", server.port))
    idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert idle.recv(65536).startswith(b"HTTP/1.1 200")
    assert server.stop() == 0
    assert idle.recv(1) == b""
    assert "stopped" in server.log


def test_interrupt_stops_it_too(server):
    os.kill(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0


def test_logs_one_line_per_request_as_json(start_server):
    server = start_server("--log-format", "json")
    requests.get(server.url + "/api/session?secret=1", auth=server.auth)
    requests.get(server.url + "/api/nothing")
    server.stop()
    lines = [json.loads(line) for line in server.log.splitlines()]
    asked = [line for line in lines if line["event"] == "request"]
    # Lines of different connections may come in either order.
    assert {(a["method"], a["path"], a["status"], a["who"]) for a in asked} == {
        ("GET", "/api/session", 200, "admin"),
        ("GET", "/api/nothing", 404, "-"),
    }
    assert server.key not in server.log


def test_metrics_count_requests(server):
    for _ in range(3):
        requests.get(server.url + "/healthz")
    text = requests.get(server.url + "/metrics").text
    assert 'tusker_requests_total{family="health",status="200"} 3' in text
    assert "process_resident_memory_bytes" in text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused_naming_it(start_server, chunked):
    server = start_server("--max-body", "1M")
    body = b"x" * (3 << 20)
    answer = requests.post(
        server.url + "/api/sign-in-links",
        data=iter([body]) if chunked else body,
        auth=server.auth,
    )
    assert answer.status_code == 413
    assert "must be at most 65536 bytes" in answer.json()["error"]


def test_unknown_pages_are_the_app_and_unknown_routes_are_not(server):
    page = requests.get(server.url + "/d/some-dataset")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src" in page.headers["Content-Security-Policy"]
    for path in ("/api/nothing", "/v1/nothing", "/assets/nothing.js"):
        answer = requests.get(server.url + path)
        assert answer.status_code == 404, path
        assert answer.json()["error"].startswith(f"GET {path}: no such ")


def test_openapi_lists_the_routes_with_their_roles(server):
    document = requests.get(server.url + "/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["paths"]["/api/keys/{key}"]["delete"]["description"] == "Role: admin."
    assert document["paths"]["/healthz"]["get"]["security"] == []
