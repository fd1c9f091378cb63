#!/bin/sh
# Writes hub/postgres/query with sqlc, which is built first where it is missing or of another version (two minutes, once).
set -eu
cd "$(dirname "$0")/../.."
wanted=$(sed -n 's/.*github.com\/sqlc-dev\/sqlc \(v[^ ]*\).*/\1/p' tools/sqlc/go.mod)
if [ "$(.cache/bin/sqlc version 2>/dev/null)" != "$wanted" ]; then
    echo "sqlc: building $wanted into .cache/bin" >&2
    (cd tools/sqlc && CGO_ENABLED=0 go build -buildvcs=false -o ../../.cache/bin/ tool)
fi
cd hub/postgres && ../../.cache/bin/sqlc generate
