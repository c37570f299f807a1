#!/bin/sh
# Installs the Debian packages that building and `make demo` need, and only those that are missing.
# Looks for what they provide, so on another system it is silent once everything is there.
# `--check` installs nothing and fails when something is missing.
set -eu

packages=""
lacks() { # lacks PACKAGE...
    for package in "$@"; do
        case " $packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
    done
}
have() { command -v "$1" >/dev/null 2>&1; }

libclang() {
    for dir in ${LIBCLANG_PATH:-} /usr/lib/llvm-*/lib /usr/lib/*-linux-gnu* /usr/lib64 /usr/lib; do
        for file in "$dir"/libclang.so* "$dir"/libclang-*.so*; do
            [ -e "$file" ] && return 0
        done
    done
    return 1
}

have cc || lacks build-essential
have perl || lacks perl               # writes the assembly of Keccak-256
have pkg-config || lacks pkg-config
have clang || lacks clang             # headers and library for the bindings to FFmpeg
libclang || lacks libclang-dev
for library in avcodec avformat avfilter avutil swscale swresample; do
    if ! have pkg-config || ! pkg-config --exists "lib$library"; then
        lacks "lib$library-dev"
    fi
done
have ffprobe || lacks ffmpeg          # checks what the demo played
if ! "$(dirname "$0")/foundry.sh" --check && ! have npm; then
    lacks nodejs npm                  # bring the local chain, and what tests the contracts
fi

packages=${packages# }
[ -n "$packages" ] || exit 0

if [ "${1:-}" = --check ]; then
    echo "missing system packages: $packages" >&2
    exit 1
fi
if ! have apt-get; then
    cat >&2 <<TEXT
These are missing, by their Debian names: $packages
This is not a Debian system (no apt-get), so install what your system calls them and run make again.
TEXT
    exit 1
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! have sudo; then
        echo "These packages are missing and there is no sudo. As root, run:" >&2
        echo "  apt-get update && apt-get install --no-install-recommends $packages" >&2
        exit 1
    fi
    as_root="sudo"
    echo "Missing system packages: $packages"
    echo "Installing them with sudo apt-get; it may ask for your password."
else
    echo "Missing system packages: $packages"
    echo "Installing them with apt-get."
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
step() { # step TEXT COMMAND...: quiet unless it fails
    echo "  $1"
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        echo "that failed; the command was: $*" >&2
        exit 1
    fi
}
# sudo asks on the terminal itself, so that only apt-get is quiet.
[ -z "$as_root" ] || sudo -v
step "reading the package lists" $as_root apt-get update
# shellcheck disable=SC2086 # one word for each package
step "installing" $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends $packages
