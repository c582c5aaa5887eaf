# t/lib.sh - what the whole-system tests share: an instance of their own, started under s6 and stopped again; what a test
# says. Sourced by t/system_*.sh, which t/check runs with BIN (the programs) and TOOLS (build/t).
#
#   ok NAME / not_ok NAME WHY / check NAME COMMAND...      one line a promise, counted by t/check
#   instance [SETTING=VALUE ...]   makes $TERN_HOME (and $PORT, $HOMES) for this test;  start, stop, stop -k
#   user NAME                      a user of the instance with a home in $HOMES/NAME (call before instance)
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
BIN=${BIN:-$here/bin}
TOOLS=${TOOLS:-$here/build/t}
PATH=$BIN:$PATH
export PATH
export LC_ALL=C

[ -x "$BIN/tern-setup" ] && [ -x "$TOOLS/portfree" ] || { echo "not ok ${0##*/}: make all test-tools first"; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/tern-test.XXXXXX")
chmod 755 "$work"
HOMES=$work/home
mkdir -m 755 "$HOMES"
: >"$work/users"
failures=0
started=
next_uid=20101

ok() { printf 'ok %s\n' "$1"; }
not_ok() { printf 'not ok %s: %s\n' "$1" "${2:-}"; failures=$((failures + 1)); }
skip() { printf 'skip %s: %s\n' "$1" "$2"; }
# check NAME COMMAND ...: ok if the command succeeds; what it printed is shown if not
check() {
  check_name=$1; shift
  # in this shell: the command may be a function that sets variables
  if "$@" >"$work/check.out" 2>&1; then ok "$check_name"; else
    not_ok "$check_name" "$(tail -n 5 "$work/check.out" | tr '\n' '|')"
    return 1
  fi
}
# within SECONDS COMMAND ...: tries it again and again
within() {
  within_end=$(($(date +%s) + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$within_end" ] || return 1
    sleep 0.1
  done
}
is_root() { [ "$(id -u)" = 0 ]; }
# a port of 127.0.0.1 that nobody listens on; each lane of t/check, and each test in it, looks in a range of its own
free_port() {
  free_n=${free_n:-$((20000 + ${CHECK_LANE:-0} % 10 * 1000 + $$ % 33 * 30))}
  free_last=$((free_n + 30))
  while [ "$free_n" -lt "$free_last" ]; do
    free_n=$((free_n + 1))
    "$TOOLS/portfree" 127.0.0.1 "$free_n" && { echo "$free_n"; return; }
  done
  echo "no port is free from $((free_last - 30)) to $free_last" >&2
  return 1
}
user() {
  uid=$next_uid
  next_uid=$((next_uid + 1))
  is_root || uid=$(id -u)
  echo "$1:x:$uid:20100::$HOMES/$1:/bin/sh" >>"$work/users"
  mkdir -m 755 -p "$HOMES/$1"
  if is_root; then chown "$uid:20100" "$HOMES/$1"; fi
}
instance() {
  TERN_HOME=$work/instance
  export TERN_HOME
  PORT=$(free_port)
  free_n=$PORT
  mkdir -p "$work/etc"
  [ -e "$work/etc/aliases" ] || : >"$work/etc/aliases"
  tern-setup "$TERN_HOME" me=here.test locals="here.test
localhost" listen="127.0.0.1:$PORT" mailbox=Maildir/ aliases="$work/etc/aliases" users="$(cat "$work/users")" "$@"
}
start() {
  s6-svscan "$TERN_HOME/service" >"$work/svscan.out" 2>&1 &
  started=$!
  start_n=0
  until s6-svwait -U -t 500 "$TERN_HOME"/service/* >/dev/null 2>&1; do
    start_n=$((start_n + 1))
    [ $start_n -lt 60 ] || { echo "the services did not get ready"; cat "$TERN_HOME"/log/*/current "$work/svscan.out"; return 1; }
    sleep 0.1
  done
}
# stop: as an administrator would; stop -k: kill -9 of everything that runs in the instance
stop() {
  [ -n "$started" ] || return 0
  if [ "${1:-}" = -k ]; then
    kill -9 "$started" 2>/dev/null
    kill -9 $(instance_pids) 2>/dev/null
  else
    s6-svscanctl -t "$TERN_HOME/service" 2>/dev/null
    ( trap 'kill $s; exit' TERM; sleep 60 & s=$!; wait $s; kill -9 "$started" ) >/dev/null 2>&1 & killer=$!
    wait "$started" 2>/dev/null
    kill "$killer" 2>/dev/null; wait "$killer" 2>/dev/null
  fi
  wait "$started" 2>/dev/null
  started=
}
# every process whose environment or folder says that it is of this instance, and all below it
instance_pids() {
  {
    find /proc -maxdepth 2 -name cwd \( -lname "$TERN_HOME" -o -lname "$TERN_HOME/*" \) 2>/dev/null
    grep -lzxF "TERN_HOME=$TERN_HOME" /proc/[0-9]*/environ 2>/dev/null
    echo # so that awk has something to read
    cat /proc/[0-9]*/stat 2>/dev/null
  } | awk -v self=$$ '
    /^\/proc\// { split($0, part, "/"); if (part[4] == "cwd") here[part[3]] = 1; else ours[part[3]] = 1; next }
    NF > 4 {
      pid = $1; name = $0; sub(/^[^(]*\(/, "", name); sub(/\).*/, "", name)
      rest = $0; sub(/^.*\) /, "", rest); split(rest, f, " ")
      parent[pid] = f[2]
      if (ours[pid] && name ~ /^(tern-|s6-)/) here[pid] = 1
    }
    END {
      for (pid in parent)
        for (p = pid; p > 1 && p != self; p = parent[p])
          if (here[p]) { print pid; break }
    }'
}
# those of them that are called NAME
pids_of() {
  for pids_p in $(instance_pids); do
    read -r pids_name 2>/dev/null <"/proc/$pids_p/comm" && [ "$pids_name" = "$1" ] && echo "$pids_p"
  done
}
logs() { cat "$TERN_HOME"/log/*/current 2>/dev/null; }
queue_empty() { [ "$(mailq)" = "Mail queue is empty" ]; }
mails() { find "$HOMES/$1/Maildir/new" "$HOMES/$1/Maildir/cur" -type f 2>/dev/null; }
has_mails() { [ "$(mails "$1" | wc -l)" -eq "$2" ]; }
finish() {
  stop
  [ -z "${TERN_HOME:-}" ] || kill -9 $(instance_pids) 2>/dev/null
  cd / || exit 1
  rm -rf "$work"
  [ "$failures" = 0 ]
}
trap 'finish; exit 1' INT TERM PIPE
trap finish EXIT
