"""Changes that break a message's form, as programs on its way do."""

import re


def _line(chance, octets):
    lines = octets.split(b"\n")
    return lines, chance.randrange(len(lines))


def _without_line(chance, octets):
    lines, place = _line(chance, octets)
    return b"\n".join(lines[:place] + lines[place + 1:])


def _doubled_line(chance, octets):
    lines, place = _line(chance, octets)
    return b"\n".join(lines[:place + 1] + lines[place:])


def _empty_line(chance, octets):
    lines, place = _line(chance, octets)
    return b"\n".join(lines[:place] + [b""] + lines[place:])


def _cut(chance, octets):
    return octets[:chance.randrange(len(octets) + 1)]


def _crlf(chance, octets):
    return re.sub(rb"\r?\n", b"\r\n", octets)


def _lone_lf(chance, octets):
    return octets.replace(b"\r\n", b"\n")


def _without_last_boundary(chance, octets):
    return re.sub(rb"(?m)^--[^\r\n]+--[ \t]*\r?\n?", b"", octets)


def _spaces(chance, octets):
    lines, place = _line(chance, octets)
    lines[place] = lines[place].rstrip(b"\r") + b" \t"
    return b"\n".join(lines)


def _encoding(chance, octets):
    other = chance.choice([b"base64", b"quoted-printable", b"8bit", b"7bit", b"BASE64", b'"base64"'])
    return re.sub(rb"(?im)^(content-transfer-encoding:)[^\r\n]*", rb"\1 " + other, octets)


def _charset(chance, octets):
    other = chance.choice([b"utf-8", b"iso-8859-1", b"gb2312", b"big5", b"windows-1251", b"us-ascii", b"shift_jis"])
    return re.sub(rb'(?i)charset="?[\w-]+"?', b"charset=" + other, octets)


def _boundary_spaces(chance, octets):
    return re.sub(rb"(?m)^(--[^\r\n ]{6,})(\r?)$", rb"\1  \2", octets)


def _type(chance, octets):
    other = chance.choice([b"multipart/digest", b"multipart/alternative", b"message/rfc822", b"text/html", b"text"])
    return re.sub(rb"(?im)^(content-type:)\s*[^;\r\n]*", rb"\1 " + other, octets, count=1)


def _from_line(chance, octets):
    return b"From anna@example.test Mon Jan  1 00:00:00 2024\n" + octets


CHANGES = {
    "a line less": _without_line, "a line doubled": _doubled_line, "an empty line more": _empty_line, "cut": _cut,
    "CRLF": _crlf, "bare LF": _lone_lf, "no last boundary": _without_last_boundary, "white space at a line's end": _spaces,
    "another encoding": _encoding, "another charset": _charset, "white space behind boundaries": _boundary_spaces,
    "another type": _type, "a mailbox's line": _from_line}


def changed(chance, octets):
    """The message with one change, and which."""
    name = chance.choice(list(CHANGES))
    return CHANGES[name](chance, octets), name
