#!/bin/sh
# as: both
# limit: 90
# make install: what lands where, with which mode, linked with what; and that it works where it stands.
. "$(dirname "$0")/lib.sh"

source=$here/source
[ -d "$source" ] || source=$here
tree=$work/tree
[ "$source" != "$here" ] || make -s -C "$here" all
mkdir "$tree" && (cd "$source" && cp -Rp Makefile INSTALL README.md conf-* doc lib smtpd queue send local remote alias tools service man t bin build "$tree/")
cd "$tree" || exit 1
unset TERN_HOME

check "a built tree has nothing to build" make -q all
stage=$work/stage
check "make install" sh -c 'umask 077 && make -s install DESTDIR="$0" PREFIX=/usr' "$stage"
root=$stage/usr
check "and again" make -s install DESTDIR="$stage" PREFIX=/usr
programs=$(cd bin && ls)
mode() { [ "$(stat -c %a "$1")" = "$2" ] || { stat -c '%n %a' "$1"; false; }; }
each() { for p in $programs; do case $p in sendmail) mode "$root/sbin/$p" 755;; *) mode "$root/bin/$p" 755;; esac || return 1; done; }
check "each program is there" each
check "and no other" [ "$(ls -A "$root/bin" "$root/sbin" | grep -c .)" = $(($(echo "$programs" | wc -l) + 2)) ]
check "lib/sendmail is a link" [ "$(readlink "$root/lib/sendmail")" = ../sbin/sendmail ]
check "each page is there" sh -c 'for p in man/*.[1-9]; do s=${p##*.}; [ "$(stat -c %a "$0/share/man/man$s/${p#man/}")" = 644 ] || exit 1; done' "$root"
check "templates, unit and init script" sh -c 'for f in service/*; do [ -f "$0/share/tern/${f##*/}" ] || exit 1; done' "$root"
check "the init script can be run" mode "$root/share/tern/tern.init" 755
check "folders can be entered" [ -z "$(find "$stage" -type d ! -perm -755)" ]
check "no file is set-id, or for others to write" [ -z "$(find "$stage" -type f \( -perm /6000 -o -perm /022 \))" ]
check "nothing is left over" [ -z "$(find "$stage" -name '*.new')" ]

# ---- linked with libc and skalibs' archive, nothing else
needs() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'; }
libraries() {
  for p in bin/*; do
    others=$(needs "$p" | grep -vE '^(libc\.so\.6|libresolv\.so\.2|ld-linux-.*)$')
    [ -z "$others" ] || { echo "$p: $others"; return 1; }
  done
}
check "only libc and libresolv are needed" libraries
check "tern-smtpd, tern-remote and sendmail need none" [ -z "$(for p in tern-smtpd tern-remote sendmail; do needs "bin/$p"; done)" ]
hardened() { for p in bin/*; do readelf -hW "$p" | grep -q 'DYN (' && readelf -lW "$p" | grep -q GNU_RELRO || { echo "$p"; return 1; }; done; }
check "every program is position independent, with relro" hardened

# ---- it works where it stands
check "a staged tern-setup makes an instance" env PATH=/usr/bin:/bin "$root/bin/tern-setup" "$work/mail" me=here.test listen="127.0.0.1:$(free_port)" \
  aliases="$work/none" mailbox=Maildir/ smtproutes=':[127.0.0.1]:1'
check "its run scripts name the staged programs" grep -qF "$root/bin" "$work/mail/service/queue/run"
TERN_HOME=$work/mail
export TERN_HOME
check "it starts" start
check "the staged sendmail works" sh -c 'echo hello | "$0/lib/sendmail" -v someone@far.test' "$root"
check "its -bp finds its own" sh -c '"$0/sbin/sendmail" -bp | grep -q someone@far.test' "$root"
check "so does mailq" sh -c '"$0/bin/mailq" | grep -q someone@far.test' "$root"
check "its -bi finds newaliases" sh -c '"$0/sbin/sendmail" -bi' "$root"
stop
unset TERN_HOME

# ---- the init script
TERN_HOME=$work/mail
export TERN_HOME
init() { "$root/share/tern/tern.init" "$@" >"$work/out" 2>&1; }
exits() { want=$1; shift; "$@"; got=$?; [ "$got" = "$want" ] || { cat "$work/out"; echo "exit code $got, not $want"; false; }; }
check "init: status of what does not run is 3" exits 3 init status
check "init: start" exits 0 init start
check "init: start again is 0" exits 0 init start
check "init: status is 0" exits 0 init status
check "init: with all services" [ "$(grep -c 'up (pid [0-9 a-z]*).* ready' "$work/out")" = 8 ]
check "init: reload" exits 0 init reload
check "init: restart" exits 0 init restart
s6-svc -wd -T 5000 -d "$TERN_HOME/service/alias"
check "init: status with a service down is 4" exits 4 init status
check "init: stop" exits 0 init stop
check "init: stop again is 0" exits 0 init stop
check "init: reload of what does not run is 7" exits 7 init reload
check "init: wrong use is 2" exits 2 init begin
check "init: no instance is 6" exits 6 env TERN_HOME="$work/nothing" "$root/share/tern/tern.init" start
check "init: is a shell script" sh -n service/tern.init
if command -v systemd-analyze >/dev/null; then
  mkdir "$work/unit"
  sed "s|^ExecStart=.*|ExecStart=/bin/true|; s|^ExecStop=.*|ExecStop=/bin/true|" "$root/share/tern/tern.service" >"$work/unit/tern.service"
  check "systemd takes the unit" sh -c 'systemd-analyze verify --man=no "$0" 2>&1 | grep -F "tern.service" && exit 1 || exit 0' "$work/unit/tern.service"
fi

# ---- conf-*: the first line counts, the rest explains
printf '/opt/post office\nnonsense\n' >conf-home
printf 'one two three four five six seven eight\nnonsense\n' >conf-users
printf 'cc -O1\n-nonsense\n' >conf-cc
printf 'cc -Wl,-O1\n-nonsense\n' >conf-ld
check "another conf-home and conf-users" make -s build/conf.h
check "are in what programs include" sh -c 'grep -qx "#define CONF_HOME \"/opt/post office\"" build/conf.h && grep -q "\"eight\", $" build/conf.h'
make -n bin/mailq >"$work/plan"
check "another conf-cc compiles" sh -c 'grep -q "^cc -O1 -std=c11" "$0" && ! grep -q nonsense "$0"' "$work/plan"
check "another conf-ld links" grep -q '^cc -Wl,-O1 -pie' "$work/plan"
echo relative/path >conf-home
check "a relative conf-home is refused" sh -c '! make -s build/conf.h 2>/dev/null'
echo /var/tern >conf-home
echo 'one two' >conf-users
check "so are two users" sh -c '! make -s build/conf.h 2>/dev/null'
check "make clean" make -s clean
check "leaves the sources alone" [ "$(ls -A)" = "$(cd "$source" && ls -A -d Makefile INSTALL README.md conf-* doc lib smtpd queue send local remote alias tools service man t | LC_ALL=C sort)" ]
finish
