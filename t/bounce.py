"""bounce.py FILE... RECIPIENT [FIELD=TEXT ...] - finds the RFC 3464 report about RECIPIENT among the messages, checks it as a whole, and
that the FIELDs of the recipient have these texts in them. Exits 1 and says why if there is none, or it is wrong."""
import email, email.policy, email.utils, os, sys

files = [a for a in sys.argv[1:] if os.path.sep in a]
recipient, *wanted = [a for a in sys.argv[1:] if os.path.sep not in a]


def messages(path):
    whole = open(path, "rb").read()
    if not whole.startswith(b"From "):
        return [whole]
    return [m.split(b"\n", 1)[1] for m in (b"\n" + whole).split(b"\nFrom ")[1:]]


def recipients(report):
    status = next((p for p in report.walk() if p.get_content_type() == "message/delivery-status"), None)
    return status.get_payload() if status else []


def check(m, block):
    assert m.get_content_type() == "multipart/report", m.get_content_type()
    assert m.get_param("report-type") == "delivery-status"
    text, status, original = m.get_payload()
    assert text.get_content_type() == "text/plain" and recipient in text.get_payload(decode=True).decode(), "the text"
    assert original.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
    assert m["Return-Path"] == "<>" and m["Auto-Submitted"].startswith("auto-"), "Return-Path, Auto-Submitted"
    assert "MAILER-DAEMON@" in m["From"] and m["Date"] and m["Message-ID"] and m["Subject"] and m["To"]
    about = status.get_payload()[0]
    assert about["Reporting-MTA"] == "dns; here.test" or about["Reporting-MTA"] == "dns;here.test", about["Reporting-MTA"]
    assert email.utils.parsedate_to_datetime(about["Arrival-Date"])
    if not any(w.startswith("Action=") for w in wanted):
        assert block["Action"] == "failed" and block["Status"][0] in "45", (block["Action"], block["Status"])
    for w in wanted:
        field, want = w.split("=", 1)
        assert want in (block[field] or ""), "%s: got %r, want %r" % (field, block[field], want)


for path in files:
    for m in messages(path):
        m = email.message_from_bytes(m, policy=email.policy.compat32)
        for block in recipients(m):
            if block["Final-Recipient"] and block["Final-Recipient"].split(";")[1].strip() == recipient:
                check(m, block)
                sys.exit(0)
sys.exit("no report about " + recipient)
