#!/usr/bin/env bash
# What comes from the system's packages: `system.sh python PYTHON` for a working venv module, `system.sh tests` for
# PostgreSQL's server, Chromium, Node, PHP and curl. As root it installs what is missing; otherwise it says so and fails.
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

case ${1:?python or tests} in
    python)
        [ -n "${2:-}" ] || ensure "Python 3.11 or newer" python3 python3-venv
        "${2:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
            echo "Python 3.11 or newer is needed." >&2
            exit 1
        }
        "${2:-python3}" -c 'import ensurepip, venv' 2>/dev/null || ensure "Python's venv module" python3-venv
        ;;
    tests)
        has_postgres || ensure "PostgreSQL's server" postgresql
        command -v chromium >/dev/null || ensure "Chromium" chromium fonts-liberation
        command -v node >/dev/null || ensure "Node" nodejs
        command -v php >/dev/null || ensure "PHP" php-cli
        command -v curl >/dev/null || ensure "curl" curl
        ;;
esac
