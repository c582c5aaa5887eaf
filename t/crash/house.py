"""house - what the parts of t/proof share: an instance that runs, a client that speaks SMTP to it, a host that its mail goes
to, and what lies in its queue and in its mailboxes."""
import os
import signal
import socket
import subprocess
import threading
import time

FOLDERS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
STATE, HEAD, SECTOR, MARKS = 16384, 128, 512, 448


class House:
    """The instance of t/lib.sh: $TERN_HOME with $PORT, users below $HOMES."""

    def __init__(self):
        self.home = os.environ["TERN_HOME"]
        self.homes = os.environ["HOMES"]
        self.port = int(os.environ["PORT"])
        self.tools = os.environ["TOOLS"]

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def control(self, name, letters):
        try:
            fd = os.open(self.path("service", name, "supervise", "control"), os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return
        os.write(fd, letters)
        os.close(fd)

    def pid(self, name):
        out = subprocess.run(["s6-svstat", "-o", "pid", self.path("service", name)], capture_output=True, text=True)
        return int(out.stdout.strip() or -1)

    def restarted(self, name, before):
        """s6 waits a second from one start to the next: it is told not to."""
        end = time.time() + 30
        while time.time() < end:
            self.control(name, b"u")
            pid = self.pid(name)
            if pid > 0 and pid != before:
                return pid
            time.sleep(0.02)
        raise AssertionError(f"s6 does not restart tern-{name}")

    def queue(self):
        """Every file of the queue, as C/ID."""
        return [f"{c}/{f}" for c in FOLDERS for f in os.listdir(self.path("queue", c))]

    def bad(self):
        return sorted(os.listdir(self.path("queue", "bad")))

    def mails(self, user):
        """(path, text, time of change) of each message in a user's Maildir, tmp/ as well."""
        found = []
        for sub in ("new", "cur", "tmp"):
            folder = os.path.join(self.homes, user, "Maildir", sub)
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                path = os.path.join(folder, name)
                try:
                    with open(path, "rb") as f:
                        found.append((path, f.read(), os.fstat(f.fileno()).st_ctime))
                except FileNotFoundError:
                    pass
        return found


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]


def read_marks(data, n):
    """The marks of a queue file's n recipients, as octets: the state may be a hole or shorter."""
    marks = b""
    for k in range((n + MARKS - 1) // MARKS):
        sector = data[k * SECTOR : (k + 1) * SECTOR]
        marks += sector[64:] if sector[4:6] == b"St" else bytes(MARKS)
    return marks[:n]


class Session:
    """One SMTP session after another; a message each time."""

    def __init__(self, port):
        self.port, self.s = port, None

    def answer(self):
        while True:
            line = self.f.readline()
            if not line:
                raise OSError("cut")
            if line[3:4] != b"-":
                return line.decode().strip()

    def say(self, text):
        self.s.sendall(text)
        return self.answer()

    def send(self, sender, rcpts, text):
        """The answer to the message, or to the first command that was refused."""
        if not self.s:
            self.s = socket.create_connection(("127.0.0.1", self.port), 60)
            self.f = self.s.makefile("rb")
            self.answer()
            self.say(b"EHLO proof.test\r\n")
        try:
            for command in [f"MAIL FROM:<{sender}>"] + [f"RCPT TO:<{r}>" for r in rcpts] + ["DATA"]:
                got = self.say(command.encode() + b"\r\n")
                if got[0] not in "23":
                    self.close()
                    return got
            return self.say(text.replace(b"\n", b"\r\n") + b".\r\n")
        except OSError as e:
            self.close()
            return f"421 {e}"

    def close(self):
        if self.s:
            self.f.close()
            self.s.close()
        self.s = None


class Sink:
    """A host that takes mail: never@ does not exist, later@ only once `open` is set. What it took: (recipient, text, when
    the transaction began)."""

    def __init__(self, port):
        self.open = True
        self.took = []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=100)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def judge(self, rcpt):
        if rcpt.startswith("never"):
            return b"550 5.1.1 nobody of that name\r\n"
        if rcpt.startswith("later") and not self.open:
            return b"451 4.2.1 come back later\r\n"
        return b"250 2.1.5 ok\r\n"

    def serve(self, s):
        try:
            self.dialogue(s, s.makefile("rb"))
        except OSError:
            pass
        s.close()

    def dialogue(self, s, f):
        s.sendall(b"220 sink.test\r\n")
        rcpts, begin = [], 0
        while line := f.readline():
            verb, answer = line[:4].upper(), b"250 2.0.0 ok\r\n"
            if verb == b"EHLO":
                answer = b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            elif verb == b"MAIL":
                rcpts, begin = [], time.time()
            elif verb == b"RCPT":
                rcpt = line[line.index(b"<") + 1 : line.index(b">")].decode()
                answer = self.judge(rcpt)
                if answer[:1] == b"2":
                    rcpts.append(rcpt)
            elif verb == b"DATA":
                if rcpts:
                    s.sendall(b"354 go on\r\n")
                    text = b""
                    while (line := f.readline()) != b".\r\n":
                        if not line:
                            return
                        text += line
                    self.took += [(rcpt, text.replace(b"\r\n", b"\n"), begin) for rcpt in rcpts]
                else:
                    answer = b"554 5.5.1 no valid recipients\r\n"
            elif verb == b"QUIT":
                answer = b"221 2.0.0 bye\r\n"
            s.sendall(answer)
            if verb == b"QUIT":
                return


def wait_for(seconds, test):
    end = time.time() + seconds
    while not (got := test()):
        if time.time() > end:
            return False
        time.sleep(0.01)
    return got


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
