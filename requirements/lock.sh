#!/bin/sh
# Pins every dependency group of pyproject.toml, with hashes and without index URLs.
# Usage: requirements/lock.sh UV FOLDER [OPTION…]
# Existing pins in FOLDER stay if they still match; `--upgrade` renews them.
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
# The largest group comes first and constrains the others, so that tests run what ships.
# `pyproject.toml` as an input adds the dependencies of the client.
pin dev pyproject.toml
pin local pyproject.toml --constraint "$folder/dev.txt"
for group in api oidc delivery mongodb-aws processing images upkeep webhooks server ffmpeg; do
    pin "$group" --constraint "$folder/dev.txt"
done
