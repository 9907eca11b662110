#!/usr/bin/env bash
# Runs every check and every test:  scripts/test.sh
# Installs what the desktop tests need, when it may; otherwise says what to install and skips those tests.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_rust
if need_packages "the tests of a real window" "${WINDOW_X11[@]}" "${DESKTOP_TESTS[@]}"; then
    # What could be installed must not be skipped.
    export FIVEFIFTY_REQUIRE_DESKTOP=1
fi

step() { printf '\n== %s\n' "$*"; "$@"; }

step cargo fmt --check
step cargo clippy --all-targets --features gui-tests -- -D warnings
step cargo clippy --all-targets --no-default-features -- -D warnings
RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --document-private-items --features gui-tests
step cargo test --no-default-features
step cargo test --features gui-tests
