#!/bin/sh
# Runs `make generate` into place and fails with a diff if a generated file is not what it writes. Only generated files
# are compared, with themselves before, so other edits in the tree don't matter.
set -eu
cd "$(dirname "$0")/../.."
before=$(mktemp -d) && after=$(mktemp -d)
trap 'rm -rf "$before" "$after"' EXIT

# copy_generated copies the generated files of the tree to a folder.
copy_generated() {
    {
        git grep -lI --untracked -E '^(//|/\*|--|#|<!--|[[:space:]]*"\$comment":).*Code generated .*DO NOT EDIT' -- . || true
        for folder in $GENERATED; do [ ! -d "$folder" ] || find "$folder" -type f; done
    } | sort -u | while read -r file; do
        if [ -f "$file" ]; then # git may list one that is deleted here
            mkdir -p "$1/$(dirname "$file")" && cp -p "$file" "$1/$file"
        fi
    done
}

copy_generated "$before"
make generate
copy_generated "$after"
if ! diff -ruN "$before" "$after"; then
    echo "generated-check: generated code was not what \`make generate\` writes; it is now, so look at it and commit it" >&2
    exit 1
fi
echo "generated-check: $(find "$after" -type f | wc -l) generated files are current"
