#!/bin/sh
# as: both
# limit: 240
# Mail goes out to hosts that take it, refuse it, are slow, lie or break off at any command (smtp-sink): what is taken is taken once,
# what is refused for good comes back as an RFC 3464 report, all else waits with a reason, and goes out when the host is well again.
# Expiry, double bounces, warm connections, DSN parameters; two mail systems that send to each other end it.
PEERS="postfix"
PEOPLE="admin lisa"
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"
. "$(dirname "$0")/hosts.sh"
has_peer postfix || exit 0
PATH=$BIN:$PATH
bounce() { python3 "$here/t/bounce.py" $(lisas) "$@"; }

# hosts: NAME, what must come of it (sent, later, never, tried: later or never), options of smtp-sink
cat >"$work/hosts" <<'H'
plain sent
no-pipelining sent -p
no-esmtp sent -e
no-8bit sent -8
no-codes sent -E
no-dsn sent -N
one-byte sent -T 1
slow-data sent -H 1
slow-all sent -w 1
no-quit sent -q quit
ehlo-5xx sent -f ehlo
ehlo-4xx later -r ehlo
connect-5xx later -f connect
helo-5xx tried -f ehlo,helo
mail-5xx never -f mail
rcpt-5xx never -f rcpt
data-5xx never -f data
dot-5xx never -f .
connect-4xx later -r connect
helo-4xx later -r ehlo,helo
mail-4xx later -r mail
rcpt-4xx later -r rcpt
data-4xx later -r data
dot-4xx later -r .
connect-drop later -q connect
ehlo-drop later -q ehlo,helo
mail-drop later -q mail
rcpt-drop later -q rcpt
data-drop later -q data
dot-drop later -q .
connect-421 later -Q connect
ehlo-421 later -Q ehlo,helo
mail-421 later -Q mail
rcpt-421 later -Q rcpt
data-421 later -Q data
dot-421 later -Q .
abort tried -A 1
own-text never -f rcpt -B 550\ 5.2.1\ this\ mailbox\ is\ closed
soft-text later -r rcpt -b 450\ 4.2.2\ this\ mailbox\ is\ full
H
mkdir -p "$work/etc"
echo 'root: admin' >"$work/etc/aliases"
port=4000
routes=
while read -r name want options; do
  port=$((port + 1))
  routes="$routes$name.test:[127.0.0.2]:$port
"
  case $name in
    own-text) sink $name 127.0.0.2:$port -f rcpt -B '550 5.2.1 this mailbox is closed';;
    soft-text) sink $name 127.0.0.2:$port -r rcpt -b '450 4.2.2 this mailbox is full';;
    *) sink $name 127.0.0.2:$port $options;;
  esac
done <"$work/hosts"
ready
check "tern-setup" makes_instance listen=127.0.0.1:25 doublebounceto=admin timeoutconnect=5 timeoutremote=20 \
  smtproutes="${routes}gone.test:[127.0.0.2]:3999
loop.test:[127.0.0.3]:25
there.test:[127.0.0.3]:25"
check "start" start

# ---- each of them
while read -r name want options; do letter $name | sendmail -f lisa@here.test x@$name.test || not_ok "sendmail" "exit $?"; done <"$work/hosts"
# tried ADDRESS: it was tried, and nothing of it is being delivered now
settled() { [ -z "$(mailq -j | grep -E '"state":"(new|active)"')" ]; }
check "all are tried" within 60 settled
while read -r name want options; do
  case $want in
    sent) check "$name: it is sent, once" sunk $name;;
    later) check "$name: it waits, with a reason" deferred x@$name.test ' ';;
    never) check "$name: it comes back" within 5 bounce x@$name.test Action=failed Remote-MTA=127.0.0.2 Diagnostic-Code=smtp;;
    tried) check "$name: it comes back, or waits" eval 'bounce x@$name.test || deferred x@$name.test " "';;
  esac
done <"$work/hosts"
check "a report has the host's own words" bounce x@own-text.test Status=5.2.1 'Diagnostic-Code=550 5.2.1 this mailbox is closed'
check "so has mailq" sh -c 'mailq | grep -qF "450 4.2.2 this mailbox is full"'
check "no other report was made" [ "$(lisas | wc -l)" = "$(($(ls "$work/hosts" >/dev/null; grep -c ' never ' "$work/hosts") + $(for n in helo-5xx abort; do bounce x@$n.test >/dev/null 2>&1 && echo $n; done | wc -l)))" ]
waiting=$(mailq -j | wc -l)
check "mailq counts them" sh -c 'mailq | grep -qE -- "^-- [0-9]+ Kbytes in $0 Requests\.$"' "$waiting"

# ---- they get well
port=4000
while read -r name want options; do
  port=$((port + 1))
  case $want in later | tried) end_sink $name; rm -rf "$work/sinks/$name"; sink $name 127.0.0.2:$port;; esac
done <"$work/hosts"
ready
s6-svc -a "$TERN_HOME/service/send"
check "s6-svc -a sends all that waits" within 30 queue_empty
all_once() { while read -r name want options; do case $want in later) sunk $name || { echo "$name: $(ls "$work/sinks/$name" | wc -l)"; return 1; };; esac; done <"$work/hosts"; }
check "once each" all_once

# ---- a connection that is refused, and again
no_mail
letter gone | sendmail -f lisa@here.test x@gone.test
check "a refused connection means later" within 15 deferred x@gone.test refused
s6-svc -a "$TERN_HOME/service/send"
sleep 1
check "still, after s6-svc -a" within 15 deferred x@gone.test refused
check "which counts as another attempt" sh -c 'mailq -j | grep -q "\"attempts\": *2"'
sink gone 127.0.0.2:3999
ready
s6-svc -a "$TERN_HOME/service/send"
check "it goes out when the host is there" within 10 eval 'sunk gone && queue_empty'

# ---- several recipients, warm connections, DSN
before=$(ls "$work/sinks/plain" | wc -l)
letter many | sendmail -f lisa@here.test a@plain.test b@plain.test c@plain.test a@plain.test
check "recipients of a domain share a transaction" within 10 sunk plain $((before + 1))
check "each named once" eval '[ "$(grep -h "^X-Rcpt-Args: <[abc]@" "$work/sinks/plain"/* | sort | uniq -c | grep -c " 1 ")" = 3 ]'
c=$(connections plain)
for i in 1 2 3 4 5; do
  letter warm$i | sendmail -f lisa@here.test w$i@plain.test
  within 10 sunk plain $((before + 1 + i))
done
check "five messages one after the other" sunk plain $((before + 6))
check "take one connection more at most" [ "$(connections plain)" -le $((c + 1)) ]
letter dsn | sendmail -f lisa@here.test -N success,failure -R hdrs -V id7 d@plain.test
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<lisa@here.test> RET=FULL ENVID=id8' 'RCPT TO:<e@plain.test> NOTIFY=NEVER ORCPT=rfc822;e+2Bx@else.test' DATA 'Subject: dsn' '' x . QUIT |
  "$TOOLS/smtpsay" 127.0.0.1 25 >"$work/out"
# parameters RECIPIENT MAIL RCPT: what the transaction had
parameters() { f=$(grep -l "^X-Rcpt-Args: <$1>" "$work/sinks/plain"/*) && grep "^X-Mail-Args: .*$2" $f && grep "^X-Rcpt-Args: <$1>.*$3" $f; }
check "what sendmail says of DSN is passed on" within 10 parameters d@plain.test 'RET=HDRS.*ENVID=id7' 'NOTIFY=SUCCESS,FAILURE'
check "what SMTP says is, too" within 10 parameters e@plain.test 'RET=FULL.*ENVID=id8' 'NOTIFY=NEVER.*ORCPT=rfc822;e+2Bx@else.test'
check "50 messages to a slow host keep nobody waiting" eval 'for i in $(seq 50); do letter s | sendmail -f lisa@here.test s$i@slow-data.test; done; letter quick | sendmail -f lisa@here.test q@plain.test; within 3 grep -rqF "<q@plain.test>" "$work/sinks/plain"'
check "they go out over many connections" within 40 queue_empty
check "all of them" sunk slow-data 51

# ---- time is up
no_mail
end_sink gone
tern-setup "$TERN_HOME" queuelifetime=2 >/dev/null && s6-svc -h "$TERN_HOME/service/send"
sleep 0.5
letter expires | sendmail -f lisa@here.test x@gone.test
check "a message is tried before it expires" within 10 deferred x@gone.test refused
sleep 2
s6-svc -a "$TERN_HOME/service/send"
check "and comes back at its next attempt after queuelifetime" within 10 bounce x@gone.test Status=.4.7 Diagnostic-Code=refused
check "its queue file is gone" within 5 queue_empty
check "the report has its header" grep -q '^Subject: expires' $(lisas)
no_mail
tern-setup "$TERN_HOME" queuelifetime=0 >/dev/null && s6-svc -h "$TERN_HOME/service/send"
sleep 0.5
letter zero | sendmail -f lisa@here.test -R hdrs x@gone.test y@plain.test
check "with queuelifetime 0 it comes back at once" within 10 bounce x@gone.test
check "what can be delivered is" within 5 grep -rqF '<y@plain.test>' "$work/sinks/plain"
tern-setup "$TERN_HOME" queuelifetime=604800 >/dev/null && s6-svc -h "$TERN_HOME/service/send"
sleep 0.5

# ---- a bounce that bounces
no_mail
letter double | sendmail -f bad@rcpt-5xx.test x@mail-5xx.test
check "a bounce that can't be delivered goes to doublebounceto" within 15 in_spool 1
check "it tells of both" eval 'grep -q "x@mail-5xx.test" "$spool" && grep -q "bad@rcpt-5xx.test" "$spool"'
check "from nobody" grep -qx 'Return-Path: <>' "$spool"
no_mail
letter null | sendmail -f '<>' x@mail-5xx.test
check "so does a message from <> that fails" within 15 in_spool 1
no_mail
tern-setup "$TERN_HOME" doublebounceto=bad@rcpt-5xx.test >/dev/null && s6-svc -h "$TERN_HOME/service/send"
sleep 0.5
letter triple | sendmail -f '<>' x@mail-5xx.test
check "a double bounce that fails is dropped" within 15 queue_empty
sleep 1
check "in silence, but for the log" eval 'queue_empty && lisa_has 0 && [ ! -e "$spool" ] && logs | grep -q "a double bounce can.t be delivered"'

# ---- two mail systems that think it is the other's
first=$TERN_HOME
TERN_HOME=$work/second
tern-setup "$TERN_HOME" me=there.test listen=127.0.0.3:25 smtproutes='loop.test:[127.0.0.1]:25
here.test:[127.0.0.1]:25' relaydomains=loop.test aliases="$work/etc/aliases" >/dev/null 2>&1
s6-svscan "$TERN_HOME/service" >"$work/second.out" 2>&1 &
second=$!
check "a second mail system starts beside the first" within 20 s6-svwait -U -t 1000 "$TERN_HOME"/service/*
TERN_HOME=$first
no_mail
letter round | sendmail -f lisa@here.test x@loop.test
check "a message that goes round between them comes back" within 60 lisa_has 1
check "because of its hops" grep -q '5\.4\.6' $(lisas)
check "it made some fifty rounds" eval 'n=$(logs | grep -c "relayed to=x@loop.test"); [ $n -ge 40 ] && [ $n -le 60 ]'
check "and nothing goes on" within 5 queue_empty

# ---- and a user who forwards from each to the other
no_mail
as lisa sh -c 'umask 022; echo lisa+there@there.test >"$HOME/.forward+here"; echo lisa+here@here.test >"$HOME/.forward+there"'
letter circle | sendmail -f admin@here.test lisa+here
check "a .forward circle between two hosts ends in a notice" within 20 in_spool 1
check "because it came back" grep -q '5\.4\.6' "$spool"
sleep 1
check "in one, and nobody else gets anything" eval 'in_spool 1 && lisa_has 0 && queue_empty'
as lisa sh -c 'rm "$HOME/.forward+here" "$HOME/.forward+there"'
TERN_HOME=$work/second
check "nor there" queue_empty
s6-svscanctl -t "$TERN_HOME/service"
wait $second
TERN_HOME=$first
finish
