#!/bin/sh
# as: both
# limit: 240
# Disks that are full, out of names or read-only: the queue's, a mailbox's, the log's. What can't be kept is refused for now
# (452 4.3.1, exit 75), nothing half-made stays, and all goes on when there is room. The disks are small file systems in memory,
# in a mount namespace of this test; without namespaces it is skipped.
if [ -z "${BAD_DAYS_MOUNTS:-}" ]; then
  BAD_DAYS_MOUNTS=$(mktemp -d "${TMPDIR:-/tmp}/tern-mounts.XXXXXX") || exit 1
  export BAD_DAYS_MOUNTS
  trap 'rm -rf "$BAD_DAYS_MOUNTS"' EXIT
  trap 'kill "$inner" 2>/dev/null; wait "$inner"; exit 1' INT TERM
  mkfifo "$BAD_DAYS_MOUNTS/ask" "$BAD_DAYS_MOUNTS/answer"
  # who may mount answers requests; the test itself has no right that its user lacks
  server='while read -r request <"$BAD_DAYS_MOUNTS/ask" && [ "$request" != end ]; do
      sh -c "$request" >"$BAD_DAYS_MOUNTS/said" 2>&1; echo $? >"$BAD_DAYS_MOUNTS/answer"; done'
  if [ "$(id -u)" = 0 ]; then set -- unshare -m sh -c "($server) & exec sh \"\$0\"" "$0"; else
    set -- unshare -Um --map-current-user --keep-caps sh -c "($server) & exec setpriv --ambient-caps=-all --inh-caps=-all sh \"\$0\"" "$0"
  fi
  if ! unshare ${1:+$(echo "$2")} true 2>/dev/null; then echo "skip bad days of disks: no mount namespaces here"; exit 0; fi
  "$@" &
  inner=$!
  wait "$inner"
  exit
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bad_days.sh"
ask() { timeout 20 sh -c 'echo "$1" >"$0/ask"; exit "$(cat "$0/answer")"' "$BAD_DAYS_MOUNTS" "$*" || { cat "$BAD_DAYS_MOUNTS/said"; return 1; }; }
mounts() { ask mount "$@"; }
left=
leave() {
  [ -z "$left" ] || return 0
  left=1
  stop
  [ -z "${TERN_HOME:-}" ] || kill -9 $(instance_pids) 2>/dev/null
  cd / && ask umount -l "$work/mail" "$HOMES/bert" "$TERN_HOME/queue" "$TERN_HOME/log/send" >/dev/null
  timeout 5 sh -c 'echo end >"$0/ask"' "$BAD_DAYS_MOUNTS"
  finish
}
trap leave EXIT
trap 'leave; exit 1' INT TERM

for u in anna bert carl; do user $u; done
mkdir -p "$work/mail" "$work/etc"
closed=$(free_port); free_n=$closed
check "tern-setup" instance mailbox=Maildir/ smtproutes=":127.0.0.1:$closed" || exit 1
# a disk of its own for each: the queue, one home, the mailboxes, the log of smtpd
if ! mounts -t tmpfs -o size=6m,nr_inodes=400 tmpfs "$TERN_HOME/queue"; then skip "bad days of disks" "no tmpfs here"; exit 0; fi
mounts -t tmpfs -o size=64k tmpfs "$HOMES/bert"
mounts -t tmpfs -o size=64k tmpfs "$work/mail"
mounts -t tmpfs -o size=1m tmpfs "$TERN_HOME/log/send"
if is_root; then
  chown 20102:20100 "$HOMES/bert"
  chown root:mail "$work/mail"; chmod 1777 "$work/mail"
  chown ternl:ternl "$TERN_HOME/log/send"; chmod 750 "$TERN_HOME/log/send"
  chown ternq:ternq "$TERN_HOME/queue"; chmod 770 "$TERN_HOME/queue"
fi
check "tern-setup makes the queue's folders on a new disk" tern-setup "$TERN_HOME"
check "start" start || exit 1
FROM=sender@here.test

fill() { head -c "${2:-100m}" /dev/zero >"$1/filler" 2>/dev/null; :; }
use_names() { n=0; while true >"$1/name.$n"; do n=$((n + 1)); done 2>/dev/null; }
q=$TERN_HOME/queue
no_part_stays() { [ -z "$(find "$q" -type f ! -name filler ! -name 'name.*')" ] || { find "$q" -type f ! -name filler ! -name 'name.*'; return 1; }; }
one() { printf '%s\n' 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<carl@here.test>' DATA "Subject: $1" '' . ; }
session() { { one refused; one "$1-second" | sed '/EHLO/d'; echo 'NOOP'; echo QUIT; } | "$TOOLS/smtpsay" 127.0.0.1 "$PORT"; }
body() { yes 'a line of the body that is neither long nor short' | head -c "$1"; }

check "mail goes through the small disk" eval 'mail_to first anna && within 15 got anna first && within 5 no_queue_files'

# ---- full
full() { # NAME STATUS: what SMTP and sendmail say now
  session "$1" >"$work/session" 2>&1
  check "$1: the final dot is refused for now" grep -qE "^< $2" "$work/session"
  check "$1: the session goes on" [ "$(grep -cE '^< (4|250 2\.0\.0 Ok$|221)' "$work/session")" -ge 3 ]
  printf 'Subject: x\n\nx\n' | sendmail -f sender@here.test anna 2>"$work/err"
  check "$1: sendmail exits 75" [ $? = 75 ]
  check "$1: and says why" grep -qi "$3" "$work/err"
  check "$1: nothing half-made stays" no_part_stays
  check "$1: mailq works" mailq
}
fill "$q"
sleep 1.2
full "queue disk full" '452 4\.3\.1' full
rm "$q/filler"
check "with room again SMTP takes mail" within 5 eval 'session room >"$work/session"; grep -q "^< 250 2.0.0 Ok: queued" "$work/session"'
check "and sendmail" eval 'within 5 mail_to room anna && within 15 got anna room'

# ---- full in the midst of a message: it fits when it begins
rm -rf "$HOMES"/*/Maildir
{ printf '%s\r\n' 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<anna@here.test>' DATA 'Subject: large' ''; body 16000000 | sed 's/$/\r/'; printf '\r\n.\r\n'
  sleep 1.2 # how full the disk is, is looked at once a second
  printf '%s\r\n' 'MAIL FROM:<out@else.test>' 'RCPT TO:<anna@here.test>' DATA 'Subject: after-large' '' . QUIT; } |
  "$TOOLS/smtpraw" 127.0.0.1 "$PORT" >"$work/session"
check "a message that is larger than the disk: 452 4.3.1" grep -q '^452 4\.3\.1' "$work/session"
check "the next one in the same session is taken" grep -q '^250 2\.0\.0 Ok: queued' "$work/session"
check "and arrives" within 15 got anna after-large
check "nothing half-made stays" within 5 no_part_stays
{ printf 'Subject: large\n\n'; body 16000000; } | sendmail -f sender@here.test anna 2>"$work/err"
check "sendmail of it exits 75" [ $? = 75 ]
check "and leaves nothing" within 5 no_part_stays

# ---- no names
use_names "$q"
sleep 1.2
full "out of inodes" '45[12] 4\.3\.[01]' 'full\|no space'
rm "$q"/name.*
check "with names again SMTP takes mail" within 5 eval 'session names >"$work/session"; grep -q "^< 250 2.0.0 Ok: queued" "$work/session"'

# ---- read-only
check "nothing waits" within 15 queue_empty
s6-svc -d "$TERN_HOME/service/send"; within 20 s6-svwait -d -t 500 "$TERN_HOME/service/send"
within 5 mail_to before-ro anna
check "the disk becomes read-only" mounts -o remount,ro "$q"
sleep 1.2
full_ro() { session ro >"$work/session" 2>&1; grep -q '^< 451 4\.3\.0' "$work/session" || { cat "$work/session"; return 1; }; }
check "read-only: the final dot is 451" full_ro
printf 'x\n' | sendmail anna 2>"$work/err"
check "read-only: sendmail exits 75" [ $? = 75 ]
check "read-only: and says why" grep -qi 'read-only' "$work/err"
check "read-only: mailq shows what waits" [ "$(waiting)" = 1 ]
s6-svc -u "$TERN_HOME/service/send"
check "read-only: the runner starts" within 20 s6-svwait -U -t 500 "$TERN_HOME/service/send"
sleep 1
check "read-only: what can't be marked isn't delivered again and again" [ "$(find "$HOMES/anna/Maildir/new" -type f -exec grep -lx 'Subject: before-ro' {} + 2>/dev/null | wc -l)" -le 1 ]
check "it can be written again" mounts -o remount,rw "$q"
check "what waited goes" within 30 eval 'got anna before-ro && queue_empty'
check "and new mail" eval 'mail_to rw anna && within 15 got anna rw'

# ---- a mailbox's disk: Maildir
rm -rf "$HOMES/bert/Maildir"
mail_to small bert
check "a small message fits" within 15 got bert small
{ printf 'Subject: big\n\n'; body 200000; } | sendmail -f sender@here.test bert
check "a message that a home has no room for waits" within 15 waits bert@here.test 'No space left'
check "as 4.3.1" sh -c 'grep -q " deferred to=bert@here.test .*status=4\.[23]\.[12] " "$0"' "$TERN_HOME/log/send/current"
check "nothing of it stays in tmp" [ -z "$(find "$HOMES/bert/Maildir/tmp" -type f)" ]
check "others go on" eval 'mail_to others anna && within 15 got anna others'
mounts -o remount,size=1m "$HOMES/bert"
try_all_now
check "it arrives when there is room" within 15 got bert big

# ---- and mbox
tern-setup "$TERN_HOME" mailbox="$work/mail/%u" >/dev/null; s6-svc -h "$TERN_HOME/service/local"
mbox_has() { grep -qx "Subject: $2" "$work/mail/$1"; }
check "the setting of the mailbox is re-read" within 15 eval 'mail_to mbox bert; sleep 0.3; mbox_has bert mbox'
within 15 queue_empty
cp "$work/mail/bert" "$work/before"
{ printf 'Subject: big\n\n'; body 200000; } | sendmail -f sender@here.test bert
check "a message that a mailbox has no room for waits" within 15 waits bert@here.test 'No space left'
check "the mailbox is as it was" cmp "$work/before" "$work/mail/bert"
check "no lock stays" [ ! -e "$work/mail/bert.lock" ]
mounts -o remount,size=1m "$work/mail"
try_all_now
check "it arrives when there is room" within 15 mbox_has bert big
check "once" [ "$(grep -cx 'Subject: big' "$work/mail/bert")" = 1 ]
check "the mailbox begins as before" cmp -n "$(stat -c %s "$work/before")" "$work/before" "$work/mail/bert"

# ---- the disk of a log: the runner's, which says most. A message for many whose host refuses is a line for each
fill "$TERN_HOME/log/send"
many=$(i=0; while [ $i -lt 900 ]; do echo "somebody-with-a-long-name-$i@far.test"; i=$((i + 1)); done)
{ echo 'Subject: many'; echo; } | sendmail -f sender@here.test $many
check "with a full log disk the runner works" within 20 waits somebody-with-a-long-name-899@far.test refused
session log >"$work/session"
check "mail is taken" grep -q '^< 250 2.0.0 Ok: queued' "$work/session"
check "and delivered" within 15 mbox_has carl log-second
rm "$TERN_HOME/log/send/filler"
dropped() { mail_to dropped anna; grep -q ' dropped=[0-9]' "$TERN_HOME"/log/send/*; }
check "with room again the log goes on, and says how many lines are missing" within 20 dropped
check "no service was started again" sh -c '! grep -hE "a worker died|exit=101" "$0"/log/*/current' "$TERN_HOME"
leave
[ "$failures" = 0 ]
