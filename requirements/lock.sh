#!/bin/sh
# Pins every dependency group of pyproject.toml, with hashes and without addresses.
# Usage: requirements/lock.sh UV FOLDER [OPTION…]
# Pins that are in FOLDER already are kept where they still fit; `--upgrade` renews them.
set -eu
uv=$1
folder=$2
shift 2
options=$*

pin() { # GROUP [OPTION…]
    group=$1
    shift
    # shellcheck disable=SC2086  (options are words)
    "$uv" pip compile --quiet --group "$group" --universal --python-version 3.11 \
        --generate-hashes --no-header --no-annotate $options \
        --output-file "$folder/$group.txt" "$@" >/dev/null
}

pin uv
pin ministack
pin aws-emulator
pin sam
pin checkov
pin node
pin layer
pin runtime
# The largest group first: the others take its versions, so that what is tested is what ships.
# Naming pyproject.toml adds the dependencies of the client.
pin dev pyproject.toml
pin local pyproject.toml --constraint "$folder/dev.txt"
for group in api processing upkeep webhooks ffmpeg; do
    pin "$group" --constraint "$folder/dev.txt"
done
