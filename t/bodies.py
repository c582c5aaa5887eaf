"""bodies.py write FOLDER RECIPIENT - writes messages whose bodies a mail system might spoil, a file each
bodies.py inject HOST SENDER RECIPIENT FILE... - gives them to HOST by SMTP, a CR alone as it is
bodies.py compare [cr-ends] [-NAME]... FILE... - each came once, octet for octet (but for those named with a dash). A carriage
  return that ends no line is to come out as a space, so that nobody can take it for the end of one; or else as a line's end"""
import email, os, re, smtplib, sys

bodies = {
    "plain": b"one\ntwo\n",
    "empty": b"",
    "dots": b".\n..\n...\n.x\n. y\nend.\n.",
    "only-dots": b".\n.\n.\n",
    "no-final-newline": b"no newline at the end",
    "blank-lines": b"\n\n\nx\n\n\n\n",
    "long-line": b"a" * 998 + b"\n" + b"b" * 999 + b"\n" + b"c" * 2047 + b"\n" + b"d" * 2048 + b"\n" + b"." * 5000 + b"\n" + b"e" * 100000 + b"\nend\n",
    "from-lines": b"From here\n>From there\n From\nFrom \n",
    "white-space": b" x \n\t\n   \ny\t \n",
    "utf-8": "Grüße, 日本, \u2028 \U0001f600\n".encode(),
    "all-octets": bytes(c for c in range(1, 256) if c not in (10, 13)) + b"\n" + bytes(range(128, 256)) * 40 + b"\n",
    "carriage-returns": b"a\rb\n\rc\nd\r\re\nf\r.\rg\n",
    "crlf": b"a\r\nb\r\n.\r\nc\r\n",
    "looks-like-smtp": b".\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n.\nQUIT\n",
    "smuggling": b"x\r.\rMAIL FROM:<a@b>\r\n.\rDATA\n",
    "bytes-around-64k": b"".join(b"%06d " % n + b"z" * (n % 71) + b"\n" for n in range(3000)) + b"end\n",
    "size-64k": b"q" * 63 + b"\n" + (b"w" * 63 + b"\n") * 1023,
}


def wanted(b, cr):
    b = re.sub(rb"\r*\n|\r+", b"\n", b) if cr == b"\n" else b.replace(b"\r\n", b"\n").replace(b"\r", cr)
    return b if b.endswith(b"\n") or not b else b + b"\n"


def write(folder, recipient):
    for name, b in bodies.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(b"Subject: %s\nFrom: lisa@here.test\nTo: %s\n\n" % (name.encode(), recipient.encode()) + b)


def inject(host, sender, recipient, *files):
    with smtplib.SMTP(host, 25) as s:
        s.ehlo("c.test")
        for f in files:
            b = open(f, "rb").read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            b = b.replace(b"\r\n.", b"\r\n..") + (b"" if b.endswith(b"\r\n") else b"\r\n") + b".\r\n"
            for c in "MAIL FROM:<%s> BODY=8BITMIME" % sender, "RCPT TO:<%s>" % recipient:
                code, text = s.docmd(c)
                assert code == 250, (c, code, text)
            assert s.docmd("DATA")[0] == 354
            s.sock.sendall(b)
            code, text = s.getreply()
            assert code == 250, (f, code, text)


def compare(*files):
    came, bad = {}, []
    but = [f[1:] for f in files if f.startswith("-")]
    cr = b"\n" if "cr-ends" in files else b" "
    for f in files:
        if f.startswith("-") or f == "cr-ends":
            continue
        head, body = open(f, "rb").read().split(b"\n\n", 1)
        name = email.message_from_bytes(head + b"\n\n")["Subject"]
        bad += [name + " came twice"] if name in came else []
        came[name] = body
    for name, b in bodies.items():
        w, g = wanted(b, cr), came.get(name)
        if g is None and name not in but:
            bad.append(name + " is missing")
        elif g != w and name not in but:
            i = next((i for i in range(min(len(w), len(g))) if w[i] != g[i]), min(len(w), len(g)))
            bad.append("%s: at %d got %r, want %r" % (name, i, g[i : i + 30], w[i : i + 30]))
    sys.exit("\n".join(bad) or 0)


{"write": write, "inject": inject, "compare": compare}[sys.argv[1]](*sys.argv[2:])
