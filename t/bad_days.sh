# t/bad_days.sh - what the tests of bad days share. Sourced after t/lib.sh.

smtp() { printf '%s\n' "$@" | "$TOOLS/smtpsay" 127.0.0.1 "$PORT"; }
# says PATTERN COMMAND...: the command's output has a line that matches
says() { says_want=$1; shift; "$@" >"$work/said" 2>&1; grep -qE "$says_want" "$work/said" || { cat "$work/said"; return 1; }; }
code_is() { code_want=$1; shift; "$@"; code_got=$?; [ "$code_got" = "$code_want" ] || { echo "exit $code_got"; return 1; }; }
mail_to() { printf 'Subject: %s\n\nbody\n' "$1" >"$work/mail_to"; shift; sendmail -f "${FROM:-sender@here.test}" "$@" <"$work/mail_to"; }
as_user() { u=$1; shift; if is_root; then setpriv --reuid="$(sed -n "s/^$u:x:\([0-9]*\):.*/\1/p" "$work/users")" --regid=20100 --clear-groups "$@"; else "$@"; fi; }
# waits ADDRESS PATTERN: a message for ADDRESS waits in the queue, and mailq says why
waits() {
  mailq -j | sed 's/{"address"/\n&/g' >"$work/queue.json"
  grep -F "{\"address\":\"$1\",\"state\":\"deferred\"," "$work/queue.json" | grep -qE "\"reason\":\".*($2)" || { cat "$work/queue.json"; return 1; }
}
waiting() { mailq -j | wc -l; }
try_all_now() { s6-svc -a "$TERN_HOME/service/send"; }
# got USER SUBJECT: USER has exactly one message of that subject
got() { [ "$(find "$HOMES/$1/Maildir/new" -type f -exec grep -lx "Subject: $2" {} + 2>/dev/null | wc -l)" = 1 ]; }
# a service and those who finish what it had in hand
none_left() { [ -z "$(pids_of "tern-$1")" ]; }
down() { s6-svc -d "$TERN_HOME/service/$1"; within 40 s6-svwait -d -t 500 "$TERN_HOME/service/$1" && within 40 none_left "$1"; }
up() { s6-svc -u "$TERN_HOME/service/$1"; within 20 s6-svwait -U -t 500 "$TERN_HOME/service/$1"; }
log_of() { cat "$TERN_HOME/log/$1/current"; }
queue_files() { find "$TERN_HOME/queue" -type f ! -path '*/bad/*' "$@"; }
no_queue_files() { [ -z "$(queue_files)" ] || { queue_files; return 1; }; }
