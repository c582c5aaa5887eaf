#!/bin/sh
# limit: 180
# What a sender asks for (RFC 3461) by SMTP and by sendmail -N -R -V is stored, and done: reports of success, relaying, expansion,
# failure and delay, one for what happened together, none for who wants none, one for a loop. A big list delays nobody else.
. "$(dirname "$0")/lib.sh"
for u in anna bert carl lisa; do user $u; done
mkdir -p "$work/etc"
printf '%s\n' 'list: anna, bert' 'owner-list: carl' 'round: about' 'about: anna+round' >"$work/etc/aliases"
sink=$(free_port)
free_n=$sink
gone=$(free_port)
free_n=$gone
near=$(free_port)
free_n=$near
check "tern-setup" instance smtproutes="far.test:127.0.0.1:$sink
near.test:127.0.0.1:$near
gone.test:127.0.0.1:$gone" delaywarning=2 concurrencydomain=3 || exit 1
"$TOOLS/slowsink" 127.0.0.1 "$sink" "$work/sunk" 0 & sink_pid=$!
check "start" start || exit 1
as_user() { u=$1; shift; if is_root; then setpriv --reuid="$(sed -n "s/^$u:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups "$@"; else "$@"; fi; }
bounce() { python3 "$here/t/bounce.py" $(mails lisa) "$@"; }
none_left() { for f in $(mails lisa); do rm -f "$f"; done; }
say() { printf '%s\n' 'EHLO c.test' "$@" DATA 'Subject: asked' '' 'the body' . QUIT | "$TOOLS/smtpsay" 127.0.0.1 "$PORT" >"$work/said"; }

# ---- success
check "NOTIFY=SUCCESS is taken" say 'MAIL FROM:<lisa@here.test> RET=FULL ENVID=id+2B1' 'RCPT TO:<anna@here.test> NOTIFY=SUCCESS ORCPT=rfc822;Anna+2BX@else.test'
check "and answered when it is delivered" within 20 bounce anna@here.test Action=delivered Status=2. 'Original-Recipient=Anna+X@else.test'
check "with the envelope's id, and the header alone" eval 'f=$(mails lisa); grep -qx "Original-Envelope-Id: id+1" $f && grep -q "^Subject: asked" $f && ! grep -qx "the body" $f'
none_left
as_user bert sh -c 'umask 022; echo anna+there >"$0/.forward+on"' "$HOMES/bert"
say 'MAIL FROM:<lisa@here.test>' 'RCPT TO:<bert+on@here.test> NOTIFY=SUCCESS'
check "a .forward to one address: success is told of there" within 20 bounce anna+there@here.test Action=delivered
sleep 0.5
check "and there alone" eval 'has_mails lisa 1 && ! grep -q "Final-Recipient: rfc822; bert" $(mails lisa)'
none_left
printf 'Subject: far\n\nx\n' | sendmail -f lisa@here.test -N success -V id2 x@far.test
check "a host without DSN: it was relayed" within 20 bounce x@far.test Action=relayed Status=2. Remote-MTA=127.0.0.1
none_left
say 'MAIL FROM:<lisa@here.test>' 'RCPT TO:<list@here.test> NOTIFY=SUCCESS'
check "a list of its own owner: it was expanded" within 20 bounce list@here.test Action=expanded
check "and each member has it" eval 'within 20 has_mails anna 3 && within 20 has_mails bert 1'
none_left

# ---- failure: one report for what failed together, by RET; none for NEVER
say 'MAIL FROM:<lisa@here.test> RET=FULL' 'RCPT TO:<x@gone.test> NOTIFY=NEVER' 'RCPT TO:<anna@here.test> NOTIFY=FAILURE'
as_user carl sh -c 'umask 022; echo "|echo no such thing; exit 67" >"$0/.forward"; echo "|exit 1" >"$0/.forward+later"' "$HOMES/carl"
say 'MAIL FROM:<lisa@here.test> RET=FULL' 'RCPT TO:<carl+a@here.test>' 'RCPT TO:<carl+b@here.test> NOTIFY=NEVER' 'RCPT TO:<carl+c@here.test> NOTIFY=FAILURE'
check "two failures" within 20 bounce carl+a@here.test Action=failed 'Diagnostic-Code=no such thing'
check "are one report, with all of the message" eval 'bounce carl+c@here.test && has_mails lisa 1 && grep -qx "the body" $(mails lisa)'
check "that says what to do" grep -q '^  What you can do: ' $(mails lisa)
check "and does not name who is not to be told of" eval '! grep -q "carl+b@" $(mails lisa)'
none_left

# ---- delay
say 'MAIL FROM:<lisa@here.test>' 'RCPT TO:<y@gone.test> NOTIFY=DELAY,FAILURE' 'RCPT TO:<z@gone.test> NOTIFY=FAILURE'
check "after delaywarning the sender is told" within 30 bounce y@gone.test Action=delayed Status=4. Will-Retry-Until=, Diagnostic-Code=refused
check "of those he wants to hear of" eval '! grep -q "z@gone.test" $(mails lisa)'
check "not about who asked for NEVER" eval 'has_mails lisa 1'
tries() { mailq -j | python3 -c 'import json, sys; print(min(json.loads(l)["attempts"] for l in sys.stdin))'; }
s6-svc -a "$TERN_HOME/service/send"
before=$(s6-svstat -o pid "$TERN_HOME/service/send")
kill -9 "$before"
check "the runner is back after kill -9" within 30 sh -c '[ "$(s6-svstat -o pid "$0")" != "$1" ] && s6-svwait -U -t 1000 "$0"' "$TERN_HOME/service/send" "$before"
s6-svc -a "$TERN_HOME/service/send"
check "it is tried again" within 20 sh -c '[ "$(mailq -j | grep -c "\"attempts\": *[2-9]")" = 2 ]'
sleep 1
check "and he is told once" has_mails lisa 1
next() { mailq -j | sed -n 's/.*"next": *\([0-9]*\).*/\1/p' | sort; }
check "their next attempts are known" eval '[ -n "$(next)" ]'
kept=$(next)
s6-svc -r "$TERN_HOME/service/send"
sleep 1
s6-svwait -U -t 10000 "$TERN_HOME/service/send"
check "and a restart forgets none" eval '[ "$(next)" = "$kept" ]'
tern-queuectl delete all >/dev/null
none_left

# ---- loops: a notice at most
as_user anna sh -c 'umask 022; echo bert >"$0/.forward+loop"; echo round >"$0/.forward+round"' "$HOMES/anna"
as_user bert sh -c 'umask 022; echo anna+loop >"$0/.forward"' "$HOMES/bert"
printf 'Subject: loop\n\nx\n' | sendmail -f lisa@here.test anna+loop
check "two that forward to each other: one notice" within 20 has_mails lisa 1
printf 'Subject: loop\n\nx\n' | sendmail -f lisa@here.test round
check "aliases and a .forward that lead round: one notice" within 20 has_mails lisa 2
printf 'Subject: loop\n\nx\n' | sendmail -f '<>' anna+loop
check "nothing goes on" within 20 queue_empty
check "and nobody is told about a report that goes round" has_mails lisa 2

# ---- a big list and a slow host: others are delivered at once
kill $sink_pid
"$TOOLS/slowsink" 127.0.0.1 "$sink" "$work/sunk" 1 & sink_pid=$!
within 10 sh -c '! "$0" 127.0.0.1 "$1"' "$TOOLS/portfree" "$sink"
"$TOOLS/slowsink" 127.0.0.1 "$near" "$work/near" 0 & near_pid=$!
now() { date +%s%N; }
# took RECIPIENT COMMAND ...: milliseconds until a message to him is there, which the command sees; at most 5 s
took() {
  took_begin=$(now)
  printf 'Subject: seen\n\nx\n' | sendmail -f lisa@here.test "$1"
  shift
  until "$@" || [ $(($(now) - took_begin)) -gt 5000000000 ]; do sleep 0.02; done
  echo $((($(now) - took_begin) / 1000000))
}
# quick NAME: one to a user, one to another host; the best of three, since a busy machine may need longer for one of them
quick() {
  best=5000 best_near=5000
  for i in 1 2 3; do
    rm -f "$HOMES/carl/seen"
    : >"$work/near"
    ms=$(took carl+seen [ -e "$HOMES/carl/seen" ])
    [ "$ms" -ge $best ] || best=$ms
    ms=$(took x@near.test [ -s "$work/near" ])
    [ "$ms" -ge $best_near ] || best_near=$ms
  done
  check "$1 ($best ms to a user, $best_near ms to another host)" [ "$((best < 1000 && best_near < 1000))" = 1 ]
}
as_user carl sh -c 'umask 022; echo "|touch seen" >"$0/.forward+seen"' "$HOMES/carl"
quick "a message is there in less than a second"
seq -f 'u%.0f@far.test' 10000 | sed '1s/^/To: /; 2,$s/^/ /; $!s/$/,/' >"$work/list"
{ cat "$work/list"; printf 'Subject: big\n\nx\n'; } | sendmail -f lisa@here.test -t
quick "beside one to 10,000 too"
check "10,000 messages for one slow host are taken in" "$TOOLS/benchload" "$PORT" 8 10000 1 300 1 1000 far.test
quick "beside them too"
check "nearly all of them still wait" eval '[ "$(mailq | tail -n 1 | sed "s/.* in \([0-9]*\) Requests.*/\1/")" -gt 8000 ]'
tern-queuectl delete all >/dev/null
kill $near_pid
kill $sink_pid
finish
