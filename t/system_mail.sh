#!/bin/sh
# as: both
# limit: 240
# Mail goes the whole way: sendmail and SMTP in, mailboxes out; aliases, .forward, extensions, refusals, bounces, mailq.
. "$(dirname "$0")/lib.sh"

for u in anna bert carl dora; do user $u; done
mkdir -p "$work/etc"
cat >"$work/etc/aliases" <<'A'
# a list of two, one in another, one with an owner
info: anna, bert
all: info, carl, dora@here.test
list: anna, carl
owner-list: bert
root: carl
loop-a: loop-b
loop-b: loop-a
A
check "tern-setup makes an instance" instance
check "it starts under s6" start

# ---- SMTP
smtp() { printf '%s\n' "$@" | "$TOOLS/smtpsay" 127.0.0.1 "$PORT"; }
out=$(smtp 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<anna@here.test>' DATA 'Subject: one' '' 'hello' '..dot' . QUIT)
id=$(echo "$out" | sed -n 's/^< 250 2\.0\.0 Ok: queued as \([0-9A-Z]*\)$/\1/p')
check "the answer to the dot has the id" [ -n "$id" ]
check "it is delivered" within 10 has_mails anna 1
m=$(mails anna)
check "with Return-Path on top" [ "$(head -n 1 "$m")" = "Return-Path: <out@else.test>" ]
check "with X-Original-To" [ "$(grep -c '^X-Original-To: anna@here.test$' "$m")" = 1 ]
check "with Delivered-To" [ "$(grep -c '^Delivered-To: anna@here.test$' "$m")" = 1 ]
check "with the id in Received" grep -q "id $id" "$m"
check "a dot is unstuffed" grep -qx '\.dot' "$m"
check "the log tells it by the id" [ "$(logs | grep -c "$id")" -ge 2 ]
out=$(smtp 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<no-such-user@here.test>' 'RCPT TO:<x@far.test>' QUIT)
echo "$out" >"$work/out"
check "an unknown user is refused" grep -q '^< 550 5\.1\.1 ' "$work/out"
out=$(smtp 'EHLO c.test' 'MAIL FROM:<>' 'RCPT TO:<postmaster>' 'RCPT TO:<PostMaster@here.test>' QUIT)
check "postmaster is always accepted" [ "$(echo "$out" | grep -c '^< 250 2\.1\.5 ')" = 2 ]
check "swaks" swaks --silent 2 --server 127.0.0.1 --port "$PORT" --from s@else.test --to bert@here.test --body 'from swaks'
check "swaks's mail arrives" within 10 has_mails bert 1
tern-setup "$TERN_HOME" relayclients=192.0.2.0/24 && s6-svc -h "$TERN_HOME/service/smtpd"
denied() { smtp 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<x@far.test>' QUIT | grep -q '^< 554 5\.7\.1 '; }
check "no relaying for strangers, after a reload" within 5 denied

# ---- sendmail
printf 'Subject: two\n\nbody\n' | sendmail -f anna@here.test bert carl
check "sendmail with two recipients exits 0" [ $? = 0 ]
check "both get it" within 10 eval 'has_mails bert 2 && has_mails carl 1'
printf 'To: dora\nBcc: carl\nSubject: three\n\nbody\n' | sendmail -t
check "sendmail -t exits 0" [ $? = 0 ]
check "To and Bcc get it" within 10 eval 'has_mails dora 1 && has_mails carl 2'
check "no Bcc field is left" sh -c '! grep -q "^Bcc:" $(find "$0" -type f)' "$HOMES/dora/Maildir/new"
check "Date, From and Message-ID are added" sh -c 'f=$(find "$0" -type f); grep -q ^Date: $f && grep -q ^From: $f && grep -qi ^Message-ID: $f' "$HOMES/dora/Maildir/new"
printf 'x\n' | sendmail nobody-there 2>"$work/err"
check "an unknown recipient alone exits 67" [ $? = 67 ]
check "nothing is queued then" queue_empty
printf 'x\n' | sendmail >/dev/null 2>&1
code=$?
check "no recipient at all is wrong use" [ $code -ge 64 ]

# ---- aliases
rm -rf "$HOMES"/*/Maildir
echo | sendmail all
check "an alias reaches everybody" within 15 eval 'has_mails anna 1 && has_mails bert 1 && has_mails carl 1 && has_mails dora 1'
check "X-Original-To is the alias" grep -qx 'X-Original-To: all@here.test' $(mails anna)
check "Delivered-To is the user" grep -qx 'Delivered-To: anna@here.test' $(mails anna)
echo | sendmail all info anna
check "an address reached three times gets one copy" within 15 eval 'has_mails dora 2 && has_mails anna 2 && has_mails bert 2'
echo | sendmail -f far@else.test list
check "owner-LIST is the sender of its copies" within 10 grep -rqx 'Return-Path: <owner-list@here.test>' "$HOMES/anna/Maildir/new"
echo | sendmail root
check "root's mail goes where the alias says" within 10 grep -rqx 'X-Original-To: root@here.test' "$HOMES/carl/Maildir/new"
echo 'new: bert' >>"$work/etc/aliases"
check "newaliases" newaliases
check "after newaliases the next answer is new" sendmail -bv new
rm -rf "$HOMES"/*/Maildir
echo | sendmail -f dora@here.test loop-a 2>"$work/err"
check "an alias that leads nowhere but to itself is refused" [ $? = 67 ]
check "and the loop is named" grep -q 'loop' "$work/err"

# ---- extensions and .forward
rm -rf "$HOMES"/*/Maildir
as_user() { u=$1; shift; if is_root; then setpriv --reuid="$(sed -n "s/^$u:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups "$@"; else "$@"; fi; }
echo | sendmail anna+tag
check "user+ext is the user" within 10 has_mails anna 1
as_user bert sh -c 'umask 022; echo "carl" >"$0/.forward"; printf "%s\n" "|cat >$0/piped; echo \$EXTENSION >>$0/piped" >"$0/.forward+pipe"' "$HOMES/bert"
echo | sendmail -f dora@here.test bert
check "a .forward sends on" within 10 has_mails carl 1
check "and keeps the sender" grep -qx 'Return-Path: <dora@here.test>' $(mails carl)
check "with the Delivered-To of both" [ "$(grep -c '^Delivered-To: ' $(mails carl))" = 2 ]
check "the original has no copy" has_mails bert 0
echo 'to the program' | sendmail bert+pipe
check "a program of .forward+ext gets the message" within 10 grep -qx 'to the program' "$HOMES/bert/piped"
check "and the extension" within 5 grep -qx pipe "$HOMES/bert/piped"
as_user carl sh -c 'umask 022; echo "bert" >"$0/.forward"' "$HOMES/carl"
echo | sendmail -f dora@here.test bert
check "a loop of two .forwards ends in a bounce" within 15 has_mails dora 1
check "which is an RFC 3464 report" grep -q 'report-type="*delivery-status' $(mails dora)
check "and says 5.4.6" grep -q '^Status: 5.4.6' $(mails dora)
check "nothing is left in the queue" within 5 queue_empty
check "mailq -j of an empty queue prints nothing" [ -z "$(mailq -j)" ]

# ---- waiting mail
s6-svc -d "$TERN_HOME/service/send"
s6-svwait -d -t 5000 "$TERN_HOME/service/send"
echo | sendmail anna dora
check "mailq shows what waits" sh -c 'mailq | grep -q "^-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------$" && mailq | grep -q "^-- [0-9]* Kbytes in 1 Request.*$"'
check "mailq -j is one JSON object" sh -c 'mailq -j | python3 -c "import json,sys; a=[json.loads(l) for l in sys.stdin]; assert len(a)==1 and a[0][\"state\"]==\"new\" and len(a[0][\"recipients\"])==2, a"'
s6-svc -u "$TERN_HOME/service/send"
check "it goes out when the runner is back" within 10 eval 'has_mails dora 2 && queue_empty'
finish
