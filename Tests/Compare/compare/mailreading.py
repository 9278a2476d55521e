"""Python's `email` as the other reader of a message: its parts, octets, texts, names and fields, in the order of ours."""

import codecs
import email
import email.header
import email.policy
import re
import unicodedata


class Part:
    """One part as `email` has it; `index` of the parent among all parts."""

    def __init__(self, parent, message, modern):
        self.parent, self.message, self.modern = parent, message, modern
        self.type = message.get_content_type()
        self.is_leaf = not message.is_multipart()
        self.defects = {type(defect).__name__ for defect in message.defects}

    @property
    def raw(self):
        """A leaf's octets as they stand: get_payload() has them decoded by the charset."""
        payload = self.message._payload  # pylint: disable=protected-access
        return payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else b""

    @property
    def octets(self):
        return self.message.get_payload(decode=True) or b""

    @property
    def charset(self):
        try:
            return self.message.get_content_charset()
        except Exception:  # It fails in many ways on what is no charset.
            return None

    @property
    def encoding(self):
        return str(self.message.get("content-transfer-encoding", "")).strip().lower()

    @property
    def name(self):
        """As the newest policy reads it, encoded words and all; None where it fails on the field."""
        try:
            return self.modern.get_filename() or ""
        except Exception:  # So it does on some malformed fields.
            return None

    @property
    def boundary(self):
        value = self.message.get_param("boundary", failobj="")
        return value if isinstance(value, str) else ""


class Reading:
    def __init__(self, octets):
        self.octets, self.outline = octets, None
        self.message = email.message_from_bytes(octets, policy=email.policy.compat32)
        self.parts = []
        self._walk(self.message, email.message_from_bytes(octets, policy=email.policy.default), None)

    def _walk(self, message, modern, parent):
        index = len(self.parts)
        self.parts.append(Part(parent, message, modern))
        if message.is_multipart():
            for child, other in zip(message.get_payload(), modern.get_payload()):
                self._walk(child, other, index)

    @property
    def defects(self):
        return set().union(*(part.defects for part in self.parts))

    def without_children_of(self, does_hold):
        """The parts less all that stands below those for which it is so, with their parents counted anew."""
        kept, dropped, places = [], set(), {}
        for index, part in enumerate(self.parts):
            if part.parent in dropped or part.parent is not None and does_hold(self.parts[part.parent]):
                dropped.add(index)
                continue
            places[index] = len(kept)
            kept.append((places.get(part.parent), part))
        return kept

    @property
    def fields(self):
        return [(name, value) for name, value in self.message.raw_items()]


def decoded(octets, charset):
    """Text in NFC; None where Python has no such charset."""
    try:
        # Of nothing, text comes by any name.
        codecs.lookup(charset or "ascii")
        return unicodedata.normalize("NFC", octets.decode(charset or "ascii", "replace"))
    except (LookupError, ValueError):
        return None


# What Python has for charsets of the WHATWG standard; where it has two that are a part of it each, either will do.
CODECS = {
    "GB18030": ["gb18030"], "Big5": ["big5hkscs", "cp950"], "Shift_JIS": ["cp932"], "EUC-KR": ["cp949"],
    "EUC-JP": ["euc_jp"], "windows-874": ["cp874"], "HZ-GB-2312": ["hz"], "IBM866": ["cp866"],
    "ISO-2022-JP": ["iso2022_jp_ext"], "ISO-2022-JP-2": ["iso2022_jp_2"]}


def is_by_charset(text, octets, charset):
    """Whether Python makes this text of the octets by the charset that ours names."""
    if charset.startswith("windows-125"):
        others = ["".join(_single(octet, charset.replace("windows-", "cp")) for octet in octets)]
    else:
        others = [decoded(octets, codec) for codec in CODECS.get(charset, [charset])]
    return any(same(text, unicodedata.normalize("NFC", other)) for other in others if other is not None)


def same(text, other):
    """Whether they are the same but for how many signs stand for what could not be read."""
    return MANY.sub("\ufffd", text) == MANY.sub("\ufffd", other)


def _single(octet, codec):
    """windows-125x has no holes in the WHATWG standard."""
    try:
        return bytes([octet]).decode(codec)
    except UnicodeDecodeError:
        return chr(octet)


def header_text(value):
    """The text of a field's value by Python's decode_header, pieces joined as they stand; None where it fails."""
    try:
        # It reads line by line, and loses the white space that they begin with.
        pieces = email.header.decode_header(re.sub(r"\r?\n", "", value))
    except Exception:
        return None
    text = ""
    for octets, charset in pieces:
        if isinstance(octets, str):
            text += octets
            continue
        try:
            text += octets.decode(charset or "ascii", "strict" if charset else "surrogateescape")
        except (LookupError, ValueError):
            return None
    return text


def plain(text):
    """For comparison of fields: one space for white space, nothing at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def high_octets_of(text):
    """The octets above 127 that `email` keeps as surrogates."""
    return bytes(ord(sign) - 0xdc00 for sign in text if 0xdc80 <= ord(sign) <= 0xdcff)


def quoted_printable(raw):
    """RFC 2045 §6.7 by its rules, an equals sign that begins nothing as it is; Python drops one of two."""
    raw = LINE_END_SPACE.sub(b"", raw)
    return re.sub(rb"=([0-9A-Fa-f]{2})|=(?:\r?\n|\Z)|=", _octet, raw)


def _octet(found):
    if found[1]:
        return bytes.fromhex(found[1].decode())
    return b"" if len(found[0]) > 1 or found.end() == len(found.string) else b"="


MANY = re.compile("\ufffd+")
LINE_END_SPACE = re.compile(rb"[ \t]+(?=[\r\n]|\Z)")
