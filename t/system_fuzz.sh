#!/bin/sh
# limit: 600
# A short run of every fuzzer (t/fuzzing/README.md); `sh t/fuzz SECONDS` runs them for as long as one wants.
here=$(cd "$(dirname "$0")/.." && pwd)
source=$here/source
[ -d "$source" ] || source=$here
out=$(mktemp)
trap 'rm -f "$out"' EXIT
(cd "$source" && sh t/fuzz 2) >"$out" 2>&1
code=$?
sed -n '/: [1-9][0-9]* inputs, nothing found$/s/^/ok fuzz /p' "$out"
sed -n 's/\(.*\): FOUND/not ok fuzz \1: found/p' "$out"
[ "$code" = 0 ] || { echo "not ok fuzz: exit code $code"; tail -n 20 "$out"; }
[ "$(grep -c ': [1-9][0-9]* inputs, nothing found$' "$out")" = 10 ] || { echo "not ok fuzz: not all of them ran"; cat "$out"; exit 1; }
exit "$code"
