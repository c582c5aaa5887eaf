#!/bin/sh
# limit: 120
# Who each process is, read from /proc while mail goes through, while services are restarted, and for each kind of process
# that delivers: uids, groups, root folder, descriptors, filters; and what each of the suite's users can't do. Needs root: an
# ordinary user's instance has one uid.
. "$(dirname "$0")/lib.sh"
is_root || { skip "privileges" "needs root"; exit 0; }

spooled=tern-t$$ # a name of its own in the machine's /var/mail
for u in anna bert slow "$spooled"; do user "$u"; done
uid_of_spooled=$((next_uid - 1))
trap 'rm -f "/var/mail/$spooled"; finish' EXIT
echo 'robot: "|cat >/dev/null; sleep 4"' >"$work/aliases.text"
mkdir -p "$work/etc" && cp "$work/aliases.text" "$work/etc/aliases"
check "tern-setup" instance || exit 1
check "start" start || exit 1

# ---- helpers
field() { sed -n "/^$2:/{s/^[^:]*:[[:space:]]*//;s/[[:space:]]*\$//;s/\t/ /g;p;q}" "/proc/$1/status" 2>/dev/null; }
# the numbers of four equal ids
four() { echo "$1 $1 $1 $1"; }
is_alive() { [ -e "/proc/$1/exe" ]; }
# is_nobody_else PID UID GID [GROUP]: all ids, no other group, no capability, not to be traced
is_nobody_else() {
  [ "$(field "$1" Uid)" = "$(four "$2")" ] || { echo "$1: uids $(field "$1" Uid)"; return 1; }
  [ "$(field "$1" Gid)" = "$(four "$3")" ] || { echo "$1: gids $(field "$1" Gid)"; return 1; }
  [ "$(field "$1" Groups)" = "${4:-}" ] || { echo "$1: groups $(field "$1" Groups)"; return 1; }
  for set in CapInh CapPrm CapEff CapAmb; do
    [ "$(field "$1" $set)" = 0000000000000000 ] || { echo "$1: $set $(field "$1" $set)"; return 1; }
  done
}
# what the kernel shows of a process that may not be traced belongs to root
hides() { [ "$(stat -c %u "/proc/$1/mem")" = 0 ] || { echo "$1 can be traced by $(stat -c %U "/proc/$1/mem")"; return 1; }; }
all_are() { # NAME USER GROUP: every process called NAME
  found=
  for p in $(pids_of "$1"); do
    out=$(is_nobody_else "$p" "$(id -u "$2")" "$(id -g "$3")") || { ! is_alive "$p" && continue; echo "$1 $out"; return 1; }
    out=$(hides "$p") || { ! is_alive "$p" && continue; echo "$1 $out"; return 1; }
    found=1
  done
  [ -n "$found" ] || { echo "no $1 runs"; return 1; }
}
everybody_is_right() {
  all_are tern-smtpd ternd ternd && all_are tern-queue ternq ternq && all_are tern-showq ternq ternq &&
    all_are tern-send terns ternq && all_are tern-remote ternr ternr && all_are tern-alias terna terna
}
# what runs as root: the holder of the sockets, the supervisors, and one tern-local
only_these_are_root() {
  for p in $(instance_pids); do
    case $(field "$p" Uid) in
      *0*) [ "$(field "$p" Uid)" = "$(four 0)" ] || case " $(field "$p" Uid) " in *" 0 "*) echo "$p is root in part"; return 1;; *) continue;; esac;;
      *) continue;;
    esac
    read -r name 2>/dev/null <"/proc/$p/comm" || continue
    case $name in
      s6-svscan | s6-supervise | s6-fdholderd | tern-smtpd-sock*) ;; # the last is the holder, too
      tern-local) [ "$p" = "$(s6-svstat -o pid "$TERN_HOME/service/local")" ] || { echo "tern-local $p is root"; return 1; };;
      *) echo "$name ($p) is root"; return 1;;
    esac
  done
}
workers() { for p in $(pids_of "tern-$1"); do [ "$p" = "$(s6-svstat -o pid "$TERN_HOME/service/$1")" ] || echo "$p"; done; }

# ---- a session that stays open, so that a worker of tern-smtpd is busy; and two slow programs, of a user and of an alias
as_user() { u=$1; shift; setpriv --reuid="$(sed -n "s/^$u:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups "$@"; }
# the program writes down who it is, and stays
as_user slow sh -c 'cat >"$0/.forward"' "$HOMES/slow" <<'P'
"|cp /proc/$$/status status; (exec ls -l /proc/$$/fd >fds); env >env; cat >body; echo >here; while [ ! -e go ]; do sleep 0.1; done"
P
chmod 644 "$HOMES/slow/.forward"
echo x | sendmail anna
check "a message is delivered" within 60 has_mails anna 1
mkfifo "$work/hold"
"$TOOLS/smtpsay" 127.0.0.1 "$PORT" <"$work/hold" >"$work/held" &
session=$!
exec 9>"$work/hold"
echo 'EHLO hold.test' >&9
check "a session is open" within 60 grep -q '^< 250' "$work/held"
echo to-the-program | sendmail slow
check "a program runs" within 60 [ -e "$HOMES/slow/here" ]

check "each service is its user, and nothing else" everybody_is_right
check "s6-log is ternl" sh -c 'for p in $0; do [ "$(sed -n "s/^Uid:[[:space:]]*\([0-9]*\).*/\1/p" /proc/$p/status)" = "$(id -u ternl)" ] || exit 1; done' "$(pids_of s6-log)"
check "root is nobody but the door that makes users' processes, and s6" only_these_are_root
# CAP_KILL, CAP_SETGID, CAP_SETUID
check "and that door can kill and become, no more" [ "$(field "$(s6-svstat -o pid "$TERN_HOME/service/local")" CapEff)" = 00000000000000e0 ]
in_home() { for p in $(pids_of "$1"); do [ "$(readlink "/proc/$p/root")" = "$TERN_HOME" ] || ! is_alive "$p" || { readlink "/proc/$p/root"; return 1; }; done; }
check "tern-smtpd lives in HOME" in_home tern-smtpd
# but for one, which connects to the sockets of LMTP servers and holds nothing but the way to its workers
porters() { for p in $(pids_of tern-remote); do [ "$(readlink "/proc/$p/root")" = / ] && echo "$p"; done; }
workers_in_home() { for p in $(pids_of tern-remote); do [ "$(readlink "/proc/$p/root")" = "$TERN_HOME" ] || [ "$p" = "$(porters)" ] || ! is_alive "$p" || return 1; done; }
check "tern-remote lives in HOME" workers_in_home
check "one of it does not, and holds a socket and its log" sh -c '[ "$(find "/proc/$0/fd" -mindepth 1 -printf "%f %l\n" | sort | sed "s/:.*//" | tr "\n" ,)" = "0 socket,1 pipe,2 pipe," ]' "$(porters)"
if [ -n "$(field self Seccomp)" ]; then
  jailed() { # every worker
    for p in $(workers "$1"); do
      [ "$(field "$p" Seccomp)" = 2 ] && [ "$(field "$p" NoNewPrivs)" = 1 ] || { is_alive "$p" && echo "$1 $p: seccomp $(field "$p" Seccomp)" && return 1; }
    done
    [ -n "$(workers "$1")" ]
  }
  for s in smtpd queue showq remote; do check "the workers of $s have a filter of system calls" within 60 jailed $s; done
  check "tern-alias has one" [ "$(field "$(s6-svstat -o pid "$TERN_HOME/service/alias")" Seccomp)" = 2 ]
else
  skip "filters of system calls" "this kernel does not show them"
fi

# ---- what doc/security.md says of each process, read from /proc. A process that is about to go may be missed, none may be more
names_of_caps() { case $1 in 0000000000000000) echo none;; 00000000000000e0) echo kill setgid setuid;; *) echo "$1";; esac; }
as_documented() {
  sed -n 's/^| \(tern-[a-z]*\) | \(main\|worker\) | /\1 | \2 | /p' "$here/doc/security.md" | sed 's/ |$//; s/ | /|/g' >"$work/documented"
  [ -s "$work/documented" ] || { echo "doc/security.md has no table"; return 1; }
  : >"$work/met"
  for p in $(instance_pids); do
    read -r name 2>/dev/null <"/proc/$p/comm" || continue
    case $name in tern-smtpd-* | tern-queuectl) continue;; tern-*) ;; *) continue;; esac
    kind=worker
    [ "$p" != "$(s6-svstat -o pid "$TERN_HOME/service/${name#tern-}")" ] || kind=main
    [ "$name $kind" != "tern-local worker" ] || continue # the recipients, above
    root=$(readlink "/proc/$p/root" | sed "s,^$TERN_HOME\$,HOME,")
    line="$name|$kind|$(id -nu "$(field "$p" Uid | cut -d' ' -f1)")|$(getent group "$(field "$p" Gid | cut -d' ' -f1)" | cut -d: -f1)|$root|$(names_of_caps "$(field "$p" CapEff)")|$(field "$p" NoNewPrivs)|$(field "$p" Seccomp)"
    is_alive "$p" || continue
    grep -qxF "$line" "$work/documented" || { echo "$line"; return 1; }
    echo "$line" >>"$work/met"
  done
  for name in smtpd queue showq remote; do grep -q "^tern-$name|worker" "$work/met" || { echo "no worker of $name was seen"; return 1; }; done
}
[ -e "$here/doc/security.md" ] || here=$here/source
if [ -n "$(field self Seccomp)" ]; then check "every process is what doc/security.md says" within 10 as_documented; fi
within_limits() { for p in $(workers smtpd); do awk '/^Max address space/ && $4 > 268435456 || /^Max (file size|core file size)/ && $(NF - 1) != 0 || /^Max open files/ && $4 > 128 { bad = 1 } END { exit bad }' "/proc/$p/limits" || { is_alive "$p" && cat "/proc/$p/limits" && return 1; }; done; }
check "who talks to the network has limits" within_limits

# ---- the process that delivers, and the program that it runs
in_status() { sed -n "s/^$1:[[:space:]]*//p" "$HOMES/slow/status" | tr '\t' ' ' | sed 's/ *$//'; }
slow_uid=20103
check "the program is the user" [ "$(in_status Uid) $(in_status Gid)" = "$(four $slow_uid) $(four 20100)" ]
check "in no other group than his" [ "$(in_status Groups)" = 20100 -o -z "$(in_status Groups)" ]
check "with no capability" [ "$(in_status CapEff)$(in_status CapPrm)$(in_status CapInh)" = 000000000000000000000000000000000000000000000000 ]
check "and may run set-id programs, as procmail is one" [ "$(in_status NoNewPrivs)$(in_status Seccomp)" = 00 ]
check "no signal is blocked or ignored" [ "$(in_status SigBlk)$(in_status SigIgn)" = 00000000000000000000000000000000 ]
check "it holds its input and its output and nothing else" sh -c '[ "$(sed -n "s/.* \([0-9]*\) -> \([a-z]*\):.*/\1 \2/p" "$0" | sort | tr "\n" ,)" = "0 pipe,1 pipe,2 pipe," ] && [ "$(grep -c -- "->" "$0")" = 3 ]' "$HOMES/slow/fds"
check "its environment is what the manual says" sh -c '! sed "s/=.*//" "$0" | grep -vxE "HOME|USER|LOGNAME|SHELL|PATH|SENDER|RECIPIENT|ORIGINAL_RECIPIENT|LOCAL|EXTENSION|DOMAIN|PWD|SHLVL|_|OLDPWD"' "$HOMES/slow/env"
check "it had the message" grep -qx to-the-program "$HOMES/slow/body"
check "the mode of what it makes is for the user alone" [ "$(stat -c %a "$HOMES/slow/body")" = 600 ]
delivering() { for p in $(pids_of tern-local); do [ "$(field "$p" Uid)" = "$(four $slow_uid)" ] && echo "$p"; done; }
agent=$(delivering)
check "one process delivers for the user" [ "$(echo "$agent" | wc -w)" = 1 ]
check "it is the user and nothing else" is_nobody_else "$agent" $slow_uid 20100 "$(field "$agent" Groups | grep -x 20100)"
check "the user can't trace it" hides "$agent"
check "nor look into it" sh -c '! setpriv --reuid=20103 --regid=20100 --clear-groups sh -c "ls /proc/$0/fd || cat /proc/$0/environ || readlink /proc/$0/exe"' "$agent"
fds_of() { find "/proc/$1/fd" -mindepth 1 -printf '%l\n' 2>/dev/null; }
# no socket that has a name in run/: that are listeners, and what was accepted there
no_door() {
  awk '$8 ~ /run\// { print "socket:[" $7 "]" }' /proc/net/unix >"$work/named"
  fds_of "$1" | grep -xF -f "$work/named" && { echo "it holds a door"; return 1; }
  ! fds_of "$1" | grep "$TERN_HOME/\(control\|service\|log\|run\)"
}
check "it holds no door" no_door "$agent"
check "and one file of the queue, to read" sh -c '[ "$(find "/proc/$0/fd" -mindepth 1 -lname "$1/queue/*" | wc -l)" = 1 ] && for f in $(find "/proc/$0/fd" -mindepth 1 -lname "$1/queue/*" -printf "%f\n"); do grep -q "^flags:.*0$" /proc/$0/fdinfo/$f || exit 1; done' "$agent" "$TERN_HOME"

# ---- descriptors of the others
readers_fds() {
  for p in $(pids_of tern-smtpd) $(workers remote); do
    fds_of "$p" | grep -vE '^(socket:.*|pipe:.*|anon_inode:.*|/dev/null)$' && { echo "$p"; return 1; }
  done
  return 0
}
check "who talks to the network holds sockets and pipes only" readers_fds
no_queue_files() {
  for name in smtpd remote alias; do
    for p in $(pids_of tern-$name); do fds_of "$p" | grep "^$TERN_HOME/queue/" && { echo "$name"; return 1; }; done
  done
  p=$(s6-svstat -o pid "$TERN_HOME/service/local")
  ! fds_of "$p" | grep "^$TERN_HOME/queue/"
}
check "who may not see the queue holds nothing of it" no_queue_files

# ---- the kind of process that writes mailboxes of the spool
tern-setup "$TERN_HOME" mailbox=/var/mail/%u >/dev/null
s6-svc -h "$TERN_HOME/service/local"
s6-svc -h "$TERN_HOME/service/send"
mail_gid=$(getent group mail | cut -d: -f3)
found_mailbox=
mailbox_process() { # sends until it is seen: it stays a little while
  echo x | sendmail "$spooled" || return 1
  for p in $(pids_of tern-local); do
    [ "$(field "$p" Uid)" = "$(four $uid_of_spooled)" ] && [ "$(field "$p" Gid)" = "$(four "$mail_gid")" ] || continue
    out=$(is_nobody_else "$p" "$uid_of_spooled" "$mail_gid" && hides "$p" && no_door "$p") && [ "$(field "$p" NoNewPrivs)" = 1 ] &&
      case $(field "$p" Seccomp) in 2 | '') true;; *) false;; esac && found_mailbox=$p && return 0
  done
  return 1
}
check "the process of a spool's mailbox has the group mail in all ids and no other, a filter, no door" within 60 mailbox_process
check "the mailbox is the user's alone" within 60 sh -c '[ "$(stat -c "%u %a" "$0")" = "$1 600" ]' "/var/mail/$spooled" "$uid_of_spooled"

# ---- a program of an alias
echo x | sendmail robot
robot_is_ternx() { for p in $(pids_of tern-local); do [ "$(field "$p" Uid)" = "$(four "$(id -u ternx)")" ] && is_nobody_else "$p" "$(id -u ternx)" "$(id -g ternx)" && return 0; done; return 1; }
check "a program of the aliases file runs as ternx" within 60 robot_is_ternx

# ---- restarts: those that finish what is in hand are who they were, and so are their successors
for s in smtpd queue send alias showq remote local; do s6-svc -r "$TERN_HOME/service/$s"; done
settled() { s6-svwait -U -t 5000 "$TERN_HOME"/service/*; }
check "the process that delivers is still the user" is_nobody_else "$agent" $slow_uid 20100 "$(field "$agent" Groups | grep -x 20100)"
check "restarted" within 60 settled
check "the session goes on in a process whose master is gone" [ -n "$(workers smtpd)" ]
echo NOOP >&9
check "it is answered" within 60 sh -c '[ "$(grep -c "^< 250 " "$0")" -ge 2 ]' "$work/held"
check "everybody is who he was" everybody_is_right
check "and root is nobody else" only_these_are_root
touch "$HOMES/slow/go"
check "everything goes out" within 60 queue_empty
check "the slow program ran once" [ "$(logs | grep -c ' delivered .*slow@here.test')" = 1 ]

# ---- files
check "no file is set-id" sh -c '! find "$0" "$1" -perm /6000 -type f | grep .' "$TERN_HOME" "$BIN"
writable() {
  find "$TERN_HOME" \( -perm -0002 -o -perm -0020 -a ! -path "$TERN_HOME/queue*" -a ! -path "$TERN_HOME/run/*" \) ! -type l ! -type s \
    ! -path '*/supervise/*' ! -path '*/event/*' ! -name event ! -name supervise ! -path '*/.s6-svscan/*'
}
check "nothing below HOME can be written by others" [ -z "$(writable)" ]
mode() { stat -c '%U:%G %a' "$TERN_HOME/$1"; }
for row in '. root:root 755' 'run root:root 755' 'service root:root 755' 'queue ternq:ternq 770' 'queue/0 ternq:ternq 770' \
  'queue/bad ternq:ternq 770' 'log/smtpd ternl:ternl 750' 'aliases.cdb root:terna 640' 'control/me root:root 644' \
  'run/queue ternq:ternq 666' 'run/notice terns:ternq 620' 'run/holder root:root 700'; do
  set -- $row
  check "$1 is $2 $3" [ "$(mode "$1")" = "$2 $3" ]
done
for d in local remote; do check "door $d is of terns alone" [ "$(stat -c '%U %a' "$TERN_HOME/run/$d")" = "terns 600" ]; done
umask 077
s6-svc -d "$TERN_HOME/service/send"
s6-svwait -d -t 5000 "$TERN_HOME/service/send"
echo x | sendmail anna
umask 022
check "a queue file is 0660 whatever the umask" sh -c '[ "$(find "$0/queue" -type f -printf "%u:%g %m\n")" = "ternq:ternq 660" ]' "$TERN_HOME"

# ---- what each of them can't do, tried by a shell that is him
mkdir -m 700 "$HOMES/anna/private" && chown 20101:20100 "$HOMES/anna/private"
queue_file=$(find "$TERN_HOME/queue" -type f)
cannot() { # USER GROUP WORD...: each a thing of which none may work
  who=$1 group=$2; shift 2
  for what in "$@"; do
    case $what in
      read-queue) set -- "$queue_file"; try='cat "$0"';;
      list-queue) set -- "$TERN_HOME/queue/0"; try='ls "$0"';;
      make-queue) set -- "$TERN_HOME/queue/0/x"; try='echo >"$0"';;
      read-logs) set -- "$TERN_HOME/log/send"; try='ls "$0"';;
      write-run) set -- "$TERN_HOME/run/x"; try='echo >"$0"';;
      move-door) set -- "$TERN_HOME/run"; try='mv "$0/alias" "$0/alias2" || rm "$0/queue" </dev/null';;
      notice) set -- "$TERN_HOME/run/notice"; try='echo >"$0"';;
      settings) set -- "$TERN_HOME/control/me"; try='echo >>"$0"';;
      service) set -- "$TERN_HOME/service/send/run"; try='echo >>"$0"';;
      supervise) set -- "$TERN_HOME/service/send"; try='s6-svc -d "$0"';;
      aliases) set -- "$TERN_HOME/aliases.cdb"; try='cat "$0"';;
      write-aliases) set -- "$TERN_HOME/aliases.cdb"; try='echo >>"$0"';;
      home) set -- "$HOMES/anna/private"; try='ls "$0" || ls "$0/../Maildir/new"';;
    esac
    setpriv --reuid="$who" --regid="$group" --clear-groups timeout 5 sh -c "$try" "$1" >/dev/null 2>&1 && { echo "$who can: $what"; return 1; }
  done
  return 0
}
for u in ternd ternr ternx ternm 20102; do
  g=$u; [ "$u" != 20102 ] || g=20100
  check "$u can touch nothing" cannot $u $g read-queue list-queue make-queue read-logs write-run move-door notice settings service supervise aliases write-aliases home
done
check "terna can read the aliases and nothing else" cannot terna terna read-queue list-queue make-queue read-logs write-run move-door notice settings service supervise write-aliases home
check "ternl can read the logs and nothing else" cannot ternl ternl read-queue list-queue make-queue write-run move-door notice settings service supervise aliases write-aliases home
check "ternq can read the queue and nothing else" cannot ternq ternq read-logs write-run move-door settings service supervise aliases write-aliases home
check "terns can read the queue and nothing else" cannot terns ternq read-logs write-run move-door settings service supervise aliases write-aliases home
exec 9>&-
wait $session 2>/dev/null
finish
