"""Many expressions at once: those of public rule sets over the corpus, asked for by one scan and by PCRE2 alone, and how
long rules take to be ready again when their database lies in the cache.

A program of Weir's modules works in memory and counts its CPU time; the two ways take turns, and each figure is a median.
"""

import json
import os
import random
import statistics
import subprocess
import sys

from . import content, measure

HERE = os.path.dirname(os.path.abspath(__file__))
# Rules that each look for two words of their own.
MADE = 10_000


class Part:
    """The whole part."""

    def __init__(self, run, say):
        self.run, self.say = run, say
        self.folder = os.path.join(run.work, "rules")
        os.makedirs(self.folder)
        self.full = run.wanted.depth == "full"
        self.found = {}

    def build(self):
        package = os.path.join(HERE, "../Rules")
        build = ["swift", "build", "-c", "release", "--package-path", package]
        subprocess.run([*build, "--product", "Expressions"], check=True, stdout=sys.stderr)
        folder = subprocess.run([*build, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
        return os.path.join(folder, "Expressions")

    def ask(self, program, *words):
        return json.loads(subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def measure(self):
        if self.run.wanted.without_weir:
            return self.found
        program = self.build()
        self.made(program)
        regexes = os.path.join(os.environ.get("WEIR_MATERIAL", ""), "rules/regexes.json")
        paths = content.corpus()
        if not paths or not os.path.exists(regexes):
            self.run.left_out.append("expressions of public rules: WEIR_MATERIAL names no folder with rules/regexes.json")
            return self.found
        with open(regexes, encoding="utf-8") as file:
            rules = [rule for rule in json.load(file) if "\n" not in rule["pattern"]]
        # All of the corpus, or each eighth message.
        index = self.write("index", "\n".join(paths if self.full else paths[::8]) + "\n")
        # Each where it is meant to look; and, which no filter does, all of them through the whole of the message.
        self.public(program, "views", "".join(line(rule, view(rule)) for rule in rules), index)
        self.public(program, "whole", "".join(line(rule, "whole") for rule in rules), index)
        return self.found

    def made(self, program):
        """Ten thousand rules of one condition each, read and made ready."""
        chance = random.Random(6)
        word = lambda: "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))
        text = "# weir: decoded\n" + "".join(f":0 B\n* {word()} {word()}\nscore 0.1 R{number}\n" for number in range(MADE))
        path = self.write("made.rc", text)
        answers = [self.ask(program, "rules", path) for _ in range(self.run.repetitions)]
        assert answers[0]["recipes"] == MADE and answers[0]["problems"] == 0
        self.found["made"] = statistics.median(answer["seconds"] for answer in answers)
        self.say(f"  {MADE:,} rules: read and ready in {self.found['made']:.3f} s")

    def public(self, program, name, members, index):
        members = self.write("members." + name, members)
        cache = os.path.join(self.folder, "cache." + name)
        row = self.found[name] = {"make": self.ask(program, "make", members, cache)}
        self.say(f"  {row['make']['members']:,} expressions, {name}: databases in {row['make']['seconds']:.0f} s")
        loads = [self.ask(program, "load", members, cache)["seconds"] for _ in range(self.run.repetitions)]
        row["load"] = statistics.median(loads)
        runs = {"scan": [], "alone": []}
        for _ in range(self.run.repetitions):
            for way, all_of_it in runs.items():
                answer = self.ask(program, way, members, cache, index, "2" if self.full else "1")
                all_of_it.append(answer["seconds"] / answer["passes"] / answer["messages"] * 1e3)
                row[way + " found"], row[way + " unfinished"] = answer["found"], answer["unfinished"]
                row[way + " matches"] = answer["matches"] / answer["messages"]
                row["messages"], row["mean"] = answer["messages"], answer["octets"] / answer["messages"]
        for way, all_of_it in runs.items():
            row[way], row[way + " spread"] = statistics.median(all_of_it), measure.spread(all_of_it)
        self.say(f"  a message: {row['scan']:.3f} ms by the scan, {row['alone']:.3f} ms by PCRE2 alone; "
                 f"the databases again in {row['load']:.3f} s")


# Names of those rule sets that are no fields, and the view that has the same octets.
FIELDS = {
    "all": "header", "messageid": "message-id", "tocc": "to", "envelopefrom": "return-path", "envelope-from": "return-path",
    "x-spam-relays-external": "received", "x-spam-relays-untrusted": "received", "x-spam-relays-trusted": "received",
}


def view(rule):
    """What an expression is meant to look at."""
    if rule["type"] in ("header", "1") and rule["header"]:
        field = rule["header"].split(":")[0].lower()
        return FIELDS.get(field, field)
    if rule["type"] in ("body", "sa_body"):
        return "text"
    # The transfer encoding undone, the markup still there; and the headers of the parts.
    if rule["type"] in ("rawbody", "mimeheader"):
        return "markup" if rule["type"] == "rawbody" else "parts"
    return "urls" if rule["type"] in ("uri", "url") else "whole"


def line(rule, view):
    options = "".join(flag for flag in "ims" if flag in rule["flags"])
    return f"{view}\t{options}\t{'(?x)' if 'x' in rule['flags'] else ''}{rule['pattern']}\n"
