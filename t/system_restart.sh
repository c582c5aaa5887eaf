#!/bin/sh
# as: both
# limit: 300
# Restarts under load refuse nobody, cut nobody, lose nothing and deliver nothing twice; a delivery in hand is neither cut nor
# doubled; two runners or injectors never work on one message; kill -9 of each program, and of everything, loses nothing.
. "$(dirname "$0")/lib.sh"
for u in anna bert carl dora erin flora; do user $u; done
mkdir -p "$work/etc"
echo 'list: carl, dora, erin' >"$work/etc/aliases"
sink=$(free_port)
free_n=$sink
check "tern-setup" instance smtproutes=":127.0.0.1:$sink" || exit 1
check "start" start || exit 1
: >"$work/acked"

as_user() { u=$1; shift; if is_root; then setpriv --reuid="$(sed -n "s/^$u:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups "$@"; else "$@"; fi; }
# load NAME COUNT: COUNT messages by SMTP from several sessions at once, "NAME-N" in each subject. What was acknowledged is
# added to $work/acked; the exit code is 1 if any session was refused or cut.
load() { "$TOOLS/smtpload" 127.0.0.1 "$PORT" "$1" "$2" 4 anna@here.test bert@here.test carl@here.test dora@here.test >>"$work/acked" 2>"$work/errors"; }
subjects() { find "$HOMES" -path '*/Maildir/new/*' -type f -exec awk 'FNR == 1 { head = 1 } /^$/ { head = 0 } head && sub(/^Subject: /, "")' {} +; }
all_there() { subjects | sort -u >"$work/have"; sort -u "$work/acked" >"$work/want"; ! comm -13 "$work/have" "$work/want" | grep .; }
none_twice() { ! subjects | grep -v '^list-' | sort | uniq -d | grep .; }
is_alive() { kill -0 "$1" 2>/dev/null; }
ready() { s6-svwait -U -t 30000 "$TERN_HOME"/service/*; }
pid_of() { s6-svstat -o pid "$TERN_HOME/service/$1"; }

# ---- s6-svc -r of each under load, again and again while the load lasts
for name in smtpd queue alias send local remote showq fdholder; do
  load "restart-$name" 120 & loader=$!
  restarts=0
  while is_alive $loader && [ $restarts -lt 4 ]; do
    before=$(pid_of $name)
    s6-svc -r "$TERN_HOME/service/$name"
    # the holder of the sockets takes no notice of it: it is its business to stay
    [ $name = fdholder ] || within 30 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ]' "$TERN_HOME/service/$name" "$before"
    s6-svwait -U -t 30000 "$TERN_HOME/service/$name" && restarts=$((restarts + 1))
  done
  wait $loader
  code=$?
  check "$name was restarted under load" [ $restarts -ge 1 ]
  check "s6-svc -r $name under load refuses and cuts nobody" sh -c '[ "$0" = 0 ] || { cat "$1"; exit 1; }' $code "$work/errors"
  check "s6-svc -r $name: every acknowledged message arrives" within 60 all_there
done
check "restarts deliver nothing twice" none_twice

# ---- messages that become others, an alias and a .forward: each reader gets one copy of each
as_user erin sh -c 'umask 022; echo flora >"$0/.forward"' "$HOMES/erin"
: >"$work/acked.list"
to_list() { "$TOOLS/smtpload" 127.0.0.1 "$PORT" "$1" "$2" 4 list@here.test >>"$work/acked.list" 2>"$work/errors"; }
copies() { for u in carl dora flora; do grep -rh '^Subject: list-' "$HOMES/$u/Maildir/new" | sed "s/^Subject:/$u/"; done | sort; }
one_each() { copies >"$work/have"; for u in carl dora flora; do sed "s/^/$u /" "$work/acked.list"; done | sort | diff "$work/have" - | head -n 3 >"$work/diff"; [ ! -s "$work/diff" ]; }
for name in queue send local alias; do
  to_list "list-$name" 60 & loader=$!
  restarts=0
  while is_alive $loader && [ $restarts -lt 3 ]; do
    before=$(pid_of $name)
    s6-svc -r "$TERN_HOME/service/$name"
    within 30 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ] && s6-svwait -U -t 30000 "$0"' "$TERN_HOME/service/$name" "$before" && restarts=$((restarts + 1))
  done
  wait $loader
  check "s6-svc -r $name refuses nobody who writes to a list" [ $? = 0 ]
  check "s6-svc -r $name: each of the list has one copy" within 60 one_each || cat "$work/diff"
done
check "nothing is left" within 60 queue_empty
check "every service is ready" ready

# ---- a message whose DATA is open while everything is restarted
mkfifo "$work/open"
"$TOOLS/smtpsay" 127.0.0.1 "$PORT" <"$work/open" >"$work/said" & session=$!
exec 9>"$work/open"
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<anna@here.test>' DATA 'Subject: open-data' '' first >&9
check "DATA is open" within 30 grep -q '^< 354' "$work/said"
( printf 'Subject: slow-sendmail\n\n'; while [ ! -e "$work/go" ]; do sleep 0.1; done; echo x ) | ( sendmail bert; echo $? >"$work/sendmail.code" ) & sender=$!
for s in smtpd queue alias send local; do s6-svc -r "$TERN_HOME/service/$s"; done
sleep 0.2
check "all are ready again" within 60 ready
printf '%s\n' second . QUIT >&9
exec 9>&-
touch "$work/go"
wait $session $sender
check "it is accepted" grep -q '^< 250 2.0.0 Ok: queued as' "$work/said"
check "so is sendmail's, whose input took its time" [ "$(cat "$work/sendmail.code")" = 0 ]
echo open-data >>"$work/acked"; echo slow-sendmail >>"$work/acked"
check "both arrive" within 60 all_there

# ---- a delivery in hand: a program, and a host that takes its time with the answer to the final dot
as_user carl sh -c 'umask 022; echo "|echo begin \$EXTENSION >>runs; while [ ! -e go-\$EXTENSION ]; do sleep 0.1; done; echo end \$EXTENSION >>runs" >"$0/.forward+default"; cp "$0/.forward+default" "$0/.forward+send"; cp "$0/.forward+default" "$0/.forward+local"; cp "$0/.forward+default" "$0/.forward+kill"' "$HOMES/carl"
runs() { grep -c "^$1\$" "$HOMES/carl/runs" 2>/dev/null; }
"$TOOLS/slowsink" 127.0.0.1 "$sink" "$work/sunk" 2 & sink_pid=$!
sunk() { grep -c "^$1\$" "$work/sunk" 2>/dev/null; }
for name in send local remote; do
  before=$(pid_of $name)
  if [ $name != remote ]; then
    echo x | sendmail carl+$name
    check "a program is running" within 60 [ -e "$HOMES/carl/runs" ] && within 60 sh -c 'grep -q "begin $0" "$1"' $name "$HOMES/carl/runs"
  fi
  if [ $name != local ]; then
    printf 'Subject: far-%s\n\nx\n' $name | sendmail far@else.test
    check "a host has the final dot" within 60 grep -q "^dot far-$name\$" "$work/sunk"
  fi
  s6-svc -r "$TERN_HOME/service/$name"
  check "$name: its successor is there while that is in hand" within 60 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ] && s6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/$name" "$before"
  printf 'Subject: meanwhile-%s\n\nx\n' $name | sendmail dora && echo meanwhile-$name >>"$work/acked"
  check "$name: other mail goes on" within 60 all_there
  as_user carl touch "$HOMES/carl/go-$name"
  check "$name: everything goes out" within 60 queue_empty
  [ $name = remote ] || check "s6-svc -r $name in the middle of a program: it runs once, to its end" [ "$(runs "begin $name")$(runs "end $name")" = 11 ]
  [ $name = local ] || check "s6-svc -r $name in the middle of a transfer: one copy" [ "$(sunk "dot far-$name")$(sunk "end far-$name")" = 11 ]
done
# kill -9: what is in hand is done again rather than lost
printf 'Subject: far-kill\n\nx\n' | sendmail far@else.test
check "a host has the final dot" within 60 grep -q '^dot far-kill$' "$work/sunk"
kill -9 $(pids_of tern-remote) 2>/dev/null
check "kill -9 of tern-remote in the middle of a transfer: the message waits" within 60 sh -c 'mailq | grep -q "^(the delivery agent went away"'
tried_again() { s6-svc -a "$TERN_HOME/service/send"; queue_empty; }
check "and is sent when all is tried again" within 60 tried_again
echo x | sendmail carl+kill
check "a program is running" within 60 grep -q "begin kill" "$HOMES/carl/runs"
kill -9 "$(pid_of send)"
as_user carl touch "$HOMES/carl/go-kill"
check "kill -9 of the runner in the middle of a program: it ends" within 60 sh -c 'grep -q "end kill" "$0"' "$HOMES/carl/runs"
check "and nothing is left" within 60 queue_empty

# ---- two at once: they share the work and never a message
for name in send queue; do
  before=$(stat -c %i "$TERN_HOME/run/$name")
  ( cd / && exec "$BIN/tern-$name" 2>"$work/second.$name" ) & second=$!
  check "a second tern-$name has opened the door" within 30 sh -c '[ "$(stat -c %i "$0")" != "$1" ]' "$TERN_HOME/run/$name" "$before" ||
    cat "$work/second.$name"
  load "two-$name" 100
  check "two of tern-$name: nobody is refused" [ $? = 0 ]
  check "two of tern-$name: every message arrives" within 60 all_there
  check "two of tern-$name: nothing is twice" none_twice
  check "two of tern-$name: both worked" grep -qE ' (received|delivered) ' "$work/second.$name"
  kill $second 2>/dev/null
  rm -f "$TERN_HOME/run/$name"
  before=$(pid_of $name)
  s6-svc -r "$TERN_HOME/service/$name"
  within 30 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ] && s6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/$name" "$before"
done

# ---- kill -9. sendmail meanwhile gets 0 or 75, never anything else, and 0 only for what arrives
for name in queue alias send local remote smtpd; do
  load "kill-$name" 80 & loader=$!
  for i in 1 2 3; do
    kill -9 $(pids_of "tern-$name") 2>/dev/null
    printf 'Subject: sendmail-%s-%s\n\nx\n' $name $i | sendmail anna 2>/dev/null
    code=$?
    case $code in 0) echo "sendmail-$name-$i" >>"$work/acked";; 75) ;; *) not_ok "sendmail while $name is killed" "exit $code";; esac
  done
  wait $loader
  check "kill -9 of $name under load: nothing acknowledged is lost" within 60 all_there
  check "$name is back" within 60 ready
done
kill -9 "$(pid_of fdholder)"
check "the holder of the sockets is back" within 60 sh -c 's6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/fdholder"
for s in smtpd queue alias send local remote showq; do
  before=$(pid_of $s)
  s6-svc -r "$TERN_HOME/service/$s"
  within 60 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ] && s6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/$s" "$before"
done
check "kill -9 of the holder, and a restart: it has every socket again" sh -c '[ "$(s6-fdholder-list "$0/run/holder/s" | wc -l)" = 7 ]' "$TERN_HOME"
load holder 40
check "and mail goes on" within 60 all_there

load kill-all 200 & loader=$!
within 30 grep -q '^kill-all-2' "$work/acked"
stop -k
wait $loader
check "after kill -9 of everything s6-svscan alone brings it back" start
check "kill -9 of everything: nothing acknowledged is lost" within 60 all_there
check "the queue is empty in the end" within 60 queue_empty
check "nothing is in queue/bad" [ -z "$(ls "$TERN_HOME/queue/bad" 2>/dev/null)" ]

# ---- an idle session ends when draining has lasted long enough; who stops refuses at once
tern-setup "$TERN_HOME" timeoutdrain=2 >/dev/null
s6-svc -r "$TERN_HOME/service/smtpd"
check "smtpd is back with another time for draining" within 60 sh -c 's6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/smtpd"
mkfifo "$work/idle"
"$TOOLS/smtpsay" 127.0.0.1 "$PORT" <"$work/idle" >"$work/idled" & session=$!
exec 9>"$work/idle"
echo 'EHLO c.test' >&9
within 30 grep -q '^< 250' "$work/idled"
s6-svc -r "$TERN_HOME/service/smtpd"
said_421() { echo NOOP >&9; grep -q '^< 421' "$work/idled"; }
check "an idle session gets 421 when smtpd has drained" within 60 said_421
exec 9>&-
wait $session
kill $sink_pid
stop
check "a stopped instance refuses at once" sh -c '! "$0" 127.0.0.1 "$1" </dev/null >/dev/null 2>&1' "$TOOLS/smtpsay" "$PORT"
printf 'Subject: x\n\nx\n' | sendmail anna 2>/dev/null
check "and sendmail exits 75" [ $? = 75 ]
finish
