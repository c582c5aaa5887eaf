#!/bin/sh
# limit: 240
# Many clients: what an idle session costs, that 2,000 of them slow nobody, that those who do nothing go when others wait, how many may
# come from one address; thousands of connections while every program is restarted, and replaced by another build.
. "$(dirname "$0")/lib.sh"
user anna
# an installation of its own, whose programs are replaced later
mkdir -p "$work/installed" && cp -Rp "$BIN" "$work/installed/bin" && cp -Rp "$BIN/../service" "$work/installed/service"
chmod -R a+rX "$work/installed"
PATH=$work/installed/bin:$PATH
check "tern-setup" instance concurrencyincoming=2200 relayclients=127.0.0.1 timeoutsmtpd=120 || exit 1
check "start" start || exit 1

pss() { for p in $(pids_of tern-smtpd); do sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$p/smaps_rollup" 2>/dev/null; done | awk '{ s += $1 } END { print s }'; }
# idle NAME COUNT PER-ADDRESS: holds so many sessions until idle_end
idle() {
  rm -f "$work/idle"
  mkfifo "$work/idle"
  "$TOOLS/smtpidle" 127.0.0.1 "$PORT" "$1" "$2" <"$work/idle" >"$work/idled" 2>&1 &
  idler=$!
  exec 8>"$work/idle"
  within 60 grep -q greeted "$work/idled"
}
idle_end() { exec 8>&-; wait $idler; }
now() { date +%s%3N; }
# message SUBJECT: one by SMTP; prints the milliseconds that it took
message() {
  began=$(now)
  printf '%s\n' 'EHLO c.test' 'MAIL FROM:<a@else.test>' 'RCPT TO:<anna@here.test>' DATA "Subject: $1" '' x . QUIT |
    "$TOOLS/smtpsay" 127.0.0.1 "$PORT" >"$work/said" 2>&1
  grep -q '^< 250 2.0.0 Ok: queued' "$work/said" || { cat "$work/said" >&2; return 1; }
  echo $(($(now) - began))
}

alone=$(message alone)
before=$(pss)
workers=$(pids_of tern-smtpd | wc -w)
check "200 idle sessions" idle 200 50
grew=$((($(pss) - before) / (200 - workers)))
check "an idle session costs at most 64 KiB (got $grew)" [ "$grew" -le 64 ]
idle_end
check "2,000 idle sessions" idle 2000 50
check "all are greeted" grep -q '^2000 greeted, 0 refused' "$work/idled" || cat "$work/idled"
with=$(message beside-2000)
check "they do not slow the 2,001st client (alone $alone ms, with them $with ms)" [ "$with" -le $((alone * 3 + 300)) ]
"$TOOLS/smtpidle" 127.0.0.1 "$PORT" 1 1 </dev/null >"$work/one"
check "the 51st connection of one address is refused" grep -q '^0 greeted, 1 refused' "$work/one" || cat "$work/one"
idle_end

# ---- when all places are taken
tern-setup "$TERN_HOME" concurrencyincoming=30 concurrencyclient=0 >/dev/null
s6-svc -h "$TERN_HOME/service/smtpd"
few() { [ "$(pids_of tern-smtpd | wc -w)" -le 31 ]; }
check "the others go" within 60 few
check "30 clients that say nothing" idle 30 30
took=$(message meanwhile)
check "they make room for one that speaks (${took:-never} ms)" [ "${took:-99999}" -le 8000 ]
check "and are told so in the log" within 10 sh -c 'grep -q "disconnect client=127.1.0.1 .*others wait" "$0"/log/smtpd/current' "$TERN_HOME"
idle_end
check "mail arrived" within 30 has_mails anna 3

# ---- controls reach those who read the network, at a reload too
says() { # WANT LINE...: the last reply begins so
  want=$1; shift
  printf '%s\n' 'EHLO c.test' "$@" QUIT | "$TOOLS/smtpsay" 127.0.0.1 "$PORT" >"$work/said" 2>&1
  grep '^< [2-5][0-9][0-9] ' "$work/said" | tail -n 2 | head -n 1 | grep -q "^< $want" || { cat "$work/said"; return 1; }
}
mkdir "$TERN_HOME/recipients"
printf 'ann\n' >"$TERN_HOME/recipients/far.test"
chmod 644 "$TERN_HOME/recipients/far.test"
check "settings of controls are taken" tern-setup "$TERN_HOME" relaydomains=far.test recipientsfile=far.test:recipients/far.test \
  badmailfrom=@bad.test badrcptto=b@far.test access="127.1.0.0/16 refuse" maxrecipients=7
s6-svc -h "$TERN_HOME/service/smtpd"
check "badmailfrom" within 10 says '554 5.7.1 .*questions: postmaster@here.test' 'MAIL FROM:<a@bad.test>' 'RCPT TO:<anna@here.test>'
check "recipientsfile: who is named is taken" says 250 'MAIL FROM:<a@b.test>' 'RCPT TO:<ann@far.test>'
check "and who is not is refused" says '550 5.1.1' 'MAIL FROM:<a@b.test>' 'RCPT TO:<nobody@far.test>'
check "badrcptto" says '554 5.7.1' 'MAIL FROM:<a@b.test>' 'RCPT TO:<b@far.test>'
check "a setting that makes no sense is refused" sh -c '! tern-setup "$0" access="127.0.0.1 perhaps" 2>"$1" && grep -q "ok, refuse or later" "$1"' "$TERN_HOME" "$work/complaint"

# ---- thousands of connections while each program is restarted, and replaced
tern-setup "$TERN_HOME" concurrencyincoming=200 >/dev/null
s6-svc -h "$TERN_HOME/service/smtpd"
is_alive() { kill -0 "$1" 2>/dev/null; }
s6-svc -d "$TERN_HOME/service/send"
message old-queue >/dev/null # kept by the old build, delivered by the new one
"$TOOLS/smtpidle" -q 127.0.0.1 "$PORT" 3000 >"$work/quick" 2>&1 & quick=$!
"$TOOLS/smtpload" 127.0.0.1 "$PORT" crowd 200 4 anna@here.test >"$work/acked" 2>"$work/errors" & loader=$!
restarts=0
while is_alive $quick || [ $restarts -lt 1 ]; do
  for name in smtpd queue alias send local remote showq; do
    cp "$BIN/tern-$name" "$work/installed/bin/new" && mv "$work/installed/bin/new" "$work/installed/bin/tern-$name"
    if [ $name = send ]; then s6-svc -u "$TERN_HOME/service/send"; fi
    s6-svc -r "$TERN_HOME/service/$name"
  done
  s6-svwait -U -t 30000 "$TERN_HOME"/service/*
  restarts=$((restarts + 1))
done
wait $quick
check "3,000 connections, every program replaced $restarts times: none is refused" [ $? = 0 ] || cat "$work/quick"
wait $loader
check "and nobody is cut between DATA and its answer" [ $? = 0 ] || cat "$work/errors"
check "all of it arrives, and what the old build had kept" within 60 has_mails anna 204
stop
finish
