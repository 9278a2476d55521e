"""The messages that are sent: real ones where there are some, else made to look like them.

Real ones come from `corpus/` in the folder that WEIR_MATERIAL names. A size for which too few are found is filled
with made ones: text, text with HTML as base64 or quoted-printable, attachments; the same in each run.
"""

import base64
import os
import quopri
import random
import textwrap

SIZES = {"1 KB": 1 << 10, "10 KB": 10 << 10, "100 KB": 100 << 10, "5 MB": 5 << 20}
RECIPIENTS = [f"staff{n}@example.test" for n in range(30)]
DOMAINS = [f"corp{n}.example" for n in range(24)]
WORDS = (
    "the of and to a in that is was for it with as on be at by this had not are but from or have an they which one "
    "you were all her she there would their we him been has when who will no more if out so up said what its about "
    "than into them can only other time new some could these two may first then do any like my now over such our "
    "man me even most made after also did many off before must well back through years much where your way down "
    "should because long each just state people those too mister how little good world make very year still see "
    "work life being get between own came under last right never while another might us great old against come "
    "invoice meeting project minutes contract report order delivery question answer schedule travel payment"
).split()
STYLE = "body{font-family:Arial,sans-serif;color:#333}td{padding:8px}.btn{background:#0a6;color:#fff}"


def _text(chance, length):
    sentences, so_far = [], 0
    while so_far < length:
        sentence = " ".join(chance.choices(WORDS, k=chance.randint(5, 18))).capitalize() + ". "
        if chance.random() < 0.04:
            sentence += f"See https://www.site{chance.randint(1, 400)}.example/p/{chance.randint(1, 99999)} for more. "
        if chance.random() < 0.15:
            sentence += "\n\n"
        sentences.append(sentence)
        so_far += len(sentence)
    paragraphs = "".join(sentences)[:length].split("\n")
    return "\n".join("\n".join(textwrap.wrap(paragraph, 74)) for paragraph in paragraphs) + "\n"


def _html(chance, length):
    parts = [f'<!DOCTYPE html><html><head><meta charset="utf-8"><style>{STYLE}</style></head><body><table>\n']
    so_far = len(parts[0])
    while so_far < length:
        row = (
            f'<tr><td style="font-size:14px"><p>{_text(chance, chance.randint(150, 500))}</p></td><td><a class="btn" '
            f'href="https://click{chance.randint(1, 400)}.example/c/{chance.getrandbits(60):x}">Read more</a>'
            f'<img src="https://cdn{chance.randint(1, 20)}.example/i/{chance.randint(1, 9999)}.png" alt=""></td></tr>\n')
        parts.append(row)
        so_far += len(row)
    return "".join(parts) + "</table></body></html>\n"


def _header(chance, number, domain, sender, recipient):
    date = f"Fri, {chance.randint(1, 28):02} Nov 2026 {chance.randint(0, 23):02}:{chance.randint(0, 59):02}:07 +0000"
    signature = base64.b64encode(chance.randbytes(256)).decode()
    return (
        f"Received: from [203.0.113.{chance.randint(1, 250)}] (helo=desktop)\n\tby mail.{domain} with esmtpa id "
        f"{chance.getrandbits(40):x};\n\t{date}\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d={domain}; s=s1;\n\th=from:to:subject:date:message-id;\n"
        f"\tbh={base64.b64encode(chance.randbytes(32)).decode()};\n\tb=" + "\n\t ".join(textwrap.wrap(signature, 70)) + "\n"
        f"Message-ID: <{chance.getrandbits(64):x}.{number}@{domain}>\nDate: {date}\n"
        f'From: "Anna Muster" <{sender}>\nTo: {recipient}\n'
        f"Subject: {' '.join(chance.choices(WORDS, k=5)).capitalize()}\nMIME-Version: 1.0\n")


def _made(chance, number, size):
    domain = chance.choice(DOMAINS)
    sender, recipient = f"user{chance.randint(1, 50)}@{domain}", chance.choice(RECIPIENTS)
    header = _header(chance, number, domain, sender, recipient)
    if size < 2000:
        header = header[header.index("Message-ID:"):]
    kind = "plain" if size < 2000 else ("plain", "base64", "quoted", "mixed")[number % 4]
    if size > 50_000 and kind == "plain" or size > 1_000_000:
        kind = "mixed"
    room = max(80, size - len(header) - (60 if kind == "plain" else 420))
    mark = f"=_{chance.getrandbits(80):x}"
    if kind == "plain":
        body = "Content-Type: text/plain; charset=utf-8\n\n" + _text(chance, room)
        return sender, recipient, header + body
    text = f"--{mark}\nContent-Type: text/plain; charset=utf-8\n\n{_text(chance, min(2500, room // 5))}\n--{mark}\n"
    rest = room - len(text)
    if kind == "mixed":
        subtype, media = "mixed", 'application/pdf; name="report.pdf"'
        body = base64.encodebytes(b"%PDF-1.4\n" + chance.randbytes(int(rest * 0.735))).decode()
    elif kind == "base64":
        subtype, media = "alternative", "text/html; charset=utf-8"
        body = base64.encodebytes(_html(chance, int(rest * 0.735)).encode()).decode()
    else:
        subtype, media = "alternative", "text/html; charset=utf-8"
        body = quopri.encodestring(_html(chance, int(rest * 0.9)).encode()).decode()
    encoding = "quoted-printable" if kind == "quoted" else "base64"
    return sender, recipient, (
        f'{header}Content-Type: multipart/{subtype}; boundary="{mark}"\n\n{text}'
        f"Content-Type: {media}\nContent-Transfer-Encoding: {encoding}\n\n{body}\n--{mark}--\n")


def made(size, count):
    """So many messages of about that size, made in the kinds above."""
    chance = random.Random(f"weir content {size}")
    return [_made(chance, number, size)[2].encode() for number in range(count)]


def _real(size):
    """Paths of real messages of about that size, at most 48, in a fixed order."""
    corpus = os.path.join(os.environ.get("WEIR_MATERIAL", ""), "corpus")
    found = []
    for folder, _, names in os.walk(corpus if os.environ.get("WEIR_MATERIAL") else ""):
        for name in names:
            path = os.path.join(folder, name)
            if name != "ORIGIN.txt" and size * 0.7 <= os.path.getsize(path) <= size * 1.4:
                found.append(path)
    return sorted(found, key=lambda path: (os.path.basename(path), path))[:48]


def write(folder):
    """Writes the messages of each size and its index for smtpload; returns size → (index, description)."""
    indices = {}
    for label, size in SIZES.items():
        chance = random.Random(f"weir {label}")
        place = os.path.join(folder, label.replace(" ", ""))
        os.makedirs(place)
        wanted = 3 if size > 1_000_000 else 40
        real = _real(size)
        lines, octets = [], 0
        for path in real:
            sender = f"user{chance.randint(1, 50)}@{chance.choice(DOMAINS)}"
            lines.append(f"{path}\t{sender}\t{chance.choice(RECIPIENTS)}\n")
            octets += os.path.getsize(path)
        for number in range(len(real), wanted):
            sender, recipient, message = _made(chance, number, size)
            path = os.path.join(place, f"{number:04}.eml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(message)
            lines.append(f"{path}\t{sender}\t{recipient}\n")
            octets += len(message)
        index = place + ".index"
        with open(index, "w", encoding="utf-8") as file:
            file.writelines(lines)
        made = len(lines) - len(real)
        indices[label] = index, f"{label}: {len(real)} real, {made} made, mean {octets // len(lines):,} bytes"
    return indices
