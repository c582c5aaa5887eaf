#!/bin/sh
# as: both
# limit: 120
# What people do with the queue: mailq and tern-queuectl by sender, recipient, domain; the summary; tern-trace.
. "$(dirname "$0")/lib.sh"

for u in anna bert carl; do user $u; done
mkdir -p "$work/etc"
echo 'list: bert, gone@far.test' >"$work/etc/aliases"
# port 1 of loopback answers nobody
instance smtproutes="far.test:[127.0.0.1]:1
near.test:[127.0.0.1]:1
down.near.test:[127.0.0.1]:1" >"$work/out" 2>&1
check "it starts" start
code_is() { want=$1; shift; "$@"; [ $? = "$want" ]; }
says() { text=$1; shift; "$@" 2>&1 | grep -qF -- "$text"; }
send() { from=$1; shift; printf 'Message-ID: <%s@test>\nSubject: x\n\nx\n' "$from" | sendmail -f "$from" "$@"; }
send anna@here.test a@far.test b@near.test
send bert@here.test c@far.test
send '<>' d@down.near.test
send Odd@else.test e@near.test
shown() { mailq "$@" | grep -c '^[0-9A-V]\{20\}'; }
held() { mailq "$@" | grep -c '^[0-9A-V]\{20\}!'; }
deferred() { [ "$(mailq -j | grep -c '"state":"deferred"')" = 4 ]; }
check "four messages wait" within 15 deferred
id_of() { mailq -j "$@" | sed -n 's/^{"id":"\([^"]*\)".*/\1/p'; }

# ---- mailq by words
while read -r want words; do
  check "mailq $words: $want" eval '[ "$(shown $words)" = $want ]'
done <<'T'
4
1 -f anna@here.test
1 -f anna
1 -f <bert@HERE.test>
0 -f BERT@here.test
1 -f <>
2 -f anna -f bert
2 -d far.test
2 -d NEAR.test
1 -d .near.test
3 -d near.test -d .near.test
1 -rc@far.test
1 -f anna -d near.test
0 -f bert -d near.test
1 -v -Ac -f bert
T
check "it says that nothing matches" says "No message that waits matches" mailq -f nobody@x
check "mailq -j by words is JSON" sh -c 'mailq -j -f bert | python3 -c "import json,sys; a=[json.loads(l) for l in sys.stdin]; assert len(a)==1 and a[0][\"recipients\"][0][\"tried\"] > 1e9"'
check "an option without a value is wrong use" code_is 64 mailq -f
check "a word that is no id, too" code_is 64 mailq nonsense

# ---- the summary
check "mailq -s has a line for each destination" [ "$(mailq -s | grep -c '^[a-z.]*\.test  *[12] ')" = 3 ]
check "and the last answer" says "(unable to connect to " mailq -s
check "mailq -sj" sh -c 'mailq -sj | python3 -c "
import json,sys,time
all=[json.loads(l) for l in sys.stdin]
a={o[\"destination\"]: o for o in all if \"destination\" in o}
host=[o for o in all if \"host\" in o][0]
assert host[\"host\"]==\"[127.0.0.1]:1\" and time.time()-60 < host[\"failing\"] <= time.time() and \"refused\" in host[\"reason\"].lower(), host
far=a[\"far.test\"]
assert sorted(a)==[\"down.near.test\",\"far.test\",\"near.test\"], a
assert far[\"recipients\"]==far[\"messages\"]==far[\"deferred\"]==far[\"ages\"][\"5m\"]==2, far
assert time.time()-60 < far[\"failing\"] <= far[\"tried\"] < far[\"next\"], far
assert \"refused\" in far[\"reason\"].lower(), far"'
check "and the host that does not answer" says "[127.0.0.1]:1 has not answered for " mailq -s
check "of one domain" [ "$(mailq -sj -d far.test | grep -c '"destination"')" = 1 ]

# ---- tern-queuectl by words
check "-n says what would be done" says "2 messages would be put on hold; nothing was done" tern-queuectl -n hold -d far.test
check "and to whom" says "from <anna@here.test> to <a@far.test>, <b@near.test>" tern-queuectl hold -n -d far.test
check "and does nothing" [ "$(held)" = 0 ]
check "hold by domain" says "2 messages put on hold" tern-queuectl hold -d far.test
check "they are on hold" [ "$(held)" = 2 ]
check "what is on hold is passed over" says "0 messages put on hold" tern-queuectl hold -d far.test
check "-n says so" says "0 messages would be put on hold, 2 would stay as they are" tern-queuectl -n hold -d far.test
check "release by sender" says "1 message released" tern-queuectl release -f anna
check "both words must be true" says "0 messages deleted" tern-queuectl delete -f anna -d down.near.test
before=$(logs | grep -c 'deferred.*to=d@down.near.test')
check "retry by domain" says "1 message tried now" tern-queuectl retry -d .near.test
retried() { [ "$(logs | grep -c 'deferred.*to=d@down.near.test')" -gt "$before" ]; }
check "it is tried" within 10 retried
check "delete of the null sender's" says "1 message deleted" tern-queuectl delete -f '<>'
check "it is gone" [ "$(shown)" = 3 ]
check "bounce by recipient" says "1 message returned" tern-queuectl bounce -r e@near.test
bert=$(id_of -f bert)
check "an id that does not match" code_is 66 tern-queuectl delete -f anna "$bert"
check "an id and a word that does" says "$bert: deleted" tern-queuectl delete -f bert "$bert"
check "no such id" code_is 66 tern-queuectl -n hold "$bert"
check "no verb is wrong use" code_is 64 tern-queuectl
check "no message, too" code_is 64 tern-queuectl hold
check "all and an id, too" code_is 64 tern-queuectl hold all "$bert"
check "an unknown option, too" code_is 64 tern-queuectl hold -x

# ---- whose they are
if is_root; then
  as() { who=$1; shift; setpriv --reuid="$(sed -n "s/^$who:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups "$@"; }
  check "another user finds nothing by an address" eval '[ "$(as carl env PATH="$PATH" mailq -f anna@here.test | grep -c "^[0-9A-V]\{20\}")" = 0 ]'
  check "nor can he do anything" says "0 messages deleted" as carl env PATH="$PATH" tern-queuectl delete -d near.test
  check "nor is anything his by -n" says "0 messages would be deleted" as carl env PATH="$PATH" tern-queuectl -n delete all
  echo x | as carl env PATH="$PATH" sendmail f@near.test
  check "his own he may" within 10 says "1 message deleted" as carl env PATH="$PATH" tern-queuectl delete -d near.test
  tern-setup "$TERN_HOME" queueadmins="root
carl" && s6-svc -h "$TERN_HOME/service/showq" && s6-svc -h "$TERN_HOME/service/send"
  check "an admin may do it to all" within 10 says "1 message would be put on hold" as carl env PATH="$PATH" tern-queuectl -n hold -f anna
  check "though he sees no addresses" says "addresses hidden" as carl env PATH="$PATH" tern-queuectl -n hold -f anna
  check "mailq -s tells an admin of hosts" says "has not answered for" as carl env PATH="$PATH" mailq -s
  check "and nobody else" eval '! as bert env PATH="$PATH" mailq -s | grep -q "has not answered for"'
  check "tern-trace is not for him" code_is 77 as carl env PATH="$PATH" tern-trace "$bert"
  check "and names mailq" says "mailq" as carl env PATH="$PATH" tern-trace "$bert"
fi
tern-queuectl delete all >/dev/null

# ---- a message's life: a list, one of whose members is far away; its report
send carl@here.test list
check "the list's copy reaches bert" within 10 has_mails bert 1
child=$(id_of -d far.test)
parent=$(logs | sed -n "s/.* \([0-9A-V]\{20\}\) expanded .*into=$child.*/\1/p" | head -n 1)
check "it was made of another message" [ -n "$parent" ]
check "what is left of it is returned" tern-queuectl bounce "$child"
check "its sender is told" within 10 has_mails carl 1
for word in "$parent" "$child" "<carl@here.test@test>" carl@here.test@test; do
  tern-trace "$word" >"$work/life"
  check "tern-trace $word: the whole family" sh -c 'for w in "$2  queue   taken in.*Message-ID <carl@here.test@test>" "made message $3 of it" "$3 .*delivered to <bert@here.test>" \
    "$3 .*given up for <gone@far.test>" "$3 .*its sender was told.*: a report to <carl@here.test>" "made from $3$" "delivered to <carl@here.test>"; do
      grep -q "$w" "$1" || { echo "no $w in"; cat "$1"; exit 1; }; done' - "$work/life" "$parent" "$child"
done
check "as JSON" sh -c 'tern-trace -j "$0" | python3 -c "
import json,sys
a=[json.loads(l) for l in sys.stdin]
assert [o[\"time\"] for o in a]==sorted(o[\"time\"] for o in a)
assert any(o[\"event\"]==\"bounced\" and o[\"values\"][\"to\"]==\"carl@here.test\" for o in a), a"' "$child"
s6-svc -a "$TERN_HOME/service/queue/log"; s6-svc -a "$TERN_HOME/service/send/log" # s6-log rotates
rotated() { ls "$TERN_HOME"/log/send/@* >/dev/null 2>&1; }
check "the logs are rotated" within 5 rotated
check "nothing is lost by that" sh -c 'tern-trace "$0" | cmp - "$1"' "$child" "$work/life"
check "an unknown id" code_is 66 tern-trace 06C3V22HDQRO0AAO7ETM
check "an unknown Message-ID" code_is 66 tern-trace '<no@such>'
check "neither of both" code_is 64 tern-trace nonsense
check "nothing" code_is 64 tern-trace

# ---- very many
check "nothing waits" within 5 queue_empty
n=300
printf 'x\n' >"$work/x"
i=0
while [ $i -lt $n ]; do
  set -- HELO\ c.test
  for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
    set -- "$@" "MAIL FROM:<many@else.test>" "RCPT TO:<m$i-$k@far.test>" DATA '' x .
  done
  printf '%s\n' "$@" QUIT | "$TOOLS/smtpsay" 127.0.0.1 "$PORT" >/dev/null
  i=$((i + 25))
done
check "$n wait" within 20 eval '[ "$(shown -f many@else.test)" = $n ]'
check "hold all of them" says "$n messages put on hold" tern-queuectl hold all
check "all are on hold" [ "$(held)" = $n ]
check "release them by domain" says "$n messages released" tern-queuectl release -d far.test
check "bounce fifty" sh -c 'mailq -j | head -n 50 | sed "s/^{\"id\":\"\([^\"]*\)\".*/\1/" | xargs tern-queuectl bounce | grep -q "^50 messages returned"'
check "delete the rest" says "$((n - 50)) messages deleted" tern-queuectl delete -f many@else.test
check "none is left" within 10 eval '[ "$(shown -f many@else.test)" = 0 ]'
check "nobody of the runner's stays behind" within 5 eval '[ "$(pids_of tern-send | wc -l)" = 1 ]'
finish
