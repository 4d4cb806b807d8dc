"""Opens the large driving set in the app: makes it once, imports it once, prints a link.

python -m bench.demo_large --binary build/release/bin/tusker --data tusker-data-large --port 8080
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import time

import requests

from bench import generate


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).ok
    except requests.ConnectionError:
        return False


def start(binary: pathlib.Path, data: pathlib.Path, port: int, root: pathlib.Path) -> str:
    """The address of a server on `data` that goes on running after this program."""
    url = f"http://127.0.0.1:{port}"
    if answers(url):
        return url
    log = (data.parent / f"{data.name}.log").open("ab")
    command = [str(binary), "serve", "--data", str(data), "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--allow-root", str(root)], stdout=log, stderr=log, start_new_session=True
    )
    for _ in range(600):
        if answers(url):
            return url
        if server.poll() is not None:
            sys.exit(f"tusker serve ended with {server.returncode}; see {log.name}")
        time.sleep(0.1)
    sys.exit(f"tusker serve does not answer on {url}; see {log.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--large", type=pathlib.Path, default=pathlib.Path("build/large"))
    options = parser.parse_args()
    large = options.large.resolve()
    generate.generate_once(large)
    url = start(options.binary, options.data, options.port, large)
    tusker = [str(options.binary)]
    where = ["--dataset", "driving-100k", "--data", str(options.data)]
    for name, model in (("annotations.json", []), ("predictions.json", ["--model", "detector"])):
        subprocess.run([*tusker, "import", str(large / name), *where, *model], check=True)
    link = [*tusker, "link", "--data", str(options.data), "--next", "/d/driving-100k/explore"]
    subprocess.run(link, check=True)
    print(f"The server at {url} goes on running; `pkill -f 'tusker serve'` stops it.")


if __name__ == "__main__":
    main()
