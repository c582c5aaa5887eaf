# lane.sh SCRATCH LIST LANE [COMMAND...] - a lane of t/check: takes the next job of LIST that no other lane has taken, runs it
# in SCRATCH behind COMMAND (which gives it namespaces of its own), leaves what it said in SCRATCH/jobs/N.out and how it ended in
# N.done, and prints N. Each job is ended at its limit.
set -u
scratch=$1 list=$2 lane=$3
shift 3
job=
trap '[ -z "$job" ] || { kill "$job"; wait "$job"; }; exit 1' INT TERM

# the first process of a job's own table waits for all others; without COMMAND it is just a shell
inside='[ "$$" != 1 ] || ip link set lo up; sh "$@"; exit $?'
CHECK_LANE=$lane
export CHECK_LANE
name=${list##*/}
n=0
while IFS='	' read -r kind limit who what label <&3; do
  n=$((n + 1))
  mkdir "$scratch/jobs/$name.$n" 2>/dev/null || continue
  # background jobs of a shell ignore interrupts: the programs that are tested must not
  env --default-signal=INT --default-signal=QUIT timeout -k 10 "$limit" "$@" sh -c "$inside" sh "$who" $what \
    >"$scratch/jobs/$name.$n.out" 2>&1 3<&- & job=$!
  wait "$job"
  printf '%s\t%s\t%s\n' "$kind" "$label" $? >"$scratch/jobs/$name.$n.done"
  job=
  echo "$name.$n"
done 3<"$list"
