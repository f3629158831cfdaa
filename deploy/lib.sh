# shellcheck shell=bash
# What deploy/up and deploy/test share. To be sourced, with `set -euo pipefail`.

say() {
    printf '\033[1m==>\033[0m %s\n' "$*" >&2
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo. Run it as root once: $*"
    fi
}

# Debian keeps daemons where the PATH of an ordinary user does not lead.
have() {
    PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null
}

have_postgres_server() {
    local postgres bindir
    bindir=$(pg_config --bindir 2>/dev/null || true)
    for postgres in "$bindir/postgres" /usr/lib/postgresql/*/bin/postgres; do
        [ ! -x "$postgres" ] || return 0
    done
    return 1
}

have_library() {
    have pkg-config && pkg-config --exists "$1"
}

have_python_environments() {
    have python3 && python3 -c 'import ensurepip' 2>/dev/null
}

missing=()

# need PACKAGE COMMAND…: PACKAGE is to be installed unless COMMAND… succeeds.
need() {
    local package=$1
    shift
    "$@" || missing+=("$package")
}

need_for_building() {
    need git have git
    need pkg-config have pkg-config
    need libpq-dev have_library libpq
    need libssl-dev have_library openssl
    need libsqlite3-dev have_library sqlite3
    need zlib1g-dev have_library zlib
}

need_for_running() {
    need postgresql have_postgres_server
    need haproxy have haproxy
    need curl have curl
    need jq have jq
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confold "$@" >&2
}

install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    have apt-get || fail "please install what corresponds to these Debian packages: ${missing[*]}"
    say "Installing ${missing[*]}"
    apt update
    case " ${missing[*]} " in
        *' postgresql '*) install_without_system_cluster ;;
        *) install_without_daemons ;;
    esac
    missing=()
}

# Only the programs are wanted: what a package would start as a service of the machine, now and at every boot, is not.
install_without_daemons() {
    local policy=/usr/sbin/policy-rc.d status=0 package ours=
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    apt install --no-install-recommends "${missing[@]}" || status=$?
    [ -z "$ours" ] || as_root rm -f "$policy"
    [ "$status" -eq 0 ] || exit "$status"
    for package in "${missing[@]}"; do
        case $package in
            etcd-server | haproxy | nftables | nginx | patroni | pgbouncer | prometheus)
                ! have systemctl || as_root systemctl --quiet disable "${package%-server}" || true
                ;;
        esac
    done
}

# Debian's package makes a database cluster for the whole machine, unless told not to. The machine's setting is put back,
# and a cluster that exists is left alone.
install_without_system_cluster() {
    local file=/etc/postgresql-common/createcluster.conf
    apt install --no-install-recommends postgresql-common
    as_root cp "$file" "$file.before-tenure"
    printf 'create_main_cluster = false\n' | as_root tee "$file" >/dev/null
    local status=0
    (install_without_daemons) || status=$?
    as_root mv "$file.before-tenure" "$file"
    [ "$status" -eq 0 ] || exit "$status"
}

need_swift() {
    local directory version
    if ! command -v swift >/dev/null; then
        for directory in "$HOME/.local/share/swiftly/bin" /opt/swift/usr/bin /usr/share/swift/usr/bin; do
            [ ! -x "$directory/swift" ] || PATH="$directory:$PATH"
        done
    fi
    command -v swift >/dev/null || fail "the Swift toolchain (6.2 or later) is not installed, or not in PATH.
       https://www.swift.org/install/linux/ says how; with swiftly it is one command."
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [ "$(printf '%s\n' 6.2 "$version" | sort -V | head -n 1)" = 6.2 ] ||
        fail "Swift 6.2 or later is needed, but $(command -v swift) is ${version:-of an unknown version}."
}

passed=0
failed=0
skipped=0
failures=()

# check NAME COMMAND…: one check, counted like a test.
check() {
    local name=$1
    shift
    say "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
    fi
}

# skip NAME REASON
skip() {
    say "$1: SKIPPED, $2"
    skipped=$((skipped + 1))
}

summarize() {
    local failure
    for failure in ${failures[@]+"${failures[@]}"}; do
        printf 'failed: %s\n' "$failure"
    done
    printf '%s passed, %s failed%s\n' "$passed" "$failed" "$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
    [ "$failed" -eq 0 ]
}
