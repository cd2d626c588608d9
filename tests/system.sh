#!/usr/bin/env bash
# What comes from the system's packages: `system.sh python PYTHON` for a working venv module, `system.sh suite` for
# PostgreSQL's server, Node, PHP and curl, `system.sh suite browser` for Chromium as well. As root it installs what is
# missing; otherwise it says so and fails.
set -eu

ensure() {
    what=$1
    shift
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "$what is missing. Install the packages: $*" >&2
        exit 1
    fi
    echo "installing $*" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }

ensure_python() {
    [ -n "$1" ] || ensure "Python 3.11 or newer" python3 python3-venv
    "${1:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "Python 3.11 or newer is needed." >&2
        exit 1
    }
    "${1:-python3}" -c 'import ensurepip, venv' 2>/dev/null || ensure "Python's venv module" python3-venv
}

ensure_suite() {
    has_postgres || ensure "PostgreSQL's server" postgresql
    command -v node >/dev/null || ensure "Node" nodejs
    command -v php >/dev/null || ensure "PHP" php-cli
    command -v curl >/dev/null || ensure "curl" curl
}

ensure_browser() {
    command -v chromium >/dev/null || ensure "Chromium" chromium fonts-liberation
}

case ${1:?python, suite or suite browser} in
    python) ensure_python "${2:-}" ;;
    suite)
        ensure_suite
        [ "${2:-}" != browser ] || ensure_browser
        ;;
esac
