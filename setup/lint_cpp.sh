#!/usr/bin/env bash
# The format of all C++ files, and clang-tidy on those that changed since TIDY_BASE
# (default: the commit before the last; all files if there is none).
#   setup/lint_cpp.sh build/dev
set -euo pipefail
build=$1

find src bench python fuzz \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 clang-format-19 --dry-run -Werror

# Includes go one way: a room includes only rooms that stand above it in CMakeLists.txt.
python3 setup/check_rooms.py

base=${TIDY_BASE:-$(git rev-parse -q --verify HEAD~1 || true)}
if [ -n "$base" ]; then
    mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp')
else
    mapfile -t files < <(git ls-files 'src/*.cpp')
fi
[ ${#files[@]} -eq 0 ] && exit 0
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p "$build" --quiet 2> >(grep -v 'warnings generated' >&2)
