"""What a message says: parse and decode throughput beside GMime and Python's `email`, the cost of the views, and what
content checks cost on the message path.

Throughput and views are measured in programs of their own, which work on messages in memory and count their CPU time; they
take turns, and each figure is a median. Messages are those of the corpus with CRLF, as they come over the wire.
"""

import json
import os
import re
import statistics
import subprocess
import sys

from . import measure, messages
from .measure import KEPT

HERE = os.path.dirname(os.path.abspath(__file__))
# The checks that look at what a message says.
CHECKS = (
    "attachments", "archives", "header_shape", "encoding", "hidden_text", "link_mismatch", "lookalike_domain", "own_from",
    "image_only", "bulk", "language", "urls", "address_hashes")
FILES = ("attachments", "archives")
VIEWS = ("parse", "header", "texts", "folded", "links", "attachments", "views")
SIZES = ("1 KB", "10 KB")
# Past 64 KiB all views are computed when the first is asked for.
UNASKED = (1 << 10, 10 << 10, 60 << 10, 1 << 20)


def corpus():
    base = os.path.join(os.environ.get("WEIR_MATERIAL", ""), "corpus")
    found = [os.path.join(folder, name) for folder, _, names in os.walk(base) for name in names if name != "ORIGIN.txt"]
    return sorted(found) if os.environ.get("WEIR_MATERIAL") else []


def content(path):
    with open(path, "rb") as file:
        return file.read()


def wire(octets):
    return re.sub(rb"\r?\n", b"\r\n", octets)


class Part:
    """The whole part; `start`, `weir` and `stop` are those of the run."""

    def __init__(self, run, say):
        self.run, self.say = run, say
        self.folder = os.path.join(run.work, "content")
        os.makedirs(self.folder)
        self.repetitions, self.seconds = run.repetitions, 2.0 if run.wanted.depth == "full" else 0.8
        self.found = {"throughput": {}, "views": {}, "unasked": {}, "path": {}, "texts": [], "titles": run.titles}

    # The programs

    def programs(self):
        """Name → command, of those that there are."""
        found = {}
        if not self.run.wanted.without_weir:
            package = os.path.join(HERE, "../Content")
            build = ["swift", "build", "-c", "release", "--package-path", package]
            subprocess.run([*build, "--product", "Content"], check=True, stdout=sys.stderr)
            folder = subprocess.run(
                [*build, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
            found["Weir"] = [os.path.join(folder, "Content")]
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gmime-3.0"], capture_output=True, text=True, check=False)
        if flags.returncode == 0:
            driver = os.path.join(self.folder, "gmimecontent")
            subprocess.run(
                ["cc", "-O2", "-std=gnu17", "-o", driver, os.path.join(HERE, "../Sources/gmimecontent.c"),
                 *flags.stdout.split()], check=True)
            found["GMime"] = [driver]
        else:
            self.run.left_out.append("GMime: libgmime-3.0-dev is missing (--install)")
        found["Python email"] = [sys.executable, os.path.join(HERE, "pythoncontent.py")]
        return found

    def ask(self, program, work, index, seconds=None):
        answer = subprocess.run(
            [*program, work, index, str(seconds or self.seconds)], check=True, capture_output=True, text=True)
        return json.loads(answer.stdout)

    def index(self, name, all_octets):
        """Writes messages and the list of them."""
        place = os.path.join(self.folder, name)
        os.makedirs(place)
        paths = []
        for number, octets in enumerate(all_octets):
            paths.append(os.path.join(place, f"{number:04}.eml"))
            with open(paths[-1], "wb") as file:
                file.write(octets)
        index = place + ".index"
        with open(index, "w", encoding="utf-8") as file:
            file.write("\n".join(paths) + "\n")
        return index

    # The parts

    def measure(self, sink):
        programs = self.programs()
        paths = corpus()
        if paths:
            octets = [content(path) for path in paths]
            self.throughput(programs, "corpus, CRLF", self.index("wire", map(wire, octets)))
            self.throughput(programs, "corpus, as it lies there", self.index("files", octets))
        else:
            self.run.left_out.append("throughput on the corpus: WEIR_MATERIAL names no folder with one")
        made = self.made(10 << 10)
        self.throughput(programs, "made, 10 KB, multipart", self.index("made", made))
        if "Weir" in programs:
            self.views(programs["Weir"], "made, 10 KB, multipart", os.path.join(self.folder, "made.index"))
            real = [wire(octets) for octets in map(content, paths)
                    if 7000 <= len(octets) <= 14000 and re.search(rb"(?im)^content-type:\s*multipart/", octets)]
            if real:
                self.views(programs["Weir"], f"{len(real)} real, 7 to 14 KB, multipart", self.index("real", real))
            self.unasked(programs["Weir"])
            self.path(sink)
        return self.found

    def made(self, size):
        """Multiparts of that size: text with HTML as base64, as quoted-printable, and with an attachment."""
        return [wire(octets) for octets in messages.made(size, 40) if b"multipart/" in octets]

    def throughput(self, programs, title, index):
        rows = {}
        for work in ("parse", "decode"):
            runs = {name: [] for name in programs}
            for repetition in range(self.repetitions + 1):
                for name, program in programs.items():
                    answer = self.ask(program, work, index)
                    if repetition:
                        runs[name].append(answer["octets"] * answer["passes"] / answer["seconds"] / 1e6)
                    rows.setdefault(name, {})[work + " parts"] = answer["parts"]
                    rows[name][work + " octets"] = answer["decoded"]
                    rows[name]["octets"] = answer["octets"]
            for name, each in runs.items():
                rows[name][work] = statistics.median(each)
                rows[name][work + " spread"] = f"{min(each):.0f}–{max(each):.0f}"
        self.found["throughput"][title] = rows
        self.say(f"  {title}: " + ", ".join(f"{name} {row['parse']:.0f} and {row['decode']:.0f} MB/s"
                                            for name, row in rows.items()))

    def views(self, program, title, index):
        row = {}
        runs = {work: [] for work in VIEWS}
        for _ in range(self.repetitions):
            for work in VIEWS:
                answer = self.ask(program, work, index, self.seconds / 2)
                runs[work].append(answer["seconds"] / answer["passes"] / answer["messages"] * 1e3)
                row["mean"] = answer["octets"] / answer["messages"]
        for work, each in runs.items():
            row[work] = statistics.median(each)
        row["spread"] = measure.spread(runs["views"])
        row["worst"] = self.worst(program, index)
        self.found["views"][title] = row
        self.say(f"  {title}: all views {row['views']:.3f} ms, {row['spread']}")

    def worst(self, program, index):
        """The message that costs most, alone."""
        with open(index, encoding="utf-8") as file:
            paths = file.read().split()
        worst = 0
        for path in paths:
            one = os.path.join(self.folder, "one.index")
            with open(one, "w", encoding="utf-8") as file:
                file.write(path + "\n")
            answer = self.ask(program, "views", one, 0.05)
            worst = max(worst, answer["seconds"] / answer["passes"] * 1e3)
        return worst

    def unasked(self, program):
        """What is known of a message, without and with views that nobody asks for: memory and time, by size."""
        for size in UNASKED:
            index = self.index(f"unasked-{size}", [b"Subject: x\r\n\r\n" + b"x" * size])
            row = {}
            for work in ("facts", "unasked"):
                answers = [self.ask(program, work, index, 0.2) for _ in range(self.repetitions)]
                row[work] = statistics.median(
                    answer["seconds"] / answer["passes"] * 1e9 for answer in answers)
                row[work + " held"] = answers[0]["held"]
            self.found["unasked"][size] = row

    # The message path

    def path(self, sink):
        """The gateway with content checks off and at their defaults, beside an older one where one is named."""
        known = self.known_checks()
        without = lambda names: "".join(f'[checks.{name}]\nmode = "off"\n' for name in names)
        peers = [self.run.weir("weir-content-off", "Weir, content checks off", sink, settings=without(known))]
        if set(known) - set(FILES):
            peers.append(self.run.weir(
                "weir-files", "Weir, attachments and archives", sink,
                settings=without(name for name in known if name not in FILES)))
        peers.append(self.run.weir("weir-content", "Weir, as it comes", sink))
        beside = self.run.wanted.beside
        if beside:
            peers.insert(0, self.run.weir("weir-beside", f"Weir, {os.path.basename(beside)}", sink, binary=beside))
        for setup in peers:
            for size in SIZES:
                self.run.client.load(setup.port, size, 400, more=["-r"])
        for size in SIZES:
            self.found["path"][size] = measure.passes(
                self.run.client, peers, KEPT, size, self.run.repetitions + 2, self.run.scale, self.say)
        self.found["texts"].append("Off there: " + ", ".join(known) + ". No DNS, so no lists of hosts are asked.")
        for setup in peers:
            self.run.stop(setup)

    def known_checks(self):
        """Those of the list that this gateway has: it refuses settings of others."""
        place = os.path.join(self.folder, "known")
        os.makedirs(place)
        known = []
        for name in CHECKS:
            path = os.path.join(place, name + ".toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'[[listener]]\naddress = "127.0.0.1:2525"\n[checks.{name}]\nmode = "off"\n')
            answer = subprocess.run(
                [self.run.wanted.binary, "check", "--config", path], capture_output=True, text=True, check=False)
            if f"unknown check '{name}'" not in answer.stdout + answer.stderr:
                known.append(name)
        return known
