#!/bin/sh
# as: both
# limit: 90
# tools/quickstart in a built checkout: it shows what it promises, works twice, gives way on a taken port, and clean leaves nothing.
. "$(dirname "$0")/lib.sh"

source=$here/source
[ -d "$source" ] || source=$here
top="$work/a check out"
[ "$source" != "$here" ] || make -s -C "$here" all test-tools
mkdir "$top" && (cd "$source" && cp -Rp Makefile conf-* lib smtpd queue send local remote alias tools service man t bin build "$top/")
cd "$top" || exit 1
before=$(ls -A "$top")
passwd=$(cksum </etc/passwd)

# nothing of the caller's: no terminal, no locale, no TERN_HOME, no PATH to the programs
quickstart() { env -i HOME="$HOME" PATH=/usr/bin:/bin LANG=C TERN_HOME=/nonexistent sh "$top/tools/quickstart" "$@" >"$work/out" 2>&1 </dev/null; }
shows() { grep -q -- "$@" "$work/out" || { tail -n 20 "$work/out"; false; }; }
port_of() { sed -n 's/^127\.0\.0\.1://p' "$top/demo/control/listen"; }
end() { (cd "$top" && sh tools/quickstart clean) >/dev/null 2>&1; finish; }
trap 'end; exit 1' INT TERM
trap end EXIT

# the port that it would like is taken
while "$TOOLS/portfree" 127.0.0.1 2525; do
  python3 -c 'import socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 2525)); s.listen(1); time.sleep(80)' 2>/dev/null &
  taker=$!
  sleep 0.5
done

check "it runs" quickstart
check "a taken port is given way to" shows '^port 2525 is taken: this demo uses 25[2-9][0-9]'
check "by sendmail" shows '^Subject: through sendmail'
check "by SMTP" shows '^Subject: through SMTP'
check "with the id in the answer" shows '^< 250 2\.0\.0 Ok: queued as '
check "to an alias" shows '^X-Original-To: info@demo.test'
check "nobody is refused" shows '^< 550 5\.1\.1 <nobody-of-this-name@demo.test>'
check "mailq" shows '^Mail queue is empty'
check "the log" shows ' received '
check "tern-trace" shows 'delivered to <bert@demo.test>'
check "and how to go on" shows 'sh tools/quickstart clean'
check "it is left running" s6-svwait -U -t 1000 demo/service/*
[ -z "${taker:-}" ] || { kill "$taker"; wait "$taker" 2>/dev/null; }
# what it says can be typed
go_on() { sed -n '/^== how to go on/,/explain/s/^  //p' "$work/out" | sed 's/   .*//' >"$work/go.sh"; sh -e "$work/go.sh"; }
check "what it says can be typed" go_on
if is_root; then
  check "each program is its own user" sh -c 'ps -o user= -p "$(s6-svstat -o pid demo/service/smtpd)" | grep -qx ternd'
fi
port=$(port_of)
check "again, while it runs" quickstart
check "on the same port" [ "$(port_of)" = "$port" ]
check "four messages each" [ "$(ls demo/home/anna/Maildir/new | wc -l) $(ls demo/home/bert/Maildir/new | wc -l)" = "5 4" ]
check "stop" quickstart stop
check "nothing runs" sh -c '! s6-svscanctl -z demo/service'
check "the mail is still there" [ -n "$(ls demo/home/bert/Maildir/new)" ]
check "stop again" quickstart stop
check "after stop" quickstart
check "wrong use" sh -c 'sh tools/quickstart start; [ $? != 0 ]'

# a killed s6-svscan leaves supervisors behind
kill -9 "$(ps -eo pid=,args= | awk -v home="$top/demo" '$2 ~ /s6-svscan$/ && index($0, home "/service") { print $1 }')"
check "s6-svscan is killed" within 5 sh -c '! s6-svscanctl -z demo/service'
check "clean" quickstart clean
check "leaves no file" [ "$(ls -A "$top")" = "$(echo "$before" | grep -vx -e bin -e build)" ]
check "leaves no process" [ -z "$(TERN_HOME=$top/demo; instance_pids)" ]
check "leaves the users as they were" [ "$(cksum </etc/passwd)" = "$passwd" ]
check "touches nobody's mailbox" [ ! -e /var/mail/anna ]
check "clean again" quickstart clean
check "says that there is nothing" shows 'there is no demo'
