#!/bin/sh
# Fails if the pins no longer match pyproject.toml. Usage: requirements/check.sh UV
set -eu
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cp requirements/*.txt "$fresh"
sh requirements/lock.sh "$1" "$fresh"
for file in requirements/*.txt; do
    diff -u "$file" "$fresh/${file##*/}" || { echo "Stale: run \`make lock\`." >&2; exit 1; }
done
