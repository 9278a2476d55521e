"""Why Weir and Python's `email` may differ: each class with its reason and the test that a difference is one of it.

A test proves its class from the octets as far as it can be proved (what Python would have made of the octets without
the white space, by the other charset, …), so that a fault of ours does not pass as an opinion.
"""

import base64
import quopri
import re
from collections import namedtuple

from .mailreading import (
    CODECS, LINE_END_SPACE, MANY, decoded, header_text, high_octets_of, is_by_charset, quoted_printable)

# holds(ours, theirs, reading): ours is of our outline (part, file, field), theirs of mailreading.
Class = namedtuple("Class", "name reason holds")


# Trees. Ours: the outline.


def _faults(outline, *kinds):
    return any(kind in part["faults"] for part in outline["parts"] for kind in kinds)


def _shape(kept):
    return [(parent, part.type) for parent, part in kept]


def shape_of_ours(outline):
    return [(part.get("parent"), part["type"]) for part in outline["parts"]]


def held_apart(part):
    """Types whose content Python reads as messages and we do not."""
    return part.type.startswith("message/") and part.type not in ("message/rfc822", "message/global", "message/news")


def _boundaries(reading):
    return [part.boundary.encode("utf-8", "surrogateescape") for part in reading.parts if part.boundary]


def _line(reading, boundary, rest):
    return re.search(rb"(?m)^--" + re.escape(boundary) + rest, reading.octets)

def _two_in_a_row(_, __, reading):
    return any(_line(reading, boundary, rb"[ \t]*\r?\n--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$")
               for boundary in _boundaries(reading))


def _ends_in_space(reading):
    return any(boundary != boundary.rstrip() for boundary in _boundaries(reading)) or re.search(
        rb'(?i)boundary\s*=\s*"[^"]*\s"', reading.octets)


TREES = [
    Class("message/delivery-status, -partial, external-body",
          "Python makes parts of what they hold; it is no message (RFC 3464 §2.1, RFC 2046 §5.2.2, §5.2.3)",
          lambda ours, _, reading: shape_of_ours(ours) == _shape(reading.without_children_of(held_apart))),
    Class("a message in which nothing is",
          "it has no part to us, to Python an empty one",
          lambda ours, _, reading: shape_of_ours(ours) == _shape(reading.without_children_of(
              lambda part: part.type == "message/rfc822" and not any(
                  child.keys() or child.get_payload() for child in part.message.get_payload())))),
    Class("a message in base64 or quoted-printable",
          "forbidden (RFC 2045 §6.4) and met: we decode it and look into it, Python reads the encoded text as its header",
          lambda ours, _, reading: _faults(ours, "encodedMultipart")),
    Class("a boundary folded within its quotes",
          "unfolding takes the line end away (RFC 5322 §2.2.3); Python keeps it in the boundary, which then never comes",
          lambda ours, _, reading: any(b"\n" in boundary or b"\r" in boundary for boundary in _boundaries(reading))),
    Class("text behind a boundary on its line",
          "RFC 2046 §5.1.1: the beginning of the line decides; Python wants the whole line",
          lambda ours, _, reading: any(
              _line(reading, boundary, rb"(--[^\r\n]*[^ \t\r\n-]|[ \t]+[^ \t\r\n])") for boundary in _boundaries(reading))),
    Class("a boundary that ends in white space",
          "RFC 2046 §5.1.1 forbids it; we go by its first line as it stands, Python takes lines with less of it too",
          lambda ours, _, reading: _ends_in_space(reading)),
    Class("a boundary as the last line of all",
          "nothing begins behind it; Python makes an empty part",
          lambda ours, _, reading: not reading.parts[-1].octets and not reading.parts[-1].message.keys()
          and any(re.search(rb"(?m)^--" + re.escape(boundary) + rb"\s*\Z", reading.octets)
                  for boundary in _boundaries(reading))),
    Class("two boundaries in a row",
          "an empty part between them (RFC 2046 §5.1.1 allows a part without anything); Python makes one boundary of them",
          _two_in_a_row),
    Class("a boundary that begins with another",
          "RFC 2046 §5.1.2 lets the outer one end the inner; we go by the longest that fits, Python by the outermost",
          lambda ours, _, reading: _faults(ours, "nestedBoundary")),
    Class("a multipart without a boundary",
          "nothing divides it: we read it as text (RFC 2045 §5.2), Python keeps the type and no parts",
          lambda ours, _, reading: _faults(ours, "missingBoundary")
          and "NoBoundaryInMultipartDefect" in reading.defects),
    Class("a type with mistakes in it",
          "we read what can be read of it, Python takes it with the mistake, or as text/plain",
          lambda ours, _, reading: _faults(ours, "malformedType", "malformedParameter")),
    Class("a header with a line that is none",
          "we pass over it and read on, for Python the body begins there",
          lambda ours, _, reading: _faults(ours, "malformedHeaderLine", "missingHeaderEnd")
          and "MissingHeaderBodySeparatorDefect" in reading.defects),
]


# Octets of a leaf. Ours: (part of the outline, its octets).


def _base64(raw):
    """The digits between paddings, each run as far as it makes octets; behind the last padding whole groups only."""
    octets = b""
    *padded, last = re.sub(rb"[^A-Za-z0-9+/=]", b"", raw).split(b"=")
    for digits in padded:
        digits = digits[:-1] if len(digits) % 4 == 1 else digits
        octets += base64.b64decode(digits + b"=" * (-len(digits) % 4))
    has_padding = any(len(digits) % 4 for digits in padded)
    cut = len(last) % 4 if has_padding or len(last) % 4 == 1 else 0
    last = last[:len(last) - cut]
    return octets + base64.b64decode(last + b"=" * (-len(last) % 4))


def _is_base64(octets, raw):
    """Whether they are what it stands for, with lines behind a padding that stand in clear or without."""
    if octets == _base64(raw):
        return True
    padding = raw.find(b"=")
    starts = (found.end() for found in re.finditer(rb"\n", raw) if 0 <= padding < found.start())
    return any(octets.endswith(raw[start:]) and octets == _base64(raw[:start]) + raw[start:] for start in starts)


def _is_meant(octets, encoding, raw):
    """Whether they are what the encoding makes of it by the letter of RFC 2045, as we read it."""
    if encoding == "base64":
        return _is_base64(octets, raw)
    return octets == (quoted_printable(raw) if encoding == "quoted-printable" else raw)


def _is_left_encoded(theirs):
    lines = b"".join(theirs.raw.splitlines())
    return theirs.octets in (theirs.raw, theirs.raw.strip(), lines)


OCTETS = [
    Class("white space at the end of a quoted-printable line",
          "RFC 2045 §6.7 rule 3: it is not part of the text; Python keeps it",
          lambda ours, theirs, _: theirs.encoding == "quoted-printable"
          and ours[1] == quopri.decodestring(LINE_END_SPACE.sub(b"", theirs.raw))),
    Class("an equals sign that begins nothing in quoted-printable",
          "it stands as it is (RFC 2045 §6.7, note 1); Python drops one of two",
          lambda ours, theirs, _: theirs.encoding == "quoted-printable" and re.search(
              rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|\Z)", theirs.raw) and ours[1] == quoted_printable(theirs.raw)),
    Class("base64 of a length that is none",
          "we decode what there is, Python leaves all of it encoded",
          lambda ours, theirs, _: theirs.encoding == "base64" and _is_left_encoded(theirs)
          and _is_base64(ours[1], theirs.raw)),
    Class("base64 that goes on behind its padding",
          "pieces that were encoded apart are one body, and lines in clear, as lists append them, stand as they are; "
          "Python stops (RFC 2045 §6.8 allows both)",
          lambda ours, theirs, _: theirs.encoding == "base64" and _is_base64(ours[1], theirs.raw)
          and re.search(rb"=[^A-Za-z0-9+/]*[A-Za-z0-9+/]", theirs.raw)),
    Class("the last line end of a multipart that never ends",
          "no boundary comes that it would belong to: it is the text's; Python takes it away",
          lambda ours, theirs, reading: "CloseBoundaryNotFoundDefect" in reading.defects
          and any(ours[1] == theirs.octets + end or _is_meant(ours[1], theirs.encoding, theirs.raw + end)
                  for end in (b"\n", b"\r\n", b"\r"))),
    Class("an encoding with more than its word",
          "quotes, comments, a semicolon: we take the word (RFC 2045 §6.1), Python leaves the text encoded",
          lambda ours, theirs, _: theirs.encoding != ours[0]["encoding"] and ours[0]["encoding"] in theirs.encoding
          and _is_left_encoded(theirs) and _is_meant(ours[1], ours[0]["encoding"], theirs.raw)),
    Class("nothing but a mailbox's line",
          "without a line end it is the text to us, to Python the envelope",
          lambda ours, theirs, _: theirs.message.get_unixfrom() and ours[1] == theirs.message.get_unixfrom().encode(
              "ascii", "surrogateescape")),
    Class("a header with a line that is none",
          "we pass over it and read on, for Python the body begins there",
          lambda ours, theirs, reading: _faults(reading.outline, "malformedHeaderLine")
          and "MissingHeaderBodySeparatorDefect" in theirs.defects),
    Class("a message without any field",
          "its first line is none, so all of it is its text; Python passes over lines up to an empty one",
          lambda ours, theirs, _: "FirstHeaderLineIsContinuationDefect" in theirs.defects
          and ours[1].endswith(theirs.octets)),
    Class("a boundary that ends in white space", "we go by its first line as it stands",
          lambda ours, _, reading: _ends_in_space(reading)),
    Class("two boundaries in a row", "an empty part between them; to Python what follows the second is the part",
          lambda ours, theirs, reading: not ours[1] and _two_in_a_row(ours, theirs, reading)),
    Class("a message in base64 or quoted-printable", "we decode it and look into it, Python reads the encoded text",
          lambda ours, theirs, reading: _faults(reading.outline, "encodedMultipart")),
    Class("uuencode",
          "a file that begins anywhere in the part is found, and is as long as its lines; Python wants it on the first line, "
          "and fills up one that is cut",
          lambda ours, theirs, _: ours[0]["encoding"] == "x-uuencode" and b"begin " in theirs.raw
          and (_is_left_encoded(theirs) or theirs.octets.startswith(ours[1]))),
]


# Texts of a leaf whose octets are the same. Ours: (part, octets).


def _is_plausible(octets, charset):
    """Whether a guess may be right: UTF-8 where it is UTF-8; no Cyrillic, no pairs where each octet stands alone."""
    if decoded(octets, "utf-8").count("\ufffd") == octets.decode("utf-8", "ignore").count("\ufffd"):
        return charset == "UTF-8"
    if re.search(rb"[\x80-\xff]{2}", octets):
        return True
    return charset in ("windows-1252", "windows-1250", "windows-1254", "windows-1257", "ISO-8859-2", "ISO-8859-15")


def _guessed(ours):
    part, octets = ours
    text = part["text"]
    return text["isGuessed"] and _is_plausible(octets, text["charset"]) and _is_by(ours, text["charset"])


def _is_by(ours, charset):
    part, octets = ours
    return part["text"]["charset"] == charset and is_by_charset(part["text"]["text"], octets, charset)


def _label(theirs):
    return (theirs.charset or "").lower().strip()


LATIN = ("iso-8859-1", "latin1", "latin-1", "iso8859-1", "iso_8859-1", "cp819", "l1", "iso-8859-1:1987")

TEXTS = [
    Class("ISO-8859-1 read as windows-1252",
          "what is between 0x80 and 0x9F is quotes and dashes of windows-1252 (the WHATWG standard, all mail clients); "
          "Python has control characters",
          lambda ours, theirs, _: _label(theirs) in LATIN and _is_by(ours, "windows-1252")),
    Class("nothing declared, or US-ASCII, and octets above 127",
          "we guess and say so; the text is what Python makes of the octets by the charset that we guess",
          lambda ours, theirs, _: _label(theirs) in ("", "us-ascii", "ascii") and _guessed(ours)),
    Class("the charset that HTML itself names",
          "taken where the field names none; Python does not look",
          lambda ours, theirs, _: not _label(theirs) and re.search(rb"(?i)<meta[^>]*charset", ours[1][:1024])
          and _is_by(ours, ours[0]["text"]["charset"])),
    Class("a label that is no charset",
          "we guess and say so; Python has no such codec",
          lambda ours, theirs, _: decoded(b"", theirs.charset) is None
          and (_guessed(ours) or ours[1].isascii() and ours[0]["text"]["text"] == ours[1].decode())),
    Class("GB 2312 read as GB18030",
          "which holds it, and is what is sent under its name; Python knows its 7,445 characters",
          lambda ours, theirs, _: _label(theirs).replace("_", "").replace("-", "").startswith(("gb2312", "gbk", "csgb", "euccn"))
          and _is_by(ours, "GB18030")),
    Class("Big5, EUC-KR, Shift_JIS and windows-125x as the WHATWG standard has them",
          "with what Hong Kong and Microsoft added, and control characters where Python has nothing",
          lambda ours, theirs, _: not ours[0]["text"]["isGuessed"] and ours[0]["text"]["charset"].startswith(
              ("Big5", "EUC-KR", "Shift_JIS", "windows-125")) and _is_by(ours, ours[0]["text"]["charset"])),
    Class("malformed sequences",
          "we have U+FFFD as the WHATWG standard counts them, and characters where its tables have more",
          lambda ours, theirs, _: "\ufffd" in (decoded(ours[1], theirs.charset) or "")
          and not ours[0]["text"]["isGuessed"] and (ours[0]["text"]["charset"] in CODECS)),
    Class("a label that does not fit",
          "the octets are no text by it, or of another charset beyond doubt: we guess and say so",
          lambda ours, theirs, _: _guessed(ours)),
]


# File names. Ours: the name.

NAMES = [
    Class("a field that Python does not read",
          "it fails on the header, or the body begins before it; the name is the one that is written",
          lambda ours, theirs, reading: not theirs.name and (
              "MissingHeaderBodySeparatorDefect" in theirs.defects or _is_written(ours, reading))),
    Class("octets above 127 in a name",
          "forbidden and met: we guess the charset, Python has U+FFFD",
          lambda ours, theirs, _: theirs.name and "\ufffd" in theirs.name
          and re.fullmatch(_pattern(theirs.name), ours, re.S)),
]


def _pattern(text):
    return MANY.sub(".+", re.escape(text).replace(re.escape("\ufffd"), "\ufffd"))


def _is_written(name, reading):
    """Whether it stands in the message, as it is or in an encoded word."""
    if name.encode() in reading.octets:
        return True
    words = re.findall(rb"=\?[^?\s]+\?[BbQq]\?[^?]*\?=", reading.octets)
    return any(header_text(word.decode("ascii", "replace")) == name for word in words)


# Fields. Ours: the text; theirs: the value as `email` keeps it.


def _guessed_field(ours, value):
    octets = high_octets_of(value)
    if not octets or "\ufffd" in ours:
        return bool(octets)
    if _is_utf8(octets):
        return high_octets_of(value).decode() == "".join(sign for sign in ours if ord(sign) > 0x7f)
    return not re.search("[\u0400-\u04ff]", ours) or re.search("[\udc80-\udcff]{2}", value)


def _is_utf8(octets):
    try:
        octets.decode()
        return True
    except UnicodeDecodeError:
        return False


FIELDS = [
    Class("octets above 127 in a field",
          "UTF-8 where they are (RFC 6532 §3.2), else we guess; Python keeps them as they are",
          lambda ours, theirs, _: _guessed_field(ours, theirs)),
    Class("encoded words that Python's codec refuses",
          "GB 2312 is read as GB18030, Big5 with a space for the `_` of the Q encoding; Python gives the field up",
          lambda ours, theirs, _: header_text(theirs) is None and "=?" in theirs and "=?" not in ours
          and "\ufffd" not in ours),
]

FIELD_LISTS = [
    Class("a header with a line that is none",
          "we pass over it and read on, for Python the body begins there",
          lambda ours, _, reading: _faults(ours, "malformedHeaderLine")
          and "MissingHeaderBodySeparatorDefect" in reading.defects),
]
