#!/bin/sh
# Installs, then runs every gate to its end, so that one run shows all that is wrong. Fails if one gate failed.
set -u
cd "$(dirname "$0")/../.."

began=$(date +%s)
tools/gate/setup.sh || exit
installed=$(date +%s)
echo "dependencies: $((installed - began))s"

failed=""
tools/gate/lint.sh || failed="$failed lint"
tools/gate/generated.sh || failed="$failed generated-check"
go test -race -timeout 9m ./... </dev/null || failed="$failed tests"
echo "tests: $(($(date +%s) - installed))s"
if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
