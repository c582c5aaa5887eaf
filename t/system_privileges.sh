#!/bin/sh
# limit: 120
# Who each program is, read from /proc while mail goes through: uids, groups, root folder, descriptors, no-new-privileges,
# and no set-id file anywhere. Needs root: an ordinary user's instance has one uid.
. "$(dirname "$0")/lib.sh"
is_root || { skip "privileges" "needs root"; exit 0; }

user anna
check "tern-setup" instance mailbox=/var/mail/%u
rm -f /var/mail/anna
tern-setup "$TERN_HOME" mailbox=Maildir/
check "start" start
echo x | sendmail anna
check "a message is delivered" within 10 has_mails anna 1
# a session that stays open, so that a worker of tern-smtpd is busy
mkfifo "$work/hold"
"$TOOLS/smtpsay" 127.0.0.1 "$PORT" <"$work/hold" >"$work/held" &
session=$!
exec 9>"$work/hold"
echo 'EHLO hold.test' >&9
check "a session is open" within 10 grep -q '^< 250' "$work/held"

field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" 2>/dev/null | tr '\t' ' ' | sed 's/ *$//'; }
uid_of() { id -u "$1"; }
gid_of() { id -g "$1"; }
# everything that is called NAME and lives in this instance
pids_of() { for p in $(instance_pids); do [ "$(cat /proc/$p/comm 2>/dev/null)" = "$1" ] && echo "$p"; done; }
all_ids() { # NAME USER GROUP: all four uids and gids, and no other group
  found=
  for p in $(pids_of "$1"); do
    found=1
    u=$(uid_of "$2") g=$(gid_of "$3")
    [ "$(field $p Uid)" = "$u $u $u $u" ] || { echo "$1 ($p): uids $(field $p Uid)"; return 1; }
    [ "$(field $p Gid)" = "$g $g $g $g" ] || { echo "$1 ($p): gids $(field $p Gid)"; return 1; }
    [ -z "$(field $p Groups)" ] || [ "$(field $p Groups)" = "$g" ] || { echo "$1 ($p): groups $(field $p Groups)"; return 1; }
    [ "$(field $p CapEff)" = 0000000000000000 ] && [ "$(field $p CapPrm)" = 0000000000000000 ] ||
      { echo "$1 ($p): capabilities $(field $p CapEff)"; return 1; }
  done
  [ -n "$found" ] || { echo "no $1 runs"; return 1; }
}
check "tern-smtpd is ternd" all_ids tern-smtpd ternd ternd
check "tern-queue is ternq" all_ids tern-queue ternq ternq
check "tern-showq is ternq" all_ids tern-showq ternq ternq
check "tern-send is terns of the group ternq" all_ids tern-send terns ternq
check "tern-remote is ternr" all_ids tern-remote ternr ternr
check "tern-alias is terna" all_ids tern-alias terna terna
check "s6-log is ternl" all_ids s6-log ternl ternl

in_home() { for p in $(pids_of "$1"); do [ "$(readlink /proc/$p/root)" = "$TERN_HOME" ] || { readlink /proc/$p/root; return 1; }; done; }
check "tern-smtpd lives in HOME" in_home tern-smtpd
check "tern-remote lives in HOME" in_home tern-remote

# the process that delivers is the user, with nothing of root's; it stays a little while
user_process() {
  echo x | sendmail anna
  for p in $(pids_of tern-local); do
    [ "$(field $p Uid)" = "20101 20101 20101 20101" ] && [ "$(field $p Gid)" = "20100 20100 20100 20100" ] &&
      [ "$(field $p CapEff)" = 0000000000000000 ] && return 0
  done
  return 1
}
check "a delivery is the recipient, in all ids" within 10 user_process
others_root() { for p in $(pids_of tern-local); do case $(field $p Uid) in "0 0 0 0") echo $p;; esac; done | wc -l; }
check "one process of tern-local is root" [ "$(others_root)" = 1 ]

jailed() { for p in $(pids_of "$1"); do [ "$(field $p Seccomp)" = 2 ] && [ "$(field $p NoNewPrivs)" = 1 ] && return 0; done; return 1; }
if [ -n "$(field self Seccomp)" ]; then
  check "the SMTP readers have a system call filter" jailed tern-smtpd
  check "the SMTP writers have a system call filter" within 5 jailed tern-remote
fi

# descriptors: an SMTP reader holds no file, and no door but queue's and alias's; nothing points into the queue
readers_fds() {
  for p in $(pids_of tern-smtpd); do
    for f in /proc/$p/fd/*; do
      case $(readlink "$f") in
        socket:* | pipe:* | anon_inode:* | /dev/null | '') ;;
        *) echo "$p: $f is $(readlink $f)"; return 1;;
      esac
    done
  done
}
check "SMTP readers hold sockets and pipes only" readers_fds
no_queue_files() {
  for name in tern-smtpd tern-remote tern-alias tern-local; do
    for p in $(pids_of $name); do
      for f in /proc/$p/fd/*; do
        case $(readlink "$f") in "$TERN_HOME"/queue/*) [ "$name" = tern-local ] || { echo "$name: $(readlink $f)"; return 1; };; esac
      done
    done
  done
}
check "who may not see the queue holds nothing of it" no_queue_files

check "no file is set-id" sh -c '! find "$0" "$1" -perm /6000 -type f | grep .' "$TERN_HOME" "$BIN"
writable() { find "$TERN_HOME" \( -perm -0002 -o -perm -0020 -a ! -path "$TERN_HOME/queue*" -a ! -path "$TERN_HOME/run/*" \) ! -type l ! -type s ! -path '*/supervise/*' ! -path '*/event/*' ! -name event ! -name supervise ! -path '*/.s6-svscan/*'; }
check "nothing below HOME can be written by others" [ -z "$(writable)" ]
mode() { stat -c '%U:%G %a' "$TERN_HOME/$1"; }
for row in '. root:root 755' 'run root:root 755' 'service root:root 755' 'queue ternq:ternq 770' 'queue/0 ternq:ternq 770' \
  'queue/bad ternq:ternq 770' 'log/smtpd ternl:ternl 750' 'aliases.cdb root:terna 640' 'control/me root:root 644' \
  'run/queue ternq:ternq 666' 'run/notice terns:ternq 620' 'run/holder root:root 700'; do
  set -- $row
  check "$1 is $2 $3" [ "$(mode "$1")" = "$2 $3" ]
done
for d in local remote; do check "door $d is of terns alone" [ "$(stat -c '%U %a' "$TERN_HOME/run/$d")" = "terns 600" ]; done
exec 9>&-
wait $session 2>/dev/null
finish
