#!/bin/sh
# Looks for known vulnerabilities in what the product calls. Exits 3 if there are some. Exits 4 if it could not look:
# not having looked is never green.
set -u
cd "$(dirname "$0")/../.."
[ -x .cache/bin/govulncheck ] || tools/gate/setup.sh || exit
output=$(.cache/bin/govulncheck ./... 2>&1)
code=$?
echo "$output"
case $code in
0 | 3) exit $code ;;
esac
case $output in
*"fetching vulnerabilities"*) echo "vuln: NOT CHECKED (database unreachable)" >&2 ;;
*) echo "vuln: NOT CHECKED (govulncheck failed, see above)" >&2 ;;
esac
exit 4
