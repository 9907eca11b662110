#!/usr/bin/env bash
# Builds fivefifty and opens the window on the samples, or on what is given:  scripts/run.sh [PATH…]
# Installs what the window needs at run time, when it may; otherwise says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_rust
# What is missing is named here and again by the program, which prints its report then.
if [ -n "${DISPLAY:-}" ]; then
    need_packages "the window" "${WINDOW_X11[@]}" || true
elif [ -n "${WAYLAND_DISPLAY:-}" ]; then
    need_packages "the window" "${WINDOW_WAYLAND[@]}" || true
fi
[ $# -gt 0 ] || set -- sample-logs
exec cargo run --release --quiet -- "$@"
