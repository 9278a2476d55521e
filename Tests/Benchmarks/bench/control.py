"""Whether a set-up finds what it is measured for; a check that is off would be cheap."""

import os
import re
import socket
import time

from . import rspamd, signing, zones

SENDER = "keep@corp1.example"
TEXT = (
    b"To: staff1@example.test\nSubject: control\nDate: Fri, 20 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n"
    b"Content-Type: text/plain\n\nOne line.\n")


def send(port, preamble, content):
    """Sends one message; the final reply, or the one that refused."""
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        stream = peer.makefile("rb")

        def reply():
            line = stream.readline()
            while line[3:4] == b"-":
                line = stream.readline()
            return line.decode("latin-1").strip()

        peer.sendall(preamble)
        answer = reply()
        for command in (f"EHLO {zones.HELO}", f"MAIL FROM:<{SENDER}>", "RCPT TO:<staff1@example.test>", "DATA"):
            if answer[:1] not in "23":
                return answer
            peer.sendall(command.encode() + b"\r\n")
            answer = reply()
        if answer.startswith("354"):
            peer.sendall(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            answer = reply()
        return answer


def results(sink, before):
    """What the last Authentication-Results of the kept message says: method → result."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with open(sink.kept, encoding="latin-1") as file:
            file.seek(before)
            text = file.read()
        if text.endswith("\n.\n") or text.endswith("\r\n.\r\n"):
            break
        time.sleep(0.05)
    header = re.sub(r"\r?\n[ \t]+", " ", re.split(r"\r?\n\r?\n", text)[0])
    found = re.findall(r"(?im)^Authentication-Results:(.*)$", header)
    methods = re.findall(r";\s*(spf|dkim|dmarc)=(\w+)", found[0]) if found else []
    # The first of a method: SPF of the sender stands before that of the greeting.
    return dict(reversed(methods))


def size(sink):
    return os.path.getsize(sink.kept)


def log(setup):
    if hasattr(setup, "milter"):
        return "\n".join(setup.milter.lines())
    with open(os.path.join(setup.folder, "weir.log"), encoding="utf-8", errors="replace") as file:
        return file.read()


def problems(setup, sink, key, lists):
    """What the set-up should have found and did not."""
    good = signing.signed(TEXT, SENDER, key, 1)
    for content, wanted in (
            (good, {"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
            (good.replace(b"One line", b"Two lines"), {"spf": "pass", "dkim": "fail", "dmarc": "pass"})):
        before = size(sink)
        answer = send(setup.port, rspamd.PREAMBLE, content)
        found = results(sink, before) if answer.startswith("250") else {}
        if found != wanted:
            yield f"found {found} instead of {wanted} ({answer})"
    if not lists:
        return
    before = log(setup)
    answer = send(setup.port, rspamd.PREAMBLE.replace(zones.FIRST_CLIENT.encode(), zones.FIRST_LISTED.encode()), good)
    time.sleep(0.5)
    fresh = log(setup)[len(before):]
    for number, zone in enumerate(zones.LISTS, 1):
        if zone not in fresh and f"BENCH_LIST_{number}" not in fresh:
            yield f"a listed client was not found in {zone} ({answer})"
