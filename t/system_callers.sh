#!/bin/sh
# as: both
# limit: 240
# Programs that send mail find here what they expect of sendmail(8) and of port 25: cron, git send-email, Python, Perl, PHP's way;
# sendmail -bs and -bv; the options of 40 years, and those that must not work. On a machine apart.
PEERS="cron cron-daemon-common git-email libmailtools-perl"
PEOPLE="admin lisa"
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"

mkdir -p "$work/etc"
printf 'root: admin\nboth: admin, lisa\n' >"$work/etc/aliases"
check "tern-setup" makes_instance
check "start on port 25" start

# ---- cron
if is_root && has_peer cron && has_peer cron-daemon-common; then
  mount -t tmpfs tmpfs /run
  { cat /etc/group; echo crontab:x:20300:; } >"$work/group"
  mount --bind "$work/group" /etc/group
  mkdir -p "$work/spool" && mkdir "$work/spool/crontabs" && mount --bind "$work/spool" /var/spool
  mkdir "$work/empty" && mount --bind "$work/empty" /etc/cron.d
  printf 'SHELL=/bin/sh\nPATH=/usr/bin:/bin\n@reboot root echo "cron says this"\n@reboot root printf "a line without an end"\n' >"$work/crontab"
  chmod 644 "$work/crontab"
  mount --bind "$work/crontab" /etc/crontab
  cron -f >"$work/cron.out" 2>&1 &
  cron=$!
  check "cron mails what its jobs print" within 20 in_spool 2
  kill $cron
  check "root's goes to root's alias" grep -qx 'cron says this' "$spool"
  check "with cron's subject" grep -q '^Subject: Cron <root@.*> echo "cron says this"$' "$spool"
  check "as 'Cron Daemon'" grep -qE '^From: (root|"?\(?Cron ?Daemon.*|.*Cron Daemon.*)' "$spool"
  no_mail
fi
long=$(printf '%0900d' 7)
cat >"$work/cronmail" <<M
From: root (Cron Daemon)
To: root
Subject: Cron <root@here> test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily $long )
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
X-Cron-Env: <SHELL=/bin/sh>
X-Cron-Env: <PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin>
X-Cron-Env: <HOME=$long>

/etc/cron.daily/backup: prüft
.
the end
M
/usr/sbin/sendmail -i -FCronDaemon -B8BITMIME -oem root <"$work/cronmail"
check "sendmail -i -FCronDaemon -B8BITMIME -oem root exits 0" [ $? = 0 ]
echo 'no header at all' | /usr/sbin/sendmail -i -FCronDaemon -oem root
check "so does a message without a header" [ $? = 0 ]
check "both arrive" within 10 in_spool 2
check "a dot alone does not end it" grep -qx 'the end' "$spool"
check "long lines of the header are whole" grep -qx "X-Cron-Env: <HOME=$long>" "$spool"
check "the name is in From" grep -q '^From: .*CronDaemon.*@here.test>$' "$spool"
check "To: root is completed" grep -qx 'To: root@here.test' "$spool"

# ---- Python
no_mail
cat >"$work/client.py" <<'P'
import email.message, email.policy, smtplib, subprocess, sys
def message(subject, body, **more):
    m = email.message.EmailMessage(policy=more.pop("policy", email.policy.SMTP))
    m["From"], m["To"], m["Subject"] = more.pop("From", "Anna Ä <anna@else.test>"), "lisa@here.test", subject
    m.set_content(body, **more)
    return m
with smtplib.SMTP("127.0.0.1", 25) as s:
    s.ehlo()
    for e in "size", "8bitmime", "pipelining", "enhancedstatuscodes", "smtputf8", "dsn":
        assert s.has_extn(e), e
    assert s.send_message(message("one ü", ".\n..\nlong " + "x" * 5000 + "\n.end\n")) == {}
    refused = s.send_message(message("two", "b\n"), to_addrs=["lisa@here.test", "nobody-there@here.test"])
    assert list(refused) == ["nobody-there@here.test"] and refused["nobody-there@here.test"][0] == 550, refused
    try:
        s.sendmail("a@else.test", ["nobody-there@here.test"], "x")
        sys.exit("an unknown user was taken")
    except smtplib.SMTPRecipientsRefused:
        pass
    u = message("drei", "8bit ü\n", From="jörg@größe.test", policy=email.policy.SMTPUTF8, cte="8bit")
    assert s.send_message(u) == {}
    s.sendmail("a@else.test", ["lisa@here.test"], "Subject: esmtp\n\nx\n", mail_options=["BODY=8BITMIME"], rcpt_options=["NOTIFY=NEVER"])
    assert s.verify("lisa")[0] == 252
    assert s.noop()[0] == 250 and s.rset()[0] == 250
m = message("by sendmail", "Grüße\n.\n", cte="8bit")
m["Bcc"] = "admin@here.test"
for flags in ["-t", "-i"], ["-oi", "-t"], ["-ti"]:
    subprocess.run(["/usr/sbin/sendmail"] + flags, input=m.as_bytes(), check=True)
P
check "Python's smtplib and email" python3 "$work/client.py"
check "all of it arrives" within 20 eval 'lisa_has 7 && in_spool 3'
check "bodies are the same" eval '[ "$(grep -lx "Grüße" $(lisas) | wc -l)" = 3 ] && grep -qx "8bit ü" $(lisas)'
check "an address of UTF-8 is kept" grep -qx 'Return-Path: <jörg@größe.test>' $(lisas)
check "Bcc is nowhere" sh -c '! grep -qi "^bcc:" "$@"' - $(lisas) "$spool"
check "the log says who it came from" eval 'logs | grep -q "from=.*else.test"'

# ---- Perl, PHP's way, git
no_mail
if command -v perl >/dev/null && perl -MNet::SMTP -e 1 2>/dev/null; then
  cat >"$work/client.pl" <<'P'
use strict; use Net::SMTP;
open(my $mail, '|/usr/sbin/sendmail -oi -t') or die;
print $mail "From: a\@else.test\nTo: lisa\@here.test\nSubject: pipe\n\nfrom a pipe\n.\nend\n";
close($mail) or die "sendmail: $?";
my $s = Net::SMTP->new('127.0.0.1', Port => 25, Hello => 'perl.test') or die;
$s->mail('a@else.test') && $s->to('lisa@here.test', 'admin@here.test') && $s->data() or die $s->message;
$s->datasend("Subject: Net::SMTP\n\n.dot\n") && $s->dataend() or die $s->message;
$s->quit;
P
  check "Perl's pipe and Net::SMTP" perl "$work/client.pl"
  check "arrive" within 10 eval 'lisa_has 2 && in_spool 1'
  check "a dot that begins a line is one dot" grep -qx '\.dot' "$spool"
  no_mail
fi
# PHP writes CRLF in the header and what the program gave in the body
printf 'To: lisa@here.test\r\nSubject: from PHP\r\nFrom: shop@here.test\r\nX-PHP-Originating-Script: 1:x.php\r\nBcc: admin@here.test\r\nMIME-Version: 1.0\r\n\r\nline\nline two\r\n' |
  /usr/sbin/sendmail -t -i -fshop@here.test
check "sendmail -t -i with CRLF exits 0" [ $? = 0 ]
check "it arrives" within 10 eval 'lisa_has 1 && in_spool 1'
check "no CR is left" sh -c '! grep -q "$(printf "\r")" "$0"' "$(lisas)"
check "its header is one" grep -qx 'X-PHP-Originating-Script: 1:x.php' "$(lisas)"
if has_peer git-email && has_peer libmailtools-perl && command -v git >/dev/null; then
  no_mail
  ( cd "$work" && git init -q repo && cd repo && git config user.name Lisa && git config user.email lisa@here.test &&
    echo one >file && git add file && git commit -qm 'Say one' && git format-patch -q --root -o "$work/patches" ) >"$work/git.out" 2>&1
  sends() { cd "$work/repo" && git send-email --quiet --confirm=never --suppress-cc=all --from=lisa@here.test --to=admin@here.test --cc=lisa@here.test --smtp-server="$1" "$work/patches"; }
  check "git send-email by sendmail" sends /usr/sbin/sendmail
  check "git send-email by SMTP" sends 127.0.0.1
  cd "$work" || exit 1
  check "the patches arrive" within 10 eval 'in_spool 2 && lisa_has 2'
  check "and apply" eval 'git init -q "$work/other" && cd "$work/other" && git -c user.name=x -c user.email=x@x am -q <"$spool" --skip 2>/dev/null; git -c user.name=x -c user.email=x@x am -q "$(lisas | head -n 1)"'
  cd "$work" || exit 1
fi

# ---- sendmail -bs, -bv, -bp, -bi, -q
no_mail
printf '%s\r\n' 'EHLO here' 'MAIL FROM:<lisa@here.test> SIZE=50 BODY=8BITMIME' 'RCPT TO:<admin>' 'RCPT TO:<nobody-there@here.test>' DATA 'Subject: bs' '' '..' body . 'MAIL FROM:<>' 'RCPT TO:<lisa@here.test>' DATA 'Subject: second' '' . QUIT |
  as lisa /usr/sbin/sendmail -bs >"$work/out"
check "sendmail -bs exits 0" [ $? = 0 ]
check "it speaks SMTP" eval 'grep -q "^220 " "$work/out" && [ "$(grep -c "^250 2.0.0 Ok: queued as " "$work/out")" = 2 ] && grep -q "^550 5.1.1 " "$work/out" && grep -q "^221 " "$work/out"'
check "two messages arrive" within 10 eval 'in_spool 1 && lisa_has 1'
check "with its user's id" eval 'logs | grep -q "received uid=$(as lisa id -u) from=lisa@here.test"'
exits() { want=$1; shift; "$@" >"$work/out" 2>&1 </dev/null; got=$?; [ $got = "$want" ] || { echo "exit $got"; cat "$work/out"; return 1; }; }
check "sendmail -bv of a user" exits 0 /usr/sbin/sendmail -bv admin
check "sendmail -bv of an alias" exits 0 /usr/sbin/sendmail -bv both lisa@here.test
check "sendmail -bv of nobody" exits 67 /usr/sbin/sendmail -bv nobody-there
check "sendmail -bv of one and nobody" exits 67 /usr/sbin/sendmail -bv lisa nobody-there
check "sendmail -bp" eval '[ "$(/usr/sbin/sendmail -bp)" = "Mail queue is empty" ]'
check "mailq" eval '[ "$(/usr/bin/mailq)" = "Mail queue is empty" ]'
check "sendmail -bi" exits 0 /usr/sbin/sendmail -bi
check "newaliases" exits 0 /usr/bin/newaliases
check "sendmail -q" exits 0 /usr/sbin/sendmail -q
check "sendmail -q15m" exits 0 /usr/sbin/sendmail -q15m
check "sendmail -bd starts nothing" exits 64 /usr/sbin/sendmail -bd
check "no recipient is wrong use" exits 64 /usr/sbin/sendmail

# ---- the options of other systems
no_mail
n=0
while IFS= read -r options; do
  [ -n "$options" ] || continue
  n=$((n + 1))
  printf 'Subject: options %s\n\nx\n' "$options" | /usr/sbin/sendmail $options lisa >"$work/out" 2>&1
  code=$?
  [ $code = 0 ] || not_ok "sendmail $options is accepted" "exit $code: $(head -n 1 "$work/out")"
done <<'O'
-i
-oi
-t -i
-f a@else.test
-fa@else.test
-r a@else.test
-f <>
-F Name
-FName
-bm
-v
-N never
-N success,failure,delay
-R full
-R hdrs
-V id+3D1
-O MaxHopCount=25
-OIgnoreDots=true
-oem
-oep
-oeq
-oee
-om
-oo
-odb
-odi
-odq
-os
-o7
-o8
-oT5d
-oY
-B 8BITMIME
-B7BIT
-G
-U
-n
-m
-em
-e p
-h 5
-L tag
-Ac
-A m
-p SMTP:host.test
-x
-d0.1
-c
-E
-J
-M id
-s
-T
--
-oi -oem -odi -f a@else.test --
O
check "the options of other systems are accepted" [ $n -ge 50 ]
check "each of $n messages arrives" within 20 lisa_has $n
check "-t is obeyed among them" [ "$(grep -lx 'Subject: options -t -i' $(lisas) | wc -l)" = 1 ]
ls -A "$work" >"$work.before"
while IFS= read -r options; do
  [ -n "$options" ] || continue
  printf 'Subject: x\n\nx\n' | (cd "$work" && /usr/sbin/sendmail $options lisa) >"$work.out" 2>&1
  code=$?
  case $code in 6[4-9] | 7[0-8]) ;; *) not_ok "sendmail $options is refused" "exit $code"; continue;; esac
  [ -s "$work.out" ] || not_ok "sendmail $options says why" "nothing"
done <<'O'
-C evil
-Cevil
-C/etc/shadow
-X evil
-Xevil
-D evil
-d0.1/evil
-d/evil
-oQevil
-oQ/tmp
-oAevil
-oSevil
-oHevil
-OQueueDirectory=evil
-O QueueDirectory=/tmp
-OAliasFile=/etc/passwd
-OLogFile=/evil
-be ${run{/bin/id}}
-bz
-bD
-K
-Z
-N sometimes
-R all
-B 9BIT
-V
O
rm "$work.out"
ls -A "$work" | diff "$work.before" - >"$work.diff"
check "options that name files are refused, and make none" [ ! -s "$work.diff" ]
rm -f "$work.before" "$work.diff"
sleep 1
check "and send nothing" lisa_has $n

# ---- nothing in an argument becomes a line or an option
no_mail
nl='
'
refuses() { printf 'Subject: x\n\nx\n' | /usr/sbin/sendmail "$@" >"$work/out" 2>&1; code=$?; case $code in 6[4-9] | 7[0-8]) [ "$(wc -l <"$work/out")" -le 2 ];; *) echo "exit $code"; false;; esac; }
check "a line break in -f" refuses -f "a@else.test${nl}Bcc: admin" lisa
check "a CR in -f" refuses -f "a@else.test$(printf '\r')Bcc: admin" lisa
check "a line break in -F" refuses -F "x${nl}Bcc: admin" lisa
check "a line break in a recipient" refuses "lisa${nl}admin"
check "a line break in -r" refuses -r "a${nl}b" lisa
check "an escape in a recipient" refuses "lisa$(printf '\033')[2J"
check "an option behind --" refuses -- -oQ/tmp
check "a program as a recipient" refuses "|touch $work/evil"
check "a file as a recipient" refuses "$work/evil"
check "an include as a recipient" refuses ":include:/etc/passwd"
check "nothing was made" [ ! -e "$work/evil" ]
check "and nobody got anything" eval 'queue_empty && [ ! -e "$spool" ] && lisa_has 0'
check "an option behind a recipient is one more recipient" eval 'printf "x\n" | /usr/sbin/sendmail lisa -X/tmp/evil; [ $? = 0 ] && [ ! -e /tmp/evil ]'
check "which does not exist" within 10 eval 'lisa_has 1 && in_spool 1'
# ---- what the environment says
no_mail
echo x | as lisa env MAILUSER=info MAILHOST=shop.test MAILNAME='The "Shop"' /usr/sbin/sendmail admin
check "MAILUSER, MAILHOST and MAILNAME" within 10 grep -q '^From: .*Shop.*<info@shop.test>$' "$spool"
check "are the envelope's, too" grep -qx 'Return-Path: <info@shop.test>' "$spool"
no_mail
check "an empty environment" eval 'echo x | as lisa env -i TERN_HOME="$TERN_HOME" /usr/sbin/sendmail admin; [ $? = 0 ]'
check "the caller is known nevertheless" within 10 grep -qE '^Return-Path: <(lisa|admin)@here.test>$' "$spool"
finish
