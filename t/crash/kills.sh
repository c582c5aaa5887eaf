#!/bin/sh
# kills.sh KIND STEP OFFSET FOLDER - an instance of its own for t/crash/kills.py. BIN and TOOLS name the programs.
. "$(dirname "$0")/../lib.sh"
for u in anna bert; do user $u; done
mkdir -p "$work/etc"
echo 'list: anna, far2@remote.test' >"$work/etc/aliases"
SINK=$(free_port)
free_n=$SINK
export SINK PORT HOMES TOOLS
instance smtproutes=":127.0.0.1:$SINK" >"$work/setup" 2>&1 || { not_ok "kills: tern-setup" "$(cat "$work/setup")"; exit 1; }
sed -i "s|run/holder/s |run/holder/s $TOOLS/proofkill start plan |" "$TERN_HOME/service/send/run"
grep -q proofkill "$TERN_HOME/service/send/run" || { not_ok "kills: the run script of send"; exit 1; }
start || exit 1
python3 "$(dirname "$0")/kills.py" "$@"
code=$?
stop
exit $code
