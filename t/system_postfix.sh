#!/bin/sh
# limit: 240
# A real Postfix beside us on 127.0.0.2: what we send it and what it sends us arrives octet for octet; unknown users, 8-bit text, long
# lines, dots, carriage returns; its queue and ours. On a machine apart; needs root, as Postfix does.
PEERS="postfix"
PEOPLE="admin lisa pat"
NEIGHBOUR=Postfix ADDRESS=127.0.0.2 USERS="postfix postdrop"
. "$(dirname "$0")/neighbour.sh"

# ---- Postfix: its users, its folders, its settings
conf=$work/postfix
mkdir -p "$conf/queue/pid" "$conf/data" && chown postfix "$conf/data"
cp -R /etc/postfix/. "$conf/"
: >"$conf/dynamicmaps.cf"
cat >"$conf/main.cf" <<C
compatibility_level = 3.6
queue_directory = $conf/queue
data_directory = $conf/data
meta_directory = $conf
config_directory = $conf
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
sendmail_path = /usr/sbin/sendmail
newaliases_path = /usr/bin/newaliases
mailq_path = /usr/bin/mailq
mail_owner = postfix
setgid_group = postdrop
maillog_file = $conf/log
maillog_file_prefixes = /
inet_interfaces = 127.0.0.2
inet_protocols = ipv4
myhostname = pf.test
mydestination = pf.test
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:25
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_line_length_limit = 0
local_recipient_maps = unix:passwd.byname
alias_maps =
alias_database =
home_mailbox = Maildir/
biff = no
C
cat >"$conf/master.cf" <<C
smtp      inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
C
# what it says before its log is there it says to a terminal alone
postfix_starts() { script -qefc "postfix -c $conf start" /dev/null </dev/null && within 10 listens 127.0.0.2:25; }
check "Postfix starts" postfix_starts
[ "$failures" = 0 ] || { finish; exit 1; }
check "tern-setup" makes_instance listen=127.0.0.1:25 smtproutes='pf.test:[127.0.0.2]'
check "start" start

# ---- to Postfix
send_bodies pat@pf.test
check "we to Postfix: all arrive" within 30 has pat $n
check "octet for octet" bodies compare $(mails_of pat)
check "nothing waits here" within 5 queue_empty
check "Postfix offers what we use" grep -rqF "by pf.test (Postfix) with ESMTP" "$APART/home/pat/Maildir/new"
letter half | sendmail -f lisa@here.test pat@pf.test nobody-there@pf.test
check "one recipient is refused, the other gets it" within 15 eval 'has pat $((n + 1)) && lisa_has 1'
check "the report has Postfix's words" python3 "$here/t/bounce.py" $(lisas) nobody-there@pf.test Status=5.1.1 'Diagnostic-Code=User unknown in local recipient table' Remote-MTA=127.0.0.2
# over a connection that we keep it might still be taken
all_closed() { [ -z "$(ss -Htn state established dst 127.0.0.2:25)" ]; }
check "we keep no connection for long" within 10 all_closed
postfix -c "$conf" stop >/dev/null 2>&1
letter later | sendmail -f lisa@here.test pat@pf.test
check "while Postfix is down mail waits" within 15 deferred pat@pf.test refused
check "Postfix starts again" postfix_starts
s6-svc -a "$TERN_HOME/service/send"
check "and gets it" within 10 eval 'has pat $((n + 2)) && queue_empty'
printf 'Subject: eight\n\nGr\303\274\303\237e\n' | sendmail -f lisa@here.test -B 8BITMIME pat@pf.test
check "8BITMIME" within 10 eval 'has pat $((n + 3)) && grep -rqx "Grüße" "$APART/home/pat/Maildir/new"'
check "200 messages in 10 sessions through us to Postfix" timeout 60 smtp-source -s 10 -m 200 -l 3000 -f lisa@here.test -t pat@pf.test 127.0.0.1:25
check "arrive, once each" within 60 has pat $((n + 203))
check "over kept connections" [ "$(grep -c 'smtpd.*: connect from' "$conf/log")" -lt 150 ]

# ---- from Postfix
no_mail
bodies write "$work/bodies" lisa@here.test
check "Postfix takes the bodies" bodies inject 127.0.0.2 pat@pf.test lisa@here.test "$work/bodies"/*
check "Postfix to us: all arrive" within 30 lisa_has $n
check "octet for octet" bodies compare $(lisas)
check "with Postfix's Received below ours" eval 'f=$(lisas | head -n 1); [ "$(grep -n "^Received:" $f | wc -l)" -ge 2 ] && grep -q "by pf.test (Postfix)" $f'
check "from the sender" grep -qx 'Return-Path: <pat@pf.test>' "$(lisas | head -n 1)"
check "Postfix gives all to us" within 5 sh -c 'postqueue -c "$0" -p | grep -q "Mail queue is empty"' "$conf"
check "Postfix's log has our ids" grep -qE 'status=sent \(250 2\.0\.0 Ok: queued as [0-9A-Z]{20}\)' "$conf/log"
python3 - <<'P'
import smtplib
with smtplib.SMTP("127.0.0.2", 25) as s:
    s.sendmail("pat@pf.test", ["nobody-there@here.test", "lisa@here.test"], "Subject: half\r\n\r\nx\r\n")
P
check "whom we do not know, Postfix reports" within 15 grep -rqF '550 5.1.1 <nobody-there@here.test>' "$APART/home/pat/Maildir/new"
check "and the other gets it" within 10 lisa_has $((n + 1))
s6-svc -d "$TERN_HOME/service/alias"
s6-svwait -d -t 5000 "$TERN_HOME/service/alias"
python3 - <<'P'
import smtplib
with smtplib.SMTP("127.0.0.2", 25) as s:
    s.sendmail("pat@pf.test", ["lisa@here.test"], "Subject: waits\r\n\r\nx\r\n")
P
check "while tern-alias is down Postfix keeps it" within 15 grep -q 'to=<lisa@here.test>.*status=deferred' "$conf/log"
s6-svc -u "$TERN_HOME/service/alias"
s6-svwait -U -t 5000 "$TERN_HOME/service/alias"
postqueue -c "$conf" -f
check "and sends it when it is back" within 20 lisa_has $((n + 2))
check "200 messages in 10 sessions through Postfix to us" timeout 60 smtp-source -s 10 -m 200 -l 3000 -f pat@pf.test -t lisa@here.test 127.0.0.2:25
check "arrive here, once each" within 60 lisa_has $((n + 202))
postfix -c "$conf" stop >/dev/null 2>&1
finish
