"""hostile - mail hosts and a name server that do what they should not; t/system_hostile.sh sends to each of them.

usage: hostile.py table     prints NAME WANT TEXT of each case: what must become of x@NAME.test (sent, later, never), and a part of
                            the reason
       hostile.py           serves: host N is 127.0.2.N, port 25; the name server is 127.0.0.53. Prints the NAME of whoever got a message."""
import socket
import struct
import sys
import threading
import time

# ---- mail hosts: what is said after each command; a function gets the connection and does as it likes

OFFERS = b"250-here\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 8BITMIME\r\n"
PLAIN = {"": b"220 hi\r\n", "EHLO": OFFERS, "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go\r\n", ".": b"250 2.0.0 got it\r\n", "QUIT": b"221 bye\r\n", "RSET": b"250 ok\r\n"}


class Gone(Exception):
    pass


def junk(c):
    """A line of a gigabyte, or as much of it as is taken."""
    for _ in range(1 << 14):
        c.sendall(b"250 " + b"x" * 65532)


def lines(c):
    for _ in range(1 << 20):
        c.sendall(b"250-and so on, and on, and on\r\n")


def drip(c):
    while True:
        c.sendall(b"2")
        time.sleep(0.5)


def silent(c):
    time.sleep(60)


def gone(c):
    raise Gone


def by_turns(*replies):
    """Another reply each time."""
    left = []

    def say(c):
        if not left:
            left.extend(replies)
        c.sendall(left.pop(0))

    return say


HOSTS = [  # name, want, part of the reason, what differs from PLAIN
    ("plain", "sent", "", {}),
    ("gigabyte", "later", "too long", {"MAIL": junk}),
    ("endless", "later", "not SMTP", {"EHLO": lines}),
    ("drip", "later", "in time", {"": drip}),
    ("silent", "later", "in time", {"": silent}),
    ("silent-at-dot", "later", "may have the message", {".": silent}),
    ("closes-at-dot", "later", "may have the message", {".": gone}),
    ("closes-at-data", "later", "closed", {"DATA": gone}),
    ("escapes", "never", "550 5.1.1 a [2Jb c", {"RCPT": b"550-5.1.1 a\x1b[2Jb\0c\r\n550 5.1.1 \xc2\x9b\r\n"}),
    ("headers", "never", "550 5.1.1 no Bcc: x@y", {"RCPT": b"550-5.1.1 no\r\n550-\r\n550-5.1.1 Bcc: x@y\r\n550\r\n"}),
    ("two-digits", "later", "not SMTP", {"MAIL": b"25\r\n"}),
    ("nine", "later", "not SMTP", {"MAIL": b"950 what\r\n"}),
    ("changes", "later", "not SMTP", {"MAIL": b"250-ok\r\n550 no\r\n"}),
    ("early", "later", "not SMTP", {"": b"220 hi\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 got it\r\n"}),
    ("early-dot", "later", "not SMTP", {"DATA": b"354 go\r\n250 2.0.0 got it\r\n"}),
    ("takes-data-at-once", "later", "not SMTP", {"DATA": b"250 got it\r\n"}),
    ("all-refused", "never", "550 5.1.1", {"RCPT": b"550 5.1.1 no\r\n"}),
    ("three", "three", "", {"RCPT": by_turns(b"250 ok\r\n", b"550 5.1.1 no\r\n", b"450 4.2.1 later\r\n")}),
    ("busy", "later", "421", {"MAIL": b"421 4.3.2 bye\r\n"}),
    ("no-mail", "never", "521", {"": b"521 no mail here\r\n"}),
    ("size", "never", "552 5.3.4", {"EHLO": b"250-x\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n", "MAIL": b"552 5.3.4 too large\r\n"}),
    ("starttls", "sent", "", {"EHLO": b"250-x\r\n250 STARTTLS\r\n"}),
]


def say(c, what):
    if callable(what):
        what(c)
    else:
        c.sendall(what)


def talk(c, name, differs):
    script = {**PLAIN, **differs}
    f = c.makefile("rb")
    took = 0
    say(c, script[""])
    while line := f.readline():
        verb = line[:4].strip().upper().decode("latin1")
        if verb == "RCPT":
            took += 1
        if verb != "DATA":
            say(c, script.get(verb, b"502 what\r\n"))
            continue
        say(c, script[verb])
        if script[verb] != PLAIN["DATA"]:
            continue
        text = []
        while (line := f.readline()) and line != b".\r\n":
            text.append(line)
        if text:
            print(name, flush=True)  # a message, and not a lone dot
        say(c, script["."])


def client(c, name, differs):
    try:
        c.settimeout(60)
        talk(c, name, differs)
    except (OSError, Gone):
        pass
    c.close()


def host(n, name, differs):
    s = socket.create_server((f"127.0.2.{n}", 25), reuse_port=False)
    while True:
        c, _ = s.accept()
        threading.Thread(target=client, args=(c, name, differs), daemon=True).start()


# ---- the name server

A, CNAME, MX, AAAA = 1, 5, 15, 28
HERE = b"\xc0\x0c"  # the name that was asked for


def label(name):
    return b"".join(bytes([len(p)]) + p.encode("latin1") for p in name.split(".") if p) + b"\0"


def record(kind, data, length=None):
    return HERE + struct.pack("!HHIH", kind, 1, 0, len(data) if length is None else length) + data


def mx(name, preference=10):
    return record(MX, struct.pack("!H", preference) + label(name))


NAMES = {  # name: the records for a question about MX, the reason
    "pointer": (record(MX, b"\0\x0a\xc0\x2b"), "DNS"),
    "mx-0": (record(MX, b""), "DNS"),
    "mx-1": (record(MX, b"\0"), "DNS"),
    "mx-2": (record(MX, b"\0\x0a"), "DNS"),
    "beyond": (record(MX, b"\0\x0a\0", 500), "DNS"),
    "cut": (b"\xc0", "DNS"),
    "self": (record(CNAME, HERE), "DNS"),
    "to-nowhere": (record(CNAME, label("$(id).test")), "DNS"),
    "wrong-id": (mx("plain.test"), "DNS"),
    "wrong-question": (mx("plain.test"), "DNS"),
    "cut-off": (None, "DNS"),
    "no-tcp": (None, "DNS"),
}
NEVER = {"evil": mx("$(touch x).test") + mx(";id;.test") + mx("-oProxy\n.test") + mx("a b.test") + mx("a\0b.test"), "loop": mx("here.test") + mx("localhost")}


def answer(q):
    name, at = [], 12
    while q[at]:
        name.append(q[at + 1 : at + 1 + q[at]].decode("latin1"))
        at += q[at] + 1
    kind = struct.unpack("!H", q[at + 1 : at + 3])[0]
    first, whole = name[0].lower(), ".".join(name).lower()
    head, question, flags, rr = q[:2], q[12 : at + 5], 0x8180, b""
    count = 1
    if whole == "here.test" and kind == A:
        rr = record(A, socket.inet_aton("127.0.0.1"))
    elif first in NAMES and kind == MX:
        rr = NAMES[first][0]
        count = 300 if first == "mx-0" else 1
        if first == "wrong-id":
            head = bytes([head[0] ^ 1]) + head[1:]
        if first == "wrong-question":
            question = question.replace(b"question", b"Zuestion")
        if rr is None:
            rr, count, flags = b"", 0, 0x8380  # TC: ask by TCP, where nobody is
        if first == "cut-off":
            return head + struct.pack("!H", flags)
    elif first in NEVER and kind == MX:
        rr, count = NEVER[first], 5 if first == "evil" else 2
    elif kind == A and (n := next((i for i, h in enumerate(HOSTS) if h[0] == first), None)) is not None:
        rr = record(A, socket.inet_aton(f"127.0.2.{n + 1}"))
    else:
        count, flags = 0, 0x8180 if first in {h[0] for h in HOSTS} else 0x8183
    return head + struct.pack("!HHHHH", flags, 1, count, 0, 0) + question + rr


def names():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.53", 53))
    while True:
        q, client_at = s.recvfrom(4096)
        s.sendto(answer(q), client_at)


def main():
    if sys.argv[1:] == ["table"]:
        for name, want, text, _ in HOSTS:
            print(name, want, text)
        for name, (_, text) in NAMES.items():
            print(name, "later", text)
        for name in NEVER:
            print(name, "never", "is this host" if name == "loop" else "has an address")
        return
    for n, (name, _, _, differs) in enumerate(HOSTS):
        threading.Thread(target=host, args=(n + 1, name, differs), daemon=True).start()
    names()


main()
