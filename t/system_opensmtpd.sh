#!/bin/sh
# limit: 120
# A real OpenSMTPD beside us on 127.0.0.4: what we send it and what it sends us arrives whole. On a machine apart; needs root, as
# OpenSMTPD does.
PEERS="opensmtpd postfix"
PEOPLE="admin lisa pat"
NEIGHBOUR=OpenSMTPD ADDRESS=127.0.0.4 USERS="opensmtpd opensmtpq" USERS_HOME=/var/lib/opensmtpd/empty
. "$(dirname "$0")/neighbour.sh"

for d in /var/lib /var/spool /run; do mount -t tmpfs -o mode=755 tmpfs $d; done
mkdir -p -m 755 /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
cat >"$work/smtpd.conf" <<C
listen on 127.0.0.4 port 25 hostname os.test
action "here" maildir "%{user.directory}/Maildir"
action "out" relay host smtp://127.0.0.1:25
match from any for domain "os.test" action "here"
match from any for any action "out"
C
chmod 600 "$work/smtpd.conf"
smtpd -d -f "$work/smtpd.conf" >"$work/log" 2>&1 &
opensmtpd=$!
check "OpenSMTPD starts" within 15 listens 127.0.0.4:25
[ "$failures" = 0 ] || { cat "$work/log"; finish; exit 1; }
check "tern-setup" makes_instance listen=127.0.0.1:25 smtproutes='os.test:[127.0.0.4]'
check "start" start

send_bodies pat@os.test
check "we to OpenSMTPD: all but one arrive" within 30 has pat $((n - 1))
check "octet for octet" bodies compare -long-line $(mails_of pat)
check "the one has a line that OpenSMTPD refuses, and comes back" within 10 eval 'python3 "$here/t/bounce.py" $(lisas) pat@os.test "Diagnostic-Code=Line too long"'
check "nothing waits here" within 5 queue_empty
letter half | sendmail -f lisa@here.test pat@os.test nobody-there@os.test
check "one recipient is refused, the other gets it" within 15 eval 'has pat $n && lisa_has 2'
check "the report has OpenSMTPD's words" python3 "$here/t/bounce.py" $(lisas) nobody-there@os.test 'Diagnostic-Code=550 Invalid recipient'

# ---- from OpenSMTPD
no_mail
rm "$work/bodies"/*
bodies write "$work/bodies" lisa@here.test
rm "$work/bodies/long-line"
check "OpenSMTPD takes the bodies" bodies inject 127.0.0.4 pat@os.test lisa@here.test "$work/bodies"/*
check "OpenSMTPD to us: all arrive" within 30 lisa_has $((n - 1))
# OpenSMTPD sends a CR alone as it is; from a client of ours it is taken for a line's end
check "octet for octet" bodies compare cr-ends -long-line $(lisas)
check "from the sender" grep -qx 'Return-Path: <pat@os.test>' "$(lisas | head -n 1)"
check "100 messages in 5 sessions through OpenSMTPD to us" timeout 60 smtp-source -s 5 -m 100 -l 3000 -f pat@os.test -t lisa@here.test 127.0.0.4:25
check "arrive here, once each" within 40 lisa_has $((n + 99))
check "100 messages in 5 sessions through us to OpenSMTPD" timeout 60 smtp-source -s 5 -m 100 -l 3000 -f lisa@here.test -t pat@os.test 127.0.0.1:25
check "arrive there, once each" within 40 has pat $((n + 100))
kill $opensmtpd
finish
