#!/bin/sh
# Installs what comes as npm packages, if it is not there yet: anvil, the node of the local chain that tests and
# `make demo` pay on, and forge with the compiler, which test the contracts. Into contracts/node_modules, at the
# versions of contracts/package-lock.json.
# Looks where testkit/src/chain/anvil.rs and xtask/src/forge.rs look. `--check` installs nothing and fails when
# anvil is missing. Without npm, anvil alone is enough for everything but `cargo xtask forge`.
set -eu
cd "$(dirname "$0")/../contracts"

found() { # found PROGRAM VALUE-OF-ITS-VARIABLE
    if [ -n "$2" ]; then
        [ -x "$2" ] && return 0
        echo "the variable for $1 names $2, which is no program; correct or unset it" >&2
        exit 1
    fi
    command -v "$1" >/dev/null 2>&1 && return 0
    for file in node_modules/@foundry-rs/"$1"-*/bin/"$1"; do
        [ -x "$file" ] && return 0
    done
    return 1
}
complete() {
    found anvil "${WAYMARK_ANVIL:-}" && found forge "${WAYMARK_FORGE:-}" && [ -d node_modules/solc ]
}

if [ "${1:-}" = --check ]; then
    found anvil "${WAYMARK_ANVIL:-}"
    exit
fi
complete && exit 0

if ! command -v npm >/dev/null 2>&1; then
    if found anvil "${WAYMARK_ANVIL:-}"; then
        echo "There is no npm to install forge and the Solidity compiler with; only \`cargo xtask forge\` needs them." >&2
        exit 0
    fi
    echo "anvil is missing and there is no npm to install it with: install npm (apt-get install npm)," >&2
    echo "or put anvil on the PATH, or its path into WAYMARK_ANVIL" >&2
    exit 1
fi
echo "Installing anvil, forge and the Solidity compiler with npm."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# No script of a package runs.
if ! npm ci --ignore-scripts >"$log" 2>&1 </dev/null || ! complete; then
    cat "$log" >&2
    echo "npm ci in contracts/ did not bring anvil, forge and solc. It does not say why it leaves out a package" >&2
    echo "of one platform; for the reason, try: npm view @foundry-rs/forge-linux-amd64 version" >&2
    exit 1
fi
