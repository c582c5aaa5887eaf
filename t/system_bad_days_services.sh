#!/bin/sh
# as: both
# limit: 240
# One service down means "later" and nothing else; a wrong setting stops the service that reads it, with file, line and remedy, and
# nobody else; other hosts and name servers that are away make mail wait, and the rest of it goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bad_days.sh"
for u in anna bert carl; do user $u; done
mkdir -p "$work/etc" "$work/sink"
echo 'list: anna, bert' >"$work/etc/aliases"
closed=$(free_port); free_n=$closed
silent=$(free_port); free_n=$silent
sink=$(free_port); free_n=$sink
"$TOOLS/smtpsink" -s 127.0.0.1 "$silent" "$work/sink" & silent_pid=$!
"$TOOLS/smtpsink" 127.0.0.1 "$sink" "$work/sink" & sink_pid=$!
check "tern-setup" instance timeoutconnect=2 timeoutremote=2 resolver="127.0.0.1:$closed" \
  smtproutes="refused.test:[127.0.0.1]:$closed
silent.test:[127.0.0.1]:$silent
good.test:[127.0.0.1]:$sink" || exit 1
check "start" start || exit 1
sinks() { cat "$work"/sink/*.envelope 2>/dev/null | grep -q "^RCPT TO:<$1>"; }

# ---- other hosts and name servers
mail_to hosts x@refused.test x@silent.test x@nowhere.test x@good.test anna
check "a host that answers gets its mail while others do not answer" within 15 sinks x@good.test
check "so does a local user" within 10 got anna hosts
check "a refused connection waits" within 10 waits x@refused.test 'refused'
check "a host that is silent waits" within 20 waits x@silent.test 'greet|answer|time'
check "a name server that is dead waits" within 20 waits x@nowhere.test .
check "as 4.4.3" sh -c 'grep -q " deferred to=x@nowhere.test .*status=4\.4\.3 " "$0"' "$TERN_HOME/log/send/current"
check "a refused connection as 4.4.1" sh -c 'grep -q " deferred to=x@refused.test .*status=4\.4\.1 " "$0"' "$TERN_HOME/log/send/current"
check "one message waits, for three recipients" [ "$(mailq -j | grep -o '"state":"deferred","reason"' | wc -l)" = 3 ]
tern-queuectl delete all >/dev/null 2>&1
check "which can be deleted" within 10 queue_empty

# ---- one service down at a time
rcpt() { smtp 'EHLO c.test' 'MAIL FROM:<out@else.test>' "RCPT TO:<$1>" QUIT; }
whole() { smtp 'EHLO c.test' 'MAIL FROM:<out@else.test>' "RCPT TO:<$1>" DATA "Subject: $2" '' . QUIT; }
one_waits() { [ "$(waiting)" = 1 ] || { mailq; return 1; }; }
one_waits_soon() { within 5 one_waits || one_waits; }
FROM=sender@here.test
check "alias stops" down alias
check "alias down: RCPT of a local name is 451" says '^< 451 4' rcpt anna@here.test
check "of a name that does not exist, too" says '^< 451 4' rcpt nobody@here.test
check "of another's is not" says '^< 250 2.1.5' rcpt x@good.test
check "sendmail queues unchecked" code_is 0 mail_to alias-down anna
check "sendmail -bv says later" code_is 75 sendmail -bv anna
check "the message is not bounced" [ "$(waiting)" = 1 ]
check "alias starts" up alias
check "and the message goes" within 15 got anna alias-down

check "queue stops" down queue
check "queue down: the final dot is 451" says '^< 451 4' whole anna@here.test queue-down
check "sendmail exits 75" code_is 75 mail_to queue-down anna
check "and says so" sh -c 'echo x | sendmail anna 2>&1 | grep -qi "queue\|mail system"'
check "queue starts" up queue
check "queue back: 250" says '^< 250 2.0.0 Ok: queued' whole anna@here.test queue-back
check "and it goes" within 15 got anna queue-back

check "send stops" down send
check "send down: SMTP takes mail" says '^< 250 2.0.0 Ok: queued' whole anna@here.test send-down
check "sendmail, too" code_is 0 mail_to send-down bert x@good.test
check "mailq shows it" [ "$(waiting)" = 2 ]
check "tern-queuectl says that nobody answers" code_is 69 tern-queuectl retry all
check "send starts" up send
check "and all of it goes" within 15 eval 'got anna send-down && got bert send-down && queue_empty'

check "local stops" down local
mail_to local-down anna x@good.test
check "local down: other mail goes on" within 15 eval '[ "$(cat "$work"/sink/*.envelope | grep -c "^RCPT TO:<x@good.test>")" = 3 ]'
check "it waits" one_waits_soon
check "local starts" up local
check "and it goes" within 15 got anna local-down

check "remote stops" down remote
mail_to remote-down anna y@good.test
check "remote down: local mail goes on" within 15 got anna remote-down
check "it waits" one_waits_soon
check "remote starts" up remote
check "and it goes" within 15 sinks y@good.test

check "showq stops" down showq
check "showq down: mailq exits 69" code_is 69 mailq
check "mailq -j, too" code_is 69 mailq -j
check "and says what is the matter" sh -c 'mailq 2>&1 >/dev/null | grep -q .'
check "mail goes on" eval 'mail_to showq-down anna && within 15 got anna showq-down'
check "showq starts" up showq
check "mailq works" within 10 queue_empty

check "smtpd stops" down smtpd
check "smtpd down: connections are refused at once" sh -c '! "$0" 127.0.0.1 "$1" </dev/null >/dev/null 2>&1' "$TOOLS/smtpsay" "$PORT"
check "sendmail goes on" eval 'mail_to smtpd-down anna && within 15 got anna smtpd-down'
check "smtpd starts" up smtpd

# ---- aliases.cdb
cp "$TERN_HOME/aliases.cdb" "$work/aliases.cdb"
damage() { rm -f "$TERN_HOME/aliases.cdb"; [ $# = 0 ] || { eval "$1" >"$TERN_HOME/aliases.cdb.t"; ! is_root || chown root:terna "$TERN_HOME/aliases.cdb.t"; chmod 640 "$TERN_HOME/aliases.cdb.t"; mv "$TERN_HOME/aliases.cdb.t" "$TERN_HOME/aliases.cdb"; }; }
later() { says '^< 451 4' rcpt list@here.test && says '^< 451 4' rcpt nobody@here.test; }
damage
check "without aliases.cdb RCPT is 451" later
check "sendmail queues" code_is 0 mail_to no-cdb list
check "nothing is bounced" one_waits_soon
damage ':'
check "an empty aliases.cdb: 451" later
damage 'head -c 3000 /dev/urandom'
check "one of noise: 451" later
damage 'head -c 2050 "$work/aliases.cdb"'
check "one that is cut: 451" later
if is_root; then
  damage 'cat "$work/aliases.cdb"'; chmod 600 "$TERN_HOME/aliases.cdb"
  check "one that can't be read: 451" later
fi
check "nothing was bounced" eval '[ "$(waiting)" = 1 ] && ! logs | grep -q " bounced "'
printf 'list: anna, bert\nbroken line\nother: "unfinished\n' >"$work/etc/aliases"
damage 'cat "$work/aliases.cdb"'
newaliases >"$work/na.out" 2>&1
check "newaliases of a broken file exits 65" [ $? = 65 ]
check "and names file and line" grep -q "$work/etc/aliases:2:" "$work/na.out"
check "each of them" grep -q "$work/etc/aliases:3:" "$work/na.out"
check "the old table stays" cmp "$work/aliases.cdb" "$TERN_HOME/aliases.cdb"
check "and answers" says '^< 250 2.1.5' rcpt list@here.test
rm "$work/etc/aliases"
newaliases >"$work/na.out" 2>&1
check "newaliases without the file exits 78, for its aliases are in use" [ $? = 78 ]
try_all_now
check "what waited goes when the table is back" within 20 eval 'got anna no-cdb && got bert no-cdb'

# ---- settings that make no sense. SERVICE SETTING LINE-OF-THE-ERROR REMEDY VALUE
is_down() { [ "$(s6-svstat -o up "$TERN_HOME/service/$1")" = false ]; }
settings() {
  cat <<'S'
smtpd relayclients 2 network 192.0.2.0/24\n192.0.2.0/99
smtpd listen 1 address 127.0.0.1
smtpd locals 3 domain here.test\nlocalhost\nbad..domain
queue databytes 1 number 12 MB
queue me 1 domain two words
send smtproutes 2 domain # a comment\nfar.test:mail.far.test:port
send doublebounceto 1 address post master
local mailbox 1 Maildir Maildir
local users 1 passwd carl:x:1000
remote resolver 1 DNS dns.test
remote timeoutconnect 1 number 0
alias recipientdelimiter 1 character plus
alias virtualdomains 1 domain:user nonsense
showq queueviewers 1 name two names
S
}
settings >"$work/settings"
others_up() { for o in smtpd queue send local remote alias showq fdholder; do [ $o = "$1" ] || [ "$(s6-svstat -o up,ready "$TERN_HOME/service/$o")" = "true true" ] || { echo "$o"; return 1; }; done; }
while read -r s name line remedy value; do
  f=$TERN_HOME/control/$name
  there=; [ ! -e "$f" ] || { there=1; cp "$f" "$work/saved"; }
  printf '%b\n' "$value" >"$f"
  log_lines=$(log_of $s | wc -l)
  new_lines() { log_of $s | tail -n +$((log_lines + 1)); }
  # at a reload the old ones stay
  says_kept() { new_lines | grep "control/$name:$line: " | grep -qE 'kept|old settings'; }
  if [ $name != listen ]; then # which is read at the start alone
    s6-svc -h "$TERN_HOME/service/$s"
    check "$s, reload with a wrong $name: the old ones stay, says the log" within 10 says_kept
    check "$s, reload with a wrong $name: it goes on" others_up none
  fi
  # at a start it stops
  log_lines=$(log_of $s | wc -l)
  s6-svc -r "$TERN_HOME/service/$s"
  check "$s, start with a wrong $name: it stops" within 30 is_down $s
  check "$s, start with a wrong $name: the log has file, line and remedy" within 5 eval 'new_lines | grep "control/$name:$line: " | grep -q "write.*$remedy"'
  sleep 0.3
  echo "$s $(s6-svstat -o updownsince "$TERN_HOME/service/$s") $(new_lines | grep -c "control/$name:")" >"$work/since"
  check "$s, start with a wrong $name: the others go on" others_up $s
  if [ $name = listen ]; then sleep 2.5; fi
  check "$s, start with a wrong $name: it is not started again and again" [ "$(cat "$work/since")" = "$s $(s6-svstat -o updownsince "$TERN_HOME/service/$s") 1" ]
  if [ -n "$there" ]; then cat "$work/saved" >"$f"; else rm "$f"; fi
  check "$s, $name mended: s6-svc -u starts it" up $s
done <"$work/settings"
if is_root; then
  chmod 600 "$TERN_HOME/control/me"
  for s in smtpd queue send remote alias; do
    s6-svc -r "$TERN_HOME/service/$s"
    check "$s, control/me can't be read: it stops" within 30 is_down $s
    check "$s, control/me can't be read: the log names the chmod" within 5 sh -c 'tail -n 5 "$0/log/$1/current" | grep -q "control/me: Permission denied; type: chmod 644 control/me"' "$TERN_HOME" $s
  done
  chmod 644 "$TERN_HOME/control/me"
  for s in smtpd queue send remote alias; do s6-svc -u "$TERN_HOME/service/$s"; done
  check "and all start when it can" within 20 s6-svwait -U -t 1000 "$TERN_HOME"/service/*
fi
check "mail goes on after all that" eval 'says "^< 250 2.0.0 Ok" whole anna@here.test after && within 15 got anna after'
check "nothing waits" within 20 queue_empty
kill "$silent_pid" "$sink_pid"
finish
