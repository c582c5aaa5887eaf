#!/bin/sh
# limit: 120
# A real OpenSMTPD beside us on 127.0.0.4: what we send it and what it sends us arrives whole. On a machine apart; needs root, as
# OpenSMTPD does.
PEERS="opensmtpd postfix"
PEOPLE="admin lisa pat"
[ "$(id -u)" = 0 ] || { echo "skip system_opensmtpd: OpenSMTPD needs root"; exit 0; }
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"
. "$(dirname "$0")/hosts.sh"
for p in $PEERS; do has_peer $p || exit 0; done
bodies() { python3 "$here/t/bodies.py" "$@"; }

{ cat /etc/passwd; echo opensmtpd:x:20301:20301::/var/lib/opensmtpd/empty:/usr/sbin/nologin; echo opensmtpq:x:20302:20302::/var/lib/opensmtpd/empty:/usr/sbin/nologin; } >"$work/passwd"
{ cat /etc/group; echo opensmtpd:x:20301:; echo opensmtpq:x:20302:; } >"$work/group"
mount --bind "$work/passwd" /etc/passwd && mount --bind "$work/group" /etc/group
ip address add 127.0.0.4/8 dev lo
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
mkdir -p "$work/etc"
echo 'root: admin' >"$work/etc/aliases"
check "tern-setup" makes_instance listen=127.0.0.1:25 smtproutes='os.test:[127.0.0.4]'
check "start" start
pats() { find "$APART/home/pat/Maildir/new" -type f 2>/dev/null; }
pat_has() { [ "$(pats | wc -l)" = "$1" ]; }

mkdir "$work/bodies"
bodies write "$work/bodies" pat@os.test
for f in "$work/bodies"/*; do sendmail -i -f lisa@here.test pat@os.test <"$f" || not_ok "sendmail" "exit $?"; done
n=$(ls "$work/bodies" | wc -l)
check "we to OpenSMTPD: all but one arrive" within 30 pat_has $((n - 1))
check "octet for octet" bodies compare -long-line $(pats)
check "the one has a line that OpenSMTPD refuses, and comes back" within 10 eval 'python3 "$here/t/bounce.py" $(lisas) pat@os.test "Diagnostic-Code=Line too long"'
check "nothing waits here" within 5 queue_empty
letter half | sendmail -f lisa@here.test pat@os.test nobody-there@os.test
check "one recipient is refused, the other gets it" within 15 eval 'pat_has $n && lisa_has 2'
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
check "arrive there, once each" within 40 pat_has $((n + 100))
kill $opensmtpd
finish
