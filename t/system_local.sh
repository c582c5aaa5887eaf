#!/bin/sh
# as: both
# limit: 120
# What users have in their homes: .forward with vacation, procmail and maildrop as their manuals say, .qmail files, long lists,
# circles; what a mailbox holds is what was sent, byte for byte.
. "$(dirname "$0")/lib.sh"
for u in anna bert vera paul maud quin lena; do user $u; done
vacation=$(sh "$here/t/peers" vacation) && procmail=$(sh "$here/t/peers" procmail) && maildrop=$(sh "$here/t/peers" maildrop)
check "vacation, procmail and maildrop are there" [ -n "${maildrop:-}" ] || exit 1

mkdir -p "$work/etc" "$work/lists"
cat >"$work/etc/aliases" <<A
many: :include:$work/lists/many
circle: :include:$work/lists/circle
A
echo ":include:$work/lists/circle" >"$work/lists/circle"
i=0; while [ $i -lt 10500 ]; do echo "u$i@far.test"; i=$((i + 1)); done >"$work/lists/many"
echo "anna@here.test, Bert <bert@here.test> # friends" >>"$work/lists/many"
chmod -R a+rX "$work/lists"

# The programs ask passwd for the user, and vacation calls /usr/sbin/sendmail: root's services see both as this instance has them.
if is_root; then
  mkdir -m 755 "$work/sbin" "$work/wrap"
  cat /etc/passwd "$work/users" >"$work/passwd"
  printf '#!/bin/sh\nTERN_HOME=%s exec %s/sendmail "$@"\n' "$work/instance" "$BIN" >"$work/sbin/sendmail"
  cat >"$work/wrap/inside" <<I
#!/bin/sh
exec unshare -m sh -c 'mount --bind $work/sbin /usr/sbin && mount --bind $work/passwd /etc/passwd && exec "\$@"' sh "\$@"
I
  printf '#!/bin/sh\nexec %s/wrap/inside %s "$@"\n' "$work" "$(command -v s6-svscan)" >"$work/wrap/s6-svscan"
  chmod 755 "$work/sbin/sendmail" "$work"/wrap/*
  PATH=$work/wrap:$PATH
fi
check "tern-setup" instance virtualdomains="virtual.test:quin" resolver="127.0.0.1:$(free_port)" || exit 1
check "start" start || exit 1

as_user() { u=$1; shift; if is_root; then setpriv --reuid="$(sed -n "s/^$u:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups env HOME="$HOMES/$u" USER="$u" LOGNAME="$u" "$@"; else env HOME="$HOMES/$u" USER="$u" LOGNAME="$u" "$@"; fi; }
put() { as_user "$1" sh -c 'umask 022; cat >"$0"' "$HOMES/$1/$2"; } # put USER FILE <text
holds() { grep -qxF -- "$2" "$1" 2>/dev/null; } # holds FILE LINE

# ---- vacation(1): a copy is kept, the sender gets one answer
if is_root; then
  printf 'From: vera@here.test\nSubject: away\n\nI am away.\n' | put vera .vacation.msg
  inside setpriv --reuid=20103 --regid=20100 --clear-groups env HOME="$HOMES/vera" "$vacation/bin/vacation" -I
  printf '\\vera, "|%s/bin/vacation vera"\n' "$vacation" | put vera .forward
  for n in 1 2; do printf 'To: vera@here.test\nSubject: hello %s\n\nx\n' $n | sendmail -f anna@here.test vera; done
  check "vacation: both messages are kept" within 10 has_mails vera 2
  check "vacation: the sender is told" within 10 has_mails anna 1
  check "vacation: what .vacation.msg says" grep -rqx 'I am away\.' "$HOMES/anna/Maildir/new"
  sleep 0.5
  check "vacation: once" has_mails anna 1

  # ---- procmail(1), maildrop(1)
  printf '"|IFS='\'' '\'' && exec %s/bin/procmail -f- || exit 75 #paul"\n' "$procmail" | put paul .forward
  printf 'MAILDIR=$HOME/sorted\nDEFAULT=$HOME/sorted/rest/\n:0\n* ^Subject:.*list\nlists/\n:0\n* ^Subject:.*box\nbox\n:0\n* ^Subject:.*bad\n{\n EXITCODE=67\n :0\n /dev/null\n}\n' | put paul .procmailrc
  as_user paul mkdir "$HOMES/paul/sorted"
  for s in "a list" "a box" other bad; do printf 'Subject: %s\n\nx\n' "$s" | sendmail -f bert@here.test paul; done
  check "procmail sorts into a Maildir" within 10 grep -rqx 'Subject: a list' "$HOMES/paul/sorted/lists/new"
  check "procmail sorts into an mbox" within 10 holds "$HOMES/paul/sorted/box" 'Subject: a box'
  check "whose From_ line has the sender" grep -q '^From bert@here\.test ' "$HOMES/paul/sorted/box"
  check "procmail's default" within 10 grep -rqx 'Subject: other' "$HOMES/paul/sorted/rest/new"
  check "procmail's EXITCODE bounces" within 10 grep -rqx 'Subject: bad' "$HOMES/bert/Maildir/new"
  printf '"|%s/bin/maildrop"\n' "$maildrop" | put maud .forward
  as_user maud "$maildrop/bin/maildirmake.maildrop" "$HOMES/maud/Maildir"
  as_user maud "$maildrop/bin/maildirmake.maildrop" "$HOMES/maud/Maildir/.lists"
  printf 'DEFAULT="$HOME/Maildir"\nif (/^Subject:.*list/)\n  to "$HOME/Maildir/.lists"\nif (/^Subject:.*later/)\n{\n  EXITCODE=75\n  exit\n}\n' | as_user maud sh -c 'umask 077; cat >"$0"' "$HOMES/maud/.mailfilter"
  for s in "a list" other later; do printf 'Subject: %s\n\nx\n' "$s" | sendmail -f bert@here.test maud; done
  check "maildrop sorts" within 10 grep -rqx 'Subject: a list' "$HOMES/maud/Maildir/.lists/new"
  check "maildrop's default" within 10 grep -rqx 'Subject: other' "$HOMES/maud/Maildir/new"
  check "maildrop's 75 waits, and mailq says why" within 10 sh -c 'mailq | grep -q "code 75"'
  rm -f "$HOMES/maud/.forward"
  s6-svc -a "$TERN_HOME/service/send"
  check "and goes when it can" within 10 queue_empty
fi

# ---- qmail's files
rm -rf "$HOMES"/anna/Maildir "$HOMES"/bert/Maildir
printf '# mine\n./mine/\n./Mailbox\n' | put quin .qmail
printf '|echo "$EXT $HOST $DEFAULT $SENDER" >>args\n&anna\n|exit 99\n&bert\n' | put quin .qmail-list
printf '|cat >raw; printf "%%s" "$RPLINE$DTLINE" >lines; exit 0\n' | put quin .qmail-default
printf '|echo no such list; exit 100\n./never\n' | put quin .qmail-old
printf '&anna\n' | put quin .qmail-owned
printf '&bert\n' | put quin .qmail-owned-owner
printf 'Subject: q1\n\nFrom x\n' | sendmail -f bert@here.test quin
check ".qmail: a Maildir" within 10 grep -rqx 'Subject: q1' "$HOMES/quin/mine/new"
check ".qmail: and an mbox" within 10 holds "$HOMES/quin/Mailbox" '>From x'
echo | sendmail -f bert@here.test quin+list
check ".qmail-ext: a forward line before exit 99" within 10 has_mails anna 1
check ".qmail-ext: the variables" holds "$HOMES/quin/args" "list here.test  bert@here.test"
check ".qmail-ext: nothing after exit 99" has_mails bert 0
printf 'Subject: q2\n\nno end' | sendmail -f bert@here.test some.thing@virtual.test
check ".qmail-default serves a virtual domain" within 10 holds "$HOMES/quin/raw" "Subject: q2"
check "its program gets the message alone" sh -c '! grep -q "^From \|^Return-Path:\|^Delivered-To:" "$0"' "$HOMES/quin/raw"
check "and the fields as variables" holds "$HOMES/quin/lines" "Delivered-To: some.thing@virtual.test"
echo | sendmail -f bert@here.test quin+old
check ".qmail: exit 100 bounces with what was said" within 10 grep -rq 'no such list' "$HOMES/bert/Maildir/new"
check ".qmail: and ends the matter" [ ! -e "$HOMES/quin/never" ]
echo | sendmail -f lena@here.test quin+owned
check ".qmail-ext-owner gets the bounces" within 10 grep -rqx 'Return-Path: <quin+owned-owner@here.test>' "$HOMES/anna/Maildir/new"
echo anna | put quin .forward
rm -rf "$HOMES/anna/Maildir"
echo | sendmail -f bert@here.test quin+list
check "a .forward comes first" within 10 has_mails anna 1
check "nothing waits" within 10 queue_empty

# ---- lists and circles
s6-svc -d "$TERN_HOME/service/remote"
rm -rf "$HOMES"/*/Maildir "$HOMES/quin/.forward"
printf 'Subject: to all\n\nx\n' | sendmail -f lena@here.test many
check "a list of 10,502 reaches those who are here" within 30 eval 'has_mails anna 1 && has_mails bert 1'
check "and the others, once each" within 20 sh -c '[ "$(mailq -j | grep -o "\"address\":\"u[0-9]*@far.test\"" | sort -u | wc -l)" = 10500 ]'
tern-queuectl delete all >/dev/null
echo | sendmail -f lena@here.test circle
check "a file that includes itself ends in one notice" within 10 has_mails lena 1
check "that says so" grep -rq 'includes itself' "$HOMES/lena/Maildir/new"

# ---- why an address goes where it goes
printf '# mine\n\\lena, bert\n|/bin/true\n' | put lena .forward
says() { tern-explain "$@" >"$work/said"; }
check "tern-explain knows the .forward's lines" says lena
check "a program, as whom and where" holds "$work/said" "    $HOMES/lena/.forward:3: /bin/sh -c '/bin/true' is run as lena in $HOMES/lena"
check "the mailbox" holds "$work/said" "    $HOMES/lena/.forward:2: delivered to the Maildir $HOMES/lena/Maildir/ as lena"
check "and follows what is sent on" grep -q '^  bert@here.test: delivered as the user bert ' "$work/said"
check "qmail's files too" sh -c 'tern-explain x@virtual.test | grep -q "/.qmail-default:1: /bin/sh -c "'
tern-explain -j -f out@else.test lena nobody.there@here.test u@far.test >"$work/said"
check "an unknown one makes it 67" [ $? = 67 ]
check "-j is a JSON object an address" python3 -c '
import json, sys
a = [json.loads(l) for l in open(sys.argv[1])]
assert [x["exit"] for x in a] == [0, 67, 0], a
assert [c["how"] for c in a[0]["copies"]] == ["user", "user"] and a[0]["copies"][1]["sender"] == "out@else.test", a[0]
assert a[1]["copies"][0]["how"] == "unknown" and a[1]["copies"][0]["words"].startswith("refused: 5.1.1"), a[1]
assert a[2]["copies"][0]["how"] == "remote" and any("554 5.7.1" in l for l in a[2]["copies"][0]["lines"]), a[2]' "$work/said"
sendmail -bv lena >"$work/said"
check "sendmail -bv says the same" holds "$work/said" "    $HOMES/lena/.forward:3: /bin/sh -c '/bin/true' is run as lena in $HOMES/lena"
if is_root; then
  as_user bert env PATH="$PATH" TERN_HOME="$TERN_HOME" tern-explain lena bert many >"$work/said"
  check "others' homes are not told of" sh -c '! grep -q "lena/\|:include:\|$1" "$0"' "$work/said" "$work/etc"
  check "one's own is" holds "$work/said" "    no .forward or .qmail in $HOMES/bert"
fi
rm "$HOMES/lena/.forward"

# ---- an empty variable is still an argument
printf '|printf "[%%s]" a "$EXTENSION" "$SENDER" b >args\n' | put bert .forward
echo | sendmail -f '<>' bert
check "an empty extension and sender keep their places" within 10 holds "$HOMES/bert/args" '[a][][][b]'
rm "$HOMES/bert/.forward"

# ---- octets
{
  printf 'From: lena@here.test\nDate: Tue, 24 Nov 2026 02:09:36 +0000\nMessage-ID: <odd@here.test>\nX-8: \344\366\n\nnul \000 cr \r no\n'
  head -c 70000 /dev/zero | tr '\0' x
  printf '\n.\n\nFrom end\n'
} >"$work/odd"
sendmail -i -f lena@here.test anna <"$work/odd"
check "an odd message arrives" within 10 has_mails anna 2
odd() { for m in $(mails anna); do tail -c "$(stat -c %s "$work/odd")" "$m" | cmp -s - "$work/odd" && return 0; done; return 1; }
check "octet for octet" odd
check "a Maildir's names have the size" sh -c 'for f in "$0"/*; do [ "$(stat -c %s "$f")" = "${f##*,S=}" ] || exit 1; done' "$HOMES/anna/Maildir/new"

# ---- octets, each kind of message into each kind of mailbox: the end of what is there is what came, with its last line and its header
# ended by sendmail; in an mbox with > before each "From " and a blank line
rm -rf "$HOMES"/*/Maildir "$HOMES"/anna/.forward* "$HOMES"/quin/.[fq]*
kind() { printf "From: lena@here.test\\nDate: Tue, 24 Nov 2026 02:09:36 +0000\\nMessage-ID: <%s@here.test>\\n$2" "$1" >"$work/kind.$1"; }
kind no-newline '\nno end'
kind no-body ''
kind empty-body '\n'
kind nul '\n\000a\000\n'
kind eight-bit 'X: \344\366\n\n\377\376\200\n'
kind from-line '\nFrom here\n>From there\n\nFrom \n'
kind mib '\n'; head -c 1048576 /dev/zero | tr '\0' x >>"$work/kind.mib"; echo >>"$work/kind.mib"
kinds='no-newline no-body empty-body nul eight-bit from-line mib'
echo "$HOMES/anna/mbox" | put anna .forward+mbox
echo "|cat >program.\$\$" | put anna .forward+program
echo quin+kept | put anna .forward+forward
for k in $kinds; do for e in maildir mbox program forward; do sendmail -i -f lena@here.test "anna+$e" <"$work/kind.$k"; done; done
check "all are delivered" within 20 queue_empty
cat >"$work/octets.py" <<'P'
import re, sys
kind, where = sys.argv[1], sys.argv[2:]
want = open(kind, "rb").read()
want += b"" if want.endswith(b"\n") else b"\n"
want += b"" if b"\n\n" in want else b"\n"
mark = re.search(rb"^Message-ID: .*$", want, re.M).group()
for f in where:
    s = open(f, "rb").read()
    parts = re.split(rb"(?m)^(?=From \S+ +\w{3} \w{3} )", s) if f.endswith("/mbox") else [s]
    for p in parts:
        if mark not in p:
            continue
        w = want
        if f.endswith("/mbox"):
            w = re.sub(rb"(?m)^(?=From )", b">", want) + b"\n"
        sys.exit(0 if p.endswith(w) else "%s: got %r, want %r" % (f, p[-200:], w[-200:]))
sys.exit(mark.decode() + " is nowhere")
P
for k in $kinds; do
  check "$k: a Maildir" python3 "$work/octets.py" "$work/kind.$k" $(mails anna)
  check "$k: an mbox" python3 "$work/octets.py" "$work/kind.$k" "$HOMES/anna/mbox"
  check "$k: a program" python3 "$work/octets.py" "$work/kind.$k" "$HOMES"/anna/program.*
  check "$k: a forward" python3 "$work/octets.py" "$work/kind.$k" $(mails quin)
done
# sendmail takes the From_ line off that an mbox puts first, and gives a message without a header one
rm -rf "$HOMES"/anna/Maildir
printf 'From lena Tue Nov 24 02:09:36 2026\nSubject: headed\n\nx\n' | sendmail -i -f lena@here.test anna
printf 'no header at all\nFrom here\n' | sendmail -i -f lena@here.test anna
check "a From_ line first, and no header: both arrive" within 10 has_mails anna 2
check "the From_ line is no part of it" sh -c '! grep -q "^From lena" "$@"' sh $(mails anna)
check "without a header all is body" python3 -c '
import sys
got = [open(f, "rb").read() for f in sys.argv[1:]]
assert any(g.endswith(b"\n\nno header at all\nFrom here\n") for g in got), got' $(mails anna)
finish
