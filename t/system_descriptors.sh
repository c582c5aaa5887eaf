#!/bin/sh
# as: both
# limit: 120
# Each service with 64 descriptors and no more: what does not fit is refused for now, what is acknowledged arrives, and nothing dies.
. "$(dirname "$0")/lib.sh"
for u in anna bert carl dora; do user $u; done
mkdir "$work/sink"
sink=$(free_port); free_n=$sink
"$TOOLS/smtpsink" 127.0.0.1 "$sink" "$work/sink" & sink_pid=$!
check "tern-setup" instance smtproutes="far.test:[127.0.0.1]:$sink" || exit 1
( ulimit -n 64; exec s6-svscan "$TERN_HOME/service" ) >"$work/svscan.out" 2>&1 & started=$!
check "all services answer" within 30 s6-svwait -U -t 500 "$TERN_HOME"/service/*
limit_of() { awk '/^Max open files/ { print $4 }' "/proc/$1/limits"; }
for s in alias local queue remote send showq smtpd; do
  check "$s has 64 descriptors" [ "$(limit_of "$(s6-svstat -o pid "$TERN_HOME/service/$s")")" -le 64 ]
done

# many at once, of sendmail and of SMTP, to several users and to another host
i=0 pids=
while [ $i -lt 30 ]; do
  ( echo "Subject: $i" | sendmail -f anna@here.test anna@here.test; echo $? >"$work/code.$i" ) 2>/dev/null & pids="$pids $!"
  i=$((i + 1))
done
"$TOOLS/smtpload" 127.0.0.1 "$PORT" many 150 20 bert@here.test carl@here.test dora@here.test >"$work/acked" 2>"$work/errors"
for p in $pids; do wait "$p"; done
took=$(grep -lx 0 "$work"/code.* | wc -l)
check "sendmail says 0 or 75" [ -z "$(grep -Lx -e 0 -e 75 "$work"/code.*)" ]
check "most of it is taken" [ "$took" -ge 10 -a "$(wc -l <"$work/acked")" -ge 50 ]
echo "Subject: far" | sendmail x@far.test
all_arrived() { s6-svc -a "$TERN_HOME/service/send"; queue_empty; }
check "all goes out" within 60 all_arrived
check "what sendmail took is there" has_mails anna "$took"
arrived() { n=0; for u in bert carl dora; do n=$((n + $(mails $u | wc -l))); done; [ "$n" -ge "$(wc -l <"$work/acked")" ] || { echo "$n of $(wc -l <"$work/acked")"; false; }; }
check "what SMTP took is there" arrived
check "another host has its message" grep -rq 'Subject: far' "$work/sink"
check "mailq answers" sh -c 'mailq | grep -q "queue is empty"'
check "no service died" sh -c '! grep -hE "a worker died|tern-[a-z]*: fatal:" "$TERN_HOME"/log/*/current'
kill $sink_pid
finish
