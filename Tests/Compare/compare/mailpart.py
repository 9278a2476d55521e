"""Messages: ours beside Python's `email`, on every message of the third-party material and on changed ones."""

import base64
import collections
import json
import os

from . import mailchanges, mailclasses
from .mailreading import Reading, decoded, header_text, plain

HERE = os.path.dirname(os.path.abspath(__file__))
WHOLE = ("corpus", "charset-mail")
OTHERS = (("mime-enmime", ".raw"), ("mime-mime4j", ".msg"), ("mime-mail-parser", ".eml"))


def material():
    return os.environ.get("WEIR_MATERIAL") or os.path.join(HERE, "../../../../shared/material")


def messages():
    """Paths of all messages, in a fixed order."""
    base, found = material(), []
    for name, end in [(name, "") for name in WHOLE] + list(OTHERS):
        for folder, _, files in os.walk(os.path.join(base, name)):
            found += [os.path.join(folder, file) for file in files
                      if file.endswith(end) and not file.endswith(("ORIGIN.txt", "LICENSE", ".json"))]
    return sorted(found)


class Agreement:
    """What was compared, what agreed, and in which class each difference is."""

    def __init__(self, show):
        self.show, self.compared, self.agreed = show, collections.Counter(), collections.Counter()
        self.classes, self.first, self.unexplained = collections.Counter(), {}, []

    def note(self, kind, path, agrees, classes, ours, theirs, reading, told):
        self.compared[kind] += 1
        if agrees:
            self.agreed[kind] += 1
            return True
        found = next((one for one in classes if one.holds(ours, theirs, reading)), None)
        if found:
            self.classes[kind, found] += 1
            self.first.setdefault((kind, found), path)
            if self.classes[kind, found] <= self.show:
                print(f"  {kind}, {found.name}: {path}: {told()[:300]}")
        else:
            self.unexplained.append(f"{kind}: {path}: {told()}")
        return False

    def print(self, title):
        print(f"{title}: " + ", ".join(
            f"{self.agreed[kind]} of {number} {kind}" for kind, number in self.compared.items()) + " agree")
        for (kind, found), number in sorted(self.classes.items(), key=lambda item: (item[0][0], -item[1])):
            print(f"  {number} × {kind}: {found.name}: {found.reason} (first: {self.first[kind, found]})")
        for text in self.unexplained[:200]:
            print(f"  UNEXPLAINED {text}")
        if len(self.unexplained) > 200:
            print(f"  and {len(self.unexplained) - 200} more")


def hold_beside(agreement, path, octets, outline):
    """Compares one message: the tree first; what stands in parts only where the trees are the same."""
    reading = Reading(octets)
    reading.outline = outline
    shape = mailclasses.shape_of_ours(outline)
    theirs = [(part.parent, part.type) for part in reading.parts]
    agrees = shape == theirs
    agreement.note(
        "trees", path, agrees, mailclasses.TREES, outline, None, reading, lambda: f"Weir {shape}, there {theirs}")
    parts = reading.parts
    if not agrees:
        # What Python divides further can still be held beside.
        parts = [part for _, part in reading.without_children_of(mailclasses.held_apart)]
        agrees = shape == [(parent, part.type) for parent, part in
                           reading.without_children_of(mailclasses.held_apart)]
    _fields(agreement, path, outline, reading)
    if agrees:
        for index, (part, other) in enumerate(zip(outline["parts"], parts)):
            _part(agreement, path, outline, index, part, other, reading)


def _part(agreement, path, outline, index, part, other, reading):
    agreement.compared["parts"] += 1
    agreement.agreed["parts"] += 1
    where = f"{path} part {index}"
    file = next((file for file in outline["files"] if file["part"] == index and not file["isEmbedded"]), None)
    name = file["name"] if file else (part["names"] or [""])[0]
    if name or other.name:
        agreement.note("names", where, name == (other.name or ""), mailclasses.NAMES, name, other, reading,
                       lambda: f"Weir {name!r}, there {other.name!r}")
    # A multipart without parts has no octets of its own to Python.
    if not other.is_leaf or "octets" not in part or part["type"].startswith("multipart/"):
        return
    octets = base64.b64decode(part["octets"])
    ours = (part, octets)
    same = agreement.note(
        "contents", where, octets == other.octets, mailclasses.OCTETS, ours, other, reading,
        lambda: _apart(octets, other.octets) + f", {part['encoding']}, {part['faults']}")
    if file and base64.b64decode(file["octets"]) != octets:
        agreement.unexplained.append(f"files: {where}: other octets than the part's")
    if same and "text" in part:
        text = decoded(octets, other.charset)
        agreement.note(
            "texts", where, text == part["text"]["text"], mailclasses.TEXTS, ours, other, reading,
            lambda: f"{other.charset} as {part['text']['charset']}, " + _apart(part["text"]["text"], text or ""))


def _fields(agreement, path, outline, reading):
    ours, theirs = outline["header"], reading.fields
    names = [name for name, _ in ours]
    if not agreement.note(
            "headers", path, names == [name for name, _ in theirs], mailclasses.FIELD_LISTS, outline, None, reading,
            lambda: f"Weir {names}, there {[name for name, _ in theirs]}"):
        return
    for (name, text), (_, value) in zip(ours, theirs):
        other = header_text(value)
        agrees = other is not None and plain(other) == plain(text)
        agreement.note("fields", f"{path} {name}", agrees, mailclasses.FIELDS, text, value, reading,
                       lambda: f"Weir {text!r}, there {value!r}")


def _apart(ours, theirs):
    place = next((at for at, (one, other) in enumerate(zip(ours, theirs)) if one != other), min(len(ours), len(theirs)))
    around = slice(max(0, place - 30), place + 30)
    return f"at {place} of {len(ours)} and {len(theirs)}: Weir {ours[around]!r}, there {theirs[around]!r}"


def compare(verdicts, chance, count, work, tally):
    """All messages, then `count` changed ones. Whether each difference is in a class."""
    paths = getattr(verdicts, "paths", None) or messages()
    if not paths:
        print(f"mail: left out, no messages in {material()} (WEIR_MATERIAL names another folder)")
        return True
    found = Agreement(tally("mail").left)
    for path in paths:
        with open(path, "rb") as file:
            octets = file.read()
        hold_beside(found, os.path.relpath(path, material()), octets, json.loads(verdicts.ask("mail", path)))
    found.print(f"mail, {len(paths)} messages, Python's email")
    changed = Agreement(tally("mail").left)
    place = os.path.join(work, "message")
    for number in range(count):
        path = chance.choice(paths)
        with open(path, "rb") as file:
            octets, told = mailchanges.changed(chance, file.read())
        with open(place, "wb") as file:
            file.write(octets)
        name = f"{os.path.relpath(path, material())}, {told} ({number})"
        hold_beside(changed, name, octets, json.loads(verdicts.ask("mail", place)))
    changed.print(f"mail, {count} changed messages, Python's email")
    return not found.unexplained and not changed.unexplained
