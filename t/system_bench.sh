#!/bin/sh
# limit: 120
# t/bench runs: one row with a few messages, a table, and exit 0. How fast anything is does not matter here.
[ "$(id -u)" = 0 ] || { echo "skip system_bench: Postfix needs root"; exit 0; }
here=$(cd "$(dirname "$0")/.." && pwd)
out=$(BIN=${BIN:-$here/bin} BENCH_SCALE=50 timeout 100 sh "$here/t/bench" 1 local 2>&1)
code=$?
case $out in *"skip "*) echo "skip system_bench: $(echo "$out" | grep -m 1 '^skip')"; exit 0;; esac
if [ $code = 0 ]; then echo "ok bench exits 0"; else echo "not ok bench exits 0: $code: $(echo "$out" | tail -n 3 | tr '\n' '|')"; fi
if echo "$out" | grep -qE '^local +[0-9.]+ .* [0-9.]+$'; then echo "ok it prints the row"; else echo "not ok it prints the row: $(echo "$out" | tail -n 5 | tr '\n' '|')"; fi
if echo "$out" | grep -qE '^commits_16 +[0-9]'; then echo "ok and the machine's limits"; else echo "not ok and the machine's limits"; fi
