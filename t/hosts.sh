# t/hosts.sh - the other hosts of a machine apart (t/apart.sh): smtp-sink as mail hosts that take or refuse mail, dnsmasq as the name
# server 127.0.0.53 that /etc/resolv.conf names. Sourced behind lib.sh.

listens() { ss -Hltn | grep -qF "$1 "; }
# sink NAME ADDRESS:PORT OPTION...: a mail host; what it takes is kept in $work/sinks/NAME, a file a transaction; what is said in NAME.log; ready waits for all of them
sink() {
  sink=$1 at=$2; shift 2
  mkdir -p -m 777 "$work/sinks/$sink"
  is_root && set -- -u lisa "$@"
  smtp-sink -v -d "$work/sinks/$sink/m" "$@" "$at" 100 >"$work/sinks/$sink.log" 2>&1 &
  eval "sink_$(echo "$sink" | tr -c 'a-z0-9\n' '_')=$!"
  sinks="${sinks:-} $at"
}
all_listen() { for at in $sinks; do listens "$at" || return 1; done; }
ready() { within 10 all_listen || not_ok "the sinks start" "$(tail -qn 1 "$work"/sinks/*.log)"; sinks=; }
end_sink() { eval "kill \$sink_$(echo "$1" | tr -c 'a-z0-9\n' '_')"; }
# sunk NAME [N]: as many transactions were taken
sunk() { [ "$(ls "$work/sinks/$1" | wc -l)" = "${2:-1}" ]; }
connections() { grep -c ': connect ' "$work/sinks/$1.log"; }
# names OPTION...: the name server; it knows all of .test, and nothing of the rest
names() {
  dnsmasq -k -C /dev/null --no-resolv --no-hosts --listen-address=127.0.0.53 --bind-interfaces --user="$(id -un)" --group= --pid-file= \
    --local=/test/ "$@" >"$work/names.log" 2>&1 &
  names=$!
  within 5 listens 127.0.0.53:53 || not_ok "the name server starts" "$(tail -n 1 "$work/names.log")"
}
letter() { printf 'Subject: %s\n\nx\n' "$1"; }
# deferred ADDRESS TEXT: mailq shows that it waits, with a reason that has this text
deferred() { mailq -j | python3 -c '
import json, sys
waiting = [r for l in sys.stdin for r in json.loads(l)["recipients"]]
sys.exit(not any(r["address"] == sys.argv[1] and r["state"] == "deferred" and sys.argv[2] in r["reason"] for r in waiting) and str(waiting))' "$@"; }
