#!/bin/sh
# as: both
# limit: 120
# Hosts and a name server that break off, lie, say too much, too little or what would do harm elsewhere (t/hostile.py): each message is
# sent, waits or comes back as it must, with a reason that is one line of clean text; no worker dies, and none grows.
PEERS=
PEOPLE="admin lisa"
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"
. "$(dirname "$0")/hosts.sh"
bounce() { python3 "$here/t/bounce.py" $(lisas) "$@"; }

mkdir -p "$work/etc"
echo 'root: admin' >"$work/etc/aliases"
python3 "$here/t/hostile.py" >"$work/took" 2>"$work/hostile.err" & hostile=$!
python3 "$here/t/hostile.py" table >"$work/table"
check "tern-setup" makes_instance listen=127.0.0.1:25 timeoutconnect=3 timeoutremote=3 timeoutdone=3
check "start" start
within 10 listens 127.0.2.1:25

while read -r name want text; do
  case $want in three) set -- a@$name.test b@$name.test c@$name.test;; *) set -- x@$name.test;; esac
  letter $name | sendmail -f lisa@here.test "$@" || not_ok "sendmail" "exit $?"
done <"$work/table"
settled() { [ -z "$(mailq -j | grep -E '"state":"(new|active)"')" ]; }
check "all are tried" within 60 settled
took() { [ "$(grep -cx "$1" "$work/took")" = "$2" ]; }
while read -r name want text; do
  case $want in
    sent) check "$name: it is sent, once" took $name 1;;
    later) check "$name: it waits" deferred x@$name.test "$text";;
    never) check "$name: it comes back" within 5 bounce x@$name.test Action=failed Diagnostic-Code="$text";;
    three)
      check "$name: to one it is sent" took $name 1
      check "$name: from the second it comes back" within 5 bounce b@$name.test Status=5.1.1
      check "$name: for the third it waits" deferred c@$name.test "450 4.2.1 later";;
  esac
done <"$work/table"
for name in all-refused early early-dot takes-data-at-once closes-at-data; do check "$name: nothing was sent" took $name 0; done
clean() { { mailq; logs; cat $(lisas); } | python3 -c '
import sys, unicodedata
bad = sorted({c for c in sys.stdin.read() if unicodedata.category(c) in ("Cc", "Cf") and c not in "\t\n"})
sys.exit(str(bad) if bad else 0)'; }
check "no control character is in mailq, the log or a report" clean
check "no name was run" eval '[ ! -e "$TERN_HOME/x" ] && [ ! -e x ]'
check "no worker died" eval '! logs | grep -q "a worker died"'
small() {
  for p in $(pids_of tern-remote); do
    kb=$(sed -n 's/^VmHWM: *\([0-9]*\) kB/\1/p' "/proc/$p/status" 2>/dev/null) # an idle one may have gone
    [ "${kb:-0}" -lt 8192 ] || return 1
  done
}
check "none has grown" small
kill $hostile
finish
