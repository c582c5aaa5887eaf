#!/bin/sh
# limit: 240
# Files of every kind of damage in the queue, mailboxes that are locked or are not what they should be: what makes no sense is
# set aside, what can't be done now is done later, and everything else goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bad_days.sh"
for u in anna bert carl dora emil fred gina hans; do user $u; done
closed=$(free_port); free_n=$closed
check "tern-setup" instance smtproutes=":[127.0.0.1]:$closed" || exit 1
check "start" start || exit 1
FROM=sender@here.test
q=$TERN_HOME/queue

# queued RECIPIENT SUBJECT: its file
queued() {
  queued_id=$(smtp 'EHLO c.test' 'MAIL FROM:<sender@here.test>' "RCPT TO:<$1>" DATA "Subject: $2" '' 'the body' . QUIT | sed -n 's/^< 250 2\.0\.0 Ok: queued as //p')
  echo "$q/${queued_id#???????????????????}/$queued_id"
}
# flip FILE OFFSET: one bit of the octet there; an offset below 0 counts from the end
cat >"$work/flip.py" <<'P'
import sys
f = open(sys.argv[1], "r+b")
at = int(sys.argv[2])
f.seek(at, 0 if at >= 0 else 2)
c = f.read(1)
f.seek(-1, 1)
f.write(bytes([c[0] ^ 1]))
P
# another version of the format, with the checksum that belongs to it
cat >"$work/version.py" <<'P'
import struct, sys
def crc32c(data):
    crc = 0xffffffff
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff
f = open(sys.argv[1], "r+b")
f.seek(16384)
head = bytearray(f.read(128))
envelope = f.read(struct.unpack(">I", head[12:16])[0])
assert crc32c(head[:124] + envelope) == struct.unpack(">I", head[124:])[0]
head[8:12] = struct.pack(">I", 7)
head[124:] = struct.pack(">I", crc32c(head[:124] + envelope))
f.seek(16384)
f.write(head)
P
flip() { python3 "$work/flip.py" "$1" "$2"; }
as_queue() { if is_root; then chown -h ternq:ternq "$@"; fi; }

# ---- messages that have a state: tried once, and waiting
for n in head envelope body short torn notes version open whole; do eval "s_$n=\$(queued s-$n@far.test s-$n)"; done
all_deferred() { [ "$(mailq -j | grep -c '"state":"deferred","attempts":')" = 9 ]; }
check "nine messages were tried and wait" within 30 all_deferred
check "the runner stops" down send
# and such that have none: nobody has touched them yet
for n in head envelope body short whole; do eval "f_$n=\$(queued anna@here.test f-$n)"; done

flip "$s_head" 16404; flip "$s_envelope" 16518; flip "$s_torn" 100
flip "$f_head" 16404; flip "$f_envelope" 16518; flip "$f_body" -2
truncate -s 16484 "$s_short" "$f_short"
python3 - "$s_body" <<'P'
import sys
f = open(sys.argv[1], "r+b"); s = f.read(); at = s.rindex(b"the body"); f.seek(at); f.write(b"The")
P
head -c 700 /dev/urandom >>"$s_notes"
python3 "$work/version.py" "$s_version"
chmod 666 "$s_open"
# names that were never messages
base=${f_whole##*/}; base=${base%??????}
named() { echo "$q/$1/${base}0000$2$1"; }
empty=$(named A 1) random=$(named B 2) folder=$(named C 3) link=$(named D 4) fifo=$(named E 5) zeros=$(named F 6) copy=$(named G 7)
: >"$empty"; head -c 30000 /dev/urandom >"$random"; mkdir "$folder"; ln -s /etc/passwd "$link"; mkfifo "$fifo"; head -c 30000 /dev/zero >"$zeros"
cp "$f_whole" "$copy" # the head names another message
as_queue "$empty" "$random" "$folder" "$link" "$fifo" "$zeros" "$copy"; chmod 660 "$empty" "$random" "$fifo" "$zeros" "$copy"; chmod 770 "$folder"
echo x >"$q/0/README"; echo x >"$q/1/$(basename "$f_whole" | tr A-Z a-z).tmp"; mkdir "$q/2/lost+found"; : >"$q/3/.hidden"
wrong=$(named H 8); cp "$f_whole" "$q/4/${wrong##*/}"
if is_root; then
  stranger=$(named I 9); cp "$f_whole" "$stranger"; chown root:root "$stranger"; chmod 600 "$stranger"
fi

check "mailq shows a queue full of damage" mailq
cp "$work/check.out" "$work/before"
check "the messages that are right are in it" grep -q "$(basename "$f_whole")" "$work/before"
check "mailq -j is JSON, line by line" sh -c 'mailq -j | python3 -c "import json,sys; [json.loads(l) for l in sys.stdin]"'
check "and none of it shows a file of others" sh -c '! grep -q "root:" "$0"' "$work/before"

check "the runner starts" up send
check "a message that is right is delivered" within 20 got anna f-whole
is_bad() { [ -e "$q/bad/$(basename "$1")" ] || [ -L "$q/bad/$(basename "$1")" ]; }
set_aside() { within 15 is_bad "$1" && [ ! -e "$1" ] && log_of send | grep -q "^@[0-9a-f]* $(basename "$1") damaged problem="; }
check "a head that changed is set aside, with a line in the log" set_aside "$s_head"
check "an envelope that changed" set_aside "$s_envelope"
check "a file that is cut" set_aside "$s_short"
check "noise" set_aside "$random"
check "a folder" set_aside "$folder"
check "a symbolic link" set_aside "$link"
check "a FIFO" set_aside "$fifo"
check "what everybody may write" set_aside "$s_open"
check "the reason stands beside it" grep -q . "$q/bad/$(basename "$s_head").why"
never() { within 15 [ ! -e "$1" ] && ! is_bad "$1" && log_of send | grep -q "$(basename "$1") removed .*never acknowledged"; }
check "what was never acknowledged is removed: an empty file" never "$empty"
check "a fresh one whose head is wrong" never "$f_head"
check "a fresh one whose envelope is wrong" never "$f_envelope"
check "a fresh one whose body is wrong" never "$f_body"
check "a fresh one that is short" never "$f_short"
check "zeros" never "$zeros"
check "a copy under another name" never "$copy"
check "another version is left alone" [ -e "$s_version" ]
check "and told of" within 5 sh -c 'grep -q "$1 warning.*newer" "$0"' "$TERN_HOME/log/send/current" "$(basename "$s_version")"
for f in 0/README "4/${wrong##*/}"; do
  check "what is no message's name is left alone and told of: ${f%%/*}" eval '[ -e "$q/$f" ] && log_of send | grep -q "queue/$f.*no message"'
done
check "so is a folder" [ -d "$q/2/lost+found" ]
if is_root; then
  check "a file that the runner can't open is named in the log" within 15 sh -c 'grep -q "$1.*Permission denied" "$0"' "$TERN_HOME/log/send/current" "${stranger##*/}"
  rm "$stranger"
fi
check "a torn mark: its recipient is tried again" within 15 sh -c '[ "$(grep -c "deferred to=s-torn@far.test" "$0")" = 2 ]' "$TERN_HOME/log/send/current"
try_all_now
check "a body that changed is set aside before it is sent" set_aside "$s_body"
check "notes that make no sense harm nobody" within 15 sh -c '[ "$(grep -c "deferred to=s-notes@far.test" "$0")" = 2 ]' "$TERN_HOME/log/send/current"
check "nothing was bounced, nothing delivered of what is damaged" eval '[ "$(mails anna | wc -l)" = 1 ] && ! logs | grep -q " bounced "'
check "mail goes on" eval 'mail_to after anna && within 15 got anna after'
check "no service died of it" sh -c '! grep -hE "a worker died|exit=101|SIGSEGV" "$0"/log/*/current' "$TERN_HOME"
tern-queuectl delete all >/dev/null
rm -rf "$q"/0/README "$q"/1/*.tmp "$q"/2/lost+found "$q"/3/.hidden "$q/4/${wrong##*/}" "$s_version"
check "the queue is empty in the end" within 15 queue_empty

# ---- mailboxes that somebody else has locked
mkdir -m 1777 "$work/mail"
tern-setup "$TERN_HOME" mailbox="$work/mail/%u" >/dev/null; s6-svc -h "$TERN_HOME/service/local"
mbox_has() { [ "$(grep -cx "Subject: $2" "$work/mail/$1" 2>/dev/null)" = 1 ]; }
check "the setting of the mailbox is re-read" within 15 eval 'for u in anna bert carl dora; do mail_to "first-$PPID" $u; done; sleep 0.5; [ -s "$work/mail/anna" ] && [ -s "$work/mail/bert" ] && [ -s "$work/mail/carl" ] && [ -s "$work/mail/dora" ]'
within 10 queue_empty
python3 -c '
import fcntl, os, sys, time
f = open(sys.argv[1], "r+b")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
while os.path.exists(sys.argv[2]): time.sleep(0.1)' "$work/mail/anna" "$work/locked" & holder=$!
check "a program locks a mailbox" within 15 [ -e "$work/locked" ]
echo 4711 >"$work/mail/bert.lock"
echo 4711 >"$work/mail/carl.lock"; touch -d '1 hour ago' "$work/mail/carl.lock"
: >"$work/mail/dora.lock"
is_root && chown 20104 "$work/mail/dora.lock" && chown 20103 "$work/mail/carl.lock"
chmod 1600 "$work/mail/dora.lock" # the mark of our own
for u in anna bert carl dora emil; do mail_to locked $u; done
check "a mailbox that is not locked gets its mail meanwhile" within 8 mbox_has emil locked
check "a dotlock that is an hour old is somebody's who died" within 8 mbox_has carl locked
check "our own that is left over, too" within 8 mbox_has dora locked
check "a mailbox with an fcntl lock waits" within 30 waits anna@here.test 'anna is locked by another program'
check "a mailbox with a dotlock, too" within 15 waits bert@here.test 'bert is locked by another program'
check "and the dotlock is still there" grep -q 4711 "$work/mail/bert.lock"
rm -f "$work/locked" "$work/mail/bert.lock"; wait $holder
try_all_now
check "both get it when the locks are gone" within 20 eval 'mbox_has anna locked && mbox_has bert locked'
check "no lock of ours stays" sh -c '! ls "$0"/*.lock' "$work/mail"

# ---- mailboxes that are something else
echo secret >"$work/mail/secret"; ! is_root || chown 20101 "$work/mail/secret"
rm -f "$work"/mail/[abcdefg]*
ln -s secret "$work/mail/anna"; ln -s nowhere "$work/mail/gina"
as_user bert sh -c 'echo secret >"$0/other"; ln "$0/other" "$1"' "$HOMES/bert" "$work/mail/bert" 2>/dev/null
mkfifo "$work/mail/carl"; mkdir "$work/mail/dora"
! is_root || { mknod "$work/mail/emil" c 1 3; chown 20105 "$work/mail/emil"; : >"$work/mail/fred"; chmod 666 "$work/mail/fred"; chown 20103 "$work/mail/carl"; }
for u in anna bert carl dora gina; do mail_to odd $u; done
! is_root || mail_to odd emil fred
check "a mailbox that is a symbolic link waits" within 15 waits anna@here.test 'symbolic links'
check "a link to nowhere waits" within 25 waits gina@here.test .
check "and nothing is made there" [ ! -e "$work/mail/nowhere" ]
check "a FIFO waits" within 15 waits carl@here.test 'not a regular file'
check "a folder waits" within 15 waits dora@here.test 'directory|not a regular file'
check "one with a second link waits" within 15 waits bert@here.test 'more than one link'
if is_root; then
  check "a device waits" within 15 waits emil@here.test 'not a regular file'
  check "one of another owner waits" within 15 waits fred@here.test 'belongs to someone else'
  check "and stays empty" [ ! -s "$work/mail/fred" ]
fi
check "nothing was written through the links" eval '[ "$(cat "$work/mail/secret" "$HOMES/bert/other")" = "secret
secret" ]'
# beside his mailbox a .forward names a program and another user: they get it once, however often the mailbox is tried
as_user hans sh -c 'cat >"$0/.forward"' "$HOMES/hans" <<'F'
\hans, emil, "|echo ran >>$HOME/ran"
F
mkdir "$work/mail/hans"
rm -rf "$work/mail/emil"
mail_to beside hans
check "a mailbox beside a forward waits" within 15 waits hans@here.test 'directory|not a regular file'
check "the forward does not" within 15 mbox_has emil beside
try_all_now; sleep 1
s6-svc -k "$TERN_HOME/service/send"; sleep 1
check "when the runner was killed it still waits" within 15 waits hans@here.test 'directory|not a regular file'
rm -rf "$work"/mail/[abcdefgh]*
try_all_now
check "the mailbox gets it" within 20 mbox_has hans beside
check "and nobody twice" eval '[ "$(wc -l <"$HOMES/hans/ran")" = 1 ] && ! grep -qx "Subject: beside" "$work/mail/emil"'
as_user hans sh -c 'cat >"$0/.forward"' "$HOMES/hans" <<'F'
\hans, "|exit 67"
F
mail_to broken hans
check "a program that fails for good does not take the mailbox its message" within 15 mbox_has hans broken
check "and is told of" within 15 eval 'logs | grep -q " failed to=hans@here.test .*status=5.1.1"'
check "all of it arrives in mailboxes that are new" within 20 eval '(for u in anna bert carl dora gina; do mbox_has $u odd || exit 1; done)'
check "which are the users' own, 0600" [ "$(stat -c %a "$work/mail/anna")" = 600 ]
stop

finish
