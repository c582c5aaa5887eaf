#!/bin/sh
# as: both
# limit: 240
# Where mail for a domain goes: MX by preference, dead and refusing hosts, A and AAAA without MX, null MX, names that do not exist,
# CNAME, MX that are this host; and a name server that is dead. dnsmasq and smtp-sink, on a machine apart.
PEERS="dnsmasq-base postfix"
PEOPLE="admin lisa"
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"
. "$(dirname "$0")/hosts.sh"
for p in $PEERS; do has_peer $p || exit 0; done
bounce() { python3 "$here/t/bounce.py" $(lisas) "$@"; }

mkdir -p "$work/etc"
echo 'root: admin' >"$work/etc/aliases"
check "tern-setup" makes_instance listen=127.0.0.1:25 timeoutconnect=3
check "start" start

# ---- a name server that is dead: later, never a bounce
letter wait | sendmail -f lisa@here.test x@one.test
check "a dead name server means later" within 30 deferred x@one.test "DNS"
check "mailq says so" sh -c 'mailq | grep -iq "(.*DNS.*one.test.*)"'

many=
for n in $(seq 100); do many="$many --mx-host=many.test,mail-exchanger-number-$n.of-a-rather-long-name.test,10 --host-record=mail-exchanger-number-$n.of-a-rather-long-name.test,127.0.1.2"; done
names --mx-host=one.test,good.test,10 --host-record=good.test,127.0.1.2 \
  --mx-host=order.test,good.test,20 --mx-host=order.test,dead.test,10 --host-record=dead.test,127.0.1.1 \
  --mx-host=busy-first.test,busy.test,1 --mx-host=busy-first.test,good.test,2 --host-record=busy.test,127.0.1.4 \
  --mx-host=first.test,good.test,1 --mx-host=first.test,other.test,2 --host-record=other.test,127.0.1.3 \
  --host-record=a.test,127.0.1.3 --host-record=v6.test,::2 --host-record=v6-dead.test,::2 --host-record=both.test,127.0.1.3,::2 \
  --dns-rr=null.test,15,000000 --mx-host=lost.test,nowhere.test,10 \
  --cname=alias.test,order.test --cname=good-alias.test,good.test --mx-host=to-alias.test,good-alias.test,10 \
  --mx-host=self.test,here.test,10 --host-record=here.test,127.0.0.1 --mx-host=self-ip.test,self-name.test,10 --host-record=self-name.test,127.0.0.1 \
  --mx-host=backup.test,good.test,10 --mx-host=backup.test,here.test,20 --mx-host=shadow.test,here.test,10 --mx-host=shadow.test,good.test,20 \
  --host-record=self-a.test,127.0.0.1 --txt-record=only-txt.test,x $many
sink good 127.0.1.2:25
sink other 127.0.1.3:25
sink busy 127.0.1.4:25 -r connect
if [ -e /proc/net/if_inet6 ]; then
  sink v6 '[::1]:25'
  v6=1
fi
ready
s6-svc -a "$TERN_HOME/service/send"
check "s6-svc -a sends it when the name server is back" within 15 eval 'sunk good 1 && queue_empty'

# went DOMAIN HOST: x@DOMAIN is taken by that sink
went() { grep -qF "X-Rcpt-Args: <x@$1>" "$work/sinks/$2"/* 2>/dev/null; }
for d in order busy-first first a both null nx lost alias to-alias self self-ip self-a backup shadow only-txt many; do letter $d | sendmail -f lisa@here.test x@$d.test; done
letter literal | sendmail -f lisa@here.test 'x@[127.0.1.3]'
check "the next MX is tried when the first does not answer" within 15 went order.test good
check "or is busy" within 15 went busy-first.test good
check "which was asked first" grep -q ': connect ' "$work/sinks/busy.log"
check "the MX of the best preference is used" within 10 went first.test good
check "without MX the domain's A is used" within 10 went a.test other
check "A and AAAA: one that answers" within 15 went both.test other
check "a domain that is a CNAME" within 10 went alias.test good
check "an MX that is a CNAME" within 10 went to-alias.test good
check "a backup MX relays to the better one" within 10 went backup.test good
check "an answer of a hundred MX, by TCP" within 10 went many.test good
check "an address as a domain" within 10 grep -qF 'X-Rcpt-Args: <x@[127.0.1.3]>' -r "$work/sinks/other"
letter v6 | sendmail -f lisa@here.test x@v6-dead.test
check "an AAAA alone, and IPv6 is dead: later" within 15 deferred x@v6-dead.test "unable to connect to v6-dead.test[::2]"
"$BIN/tern-queuectl" delete -d v6-dead.test >/dev/null
if [ -n "${v6:-}" ]; then
  kill $names
  wait $names 2>/dev/null
  names --host-record=v6.test,::1
  letter v6 | sendmail -f lisa@here.test x@v6.test
  check "without MX and A the domain's AAAA is used" within 15 went v6.test v6
fi
check "null MX bounces" within 10 bounce x@null.test Status=5.1.10
check "a name that does not exist bounces" within 10 bounce x@nx.test Status=5.1.2
check "an MX without an address bounces" within 10 bounce x@lost.test Status=5.4.4
check "a name without MX and address bounces" within 10 bounce x@only-txt.test Status=5.
for d in self self-ip self-a shadow; do check "an MX that is this host bounces ($d)" within 10 bounce x@$d.test Status=5.4.6; done
check "nothing waits" within 10 queue_empty

# ---- a name server that takes questions and never answers
cat >"$work/silent.py" <<'P'
import socket, time
for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("127.0.0.55", 53))
    kind == socket.SOCK_STREAM and s.listen()
    globals()["s%d" % kind] = s
time.sleep(90)
P
python3 "$work/silent.py" &
silent=$!
within 5 listens 127.0.0.55:53
"$BIN/tern-setup" "$TERN_HOME" resolver=127.0.0.55 >/dev/null && s6-svc -h "$TERN_HOME/service/remote"
sleep 1
letter silent | sendmail -f lisa@here.test x@one.test
check "a silent name server means later" within 60 deferred x@one.test DNS
kill $silent
"$BIN/tern-queuectl" delete all >/dev/null
rm "$TERN_HOME/control/resolver"
s6-svc -h "$TERN_HOME/service/remote"

# ---- the name server knows nothing, refuses, or is named by the setting resolver
sleep 1
letter refused | sendmail -f lisa@here.test x@else.invalid
check "a name server that refuses means later" within 20 deferred x@else.invalid DNS
"$BIN/tern-queuectl" delete all >/dev/null
"$BIN/tern-setup" "$TERN_HOME" resolver=127.0.0.54:5353 >/dev/null && s6-svc -h "$TERN_HOME/service/remote"
sleep 1
letter dead | sendmail -f lisa@here.test x@one.test
check "a dead resolver means later" within 30 deferred x@one.test DNS
names=
dnsmasq -k -C /dev/null --no-resolv --no-hosts --listen-address=127.0.0.54 --port=5353 --bind-interfaces --user="$(id -un)" --group= --pid-file= \
  --local=/test/ --mx-host=one.test,good.test --host-record=good.test,127.0.1.2 >>"$work/names.log" 2>&1 &
within 5 listens 127.0.0.54:5353
s6-svc -a "$TERN_HOME/service/send"
check "the setting resolver names another, with a port" within 15 went one.test good
check "and the queue is empty" within 10 queue_empty
finish
