# t/apart.sh - a machine apart for a test: a network of its own (127.0.0.0/8, every port free for whoever runs the test), its own
# processes, and a view of the file system in which this mail system's sendmail and Debian's other software are installed and
# /var/mail is empty. The machine itself stays as it is. Source it first, with these set:
#
#   PEERS   Debian packages to lay over /usr and /etc (t/peers); has_peer NAME tells whether there is one
#   (the name server is 127.0.0.53, if the test starts one)
#   PEOPLE  names to add to /etc/passwd, with a home in $APART/home; their uids begin at 20201 (an ordinary user's: all his own)
#
# Without namespaces in the kernel (or in a container that forbids them) the test prints a skip line and ends.
if [ -z "${APART:-}" ]; then
  # ---- outside: what is to be laid over what
  here=$(cd "$(dirname "$0")/.." && pwd)
  BIN=${BIN:-$here/bin}
  test_name=${0##*/}; test_name=${test_name%.sh}
  APART=$(mktemp -d "${TMPDIR:-/tmp}/tern-apart.XXXXXX") || exit 1
  trap 'rm -rf "$APART"' EXIT
  trap 'kill "$apart_pid" 2>/dev/null; wait "$apart_pid"; exit 1' INT TERM
  chmod 755 "$APART"
  mkdir -p "$APART/usr/bin" "$APART/usr/sbin" "$APART/usr/lib" "$APART/etc" "$APART/home"
  for n in mailq newaliases; do ln -s "$BIN/$n" "$APART/usr/bin/$n"; done
  ln -s "$BIN/sendmail" "$APART/usr/sbin/sendmail"
  ln -s ../sbin/sendmail "$APART/usr/lib/sendmail"
  if [ "$(id -u)" = 0 ]; then
    # the suite's users are made before /etc/passwd is covered
    id terns >/dev/null 2>&1 || "$BIN/tern-setup" "$APART/first" me=here.test >/dev/null || exit 1
  fi
  cp /etc/passwd /etc/group "$APART/etc/"
  echo nameserver 127.0.0.53 >"$APART/etc/resolv.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$APART/etc/hosts"
  n=20201
  for p in $PEOPLE; do
    u=$n g=20200
    [ "$(id -u)" = 0 ] || { u=$(id -u); g=$(id -g); }
    echo "$p:x:$u:$g:Test of $p:$APART/home/$p:/bin/sh" >>"$APART/etc/passwd"
    mkdir -m 755 "$APART/home/$p"
    [ "$(id -u)" != 0 ] || chown "$u:$g" "$APART/home/$p"
    n=$((n + 1))
  done
  APART_USR=$APART/usr APART_ETC=$APART/etc APART_PEERS=
  for p in $PEERS; do
    if tree=$(sh "$here/t/peers" "$p" 2>"$APART/why"); then
      APART_USR=$APART_USR:$tree/usr APART_ETC=$APART_ETC:$tree/etc APART_PEERS="$APART_PEERS $p=$tree"
    else
      echo "skip $test_name with $p: $(tail -n 1 "$APART/why")"
    fi
  done
  mkdir -m 1777 "$APART/tmp"
  export BIN APART APART_USR APART_ETC APART_PEERS TMPDIR="$APART/tmp"
  # ---- the way in: root of the new namespaces mounts; an ordinary user then becomes himself again
  if [ "$(id -u)" = 0 ]; then
    apart_in="unshare -mnpf --kill-child --mount-proc" apart_back=exec apart_mail="mode=2775,gid=$(sed -n 's/^mail:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)"
  else
    apart_in="unshare -Urmnpf --kill-child --mount-proc" apart_back="exec unshare -U --map-user=$(id -u) --map-group=$(id -g)" apart_mail=mode=1777
  fi
  apart_mount='ip link set lo up && echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start && mount -t tmpfs -o '$apart_mail' tmpfs /var/mail &&
    mount -t overlay -o "lowerdir=$APART_ETC:/etc" overlay /etc && mount -t overlay -o "lowerdir=$APART_USR:/usr" overlay /usr'
  if ! $apart_in sh -c "$apart_mount" >"$APART/why" 2>&1; then
    echo "skip $test_name: no namespaces of its own ($(tail -n 1 "$APART/why" | grep . || echo "unshare failed"))"
    exit 0
  fi
  $apart_in sh -c "$apart_mount; $apart_back"' sh "$0"' "$0" &
  apart_pid=$!
  wait "$apart_pid"
  exit
fi
has_peer() { case $APART_PEERS in *" $1="*) ;; *) false;; esac; }
peer() { echo "$APART_PEERS" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
