#!/bin/sh
# limit: 120
# A real Dovecot beside us keeps the mailboxes of a domain: by LMTP at a Unix socket that only we may use, and at a port. Bodies arrive
# octet for octet, each recipient has its own end, the server may be restarted, its permissions may be wrong. On a machine apart; needs
# root, as Dovecot does.
PEERS="dovecot-core dovecot-lmtpd postfix"
PEOPLE="admin lisa pat kim"
NEIGHBOUR=Dovecot ADDRESS=127.0.0.5 USERS="dovecot dovenull"
. "$(dirname "$0")/neighbour.sh"

mkdir -m 755 "$work/dovecot"
socket=$work/dovecot/Lmtp
cat >"$work/dovecot.conf" <<C
base_dir = $work/dovecot/run
state_dir = $work/dovecot/state
log_path = $work/dovecot.log
protocols = lmtp
ssl = no
mail_location = maildir:~/Maildir
mail_plugin_dir = /usr/lib/dovecot/modules
auth_username_format = %Ln
lda_mailbox_autocreate = yes
default_vsz_limit = 0
stats_writer_socket_path =
userdb {
  driver = passwd
}
passdb {
  driver = static
  args = nopassword=y
}
service lmtp {
  unix_listener $socket {
    user = ternr
    mode = 0600
  }
  inet_listener lmtp {
    address = 127.0.0.5
    port = 24
  }
}
C
dovecot_starts() {
  dovecot -F -c "$work/dovecot.conf" >"$work/dovecot.out" 2>&1 &
  dovecot=$!
  within 15 listens 127.0.0.5:24 || { cat "$work/dovecot.log" "$work/dovecot.out"; return 1; }
}
dovecot_ends() { kill $dovecot; wait $dovecot; }
check "Dovecot starts" dovecot_starts
[ "$failures" = 0 ] || { finish; exit 1; }
check "tern-setup" makes_instance listen=127.0.0.1:25 relaydomains=box.test smtproutes="box.test:lmtp:$socket
port.test:lmtp:127.0.0.5"
check "start" start

send_bodies pat@box.test
check "by the socket: all arrive" within 30 has pat $n
check "octet for octet" bodies compare $(mails_of pat)
check "with one Return-Path, one Delivered-To" eval 'f=$(mails_of pat | head -n 1); [ "$(grep -c "^Return-Path: <lisa@here.test>" "$f")$(grep -c "^Delivered-To: pat@box.test" "$f")" = 11 ]'
check "nothing waits here" within 5 queue_empty
relayed() { logs | grep -F "relayed to=pat@box.test remote=localhost[$socket] status=2.0.0 " | grep -E 'reason="250 2\.0\.0 <pat@box\.test> [^ ]+ Saved"' || { logs | grep relayed | head -n 3; return 1; }; }
check "the log has the id that Dovecot gave, and where" relayed
letter three | sendmail -f lisa@here.test pat@box.test nobody-there@box.test kim@box.test
check "tern-explain says that it goes by LMTP" eval '"$BIN/tern-explain" pat@box.test | grep -qF "to $socket by LMTP"'
check "of three recipients one is refused, two get it" within 15 eval 'has pat $((n + 1)) && has kim 1 && lisa_has 1'
check "the report has Dovecot's words" python3 "$here/t/bounce.py" $(lisas) nobody-there@box.test Status=5.1.1 "Diagnostic-Code=User doesn't exist"
letter port | sendmail -f lisa@here.test kim@port.test
check "by a port" within 10 has kim 2
chmod 500 "$APART/home/kim/Maildir/tmp" "$APART/home/kim/Maildir/new"
mount --bind -o ro "$APART/home/kim" "$APART/home/kim" && mount -o remount,ro,bind "$APART/home/kim"
letter mixed | sendmail -f lisa@here.test kim@box.test pat@box.test
check "one answer is yes, one is later: one waits" within 15 eval 'has pat $((n + 2)) && deferred kim@box.test "451 4.2.0"'
umount "$APART/home/kim"
chmod 700 "$APART/home/kim/Maildir/tmp" "$APART/home/kim/Maildir/new"
s6-svc -a "$TERN_HOME/service/send"
check "and is delivered later, the other not twice" within 10 eval 'has kim 3 && has pat $((n + 2)) && queue_empty'

# ---- Dovecot is restarted, or does not let us in
dovecot_ends
letter down | sendmail -f lisa@here.test kim@box.test
check "while Dovecot is down mail waits" within 15 deferred kim@box.test 'unable to connect to localhost['
check "Dovecot starts again" dovecot_starts
s6-svc -a "$TERN_HOME/service/send"
check "and gets it" within 10 eval 'has kim 4 && queue_empty'
chmod 000 "$socket"
s6-svc -r "$TERN_HOME/service/remote"
letter denied | sendmail -f lisa@here.test kim@box.test
check "a socket that does not let us write means later" within 15 deferred kim@box.test 'Permission denied'
chmod 600 "$socket"
s6-svc -a "$TERN_HOME/service/send"
check "and it goes on when it does" within 10 eval 'has kim 5 && queue_empty'
check "100 messages in 10 sessions through us to the socket" timeout 60 smtp-source -s 10 -m 100 -l 3000 -f lisa@here.test -t pat@box.test 127.0.0.1:25
check "arrive, once each" within 60 has pat $((n + 102))
"$BIN/tern-setup" "$TERN_HOME" smtproutes="box.test:lmtp:$work/dovecot/gone" >/dev/null && s6-svc -h "$TERN_HOME/service/send"
sleep 0.5
letter gone | sendmail -f lisa@here.test kim@box.test
check "a new route is used, and its socket is not there" within 15 deferred kim@box.test 'No such file'
dovecot_ends
finish
