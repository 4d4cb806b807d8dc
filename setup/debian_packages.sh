#!/usr/bin/env bash
# Installs the Debian packages named in the given lists, if any is missing.
#   setup/debian_packages.sh setup/debian-build.txt [more lists]
set -euo pipefail

mapfile -t packages < <(grep -hv '^#' "$@" | sort -u)
missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: ${#missing[@]} Debian packages are missing and there is neither root nor sudo: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "setup: installing ${#missing[@]} Debian packages: ${missing[*]}"
# A cache of our own: container images delete the common one after each update.
cache=$(mktemp -d)
mkdir -p "$cache/partial"
trap '"${as_root[@]}" rm -rf "$cache"' EXIT
options=(-o "Dir::Cache::archives=$cache" -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root -q -y --no-install-recommends)
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -q update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install "${missing[@]}"
