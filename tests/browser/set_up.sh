#!/bin/sh
# The tests in a browser need Chromium: by the machine's own package manager, where that may be.
# Where it is missing afterwards, they are skipped and say so.
set -u

have_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if ! have_chromium && command -v apt-get >/dev/null && as_root true 2>/dev/null; then
    echo "Installing Chromium for the tests in a browser."
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
have_chromium || echo "Without Chromium the tests in a browser are skipped."
