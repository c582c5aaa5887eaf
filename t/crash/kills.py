"""kills - the injector and the runner of an instance are killed before their 1st, 2nd, ... last system call, s6 restarts them,
and then everything is judged: what was acknowledged is there, once, or twice where the deed was done and not marked yet;
what was not acknowledged is there whole or not at all; no file is left anywhere.

usage: kills.py small|large|both|start|notice STEP OFFSET FOLDER   each STEP-th call, from OFFSET + 1 on; FOLDER for what failed
       small, large   the injector with a message of that size        both: and with it its master and the runner
       start, notice  the runner from its start on, with messages and with what crashes leave in the queue; from the first
                      message that it is told of on"""
import glob
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

from house import HEAD, STATE, House, Session, Sink, children, end_process, read_marks, wait_for

house = House()
session = Session(house.port)
PATIENCE = 40  # seconds until what has not happened is a failure


class Failure(Exception):
    pass


def want(truth, text):
    if not truth:
        raise Failure(text)


def body_of(tag, size):
    """Lines that nothing else has: a block of another message would show."""
    seed, lines = hashlib.sha256(tag.encode()).hexdigest(), []
    for n in range(size // 72 + 1):
        lines.append(f"{n:06d} {seed}\n")
    return "".join(lines).encode()


def text_of(tag, size=700):
    return f"Subject: {tag}\n\n".encode() + body_of(tag, size)


def copies(mails, tag):
    """How many of the messages are this one; each must be whole."""
    found = [m for m in mails if f"\nSubject: {tag}\n".encode() in m[1]]
    for m in found:
        want(m[1].endswith(text_of(tag, len(m[1]) and sizes.get(tag, 700))), f"{tag} is not whole, or mixed with another: {m[0]}")
    return found


sizes = {}
reported = []  # of the killer, in this run


def clean_mailboxes():
    for user in ("anna", "bert"):
        for path, _, _ in house.mails(user):
            os.unlink(path)


def tmp_is_empty():
    return not [p for user in ("anna", "bert") for p, _, _ in house.mails(user) if "/Maildir/tmp/" in p]


# ---- the injector


def warm():
    """How many workers tern-queue keeps at rest: as many as it has when a second passes in which nobody wants one."""
    seen = 0
    for _ in range(PATIENCE):
        try:
            now = len(children(house.pid("queue")))
        except OSError:
            now = 0
        if now and now == seen:
            return now
        seen = now
        time.sleep(1)
    sys.exit("not ok kills: tern-queue does not come to rest")


WARM = warm()


def idle_workers():
    """The injectors, once there are as many as are kept warm, and the master."""
    master = house.pid("queue")
    try:
        found = children(master)
    except OSError:
        return None
    return len(found) >= WARM and (master, found)


def kill_injector(n, tag, size, also):
    """The answer to the message and the killer's report."""
    master, workers = wait_for(PATIENCE, idle_workers) or (0, [])
    want(workers, "the injectors are not there")
    report = house.path("killed")
    command = [f"{house.tools}/proofkill", "attach", str(n), report] + [str(p) for p in workers]
    if also:
        command += ["+", str(master), str(house.pid("send"))]
    killer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = killer.stdout.readline().strip()
        if line != "ready":
            print("skip kills at each system call: this system does not let one process trace another")
            sys.exit(0)
        answer = session.send("s@else.test", ["anna@here.test"], text_of(tag, size))
        try:
            killer.wait(5)
        except subprocess.TimeoutExpired:
            killer.terminate()
    finally:
        killer.wait()
        killer.stdout.close()
    with open(report) as f:
        return answer, f.read().split()


def judge_injected(tag, answer, report):
    want("early" not in report, "the client was answered before anything was synced")
    gone = lambda: not house.queue() and (answer[0] != "2" or copies(house.mails("anna"), tag))
    want(wait_for(PATIENCE, gone), f"after {PATIENCE} s the queue is {house.queue()}, the answer was {answer}")
    n = len(copies(house.mails("anna"), tag))
    if answer[0] == "2":
        # ternd tries again when an injector goes away without an answer; what that one had written whole is there, too
        want(n == 1 or (n == 2 and report[1] in ("fsync", "openat", "close", "sendmsg")), f"acknowledged ({answer}), and there are {n} copies")
    else:
        want(n <= 1, f"not acknowledged ({answer}), and there are {n} copies")
        want(n == 0 or report[1] not in ("fcntl", "fstat", "pwritev"), f"not whole when it was killed, and it is there")
    want(not house.bad(), f"queue/bad holds {house.bad()}")
    want(tmp_is_empty(), "a Maildir's tmp/ holds a file")


def injector_run(kind, n):
    tag = f"{kind}-{n}-{time.time_ns()}"
    size = 230000 if kind == "large" else 700
    sizes[tag] = size
    answer, report = kill_injector(n, tag, size, kind == "both")
    if kind == "both" and report[0] == "killed":
        session.close()
        for name in ("queue", "send"):
            house.restarted(name, None)
    reported[:] = report
    judge_injected(tag, answer, report)
    clean_mailboxes()
    return report


# ---- the runner

# name: sender, recipients
MESSAGES = {
    "local": ("s@else.test", ["anna@here.test"]),
    "remote": ("s@else.test", ["far@remote.test"]),
    "deferred": ("s@else.test", ["anna@here.test", "later@remote.test"]),
    "bounced": ("bert@here.test", ["never@remote.test"]),
    "expanded": ("s@else.test", ["list@here.test"]),
}
leftovers = {}  # path below queue/: its octets


def place(path, data):
    whole = house.path("queue", path)
    folder = os.stat(os.path.dirname(whole))
    fd = os.open(whole, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o660)
    os.fchmod(fd, 0o660)
    if os.geteuid() == 0:
        os.fchown(fd, folder.st_uid, folder.st_gid)
    os.ftruncate(fd, len(data))
    for at in range(0, len(data), 512):
        if data[at : at + 512].strip(b"\0"):
            os.pwrite(fd, data[at : at + 512], at)
    os.close(fd)


def stopped_runner(act):
    """While the runner sees nothing."""
    pid = house.pid("send")
    os.kill(pid, signal.SIGSTOP)
    try:
        return act()
    finally:
        os.kill(pid, signal.SIGCONT)


def make_leftovers():
    """What crashes leave: made of messages that were there once."""

    def take():
        for _ in range(6):
            answer = session.send("s@else.test", ["anna@here.test"], text_of("leftover"))
            want(answer[0] == "2", answer)
        return {p: open(house.path("queue", p), "rb").read() for p in house.queue()}

    (pe, empty), (ph, hole), (pb, body), (ps, short), (pd, damage), (pt, torn) = stopped_runner(take).items()
    leftovers.update({pe: b"", ph: bytes(len(hole)), pb: body[:-40] + b"x" * 40, ps: short[:-300]})
    leftovers.update({pd: b"St" * 256 + damage[512:-1] + b"x", pt: b"St" * 256 + torn[512:]})
    want(wait_for(PATIENCE, lambda: not house.queue()), "the queue does not get empty")
    clean_mailboxes()
    return os.path.basename(pd)


def inject_all(tag):
    for name, (sender, rcpts) in MESSAGES.items():
        answer = session.send(sender, rcpts, text_of(f"{name}-{tag}"))
        want(answer[0] == "2", f"{name}: {answer}")
        taken_at[name] = time.time()
        ids[name] = answer.split()[-1]


taken_at = {}
ids = {}
killed_at = float("inf")


def begin_plan(n, kind):
    snapshot = house.path("snapshot")
    shutil.rmtree(snapshot, ignore_errors=True)
    for path in (house.path("plan"), house.path("plan.report")):
        if os.path.exists(path):
            os.unlink(path)
    with open(house.path("plan.new"), "w") as f:
        f.write(f"{n} {kind} {snapshot}\n")
    os.rename(house.path("plan.new"), house.path("plan"))


def report_of():
    try:
        with open(house.path("plan.report")) as f:
            return [line.split() for line in f]
    except FileNotFoundError:
        return []


def watcher_ended(lines):
    return len(lines) > 1 and lines[1]


def start_runner(n, kind, tag):
    """From here on the runner is watched."""
    before = house.pid("send")
    if kind == "start":
        os.kill(before, signal.SIGSTOP)
        inject_all(tag)
        for path, data in leftovers.items():
            place(path, data)
    begin_plan(n, kind)
    end_process(before)
    pid = house.restarted("send", before)
    want(wait_for(PATIENCE, report_of), "the runner is not watched")
    if kind == "notice":
        time.sleep(0.1)
        inject_all(tag)
    return pid


def everything_is_there(tag):
    anna, bert, took = house.mails("anna"), house.mails("bert"), list(sink.took)
    has = lambda rcpt, name: any(r == rcpt and f"Subject: {name}-{tag}\n".encode() in t for r, t, _ in took)
    return (
        all(copies(anna, f"{name}-{tag}") for name in ("local", "deferred", "expanded"))
        and has("far@remote.test", "remote")
        and has("later@remote.test", "deferred")
        and has("far2@remote.test", "expanded")
        and any(f"Subject: bounced-{tag}\n".encode() in m[1] for m in bert)
    )


def over(tag):
    house.control("send", b"a")
    return not house.queue() and everything_is_there(tag)


def finish_runner(pid, kind, tag):
    """Waits for the kill, or until it is clear that there are not so many calls; then until all is done."""
    end = time.time() + PATIENCE
    while not (report := watcher_ended(report_of())):
        deferred = any(b"Subject: deferred" in m[1] for m in house.mails("anna")) and len(house.queue()) <= 1
        if deferred:
            sink.open = True
        if over(tag) if sink.open else False:
            time.sleep(0.05)
            if not watcher_ended(report_of()):
                os.kill(int(report_of()[0][1]), signal.SIGTERM)
            report = wait_for(PATIENCE, lambda: watcher_ended(report_of()))
            break
        want(time.time() < end, f"nothing goes on; the queue is {house.queue()}")
        time.sleep(0.02)
    if report[0] == "killed":
        house.restarted("send", pid)
    sink.open = True
    want(wait_for(PATIENCE, lambda: (time.sleep(0.05), over(tag))[1]), f"after {PATIENCE} s not all has arrived, or the queue is not empty: {house.queue()}")
    return report


def snapshot_marks(tag):
    """The marks of each message when the runner was killed; None: its file was gone."""
    marks = dict.fromkeys(MESSAGES)
    folder = house.path("snapshot")
    for c in os.listdir(folder) if os.path.isdir(folder) else []:
        for f in os.listdir(os.path.join(folder, c)):
            with open(os.path.join(folder, c, f), "rb") as file:
                data = file.read()
            for name, (_, rcpts) in MESSAGES.items():
                top = data[STATE + HEAD :].split(b"\n\n")[0]
                if f"Subject: {name}-{tag}".encode() in top and (name != "expanded" or b"list@here.test" in data):
                    marks[name] = read_marks(data, len(rcpts))
    return marks


def is_done(marks, name, k):
    if marks[name] is None and taken_at.get(name, 0) > killed_at - 0.2:
        return False  # it came at about the time of the kill
    return marks[name] is None or marks[name][k : k + 1] in (b"D", b"F")


def judge_repeats(tag, report):
    """A deed is done again only if it was not marked; the watched runner that was not killed repeats nothing."""
    global killed_at
    killed = float(report[3]) if report[0] == "killed" else 0
    killed_at = killed or float("inf")
    marks = snapshot_marks(tag) if killed else dict.fromkeys(MESSAGES)
    deeds = [("remote", 0, "far@remote.test"), ("deferred", 1, "later@remote.test")]
    for name, k, rcpt in deeds:
        times = [b for r, t, b in sink.took if r == rcpt and f"Subject: {name}-{tag}\n".encode() in t]
        want(len(times) <= 1 + bool(killed), f"{rcpt} got {name} {len(times)} times")
        if is_done(marks, name, k):
            want(len(times) == 1, f"{rcpt} got {name} {len(times)} times, and it was marked before the kill")
    for name in ("local", "deferred"):
        found = copies(house.mails("anna"), f"{name}-{tag}")
        want(len(found) == 1, f"anna has {len(found)} copies of {name}")
        if killed and is_done(marks, name, 0):
            want(found[0][2] < killed, f"{name} was marked before the kill and delivered after it")
    bounces = [m for m in house.mails("bert") if f"Subject: bounced-{tag}\n".encode() in m[1]]
    n = 1 if is_done(marks, "bounced", 0) else 2
    want(len(bounces) <= n, f"{len(bounces)} bounces, want at most {n}")
    n = len(copies(house.mails("anna"), f"expanded-{tag}"))
    want(n <= 1 + bool(killed), f"anna has {n} copies of expanded")
    # a kill may find two deeds unmarked, if they were done in one turn: the expansion, and what came of it was relayed
    times = [b for r, t, b in sink.took if r.startswith("far2") and f"Subject: expanded-{tag}\n".encode() in t]
    both = bool(killed) and not is_done(marks, "expanded", 0) and min(times, default=killed) < killed
    want(len(times) <= 1 + bool(killed) + both, f"far2 has {len(times)} copies of expanded")
    want(not [r for r, _, _ in sink.took if r.startswith("never")], "a recipient that was refused got a message")


# what the log must say of each, whenever the runner was killed: it says what was done before it marks it
STORIES = {
    "local": [" delivered to=anna@here.test "],
    "remote": [" relayed to=far@remote.test "],
    "deferred": [" delivered to=anna@here.test ", " relayed to=later@remote.test "],
    "bounced": [" failed to=never@remote.test ", " bounced to=bert@here.test as="],
    "expanded": [" expanded into=", " expanded to=list@here.test "],
}


def untold():
    log = "".join(open(p, errors="replace").read() for p in glob.glob(house.path("log", "send", "[@c]*")))
    return [ids[name] + what for name, story in STORIES.items() for what in story if ids[name] + what not in log]


def judge_log():
    want(wait_for(PATIENCE, lambda: not untold()), f"the log does not say {untold()}")


def judge_leftovers(kind, damaged):
    expected = sorted([damaged, damaged + ".why"]) if kind == "start" else []
    want(house.bad() == expected, f"queue/bad holds {house.bad()}, want {expected}")
    n = len(copies(house.mails("anna"), "leftover"))
    want(n == (kind == "start"), f"the message with a torn mark was delivered {n} times")
    for name in expected:
        os.unlink(house.path("queue", "bad", name))
    want(tmp_is_empty(), "a Maildir's tmp/ holds a file")


def runner_run(kind, n):
    tag = f"{n}-{time.time_ns()}"
    sink.took.clear()
    sink.open = False
    pid = start_runner(n, kind, tag)
    report = finish_runner(pid, kind, tag)
    judge_repeats(tag, report)
    judge_log()
    judge_leftovers(kind, damaged_id)
    clean_mailboxes()
    return report


# ---- all of them


def keep(folder, kind, n):
    """Where somebody can look at it."""
    path = os.path.join(folder, f"{kind}-{n}")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    for name in ("queue", "snapshot", "log"):
        if os.path.isdir(house.path(name)):
            shutil.copytree(house.path(name), os.path.join(path, name), ignore=lambda d, names: [n for n in names if n == "lock"])
    shutil.copytree(house.homes, os.path.join(path, "home"))
    return path


def main(kind, step, offset, folder):
    n, done, failed, last = offset + 1, 0, 0, 0
    run = runner_run if kind in ("start", "notice") else injector_run
    while True:
        reported.clear()
        try:
            report = run(kind, n)
        except Failure as why:
            failed += 1
            report = reported or watcher_ended(report_of()) or ["?"]
            print(f"not ok {kind}: killed before call {n} ({' after '.join(report[1:3])}): {why}; see {keep(folder, kind, n)}", flush=True)
            break
        if report[0] == "missed":
            last = int(report[1])
            break
        done += 1
        n += step
    if not failed:
        print(f"ok kills: {kind}: killed before {done} of its {last} calls, each {step}th from the {offset + 1}th on", flush=True)
    return failed


if __name__ == "__main__":
    sink = Sink(int(os.environ["SINK"]))
    damaged_id = make_leftovers() if sys.argv[1] in ("start",) else ""
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
