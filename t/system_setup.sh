#!/bin/sh
# as: both
# limit: 90
# tern-setup: what it refuses, what it makes, and that twice is as good as once, also while the instance runs.
. "$(dirname "$0")/lib.sh"

setup() { tern-setup "$@" >"$work/out" 2>&1; }
# exits CODE COMMAND...
exits() { want=$1; shift; "$@"; got=$?; [ "$got" = "$want" ] || { cat "$work/out"; echo "exit code $got, not $want"; false; }; }
says() { grep -q -- "$1" "$work/out" || { cat "$work/out"; false; }; }
# all that is in a folder: owner, group, mode, kind, name, content
picture() { (cd "$1" && find . ! -type p ! -type s -printf '%u %g %m %y %p\n' | sort; find . -type f ! -name '*.cdb' ! -path './log/*' ! -path '*/supervise/*' -exec cksum {} + | sort); }
owned() { # owned FILE USER GROUP MODE
  [ "$(stat -c '%u %g %a' "$TERN_HOME/$1")" = "$(uid_of "$2") $(gid_of "$3") $4" ] || { stat -c '%n %u %g %a' "$TERN_HOME/$1"; false; }
}
uid_of() { case $1 in me) id -u;; *) id -u "$1";; esac; }
gid_of() { case $1 in me) id -g;; *) getent group "$1" | cut -d: -f3;; esac; }
TERN_HOME=$work/new
export TERN_HOME
: >"$work/aliases"
set -- me=a.test aliases="$work/aliases"

# ---- wrong use changes nothing
check "no argument is 64" exits 64 setup
check "an option is 64" exits 64 setup --version
check "an unknown setting is 64" exits 64 setup "$TERN_HOME" "$@" colour=blue
check "and is named" says 'no such setting: colour'
check "a word that is no SETTING=VALUE is 64" exits 64 setup "$TERN_HOME" "$@" listen
check "a value that makes no sense is 64" exits 64 setup "$TERN_HOME" "$@" databytes=many
check "so is a line of several that makes none" exits 64 setup "$TERN_HOME" "$@" locals='a.test
b test'
check "nothing was made" [ ! -e "$TERN_HOME" ]

# ---- what it makes, whatever the umask
makes() { (umask "$1"; tern-setup "$2" me=a.test aliases="$work/aliases" locals='a.test
b.test' >"$work/out" 2>&1) || { cat "$work/out"; false; }; }
check "an instance" makes 022 "$TERN_HOME"
for mask in 000 077 0777; do
  check "with umask $mask" makes $mask "$work/mask"
  check "it is the same" [ "$(picture "$work/mask" | sed "s|$work/mask|HOME|")" = "$(picture "$TERN_HOME" | sed "s|$work/new|HOME|")" ]
  rm -rf "$work/mask"
done
check "HOME is 0755" owned . me me 755
check "a setting is 0644" owned control/locals me me 644
check "and has several lines" [ "$(cat "$TERN_HOME/control/locals")" = "a.test
b.test" ]
check "a run script is 0755" owned service/smtpd/run me me 755
check "run/holder is its owner's alone" owned run/holder me me 700
if is_root; then
  check "the queue is ternq's" owned queue ternq ternq 770
  check "and each folder of it" [ -z "$(find "$TERN_HOME/queue" \( ! -user ternq -o ! -group ternq -o ! -perm 770 \))" ]
  check "the logs are ternl's" owned log/smtpd ternl ternl 750
  check "the compiled aliases are root's, for terna to read" owned aliases.cdb root terna 640
else
  check "the queue is the owner's" owned queue me me 770
  check "the compiled aliases are the owner's alone" owned aliases.cdb me me 600
fi
check "others write nothing below it" [ -z "$(find "$TERN_HOME" ! -type l -perm -o+w)" ]
services='alias fdholder local queue remote send showq smtpd'
check "the scan folder holds the services" [ "$(ls -A "$TERN_HOME/service" | tr '\n' ' ')" = "$services " ]
check "each says when it is ready" [ "$(ls "$TERN_HOME"/service/*/notification-fd | wc -l)" = 8 ]
check "run scripts name the folder of tern-setup" grep -qF "$BIN" "$TERN_HOME/service/queue/run"

# ---- twice
picture "$TERN_HOME" >"$work/before"
check "again" exits 0 setup "$TERN_HOME"
picture "$TERN_HOME" >"$work/after"
check "nothing has changed" cmp "$work/before" "$work/after"
echo '# mine' >>"$TERN_HOME/control/locals"
chmod 600 "$TERN_HOME/control/locals"
rm "$TERN_HOME/service/send/run"; chmod 700 "$TERN_HOME/queue/0" "$TERN_HOME/run"
: >"$TERN_HOME/control/local"
check "an instance with damage" exits 0 setup "$TERN_HOME"
check "a file that is no setting is named" says 'control/local is no setting'
rm "$TERN_HOME/control/local"
check "the damage is mended" [ "$(picture "$TERN_HOME" | sed '/^[0-9]/d')" = "$(sed '/^[0-9]/d' "$work/before")" ]
check "what an editor wrote is still there" grep -qx '# mine' "$TERN_HOME/control/locals"
echo nonsense >"$TERN_HOME/control/databytes"
check "a setting in place that makes no sense is 78" exits 78 setup "$TERN_HOME"
check "with its file and line" says 'control/databytes.*1'
check "and can be set right" exits 0 setup "$TERN_HOME" databytes=1000000
check "a line of the aliases that makes no sense is 78" sh -c 'echo "a b c" >"$1/aliases"; tern-setup "$TERN_HOME" >/dev/null 2>&1; [ $? = 78 ]' sh "$work"
: >"$work/aliases"
many() { pids=; for i in 1 2 3 4 5 6; do tern-setup "$TERN_HOME" recipientdelimiter=- >>"$work/out" 2>&1 & pids="$pids $!"; done; for p in $pids; do wait "$p" || return 1; done; }
check "several at once" many

# ---- whose HOME
mkdir -m 775 "$work/open"; chmod 775 "$work/open"
check "a HOME that its group may write is refused" exits 77 setup "$work/open" "$@"
chmod 757 "$work/open"
check "a HOME that all may write is refused" exits 77 setup "$work/open" "$@"
check "with what to type" says 'chmod go-w'
check "a HOME without a parent is 73" exits 73 setup "$work/no/such" "$@"
: >"$work/file"
check "a HOME that is a file is 73" exits 73 setup "$work/file" "$@"
if is_root; then
  mkdir "$work/his"; chown 20101:20100 "$work/his"
  check "root leaves another's HOME alone" exits 77 setup "$work/his" "$@"
  check "it is empty" [ -z "$(ls -A "$work/his")" ]
  user carl
  as_carl() { setpriv --reuid=20101 --regid=20100 --clear-groups "$@"; }
  check "another leaves root's alone" exits 77 as_carl tern-setup "$TERN_HOME"
  # a HOME whose group its owner is not in
  chown 20101:20777 "$work/his"
  check "HOME's group may be a strange one" as_carl tern-setup "$work/his" me=a.test listen="127.0.0.1:$(free_port)"
  (TERN_HOME=$work/his; as_carl s6-svscan "$work/his/service" & echo $! >"$work/his.pid") >"$work/svscan.out" 2>&1
  check "and it runs" within 20 s6-svwait -U -t 500 "$work"/his/service/*
  as_carl s6-svscanctl -t "$work/his/service"
  check "and stops" within 40 sh -c '! kill -0 "$(cat "$0")"' "$work/his.pid"

  # the mailbox of root
  mkdir "$work/spool"
  echo old >"$work/spool/root"; chmod 600 "$work/spool/root"
  check "with a mailbox of root" exits 0 setup "$TERN_HOME" mailbox="$work/spool/%u"
  check "it is ternm's now" [ "$(stat -c '%U %a' "$work/spool/root")" = "ternm 600" ]
  check "and holds what it held" [ "$(cat "$work/spool/root")" = old ]
  rm "$work/spool/root"; echo secret >"$work/secret"
  ln "$work/secret" "$work/spool/root"
  check "a file with a second name" exits 0 setup "$TERN_HOME"
  ln -sf "$work/secret" "$work/spool/root"
  check "a link there" exits 0 setup "$TERN_HOME"
  mkdir "$work/spool/d"; rm "$work/spool/root"; mkfifo "$work/spool/root"
  check "a FIFO there" exits 0 timeout 20 tern-setup "$TERN_HOME"
  check "are not given away" [ "$(stat -c %U "$work/secret" "$work/spool/root" | sort -u)" = root ]
  # who owns the queue can't make root give things away
  mkdir -m 700 "$work/roots"
  rmdir "$TERN_HOME/queue/0"; ln -s "$work/roots" "$TERN_HOME/queue/0"
  check "a link in the queue is refused" exits 73 setup "$TERN_HOME"
  check "and followed nowhere" [ "$(stat -c '%U %a' "$work/roots")" = "root 700" ]
  rm "$TERN_HOME/queue/0"
  check "without it all is well" exits 0 setup "$TERN_HOME" mailbox=Maildir/
fi

# ---- a folder whose name the shell would like to read
odd="$work/it's \$HOME; \`odd\` \"name\" & 100% * é"
mkdir "$odd"
check "programs in an odd folder" sh -c 'cp -R "$1" "$2/bin" && cp -R "$3/service" "$2/"' sh "$BIN" "$odd" "$here"
check "tern-setup there" "$odd/bin/tern-setup" "$odd/mail" "$@" listen="127.0.0.1:$(free_port)"
TERN_HOME=$odd/mail
check "it starts" start
check "and takes mail" sh -c 'echo x | "$1/bin/sendmail" "$2"' sh "$odd" someone@far.test
stop

# ---- while it runs
TERN_HOME=$work/running
user anna
check "a new instance" exits 0 setup "$TERN_HOME" "$@" mailbox=Maildir/ listen="127.0.0.1:$(free_port)" users="$(cat "$work/users")"
check "runs" start
pids() { for s in "$TERN_HOME"/service/*; do s6-svstat -o pid "$s"; done; }
was=$(pids)
echo x | sendmail anna
check "tern-setup while it runs" exits 0 setup "$TERN_HOME" databytes=123456
check "mail is delivered" within 10 has_mails anna 1
check "no program was disturbed" [ "$(pids)" = "$was" ]
finish
