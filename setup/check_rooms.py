"""Holds the one direction of includes: a room may include only itself and rooms above it."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def rooms() -> list[str]:
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"set\(TUSKER_ROOMS(.*?)\)", text, re.DOTALL).group(1).split()


def room_of(path: str, names: list[str]) -> str | None:
    inside = [name for name in names if path.startswith(name + "/")]
    return max(inside, key=len, default=None)


def main() -> int:
    names = rooms()
    place = {name: number for number, name in enumerate(names)}
    wrong = []
    for file in sorted((ROOT / "src").rglob("*.[ch]pp")):
        relative = str(file.relative_to(ROOT / "src"))
        room = room_of(relative, names)
        if room is None:
            wrong.append(f"src/{relative}: stands in no room of CMakeLists.txt")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include "([^"]+)"', line)
            target = match and room_of(match.group(1), names)
            if target and place[target] > place[room]:
                wrong.append(f"src/{relative}:{number}: {room} includes {match.group(1)}, below it")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
