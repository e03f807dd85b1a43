#!/bin/sh
# Makes the secrets of compose.yaml, each in a file of the folder secrets/. Files that exist stay.
# Usage: sh server/make_secrets.sh
set -eu
umask 022
# Containers read the files as a user of their own: the folder alone keeps other users out.
mkdir -p -m 700 secrets

random_hex() { # BYTES
    od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'
}

secret() { # NAME VALUE
    [ -e "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
}

secret mongodb_password "$(random_hex 24)"
secret mongodb_uri "mongodb://clipo:$(cat secrets/mongodb_password)@mongodb:27017/?authSource=admin"
secret root_secrets "1:$(random_hex 32)"
secret store_access_key "$(random_hex 10)"
secret store_secret_key "$(random_hex 20)"
secret webhook_secret "whsec_$(head -c 32 /dev/urandom | base64)"
