"""Python's side of the content benchmark: pythoncontent.py parse|decode INDEX SECONDS, as gmimecontent.c has it."""

import email
import email.policy
import json
import sys
import time


def decode(part):
    """The octets of a part, or the length of its text."""
    octets = part.get_payload(decode=True) or b""
    if part.get_content_maintype() != "text":
        return len(octets)
    try:
        return len(octets.decode(part.get_content_charset("utf-8"), "replace"))
    except (LookupError, ValueError):
        return len(octets)


def main():
    mode, index, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    messages = []
    with open(index, encoding="utf-8") as file:
        for line in file:
            with open(line.rstrip("\n"), "rb") as message:
                messages.append(message.read())
    passes, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        parts = decoded = 0
        for octets in messages:
            for part in email.message_from_bytes(octets, policy=email.policy.compat32).walk():
                parts += 1
                if mode == "decode" and not part.is_multipart():
                    decoded += decode(part)
        passes += 1
    print(json.dumps({
        "passes": passes, "seconds": time.process_time() - start, "octets": sum(map(len, messages)), "parts": parts,
        "decoded": decoded}))


if __name__ == "__main__":
    main()
