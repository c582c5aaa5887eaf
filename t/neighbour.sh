# t/neighbour.sh - a machine apart on which another mail system, a real one, runs beside ours: the ways in of t/system_exim.sh and its
# like. Sourced first, instead of apart.sh, lib.sh, people.sh and hosts.sh, which it sources, with PEERS and PEOPLE set (t/apart.sh) and:
#
#   NEIGHBOUR   its name; it needs root
#   ADDRESS     the address of 127.0.0.0/8 that it has to itself
#   USERS       its users, uids from 20301 on, each with a group of that name; USERS_HOME: where they live, if that matters
#
# Without root or one of the PEERS the test ends.
[ "$(id -u)" = 0 ] || { echo "skip $(basename "$0" .sh): $NEIGHBOUR needs root"; exit 0; }
. "$(dirname "$0")/apart.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/people.sh"
. "$(dirname "$0")/hosts.sh"
for p in $PEERS; do has_peer $p || exit 0; done

cp /etc/passwd /etc/group "$work"
n=20301
for u in $USERS; do
  echo "$u:x:$n:$n::${USERS_HOME:-/nonexistent}:/usr/sbin/nologin" >>"$work/passwd"
  echo "$u:x:$n:" >>"$work/group"
  n=$((n + 1))
done
mount --bind "$work/passwd" /etc/passwd && mount --bind "$work/group" /etc/group
ip address add "$ADDRESS/8" dev lo
mkdir -p "$work/etc"
echo 'root: admin' >"$work/etc/aliases"

bodies() { python3 "$here/t/bodies.py" "$@"; }
# what is in the Maildir of NAME, who is a user of the neighbour, and whether it is N messages
mails_of() { find "$APART/home/$1/Maildir/new" -type f 2>/dev/null; }
has() { [ "$(mails_of "$1" | wc -l)" = "$2" ]; }
# send_bodies RECIPIENT: those of t/bodies.py, by our sendmail; n is their number
send_bodies() {
  mkdir "$work/bodies"
  bodies write "$work/bodies" "$1"
  for f in "$work/bodies"/*; do sendmail -i -f lisa@here.test "$1" <"$f" || not_ok "sendmail" "exit $?"; done
  n=$(ls "$work/bodies" | wc -l)
}
