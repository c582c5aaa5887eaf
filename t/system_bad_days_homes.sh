#!/bin/sh
# as: both
# limit: 240
# Homes that can't be used, .forward files that must not be obeyed, programs that fail, hang and flood, processes that their
# user stops or kills: mail waits with a reason, or bounces with one, and nobody else waits with it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bad_days.sh"
for u in anna bert carl dora emil fred gina hugo ines jane kurt; do user $u; done
# a host for what goes elsewhere
mkdir "$work/sink"; sink=$(free_port); free_n=$sink
"$TOOLS/smtpsink" 127.0.0.1 "$sink" "$work/sink" & sink_pid=$!
check "tern-setup" instance timeoutcommand=1 smtproutes="far.test:[127.0.0.1]:$sink" || exit 1
check "start" start || exit 1
# forward USER NAME TEXT: a .forward as the user would write it
forward() { printf '%s\n' "$3" | as_user "$1" sh -c 'umask 022; cat >"$0"' "$HOMES/$1/$2"; }
# others_go_on: mail to somebody else is there at once, whoever hangs
others=0
others_go_on() {
  others=$((others + 1))
  mail_to "others-$others" dora && within 8 got dora "others-$others"
}

# ---- what takes long begins first
forward jane .forward+hang "|echo \$\$ >hang.pid; sleep 3000 & echo \$! >child.pid; sleep 3000"
forward kurt .forward+stop "|echo \$PPID >stop.pid; kill -STOP \$PPID; exit 0"
down send # so that one process gets what comes to one user
mail_to hang jane+hang; mail_to behind jane; mail_to stop kurt+stop; mail_to behind kurt
up send
check "a program that hangs runs" within 15 [ -s "$HOMES/jane/child.pid" ]
check "a user stops his own delivery process" within 15 [ -s "$HOMES/kurt/stop.pid" ]
check "neither delays anybody else" others_go_on
# the first of several that are tried
cp "$HOMES/jane/hang.pid" "$work/hang.pid"; cp "$HOMES/jane/child.pid" "$work/child.pid"; cp "$HOMES/kurt/stop.pid" "$work/stop.pid"
sleep 3
mail_to next jane; mail_to next kurt
check "nor their own next message" within 12 eval 'got jane next && got kurt next'

# ---- homes
mail_to first anna carl
check "mail arrives" within 15 eval 'got anna first && got carl first'
rm -rf "$HOMES/bert"
mail_to missing bert
check "a home that is missing: the message waits" within 15 waits bert@here.test "$HOMES/bert: No such file.*bert needs one"
check "others go on" others_go_on
mkdir -m 755 "$HOMES/bert"; ! is_root || chown 20102:20100 "$HOMES/bert"
if is_root; then chown 20103 "$HOMES/carl"; chmod 700 "$HOMES/carl"; chown root "$HOMES/carl"; else chmod 0 "$HOMES/carl"; fi
mail_to unreadable carl
check "a home that can't be entered: the message waits, the reason names it" within 15 waits carl@here.test "$HOMES/carl.*Permission denied"
check "and says what to do" waits carl@here.test 'carl must be able to enter it'
check "others go on" others_go_on
! is_root || chown 20103 "$HOMES/carl"; chmod 755 "$HOMES/carl"
as_user emil touch "$HOMES/emil/file"
sed -i "s|^emil:\(.*\):$HOMES/emil:|emil:\1:$HOMES/emil/file:|" "$work/users"
tern-setup "$TERN_HOME" users="$(cat "$work/users")" >/dev/null; for s in local send alias; do s6-svc -h "$TERN_HOME/service/$s"; done
sleep 1
mail_to file emil
check "a home that is a file: the message waits" within 15 waits emil@here.test 'home/emil/file: Not a directory'
as_user fred sh -c 'mkdir -p "$0/Maildir/tmp" "$0/Maildir/new" "$0/Maildir/cur"; chmod 0 "$0/Maildir/tmp"' "$HOMES/fred"
mail_to closed-tmp fred
check "a Maildir that can't be written: the message waits" within 15 waits fred@here.test 'Maildir.*Permission denied'
as_user gina sh -c 'echo x >"$0/Maildir"' "$HOMES/gina"
mail_to no-dir gina
check "a Maildir that is a file: the message waits" within 15 waits gina@here.test 'Maildir.*Not a directory'
as_user hugo sh -c 'mkdir -p "$0/Maildir/new" "$0/Maildir/cur"; ln -s /proc "$0/Maildir/tmp"' "$HOMES/hugo"
mail_to link-tmp hugo
check "a Maildir whose tmp is a link to elsewhere: the message waits" within 15 waits hugo@here.test 'Maildir'
chmod 700 "$HOMES/fred/Maildir/tmp"; rm "$HOMES/gina/Maildir" "$HOMES/hugo/Maildir/tmp"
sed -i "s|:$HOMES/emil/file:|:$HOMES/emil:|" "$work/users"
tern-setup "$TERN_HOME" users="$(cat "$work/users")" >/dev/null; for s in local send alias; do s6-svc -h "$TERN_HOME/service/$s"; done
sleep 1
try_all_now
check "all of it is delivered when the homes are mended" within 20 eval 'got bert missing && got carl unreadable && got emil file && got fred closed-tmp && got gina no-dir && got hugo link-tmp'
check "no half file is left in a tmp" sh -c '! find "$0" -path "*/Maildir/tmp/*" | grep .' "$HOMES"

# ---- .forward files that are not obeyed: the mailbox, and a line in the log
ignored() { logs | grep -q "warning ignored=[^ ]* user=$1 reason=\"*[^\"]*$2"; }
forward anna .forward 'bert'; chmod 666 "$HOMES/anna/.forward"
mail_to everybody-writes anna
check "a .forward that others may write: the mailbox" within 15 got anna everybody-writes
check "and the log says why" within 5 ignored anna 'others may write'
chmod 664 "$HOMES/anna/.forward"
mail_to group-writes anna
check "one that the group may write: the mailbox" within 15 got anna group-writes
chmod 644 "$HOMES/anna/.forward"; chmod 777 "$HOMES/anna"
mail_to home-open anna
check "one in a home that others may write: the mailbox" within 15 got anna home-open
chmod 755 "$HOMES/anna"; rm "$HOMES/anna/.forward"
if is_root; then
  forward anna .forward 'bert'; chown 20102 "$HOMES/anna/.forward"
  mail_to of-another anna
  check "one that belongs to another: the mailbox" within 15 got anna of-another
  check "and the log says why" within 5 ignored anna 'someone else'
  chmod 600 "$HOMES/anna/.forward"
  mail_to of-another-closed anna
  check "the same if it can't even be read" within 15 got anna of-another-closed
  rm -f "$HOMES/anna/.forward"
fi
# nothing of it went to bert
check "no such .forward sent anything on" eval '! got bert everybody-writes && ! got bert group-writes && ! got bert home-open && ! got bert of-another'

# ---- .forward files that make no sense: the message waits, and the reason names the file and the line
long=$(printf %070000d 0)
forward ines .forward+long "$long"
forward ines .forward+many "$(i=0; while [ $i -lt 1100 ]; do echo "u$i@far.test"; i=$((i + 1)); done)"
forward ines .forward+syntax 'dora
"unfinished'
forward ines .forward+shadow ':include:/etc/shadow'
forward ines .forward+self ":include:$HOMES/ines/.forward+self"
forward ines .forward+none ':include:/nowhere/at/all'
forward ines .forward+dev ':include:/dev/zero'
forward ines .forward+rel ':include:../../etc/passwd'
forward ines .forward+big ":include:$HOMES/ines/big"
as_user ines sh -c 'head -c 8388609 /dev/zero | tr "\0" a >"$0/big"; mkfifo "$0/.forward+fifo"; mkdir "$0/.forward+dir"; ln -s /etc/shadow "$0/.forward+link"; ln -s /dev/zero "$0/.forward+zero"; ln -s .forward+loop "$0/.forward+loop"' "$HOMES/ines"
for e in long many syntax shadow none dev rel big fifo dir link zero loop; do mail_to "odd-$e" "ines+$e"; done
FROM=carl@here.test mail_to odd-self ines+self
is_root || rm -f "$HOMES/ines/.forward+shadow"
bounced() { find "$HOMES/carl/Maildir/new" -type f -exec grep -l "^Final-Recipient: rfc822; *$1\$" {} + | xargs grep -lq "$2"; }
check "a .forward of 70,000 octets waits" within 15 waits ines+long@here.test 'File too large'
check "one with a quote that does not end names file and line" within 15 waits ines+syntax@here.test '\.forward\+syntax:2:'
check "an include that may not be read waits" within 15 waits ines+shadow@here.test '/etc/shadow: Permission denied'
check "and shows nothing of it" sh -c '! mailq | grep "root:"'
check "one that includes itself bounces" within 15 bounced ines+self@here.test 'includes itself'
check "one that includes what does not exist waits" within 15 waits ines+none@here.test 'no such file'
check "one that includes a device waits" within 15 waits ines+dev@here.test 'not a regular file'
check "one that includes a relative path waits" within 15 waits ines+rel@here.test 'the whole path'
check "one that includes 8 MiB waits" within 15 waits ines+big@here.test 'File too large'
check "one that is a FIFO waits" within 15 waits ines+fifo@here.test 'not a regular file'
check "one that is a folder waits" within 15 waits ines+dir@here.test 'not a regular file|Is a directory'
check "one that is a link to /etc/shadow waits" within 15 waits ines+link@here.test 'Permission denied'
check "one that is a link to a device waits" within 15 waits ines+zero@here.test 'not a regular file'
check "one that is a link to itself waits" within 15 waits ines+loop@here.test '[Ss]ymbolic'
check "others go on" others_go_on

# ---- programs: what their exit means
for e in 0 1 64 75 77 100 111; do forward anna .forward+e$e "|echo the reason is $e; echo more; exit $e"; done
forward anna .forward+killed "|kill -KILL \$\$"
forward anna .forward+gone '|/nowhere/at/all'
forward anna .forward+deaf '|exec <&-; sleep 0.2; exit 0'
forward anna .forward+loud "|head -c 10485760 /dev/zero | tr '\\\\0' x; exit 0"
forward anna .forward+yes '|yes'
forward anna .forward+left '|(sleep 2000) & echo $! >left.pid; exit 0'
forward anna .forward+env '|env >env.out; cat >message.out'
forward anna .forward+both "|exit 75
dora"
FROM=carl@here.test
for e in 0 1 64 75 77 100 111; do mail_to "exit-$e" anna+e$e; done
for e in killed gone deaf loud yes left both; do mail_to "prog-$e" anna+$e; done
delivered() { logs | grep -q " delivered to=$1 "; }
check "exit 0 is delivered" within 15 delivered anna+e0@here.test
for e in 1 75 111; do check "exit $e waits" within 15 waits anna+e$e@here.test "exited with code $e: the reason is $e"; done
for e in 64 77 100; do
  check "exit $e bounces with the first line as the reason" within 15 bounced anna+e$e@here.test "the reason is $e"
done
check "a signal waits" within 15 waits anna+killed@here.test 'ended by signal 9'
check "a program that does not exist waits" within 15 waits anna+gone@here.test 'code 127'
check "one that reads nothing is delivered" within 15 delivered anna+deaf@here.test
check "one that prints 10 MB is delivered" within 20 delivered anna+loud@here.test
check "one that prints for ever is ended" within 20 waits anna+yes@here.test 'signal|code 1'
check "one that leaves something behind is delivered when it exits" within 15 delivered anna+left@here.test
check "a temporary failure before an address sends nothing" within 15 waits anna+both@here.test 'code 75'
check "to nobody" eval '! got dora prog-both'
check "others go on" others_go_on

# ---- a program sees nothing of the suite
mail_to environment anna+env
check "a program gets the message" within 15 grep -qx 'Subject: environment' "$HOMES/anna/message.out"
check "and no variable but those that are named" sh -c '! grep -vE "^(HOME|USER|LOGNAME|SHELL|PATH|SENDER|RECIPIENT|ORIGINAL_RECIPIENT|LOCAL|EXTENSION|DOMAIN|PWD|OLDPWD|SHLVL|_)=" "$0"' "$HOMES/anna/env.out"
FROM=

# ---- a user who kills his own processes
forward bert .forward+kill "|kill -KILL \$PPID"
forward bert .forward+group "|kill -KILL 0"
mail_to kill bert+kill; mail_to group bert+group
check "a user who kills his delivery process has his mail wait" within 15 waits bert+kill@here.test 'went away'
check "a user who kills the group, too" within 15 waits bert+group@here.test 'went away'
check "others go on" others_go_on
if is_root; then
  killer=$(for i in 1 2 3 4 5 6 7 8; do as_user bert kill -KILL -1; as_user bert kill -STOP -1; sleep 0.1; done 2>/dev/null & echo $!)
  mail_to storm bert
  check "a user who kills all that is his delays nobody else" others_go_on
  while kill -0 $killer 2>/dev/null; do sleep 0.1; done
  as_user bert kill -CONT -1 2>/dev/null
  rm -f "$HOMES"/bert/.forward*
  check "and gets his mail when he lets it" within 60 got bert storm
fi
rm -f "$HOMES"/bert/.forward*

# ---- what took long: 15 seconds more than timeoutcommand
gone() { ! kill -0 "$(cat "$1")" 2>/dev/null; }
check "a program that hangs is ended in time" within 40 gone "$work/hang.pid"
check "and what it left in its group" within 5 gone "$work/child.pid"
check "a stopped process, too" within 20 gone "$work/stop.pid"
check "what came to the same process goes to another" within 20 eval 'got jane behind && got kurt behind'
check "what hung waits" within 10 eval 'waits jane+hang@here.test . && waits kurt+stop@here.test .'
left=$(cat "$HOMES/anna/left.pid"); kill "$left" 2>/dev/null
rm -rf "$HOMES"/jane/.forward* "$HOMES"/kurt/.forward* "$HOMES"/anna/.forward* "$HOMES"/ines/.forward*
# what was in hand at the first word waits again: the word is given until nothing waits
all_gone() { try_all_now; queue_empty; }
check "all that waited is delivered when the reasons are gone" within 60 all_gone
kill $sink_pid
check "no service was started again" sh -c '! grep -hE "a worker died|exit=101" "$0"/log/*/current' "$TERN_HOME"
finish
