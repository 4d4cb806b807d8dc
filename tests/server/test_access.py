"""Keys, links and sessions over HTTP and on the command line."""

import requests
from running_server import run


def test_without_a_key_only_health_is_open(server):
    answer = requests.get(server.url + "/api/session")
    assert answer.status_code == 401
    assert answer.text.startswith('{"error":"no key: ')
    wrong = requests.get(server.url + "/api/session", auth=("live_wrong", ""))
    assert wrong.status_code == 401
    assert wrong.json() == {"error": "the API key is wrong or was revoked"}


def test_the_printed_link_signs_a_browser_in_once(server):
    browser = requests.Session()
    opened = browser.get(server.sign_in_link, allow_redirects=False)
    assert opened.status_code == 303
    assert opened.headers["Location"] == "/"
    session = browser.get(server.url + "/api/session").json()
    assert session["who"] == "admin"
    # The cookie survives a restart; the link was good for one browser.
    link = server.sign_in_link
    server.restart(server.port)  # the cookie is named by the port
    assert requests.get(link, allow_redirects=False).status_code == 401
    assert browser.get(server.url + "/api/session").json()["csrf"] == session["csrf"]


def test_a_browser_needs_the_csrf_value_to_change_something(server):
    browser = requests.Session()
    browser.get(server.sign_in_link, allow_redirects=False)
    csrf = browser.get(server.url + "/api/session").json()["csrf"]
    url = server.url + "/api/sign-in-links"
    assert browser.post(url, json={}).status_code == 403
    answer = browser.post(url, json={"next": "/d/x"}, headers={"X-Tusker-CSRF": csrf})
    assert answer.json()["url"].endswith("&next=%2Fd%2Fx")
    ended = browser.post(server.url + "/api/session/end", headers={"X-Tusker-CSRF": csrf})
    assert ended.json() == {}
    assert browser.get(server.url + "/api/session").status_code == 401


def test_link_command_asks_the_running_server(server):
    made = run("link", "--data", server.data, "--next", "/d/ds_1?q=a")
    assert made.returncode == 0
    opened = requests.get(made.stdout.strip(), allow_redirects=False)
    assert opened.headers["Location"] == "/d/ds_1?q=a"
    server.stop()
    refused = run("link", "--data", server.data)
    assert refused.returncode == 1
    assert f"tusker serve --data {server.data}" in refused.stderr


def test_key_commands_work_with_and_without_a_server(server):
    made = run("key", "create", "--name", "ci", "--role", "curator", "--data", server.data)
    key = made.stdout.strip()
    session = requests.get(server.url + "/api/session", auth=(key, ""))
    assert session.json()["role"] == "curator"
    refused = requests.get(server.url + "/api/keys", auth=(key, ""))
    assert refused.status_code == 403
    assert refused.json()["error"] == "ci has the role curator: this route asks for admin"

    server.stop()
    listed = run("key", "list", "--data", server.data)
    key_id = next(line.split()[0] for line in listed.stdout.splitlines() if line.endswith(" ci"))
    assert run("key", "revoke", key_id, "--data", server.data).returncode == 0
    server.start()
    assert requests.get(server.url + "/api/session", auth=(key, "")).status_code == 401


def test_key_commands_by_url(server):
    remote = ("--url", server.url, "--key", server.key)
    assert run("key", "create", "--name", "remote", *remote).returncode == 0
    assert "remote" in run("key", "list", *remote).stdout
    wrong = run("key", "list", "--url", server.url, "--key", "live_wrong")
    assert wrong.returncode == 1
    assert "the API key is wrong" in wrong.stderr


def test_limited_key_header_is_never_more_than_a_curator(server):
    headers = {"x-limited-access-key": server.key}
    assert requests.get(server.url + "/api/session", headers=headers).json()["role"] == "curator"
    assert requests.get(server.url + "/api/keys", headers=headers).status_code == 403
