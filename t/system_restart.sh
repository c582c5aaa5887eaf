#!/bin/sh
# as: both
# limit: 400
# Restarts under load refuse nobody, cut nobody and lose nothing; so does kill -9 of each program, and of everything.
. "$(dirname "$0")/lib.sh"
for u in anna bert carl dora; do user $u; done
check "tern-setup" instance
check "start" start

# load NAME COUNT: COUNT messages by SMTP from several sessions at once; "NAME N" is in each subject. What was
# acknowledged is written to $work/acked; the exit code is 1 if any session was refused or cut.
load() { "$TOOLS/smtpload" 127.0.0.1 "$PORT" "$1" "$2" 4 anna@here.test bert@here.test carl@here.test dora@here.test >>"$work/acked" 2>>"$work/errors"; }
subjects() { find "$HOMES" -path '*/Maildir/new/*' -type f -exec sed -n '/^$/q; s/^Subject: //p' {} +; }
all_there() { subjects | sort -u >"$work/have"; sort -u "$work/acked" >"$work/want"; [ -z "$(comm -13 "$work/have" "$work/want")" ]; }
none_twice() { [ -z "$(subjects | sort | uniq -d)" ]; }

for name in smtpd queue alias send local remote showq fdholder; do
  : >"$work/errors"
  load "restart-$name" 150 &
  loader=$!
  sleep 0.3; s6-svc -r "$TERN_HOME/service/$name"
  sleep 0.4; s6-svc -r "$TERN_HOME/service/$name"
  wait $loader
  code=$?
  check "s6-svc -r $name under load refuses and cuts nobody" sh -c '[ "$0" = 0 ] || { tail -n 3 "$1"; exit 1; }' $code "$work/errors"
  check "s6-svc -r $name: every acknowledged message arrives" within 30 all_there
done
check "restarts deliver nothing twice" none_twice

# sendmail meanwhile gets 0 or 75, never anything else, and 0 only for what arrives
for name in queue alias send local remote smtpd; do
  : >"$work/errors"
  load "kill-$name" 100 &
  loader=$!
  for i in 1 2 3; do
    sleep 0.2
    for p in $(instance_pids); do [ "$(cat /proc/$p/comm 2>/dev/null)" = "tern-$name" ] && kill -9 $p; done 2>/dev/null
    n=$name-$i
    printf 'Subject: sendmail-%s\n\nx\n' "$n" | sendmail anna 2>>"$work/errors"
    case $? in 0) echo "sendmail-$n" >>"$work/acked";; 75) ;; *) not_ok "sendmail while $name is killed" "exit $?";; esac
  done
  wait $loader
  check "kill -9 of $name under load: nothing acknowledged is lost" within 40 all_there
done

echo x >"$work/acked.before"
load "kill-all" 200 &
loader=$!
sleep 0.5
stop -k
wait $loader
check "after kill -9 of everything s6-svscan alone brings it back" start
check "kill -9 of everything: nothing acknowledged is lost" within 40 all_there
check "the queue is empty in the end" within 30 queue_empty
check "nothing is in queue/bad" [ -z "$(ls "$TERN_HOME/queue/bad" 2>/dev/null)" ]
stop
check "a stopped instance refuses at once" sh -c '! "$0" 127.0.0.1 "$1" </dev/null 2>/dev/null >/dev/null' "$TOOLS/smtpsay" "$PORT"
printf 'Subject: x\n\nx\n' | sendmail anna 2>/dev/null
check "and sendmail exits 75" [ $? = 75 ]
finish
