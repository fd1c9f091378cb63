#!/bin/sh
# Runs each fuzz target of the tree for FUZZTIME, to the last, then fails if one of them failed or there is none.
set -u
cd "$(dirname "$0")/../.."
failed=0
targets=$(grep -rHoE --include='*_test.go' --exclude-dir=.cache --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func /:/' | sort)
if [ -z "$targets" ]; then
    echo "fuzz: no fuzz target in the tree yet" >&2
    exit 1
fi
for target in $targets; do
    folder=$(dirname "${target%%:*}") name=${target##*:}
    echo "fuzz: $name in $folder for $FUZZTIME"
    go test -run '^$' -fuzz "^$name\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 20x "$folder" </dev/null || failed=1
done
exit $failed
