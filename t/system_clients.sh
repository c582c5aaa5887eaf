#!/bin/sh
# as: both
# limit: 240
# Programs that people have used for decades find their mail system here: bsd-mailx, s-nail, mutt, swaks, smtp-source,
# netstat. On a machine apart, where sendmail is /usr/sbin/sendmail, SMTP is port 25 and mail is in /var/mail.
PEERS="bsd-mailx s-nail mutt postfix net-tools"
PEOPLE="admin lisa"
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"

mkdir -p "$work/etc"
printf 'root: admin\nboth: admin, lisa\n' >"$work/etc/aliases"
check "tern-setup" makes_instance
check "start on port 25" start

# typed COMMAND: what comes on standard input is typed at a terminal; prints what the terminal shows
typed() { timeout 20 script -qefc "$1" /dev/null | tr -d '\r'; }

# ---- who listens
if is_root; then
  check "ss shows tern-smtpd on port 25" sh -c 'ss -ltnp | grep ":25 .*\"tern-smtpd\""'
  if has_peer net-tools; then
    check "netstat -atnp | grep 25 shows tern-smtpd" sh -c 'netstat -atnp | grep 25 | grep LISTEN | grep tern-smtpd || { netstat -atnp; false; }'
    s6-svc -r "$TERN_HOME/service/smtpd"
    s6-svwait -U -t 9000 "$TERN_HOME/service/smtpd"
    check "also after a restart" sh -c 'netstat -atnp | grep 25 | grep LISTEN | grep tern-smtpd || { netstat -atnp; false; }'
  fi
fi

# ---- mail(1)
ln -s /usr/bin/bsd-mailx "$work/mail"
mail=$work/mail
if has_peer bsd-mailx; then
  printf 'hello from a terminal\n.\n\n' | typed "$mail -s TESTMAIL admin" >"$work/out"
  check "mail -s TESTMAIL admin, ended by a dot: it is in $spool" within 10 in_spool 1
  check "with what was typed" grep -qx 'hello from a terminal' "$spool"
  check "without the dot" sh -c '! grep -qx "\." "$0"' "$spool"
  check "the mailbox is its owner's alone" [ "$(stat -c '%U %a' "$spool")" = "$(as admin id -un) 600" ]
  printf 'p 1\nx\n' | as admin timeout 20 script -qefc "$mail" /dev/null | tr -d '\r' >"$work/out"
  check "mail lists it" grep -qE '^>N +1 .*TESTMAIL' "$work/out"
  check "mail shows it" grep -qx 'hello from a terminal' "$work/out"
  printf 'body from a pipe\n.\nand on\n' | as lisa "$mail" -s 'from a pipe' -c lisa admin
  check "mail with a pipe exits 0" [ $? = 0 ]
  check "both get it" within 10 eval 'in_spool 2 && lisa_has 1'
  check "from its user" grep -qx 'From: lisa@here.test' "$(lisas)"
  printf 'q\n' | as admin "$mail" >/dev/null 2>&1
  printf 'x\n' | as admin "$mail" nobody-there >"$work/out" 2>&1
  printf 'd 1-2\nq\n' | as admin "$mail" >/dev/null 2>&1
  check "mail can delete what it read" eval '[ ! -s "$spool" ]'
  echo again | as lisa "$mail" -s after admin
  check "and new mail comes in behind that" within 10 in_spool 1
fi
no_mail
if has_peer s-nail; then
  printf 'hello from s-nail\n.\n' | typed 's-nail -n -S dot -s TESTMAIL admin' >"$work/out"
  check "s-nail -s TESTMAIL admin, ended by a dot: it is in $spool" within 10 in_spool 1
  check "with what was typed" grep -qx 'hello from s-nail' "$spool"
  as admin s-nail -n -H >"$work/out" 2>&1
  check "s-nail lists it" grep -q TESTMAIL "$work/out"
  printf 'type 1\nxit\n' | as admin s-nail -n >"$work/out" 2>&1
  check "s-nail shows it" grep -qx 'hello from s-nail' "$work/out"
  head -c 300000 /dev/urandom >"$work/attached"
  printf 'Grüße\n' | as lisa env LC_ALL=C.UTF-8 s-nail -n -S v15-compat -s 'Üben' -a "$work/attached" -b lisa admin
  check "s-nail with an attachment exits 0" [ $? = 0 ]
  check "both get it" within 10 eval 'in_spool 2 && lisa_has 1'
  check "Bcc is not shown" sh -c '! grep -qi "^Bcc:" "$@"' - "$spool" "$(lisas)"
  check "the attachment is whole" python3 - "$(lisas)" "$work/attached" <<'P'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert next(m.iter_attachments()).get_payload(decode=True) == open(sys.argv[2], "rb").read()
assert str(m["Subject"]) == "Üben", m["Subject"]
P
  printf 'x\n' | as lisa s-nail -n -s x nobody-there >"$work/out" 2>&1
  check "s-nail tells that nobody has this name" [ $? != 0 ]
fi

# ---- mutt
no_mail
if has_peer mutt; then
  cat >"$work/muttrc" <<'R'
set realname="Lisa" hostname=here.test from=lisa@here.test use_envelope_from=yes dsn_notify="failure,delay" dsn_return=hdrs use_8bitmime=yes
set folder=~ charset=utf-8 send_charset=utf-8 copy=no wait_key=no pipe_decode=no confirmappend=no quit=yes mbox_type=Maildir
R
  chmod 644 "$work/muttrc"
  printf 'from mutt: ü\n.\nend\n' | as lisa env LC_ALL=C.UTF-8 mutt -n -F "$work/muttrc" -s 'from mutt' -c lisa -a "$work/muttrc" -- admin >"$work/out" 2>&1
  check "mutt sends" [ $? = 0 ]
  check "it arrives" within 10 eval 'in_spool 1 && lisa_has 1'
  check "whole" eval 'grep -qx "from mutt: ü" "$spool" && grep -qx "\." "$spool" && grep -qx end "$spool"'
  cat "$work/muttrc" - >"$work/muttread" <<'R'
folder-hook . 'push "|cat > ~/piped\n<quit>"'
R
  mkfifo "$work/keys"
  as lisa timeout 20 script -qefc "mutt -n -F $work/muttread -f $APART/home/lisa/Maildir" /dev/null <"$work/keys" >"$work/out" 2>&1 &
  mutt=$!
  exec 9>"$work/keys"
  wait $mutt
  exec 9>&-
  check "mutt reads the Maildir" grep -qx 'Subject: from mutt' "$APART/home/lisa/piped"
  check "and moves it to cur" [ -n "$(find "$APART/home/lisa/Maildir/cur" -name '*:2,*')" ]
fi

# ---- swaks
no_mail
say() { swaks --silent 2 --server 127.0.0.1 --port 25 --from s@else.test "$@" >"$work/swaks" 2>&1; }
check "swaks" say --to lisa@here.test --header 'Subject: plain' --body plain
check "swaks with pipelining and several recipients" say --pipeline --to lisa@here.test,admin@here.test,both@here.test --header 'Subject: many' --body many
check "swaks with HELO" say --protocol SMTP --to lisa@here.test --header 'Subject: helo' --body helo
check "swaks with 8-bit text" say --to lisa@here.test --header 'Subject: eight' --body 'Grüße, 日本'
head -c 5000000 /dev/urandom >"$work/five"
check "swaks with 5 MB attached" say --to lisa@here.test --header 'Subject: attached' --attach-type application/octet-stream --attach @"$work/five"
check "all arrive, once each" within 20 eval 'lisa_has 5 && in_spool 1'
check "the 8-bit text is the same" grep -rqx 'Grüße, 日本' "$APART/home/lisa/Maildir/new"
check "the 5 MB are whole" python3 - "$(grep -lx 'Subject: attached' $(lisas))" "$work/five" <<'P'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
parts = [p.get_payload(decode=True) for p in m.walk() if p.get_content_type() == "application/octet-stream"]
assert parts == [open(sys.argv[2], "rb").read()], [len(p) for p in parts]
P
check "swaks tells of a recipient who is unknown" eval '! say --to nobody-there@here.test && grep -q "550 5.1.1" "$work/swaks"'
no_mail
check "swaks through a pipe to sendmail -bs" swaks --silent 2 --pipe '/usr/sbin/sendmail -bs' --from s@else.test --to lisa@here.test --header 'Subject: bs' --body bs
check "its mail arrives" within 10 lisa_has 1

# ---- smtp-source
if has_peer postfix; then
  no_mail
  check "smtp-source: 500 messages in 20 sessions" timeout 60 smtp-source -s 20 -m 500 -l 4000 -f s@else.test -t lisa@here.test 127.0.0.1:25
  check "all 500 arrive" within 40 lisa_has 500
  no_mail
  check "smtp-source -d: 100 messages over kept connections" timeout 60 smtp-source -d -s 5 -m 100 -f s@else.test -t both@here.test 127.0.0.1:25
  check "each of them arrives, twice" within 30 eval 'lisa_has 100 && in_spool 100'
fi
finish
