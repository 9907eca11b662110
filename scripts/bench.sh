#!/usr/bin/env bash
# How fast logs are read, side by side with ripgrep: scripts/bench.sh [--megabytes N] [--linear] [--bad] [--record]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
need_rust
need_packages "the comparison with ripgrep and the count of instructions" ripgrep valgrind ||
    echo "Going on without them." >&2
cargo bench --no-default-features --bench speed -- "$@"
