#!/bin/sh
# Installs anvil, the node of the local chain that tests and `make demo` pay on, if there is none yet:
# as an npm package into contracts/node_modules, at the version of contracts/package-lock.json.
# Looks where testkit/src/chain/anvil.rs looks. `--check` installs nothing and fails when it is missing.
set -eu
cd "$(dirname "$0")/../contracts"

found() {
    if [ -n "${WAYMARK_ANVIL:-}" ]; then
        [ -x "$WAYMARK_ANVIL" ] && return 0
        echo "WAYMARK_ANVIL is $WAYMARK_ANVIL, which is no program; correct or unset it" >&2
        exit 1
    fi
    command -v anvil >/dev/null 2>&1 && return 0
    for file in node_modules/@foundry-rs/anvil-*/bin/anvil; do
        [ -x "$file" ] && return 0
    done
    return 1
}

found && exit 0
[ "${1:-}" != --check ] || exit 1

if ! command -v npm >/dev/null 2>&1; then
    echo "anvil is missing and there is no npm to install it with: install npm (apt-get install npm)," >&2
    echo "or put anvil on the PATH, or its path into WAYMARK_ANVIL" >&2
    exit 1
fi
echo "Installing anvil, the node of the local chain, with npm."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Only the program: the compiler is for those who change the contracts. No script of a package runs.
if ! npm ci --omit=dev --ignore-scripts >"$log" 2>&1 </dev/null || ! found; then
    cat "$log" >&2
    echo "npm ci in contracts/ did not bring anvil. It does not say why it leaves out a package of one" >&2
    echo "platform; for the reason, try: npm view @foundry-rs/anvil-linux-amd64 version" >&2
    exit 1
fi
