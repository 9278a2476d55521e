"""DKIM signatures (RFC 6376, rsa-sha256, relaxed/relaxed) for the measured messages, with one RSA-2048 key.

The key comes from a seeded generator, so that each run has the same messages to the byte: it is worth nothing outside a
benchmark, and stands in local zones only.
"""

import base64
import hashlib
import random
import re

SELECTOR = "s1"
BITS = 2048
SIGNED = ("from", "to", "subject", "date", "message-id")
EXPONENT = 65537
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # SHA-256, RFC 8017 §9.2
RSA_OBJECT = bytes.fromhex("300d06092a864886f70d0101010500")


def _is_prime(number, chance):
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(12):
        power = pow(chance.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _prime(bits, chance):
    small = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
    while True:
        # The two highest bits set: the product has all its bits.
        number = chance.getrandbits(bits) | 3 << bits - 2 | 1
        if all(number % n for n in small) and (number - 1) % EXPONENT and _is_prime(number, chance):
            return number


def _der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _integer(number):
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


class Key:
    def __init__(self, seed="weir signatures"):
        chance = random.Random(seed)
        first, second = _prime(BITS // 2, chance), _prime(BITS // 2, chance)
        self.modulus = first * second
        self.secret = pow(EXPONENT, -1, (first - 1) * (second - 1))

    def public(self):
        """SubjectPublicKeyInfo in base64, as in the `p=` of a key record."""
        pair = _der(0x30, _integer(self.modulus) + _integer(EXPONENT))
        return base64.b64encode(_der(0x30, RSA_OBJECT + _der(3, b"\0" + pair))).decode()

    def sign(self, octets):
        """RSASSA-PKCS1-v1_5 with SHA-256, in base64."""
        size = BITS // 8
        info = DIGEST_INFO + hashlib.sha256(octets).digest()
        padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
        return base64.b64encode(pow(int.from_bytes(padded, "big"), self.secret, self.modulus).to_bytes(size, "big")).decode()


def on_the_wire(octets):
    """The lines as the load generator sends them, but for the stuffed dots."""
    return b"\r\n".join(octets.replace(b"\r", b"").replace(b"\0", b"").rstrip(b"\n").split(b"\n")) + b"\r\n"


def _relaxed_field(field):
    name, _, value = field.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")
    return name.strip(b" \t").lower() + b":" + value


def _relaxed_body(body):
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join(lines) + b"\r\n" if lines else b""


def _fields(header):
    """The header's fields, folded lines with theirs."""
    found = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and found:
            found[-1] += b"\r\n" + line
        elif b":" in line:
            found.append(line)
    return found


def _name(field):
    return field.partition(b":")[0].strip().lower().decode("latin-1")


DROPPED = (
    "from", "sender", "reply-to", "return-path", "delivered-to", "dkim-signature", "domainkey-signature",
    "authentication-results", "arc-seal", "arc-message-signature", "arc-authentication-results")


def signed(octets, sender, key, number):
    """The message as `sender` would send it: from that address, aligned, with one signature of its domain."""
    header, _, body = on_the_wire(octets).partition(b"\r\n\r\n")
    fields = [field for field in _fields(header) if _name(field) not in DROPPED]
    domain = sender.rpartition("@")[2]
    for name, value in (
            ("To", "staff0@example.test"), ("Subject", "minutes"), ("Date", "Fri, 20 Nov 2026 10:00:07 +0000")):
        if name.lower() not in map(_name, fields):
            fields.append(f"{name}: {value}".encode())
    fields = [field for field in fields if _name(field) != "message-id"]
    fields += [f"Message-ID: <{number}.weir@{domain}>".encode(), f'From: "Anna Muster" <{sender}>'.encode()]
    hashed = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
    signature = (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={SELECTOR};\r\n"
        f"\th={':'.join(SIGNED)};\r\n\tbh={hashed};\r\n\tb=")
    # From the last of a name up, as a verifier takes them (RFC 6376 §5.4.2).
    covered = [next(field for field in reversed(fields) if _name(field) == name) for name in SIGNED]
    text = b"".join(_relaxed_field(field) + b"\r\n" for field in covered) + _relaxed_field(signature.encode())
    value = key.sign(text)
    folded = "\r\n\t ".join(value[at:at + 70] for at in range(0, len(value), 70))
    return (signature + folded).encode() + b"\r\n" + b"\r\n".join(fields) + b"\r\n\r\n" + body
