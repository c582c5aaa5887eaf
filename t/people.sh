# t/people.sh - the mail system of a machine apart (t/apart.sh): port 25, /var/mail, /etc/passwd; and what its people do. Sourced
# behind lib.sh by the tests whose PEOPLE are admin and lisa: admin has the mbox $spool, lisa a Maildir, because her .forward says so.

# only what the system finds by itself is used
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
spool=/var/mail/admin
makes_instance() {
  TERN_HOME=$work/instance
  export TERN_HOME
  "$BIN/tern-setup" "$TERN_HOME" me=here.test listen=:25 mailbox=/var/mail/%u aliases="$work/etc/aliases" "$@" || return 1
  is_root || "$BIN/tern-setup" "$TERN_HOME" users="$(grep ":$APART/home" /etc/passwd)"
}
# as NAME COMMAND...: a login of that user; group mail, as set-gid lock programs would have it
as() {
  who=$1; shift
  if is_root; then
    setpriv --reuid="$who" --regid=20200 --groups="$(sed -n 's/^mail:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)" \
      env HOME="$APART/home/$who" USER="$who" LOGNAME="$who" TERM=xterm "$@"
  else
    env HOME="$APART/home/$who" USER="$who" LOGNAME="$who" TERM=xterm "$@"
  fi
}
as lisa sh -c 'umask 022; echo "$HOME/Maildir/" >"$HOME/.forward"'
in_spool() { [ "$(grep -c '^From ' "$spool" 2>/dev/null)" = "$1" ]; }
lisas() { find "$APART/home/lisa/Maildir/new" "$APART/home/lisa/Maildir/cur" -type f 2>/dev/null; }
lisa_has() { [ "$(lisas | wc -l)" = "$1" ]; }
no_mail() { rm -rf "$APART/home/lisa/Maildir" "$spool"; }
