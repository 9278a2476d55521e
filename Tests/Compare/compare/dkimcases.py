"""Signed messages, and what may become of one on its way."""

import re

NAMES = [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Cc", b"MIME-Version", b"Content-Type"]
WORDS = b"the of and to in that is was for it with as on be at by this had not are but from".split()


def _text(chance):
    lines = []
    for _ in range(chance.randint(0, 12)):
        line = chance.choice([b" ", b"  ", b"\t", b" "]).join(chance.choices(WORDS, k=chance.randint(0, 10)))
        if chance.random() < 0.2:
            line = chance.choice([b" ", b".", b"..", b"\t", b"\xc3\xa9 "]) + line
        if chance.random() < 0.2:
            line += chance.choice([b" ", b"\t ", b"   "])
        lines.append(line)
    lines += [b""] * chance.choice([0, 0, 0, 1, 3])
    return b"".join(line + b"\r\n" for line in lines)


def message(chance, sender):
    subject = chance.choice([b" minutes", b"minutes", b"  a\r\n folded  one", b" =?utf-8?q?=C3=A9?=", b"", b" a\r\n\t\tb "])
    header = [
        b"Received: from [203.0.113.7] by mx; Fri, 20 Nov 2026 10:00:00 +0000", b"From: Anna <" + sender + b">",
        b"To: someone@example.test", b"Subject:" + subject, b"Date: Fri, 20 Nov 2026 10:00:00 +0000",
        b"Message-ID: <%d@made>" % chance.getrandbits(40), b"MIME-Version: 1.0", b"X-Other: yes"]
    if chance.random() < 0.3:
        header.append(b"Cc: one@example.test,\r\n\ttwo@example.test")
    return b"\r\n".join(header) + b"\r\n\r\n" + _text(chance)


def _body(change):
    def whole(chance, octets):
        header, _, body = octets.partition(b"\r\n\r\n")
        return header + b"\r\n\r\n" + change(chance, body)
    return whole


def _field(change):
    """Changes one field below the signature."""
    def whole(chance, octets):
        header, _, body = octets.partition(b"\r\n\r\n")
        fields = re.split(rb"\r\n(?![ \t])", header)
        index = chance.randint(1, len(fields) - 1)
        fields[index:index + 1] = change(chance, fields[index])
        return b"\r\n".join(fields) + b"\r\n\r\n" + body
    return whole


def _spaces(chance, octets):
    places = [match.span() for match in re.finditer(rb"[ \t]+", octets)]
    if not places:
        return octets
    start, end = chance.choice(places)
    return octets[:start] + chance.choice([b" ", b"  ", b"\t", b" \t "]) + octets[end:]


def _other(chance, octets):
    at = [index for index, octet in enumerate(octets) if octet > 32]
    if not at:
        return octets + b"x\r\n"
    index = chance.choice(at)
    return octets[:index] + b"#" + octets[index + 1:]


def _fold(chance, field):
    name, _, value = field.partition(b":")
    return [name + chance.choice([b":", b":\r\n "]) + re.sub(rb" ", b"\r\n ", value, count=1)]


CHANGES = {
    "none": lambda chance, octets: octets,
    "blank lines at the end": _body(lambda chance, body: body + b"\r\n" * chance.randint(1, 3)),
    "no blank lines at the end": _body(lambda chance, body: body.rstrip(b"\r\n") + b"\r\n" * chance.randint(0, 1)),
    "no end of the last line": _body(lambda chance, body: body[:-2]),
    "space in the body": _body(_spaces),
    "space at the end of a line": _body(lambda chance, body: body.replace(b"\r\n", chance.choice([b" ", b"\t"]) + b"\r\n", 1)),
    "another octet in the body": _body(_other),
    "more behind the body": _body(lambda chance, body: body + b"more\r\n"),
    "empty body": _body(lambda chance, body: b""),
    "space in a field": _field(lambda chance, field: [_spaces(chance, field)]),
    "a field folded": _field(_fold),
    "a name in capitals": _field(lambda chance, field: [field.partition(b":")[0].upper() + b":" + field.partition(b":")[2]]),
    "another octet in a field": _field(lambda chance, field: [field.partition(b":")[0] + b":" + _other(chance, field.partition(b":")[2])]),
    "a field gone": _field(lambda chance, field: []),
    "a field twice": _field(lambda chance, field: [field, field]),
    "a second From above": lambda chance, octets: b"From: Mallory <m@elsewhere.test>\r\n" + octets,
    "a second Subject below": _field(lambda chance, field: [field, b"Subject: another"]),
    "signature folded elsewhere": lambda chance, octets: re.sub(rb"(\bb=)", rb"\1\r\n ", octets, count=1),
    "signature's last octets gone": lambda chance, octets: re.sub(rb"(\bb=[^;]{40})[^;]*?\r\n(?=\S)", rb"\1\r\n", octets, count=1),
    "signature twice": lambda chance, octets: octets[:re.search(rb"\r\n(?=\S)", octets).end()] + octets,
}
