# The Debian and Ubuntu packages that fivefifty needs beside Rust. Sourced by the other scripts.

# Opened at run time by the window, so no tool that lists linked libraries shows them.
WINDOW_X11=(libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libgl1-mesa-dri)
WINDOW_WAYLAND=(libwayland-client0 libwayland-egl1 libxkbcommon0 libegl1 libgl1-mesa-dri)
# A display without a screen, a clipboard to read, a picture of it.
DESKTOP_TESTS=(xvfb xclip imagemagick)

need_rust() {
    if ! command -v cargo >/dev/null; then
        echo "Rust is missing: install it from https://rustup.rs, then run this again." >&2
        exit 2
    fi
    if ! command -v cc >/dev/null; then
        need_packages "building" gcc libc6-dev || exit 2
    fi
}

# need_packages FOR PACKAGE…: installs those that are missing, if this user may; else says how and returns 1. Where
# there is no dpkg, nothing is known: returns 1 without a word.
need_packages() {
    local purpose=$1 missing=() package
    shift
    command -v dpkg-query >/dev/null || return 1
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(false); fi
    fi
    if "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 &&
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
        return 0
    fi
    echo "For $purpose install: sudo apt-get install ${missing[*]}" >&2
    return 1
}
