#!/bin/sh
# Installs a browser for the browser tests, with apt-get if it may run as root.
# Usage: set_up.sh chromium|webkit
# Without it its tests are skipped.
set -u
browser=$1

have() {
    for name in "$@"; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

is_here() {
    case $browser in
    chromium) have chromium chromium-browser google-chrome google-chrome-stable ;;
    webkit) have WebKitWebDriver && have Xvfb ;;
    esac
}

packages() {
    case $browser in
    chromium) echo chromium ;;
    # gstreamer1.0-libav decodes H.264.
    webkit) echo webkit2gtk-driver xvfb gstreamer1.0-plugins-good gstreamer1.0-libav ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if ! is_here && have apt-get && as_root true 2>/dev/null; then
    echo "Installing $browser for the browser tests."
    # shellcheck disable=SC2046  (packages are words)
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $(packages) >/dev/null
fi
is_here || echo "Without $browser its tests are skipped."
