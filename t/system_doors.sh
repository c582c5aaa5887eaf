#!/bin/sh
# as: both
# limit: 180
# Every door, knocked at by everybody, with what he may not say and with nonsense: who may not knock is not answered, who lies
# is not believed, and whoever does whatever, each service still answers, none has died, leaked or grown, and mail goes on.
. "$(dirname "$0")/lib.sh"
for u in anna bert carl; do user $u; done
closed=$(free_port)
free_n=$closed
check "tern-setup" instance timeoutsmtpd=3 smtproutes=":127.0.0.1:$closed" || exit 1
check "start" start || exit 1
mkdir -m 777 "$work/open" # where a program that must not run would leave its mark

knock() { "$TOOLS/knock" "$@"; }
# knock's options for a user
as() { eval "echo \$as_$1"; }
as_root= as_anna= as_bert=
if is_root; then
  as_root="-u 0 -g 0" as_anna="-u 20101 -g 20100" as_bert="-u 20102 -g 20100"
  for u in ternd ternq ternr terna ternl ternx ternm; do eval "as_$u='-u $(id -u $u) -g $(id -g $u)'"; done
  as_terns="-u $(id -u terns) -g $(id -g ternq)"
fi
# says WHO DOOR STEP...: what came back, its last line
says() { says_who=$1; shift; eval "says_as=\$as_$says_who"; "$TOOLS/knock" $says_as "$@" | tail -n 1; }
# expect NAME PATTERN WHO DOOR STEP...
expect() {
  expect_name=$1 expect_want=$2; shift 2
  expect_got=$(says "$@")
  eval "case \$expect_got in $expect_want) ok \"\$expect_name\";; *) not_ok \"\$expect_name\" \"\$expect_got\";; esac"
}
refused="dropped | 'answer '?' permanent '* | 'answer '?' temporary '*"
permanent="'answer '?' permanent '*"

# ---- the state of the services
services="smtpd queue send local remote alias showq fdholder"
pids() { for s in $services; do s6-svstat -o pid "$TERN_HOME/service/$s"; done | tr '\n' ' '; }
# the largest value of FIELD (kB) of the processes called tern-NAME, and the most descriptors
largest() { for p in $(pids_of "tern-$1"); do sed -n "s/^$2:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$p/status"; done 2>/dev/null | sort -n | tail -n 1; }
most_fds() { for p in $(pids_of "tern-$1"); do ls "/proc/$p/fd" | wc -l; done 2>/dev/null | sort -n | tail -n 1; }
sent=0
mail_goes_on() { # by sendmail and by SMTP
  sent=$((sent + 1))
  printf 'Subject: by-sendmail-%s\n\nx\n' $sent | sendmail -f anna@here.test carl || return 1
  printf '%s\n' 'EHLO c.test' 'MAIL FROM:<out@else.test>' 'RCPT TO:<carl@here.test>' DATA "Subject: by-smtp-$sent" '' . QUIT |
    "$TOOLS/smtpsay" 127.0.0.1 "$PORT" || return 1
  within 15 grep -rqx "Subject: by-sendmail-$sent" "$HOMES/carl/Maildir/new" &&
    within 15 grep -rqx "Subject: by-smtp-$sent" "$HOMES/carl/Maildir/new"
}
still_well() {
  [ "$(pids)" = "$pids_before" ] || { echo "services were started again: $pids_before, now $(pids)"; return 1; }
  ! logs | grep -E 'a worker died|exit=101|SIGSEGV|SIGABRT' || return 1
  mail_goes_on && s6-svwait -U -t 1000 "$TERN_HOME"/service/*
}
check "mail goes on" mail_goes_on
pids_before=$(pids)

# ---- who may knock
if is_root; then
  everybody="root anna ternd ternq terns ternr terna ternl ternx ternm"
  knock_all() { # DOOR PATTERN WHO... -- STEP...: these are answered, nobody else is
    door=$1 want=$2 may=" "; shift 2
    while [ "$1" != -- ]; do may="$may$1 "; shift; done
    shift
    for who in $everybody; do
      got=$(says "$who" -t "${wait_for:-10}" "$door" "$@")
      case $may in
        *" $who "*) eval "case \$got in $want) ;; *) echo \"$who is not answered: \$got\"; return 1;; esac";;
        *) case $got in dropped | 'no way in: Permission denied') ;; *) echo "$who is answered: $got"; return 1;; esac;;
      esac
    done
  }
  check "who may knock at queue" knock_all queue "'answer q ok '*" root anna ternd terns ternx ternm -- \
    +frame e sender= rcpt=bert@here.test +body x +wait
  check "who may knock at alias" knock_all alias "'answer a '*" root anna ternd terns ternx ternm -- +frame x address=anna@here.test +wait
  check "who may knock at local" knock_all local "'answer c '*" terns -- +frame p kind=u user=anna +wait
  wait_for=1
  check "who may knock at remote" knock_all remote silence terns -- +wait
  wait_for=
  check "who may knock at send" knock_all send "'answer z '*" root anna ternx ternm -- +frame v verb=retry all= +wait
  check "who may knock at showq" knock_all showq "'answer z ok'*" root anna ternx ternm -- +frame l +wait
  fifo_closed() {
    for who in anna ternd ternr terna ternl ternx ternm; do
      got=$(says "$who" run/notice +raw 0123456789abcdef)
      [ "$got" = "no way in: Permission denied" ] || { echo "$who: $got"; return 1; }
    done
  }
  check "who may write to run/notice" fifo_closed
  holder_closed() {
    for who in anna ternd ternq terns ternr terna ternl ternx; do
      got=$(says "$who" run/holder/s +wait)
      [ "$got" = "no way in: Permission denied" ] || { echo "$who: $got"; return 1; }
    done
  }
  check "who may ask the holder of the sockets" holder_closed
fi

# ---- door queue: what is believed
accepted() { # WHO RECORD...: the id of a message that door queue took
  accepted_who=$1; shift
  says "$accepted_who" queue +frame e "$@" +body 'Subject: told\x0a\x0abody\x0a' +wait | sed -n 's/^answer q ok .* 130=\([0-9A-Z]*\)$/\1/p'
}
received_line() { logs | grep "$1 received "; }
parent=$(accepted root sender=a@else.test rcpt=carl@here.test)
if is_root; then
  rm -rf "$HOMES/anna/Maildir" "$HOMES/bert/Maildir"
  id=$(accepted anna sender=liar@else.test client=192.0.2.66 helo=forged.test protocol=ESMTPSA tls=forged auth=root parent="$parent" \
    uid='#0' rcpt=anna@here.test original=somebody@else.test final='\x02')
  check "a user's message with claims is taken" [ -n "$id" ]
  check "and delivered to the user, not to what it says" within 15 has_mails anna 1
  check "no client fact of a user is believed" sh -c '! grep -qE "192\.0\.2\.66|forged|ESMTPSA" "$0"' "$(mails anna)"
  check "nor the original recipient" grep -qx 'X-Original-To: anna@here.test' "$(mails anna)"
  check "the uid is the one that knocked" sh -c 'echo "$0" | grep -q " uid=20101 "' "$(received_line "$id")"
  check "the parent is marked as claimed" sh -c 'echo "$0" | grep -q " claimed-parent=$1\$"' "$(received_line "$id")" "$parent"
  id=$(accepted ternd sender=far@else.test client=192.0.2.7 helo=true.test protocol=ESMTP rcpt=bert@here.test original=no@else.test bounce='\x01')
  check "tern-smtpd's facts are believed" within 15 sh -c 'grep -rq "true.test" "$0" && grep -rq "192\.0\.2\.7" "$0"' "$HOMES/bert/Maildir/new"
  check "its original recipient is not" grep -rqx 'X-Original-To: bert@here.test' "$HOMES/bert/Maildir/new"
  id=$(accepted terns sender=far@else.test parent="$parent" rcpt=bert@here.test original=list@here.test client=192.0.2.8)
  check "the runner's original recipient is believed" within 15 grep -rqx 'X-Original-To: list@here.test' "$HOMES/bert/Maildir/new"
  check "and its parent" sh -c 'echo "$0" | grep -q " parent=$1\$"' "$(received_line "$id")" "$parent"
  check "but no client fact" sh -c '! grep -rq "192\.0\.2\.8" "$0"' "$HOMES/bert/Maildir/new"
  rm -rf "$HOMES/bert/Maildir"
  id=$(accepted anna sender=bert@here.test rcpt=nobody-there@here.test bounce='\x02')
  check "a user can't forge a bounce: his message bounces like any other" within 15 has_mails bert 1
  check "and is not dropped" grep -q '^Return-Path: <>' "$(mails bert)"
fi
within 15 queue_empty

for who in anna ternd terns root; do
  is_root || [ $who = root ] || continue
  # each in a connection of its own; want: what every one of them is told
  all_refused() {
    n=$#
    while [ $n -gt 0 ]; do
      a=$1; shift; n=$((n - 1))
      case $a in rcpt=*) with=sender=a@else.test;; *) with=rcpt=anna@here.test;; esac
      set -- "$@" +frame e $with "$a" +body x +wait
      [ $n = 0 ] || set -- "$@" +again
    done
    knock $(as $who) queue "$@" >"$work/told"
    ! grep -nvE '^(dropped$|answer q permanent )' "$work/told"
  }
  check "$who: no program, file, include, NUL or newline is a recipient" all_refused \
    "rcpt=|touch $work/open/a" "rcpt=\"|touch $work/open/b\"" "rcpt=|touch\\x20$work/open/c@here.test" "rcpt=\"|touch $work/open/d\"@here.test" \
    rcpt=/etc/passwd "rcpt=$work/open/e" "rcpt=\"$work/open/f\"@here.test" "rcpt=$work/open/g@here.test" rcpt=:include:/etc/passwd \
    'rcpt=":include:/etc/passwd"@here.test' rcpt=:INCLUDE:/etc/passwd@here.test 'rcpt=anna\x00@here.test' 'rcpt=anna@here.test\x00' \
    'rcpt=anna\x0a@here.test' 'rcpt=anna@here.test\x0aX: y' 'rcpt=anna\x0d\x0a@here.test' 'rcpt=anna@here.test, bert@here.test' rcpt= \
    'rcpt=@' 'rcpt=anna@' 'rcpt=@here.test' 'rcpt=a b@here.test' 'rcpt=<anna@here.test>' 'rcpt=anna@here.test\x20'
  check "$who: no NUL, newline or nonsense is a sender" all_refused 'sender=a\x0ab@else.test' 'sender=a@else.test\x0aX-Evil: 1' \
    'sender=a\x00@else.test' 'sender=a\x0d@else.test' 'sender=a@' 'sender=@else.test' 'sender=a b@else.test'
done
expect "a message without a sender is refused" "$permanent" root queue +frame e rcpt=anna@here.test +body x +wait
expect "a message without a recipient is refused" "$permanent" root queue +frame e sender=a@else.test +body x +wait
expect "an unknown record that must be understood is refused" "$refused" root queue +frame e sender= rcpt=anna@here.test 200=x +body x +wait
expect "an unknown record that need not be is skipped" "'answer q ok '*" root queue +frame e sender= 100=x rcpt=carl@here.test +body x +wait
expect "a record that claims more than is there is refused" "$refused" root queue +head 7 0 +raw '\x01e\x81\xff\xff\x61\x62' +wait
expect "a frame of another type is refused" "$refused" root queue +frame x sender= rcpt=anna@here.test +body x +wait
expect "another version is refused" "$refused" root queue +version 2 e sender= rcpt=anna@here.test +body x +wait
expect "a chunk of 4 GiB is refused" "$refused" root queue +frame e sender= rcpt=anna@here.test +chunk 4294967295 +wait
expect "a chunk of 1 MiB and 1 is refused" "$refused" root queue +frame e sender= rcpt=anna@here.test +chunk 1048577 +wait
expect "a body that ends early is refused" "$refused" root queue +frame e sender= rcpt=anna@here.test +chunk 10 +raw abc +end +wait
check "no program ran and no file was written" sh -c '! ls "$0" | grep .' "$work/open"
check "nothing of that is in the queue" within 15 queue_empty

# ---- door alias: what is told to whom
expect "exists: yes" "'answer a '*=u*" anna alias +frame x address=anna@here.test +wait
if is_root; then
  for who in anna ternd ternx; do
    expect "$who may not resolve" dropped $who alias +frame r address=anna@here.test +wait
    expect "$who may not begin to resolve" dropped $who alias +frame R address=anna@here.test +frame r +wait
  done
  for who in anna ternd ternm; do expect "$who may not see an alias's targets" dropped $who alias +frame t address=prog +wait; done
  expect "the runner may" "'answer a '*" terns alias +frame r address=anna@here.test +wait
  expect "whoami is answered for the uid that knocks" "'answer a 131=bert'" bert alias +frame w +wait
  steps=$(knock $(as anna) alias +frame e address=bert@here.test +wait)
  check "an explanation shows no home and no uid to a user" sh -c '! printf "%s" "$0" | grep -qE "$1|20102"' "$steps" "$HOMES"
fi
set --
for a in 'anna\x00' 'anna\x0a' '|x' /etc/passwd :include:/etc/passwd "\"|x\"@here.test" ../../etc/passwd@here.test . .. '%s%n' \
  "$(printf %01100d 0)" ''; do set -- "$@" +frame x "address=$a" +wait +again; done
knock $(as anna) alias "$@" >"$work/odd"
check "no odd name exists" sh -c '! grep -vE "^dropped$|^answer a .*(permanent|temporary) " "$0"' "$work/odd"
expect "a question of no known type is not answered" dropped anna alias +frame Q address=anna@here.test +wait
expect "an unknown record that must be understood is not answered" "$refused" anna alias +frame x address=anna@here.test 200=x +wait
expect "another version is not answered" dropped anna alias +version 9 x address=anna@here.test +wait

# ---- door local: names only, and nobody who is not a user
local_who=terns; is_root || local_who=anna
becomes() { says $local_who local +frame p "kind=$1" "user=$2" +wait +channel +wait; }
for name in nobody-there ../anna anna/x . .. /etc/passwd ''; do
  got=$(becomes u "$name")
  eval "case \$got in $refused) ok \"door local makes no process for '$name'\";; *) not_ok \"door local makes no process for '$name'\" \"\$got\";; esac"
done
if is_root; then
  for name in root ternd ternq terns ternr terna ternl ternx ternm; do
    got=$(becomes u $name)
    case $got in
      *permanent*) ok "nobody becomes $name";;
      *ok*)
        # root's mail is ternm's: that is the only way a name of these gives a process
        check "root's mail is ternm's" [ $name = root ]
        check "no process is root but the door" sh -c '[ "$(ps -eo pid=,ruid=,ppid=,comm= | awk "\$4 == \"tern-local\" && \$2 == 0 && \$3 == $0" | wc -l)" = 0 ]' \
          "$(s6-svstat -o pid "$TERN_HOME/service/local")";;
      *) not_ok "nobody becomes $name" "$got";;
    esac
  done
fi
expect "a name with a NUL is refused" "$refused" $local_who local +frame p kind=u 'user=anna\x00b' +wait
expect "a kind that is none is refused" "$refused" $local_who local +frame p kind=z user=anna +wait
expect "a uid is no name" "$refused" $local_who local +frame p kind=u "user=#0" +wait
expect "a number that nobody has ends nothing" silence $local_who -t 1 local +frame k process='#0' +frame k process='#99999999' +frame k process='#18446744073709551615' +wait
expect "a job at the root door is refused" "$refused" $local_who local +frame j 192='#1' +wait

# ---- doors send and showq: whose message is it?
id=$(accepted bert sender=bert@here.test rcpt=secret@far.test)
check "a message waits" within 15 sh -c 'mailq | grep -q "^$0 "' "$id"
if is_root; then
  list=$(knock $(as anna) showq +frame l +wait)
  check "who did not send it sees that it is there" sh -c 'echo "$0" | grep -q "$1"' "$list" "$id"
  check "but no address of it" sh -c '! echo "$0" | grep -qE "bert|secret|far.test"' "$list"
  for who in bert root; do
    list=$(knock $(as $who) showq +frame l +wait)
    check "$who sees the addresses" sh -c 'echo "$0" | grep -q "secret@far.test"' "$list"
  done
  for verb in hold release retry delete bounce; do
    got=$(knock $(as anna) send +frame v verb=$verb id="$id" +wait)
    check "another user can't $verb it" sh -c 'echo "$0" | grep -q "^answer o 129=$1 permanent "' "$got" "$id"
    knock $(as anna) send +frame v verb=$verb all= +wait >/dev/null
  done
  check "nor by naming all" sh -c 'mailq | grep -q "^$0 "' "$id"
fi
expect "its sender can hold it" "'answer o 129=$id ok '* | 'answer z ok '*" bert send +frame v verb=hold id="$id" +wait
check "it is on hold" sh -c 'mailq | grep -q "^$0!"' "$id"
expect "an unknown verb is refused" "$refused" bert send +frame v verb=explode id="$id" +wait
expect "a verb with a NUL is refused" "$refused" bert send +frame v 'verb=delete\x00' id="$id" +wait
expect "an id that is none is refused" "$refused" bert send +frame v verb=delete id=../../etc/passwd +wait
expect "no verb is refused" "$refused" bert send +frame v id="$id" +wait
expect "a list of an id that is none is refused" "$refused" bert showq +frame l id=../0/x +wait
expect "a list with an unknown record is refused" "$refused" bert showq +frame l 200=x +wait
expect "its sender can delete it" "'answer z ok '*" bert send +frame v verb=delete id="$id" +wait
check "then it is gone" within 10 queue_empty
check "all that broke nothing" still_well

# ---- nonsense, at each door by one who may knock
speaker() { case $1 in local | remote) echo terns;; *) echo anna;; esac; }
doors="queue alias local remote send showq"
for d in $doors; do eval "mem_$d=\$(largest $d VmData) fds_$d=\$(most_fds $d)"; done
for d in $doors; do
  s=$(speaker $d)
  is_root || s=anna
  set --
  for seed in 1 2 3 4; do for n in 1 5 6 7 100 5000 200000; do set -- "$@" +random $seed$n $n +end +wait +again; done; done
  for t in A E R a e j l p r t v x z '\x00'; do set -- "$@" +head 200 0 +raw '\x01'$t +random 7 198 +end +wait +again; done
  knock $(as $s) -t 3 $d "$@" >"$work/garbage" 2>&1
  check "door $d: random octets are not answered" sh -c '! grep -vE "^dropped$|^answer . (permanent|temporary) |^answer o " "$0"' "$work/garbage"
  for len in 4294967295 268435456 65537; do
    expect "door $d: a frame of $len octets is refused at once" "$refused" $s -t 5 $d +head $len 0 +wait
  done
  expect "door $d: an empty frame is refused" "$refused" $s -t 5 $d +head 0 0 +wait
  expect "door $d: a frame that announces 65535 descriptors is refused" "$refused" $s -t 5 $d +head 2 65535 +raw '\x01x' +wait
  knock $(as $s) -c 50 -t 3 $d +fd x +end +wait >"$work/descriptors" 2>&1
  check "door $d: descriptors are not taken" sh -c '! grep -vE "^dropped$|^answer . (permanent|temporary) " "$0"' "$work/descriptors"
done
for d in $doors; do
  same_fds() { [ "$(most_fds $d)" -le "$1" ]; }
  eval "before=\$fds_$d"
  check "door $d: no descriptor leaked" within 10 same_fds "$before"
  eval "before=\$mem_$d"
  now=$(largest $d VmData)
  check "door $d: memory is flat" sh -c '[ "$0" -le $(($1 + 1024)) ] || { echo "$1 kB, then $0 kB"; exit 1; }' "$now" "$before"
done
check "nonsense broke nothing" still_well

# ---- run/notice by a tern-queue that has been taken over (else by the owner)
if is_root; then writer=ternq; else writer=anna; fi
for n in 7 16 160 5000 65536; do says $writer run/notice +random $n $n; done
says $writer run/notice +raw 12345
check "nonsense in run/notice delays nobody" still_well

# ---- half a frame, and silence
for d in queue showq; do
  ( timeout 30 "$TOOLS/knock" $(as anna) -t 25 $d +head 100 0 +raw '\x01e' +wait >"$work/half.$d" ) &
done
( timeout 30 "$TOOLS/knock" $(as anna) -t 25 queue +frame e sender= rcpt=anna@here.test +chunk 5000 +raw abc +wait >"$work/half.body" ) &

# ---- a user who knocks a thousand times and stays
if is_root; then
  mkfifo "$work/stay"
  for d in queue alias send showq; do "$TOOLS/knock" $(as anna) -c 1000 -k $d +head 100 0 <"$work/stay" >"$work/held.$d" & done
  exec 9>"$work/stay"
  all_held() { for d in queue alias send showq; do grep -q held "$work/held.$d" || return 1; done; }
  check "1000 connections are held at each door" within 30 all_held
  check "SMTP and root's sendmail go on" mail_goes_on
  as_bert() { setpriv --reuid=20102 --regid=20100 --clear-groups "$@"; }
  check "another user's sendmail works" sh -c 'printf "Subject: x\n\nx\n" | setpriv --reuid=20102 --regid=20100 --clear-groups sendmail carl'
  check "another user's mailq works" as_bert mailq
  expect "another user's verb is answered" "'answer z '*" bert send +frame v verb=retry all= +wait
  expect "another user's question is answered" "'answer a '*" bert alias +frame x address=anna@here.test +wait
  exec 9>&-
fi
for d in queue showq body; do
  check "half a frame and silence end ($d)" within 25 grep -qE 'dropped|temporary|permanent' "$work/half.$d"
done
check "and nothing is broken" still_well
finish
