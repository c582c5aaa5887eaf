#!/bin/sh
# as: both
# limit: 120
# A message that was accepted goes out at once, although the runner was not told of it: the injector that should have told it is
# killed between commit and notice, alone, with all of tern-queue, or while it drains; or the FIFO is full.
. "$(dirname "$0")/lib.sh"
user anna
check "tern-setup" instance || exit 1
check "start" start || exit 1
pid_of() { s6-svstat -o pid "$TERN_HOME/service/$1"; }
arrived() { grep -rqx "Subject: $1" "$HOMES/anna/Maildir/new"; }
send_mail() { printf 'Subject: %s\n\nx\n' "$1" | timeout 60 sendmail anna; }
check "mail goes through" send_mail before
check "and arrives" within 60 arrived before

# ---- the FIFO is full, and nobody waits for it
runner=$(pid_of send)
kill -STOP "$runner"
writer=
if is_root; then writer="-u $(id -u ternq) -g $(id -g ternq)"; fi
"$TOOLS/knock" $writer run/notice +random 1 65536 >/dev/null
check "with a full FIFO a message is accepted" send_mail full
kill -CONT "$runner"
check "and goes out when the runner has read it" within 20 arrived full

# ---- an injector dies between commit and notice
strace -o /dev/null true 2>/dev/null || { skip "injectors killed before they tell" "this system lets nobody trace"; finish; exit; }
# Makes each write to run/notice wait until somebody kills who writes. strace says who that is.
hold_notices() {
  set --
  for p in $(pids_of tern-queue); do set -- "$@" -p "$p"; done
  : >"$work/strace"
  strace -f -q -o "$work/strace" -e trace=write -P "$TERN_HOME/run/notice" -e inject=write:delay_enter=100000000 "$@" 2>"$work/strace.err" & tracer=$!
  within 30 all_traced
}
all_traced() { for p in $(pids_of tern-queue); do grep -q "^TracerPid:[[:space:]]*$tracer\$" "/proc/$p/status" || return 1; done; }
# the process that is about to write
held() { sed -n 's/^\([0-9]*\) .*write([0-9]*, .*/\1/p' "$work/strace" | tail -n 1; }
is_held() { [ -n "$(held)" ]; }
begin() { # NAME: sends a message whose injector then stays where it is
  check "$1: traced" hold_notices
  check "$1: the message is acknowledged before the notice" send_mail "$1"
  check "$1: the injector has committed it and not told" within 60 is_held
  check "$1: it has not gone out" sh -c '! grep -rqx "Subject: $0" "$1"' "$1" "$HOMES/anna/Maildir/new"
}
let_go() { kill "$tracer" 2>/dev/null; wait "$tracer" 2>/dev/null; }

begin one-injector
kill -9 "$(held)"
let_go
check "one injector killed: the message goes out at once" within 20 arrived one-injector
check "the log has it" sh -c 'grep -q "a worker died" "$0"' "$TERN_HOME/log/queue/current"

begin all-of-queue
kill -9 $(pids_of tern-queue) 2>/dev/null
let_go
check "tern-queue killed: the message goes out once it is back" within 20 arrived all-of-queue

begin draining
before=$(pid_of queue)
s6-svc -r "$TERN_HOME/service/queue"
check "tern-queue is restarted meanwhile" within 30 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ] && s6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/queue" "$before"
kill -9 "$(held)"
let_go
check "an injector killed while it drains: the message goes out" within 20 arrived draining
check "nothing is left" within 20 queue_empty

check "nothing is left in the end" within 20 queue_empty
finish
