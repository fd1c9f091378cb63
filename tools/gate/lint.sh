#!/bin/sh
# Runs every linter to its end, then fails if one of them found something.
set -u
cd "$(dirname "$0")/../.."
[ -x .cache/bin/staticcheck ] || tools/gate/setup.sh || exit
failed=0

unformatted=$(find . \( -name .git -o -name .cache -o -name node_modules \) -prune -o -name '*.go' -print0 | xargs -0r gofmt -l) || failed=1
if [ -n "$unformatted" ]; then
    echo "lint: not formatted, run gofmt -w on:" >&2
    echo "$unformatted" >&2
    failed=1
fi
go vet ./... || failed=1
.cache/bin/staticcheck ./... || failed=1
(cd bench/peer && go vet . && ../../.cache/bin/staticcheck .) || failed=1 # a module of its own
exit $failed
