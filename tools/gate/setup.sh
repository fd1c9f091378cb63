#!/bin/sh
# Installs what the gates need and this machine lacks. Exits 3, with the line to run, where it may not install.
set -eu
cd "$(dirname "$0")/../.."

need_go=1.26
have_go=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || true
if [ "$(printf '%s\n' "$need_go" "$have_go" | sort -V | head -n 1)" != "$need_go" ]; then
    echo "setup: Go $need_go or newer is needed, found ${have_go:-none}; see https://go.dev/doc/install" >&2
    exit 3
fi

packages=""
# -race needs a C compiler that finds its headers; the crash tests follow the edge's system calls with strace.
printf '#include <stdlib.h>\n' | ${CC:-gcc} -E - >/dev/null 2>&1 || packages="$packages gcc libc6-dev"
command -v strace >/dev/null || packages="$packages strace"
# The hub's tests run a private PostgreSQL, of the versions that its schema can be laid down in.
if [ -z "${DATABASE_URL:-}${PG_BIN:-}" ]; then
    found=""
    for postgres in /usr/lib/postgresql/*/bin/postgres; do
        version=${postgres#/usr/lib/postgresql/} version=${version%%/*}
        [ -x "$postgres" ] && [ "$version" -ge 15 ] && found=yes
    done
    [ -n "$found" ] || packages="$packages postgresql"
fi

if [ -n "$packages" ]; then
    line="apt-get update -qq && apt-get install -y -qq -o Dpkg::Options::=--force-confold --no-install-recommends$packages"
    if ! command -v apt-get >/dev/null; then
        echo "setup: missing here:$packages; install them with this system's package manager" >&2
        exit 3
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "setup: missing here:$packages; run this line, then try again:" >&2
        echo "sudo sh -c '$line'" >&2
        exit 3
    fi
    echo "setup: installing$packages"
    case $packages in *postgresql*)
        # Its package would make a cluster and start it: nobody asked for one.
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            mkdir -p /etc/postgresql-common
            echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        fi
        ;;
    esac
    DEBIAN_FRONTEND=noninteractive sh -c "$line" </dev/null >&2
fi

go mod download
(cd bench/peer && go mod download)
(cd tools/lint && go build -buildvcs=false -o ../../.cache/bin/ tool)
