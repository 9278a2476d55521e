"""TLS: handshakes, sessions with a message, kept sessions and idle ones, Weir beside Postfix with the same key."""

import json
import os
import socket
import subprocess
import time

from . import configurations, setups
from .measure import SESSIONS, median, spread

KEYS = {
    "RSA-2048": ["-newkey", "rsa:2048"],
    "P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
}
SPOKEN = {"RSA-2048": "RSA 2048", "P-256": "EC 256"}
PROTOCOL, GROUP = "TLSv1.3", "x25519"
SIZE = "10 KB"

# What is measured: title, mode of smtptls, more arguments, how many by Weir and by Postfix in a full run. Postfix's
# processes end after 100 sessions each: with 5,000 over 50 sessions at once each pass has its share of that.
BARE, NEW, RESUMED = "none", "STARTTLS, new", "STARTTLS, resumed"
IMPLICIT, IMPLICIT_RESUMED = "implicit, new", "implicit, resumed"
HANDSHAKES = {
    BARE: ("plain", [], 10000, 5000),
    NEW: ("starttls", [], 5000, 5000),
    RESUMED: ("starttls", ["-R"], 5000, 5000),
    IMPLICIT: ("implicit", [], 5000, 5000),
    IMPLICIT_RESUMED: ("implicit", ["-R"], 5000, 5000),
}
FULL_BARE, FULL, KEPT_BARE, KEPT = "session, bare", "session, TLS", "kept, bare", "kept, TLS"
MAIL = {
    FULL_BARE: ("plain", ["-n", "1"], 10000, 5000),
    FULL: ("starttls", ["-n", "1"], 5000, 5000),
    KEPT_BARE: ("plain", ["-K"], 15000, 4000),
    KEPT: ("starttls", ["-K"], 15000, 4000),
}
POSTFIX_IDLE = 100  # each is a process of its own


class Pair:
    """A key and its self-signed certificate, made into the folder."""

    def __init__(self, work, name):
        self.name = name
        self.key, self.certificate = (os.path.join(work, f"{name}.{kind}.pem") for kind in ("key", "certificate"))
        subprocess.run(
            ["openssl", "req", "-x509", *KEYS[name], "-nodes", "-sha256", "-days", "90", "-subj", "/CN=mx.example.test",
             "-addext", "subjectAltName=DNS:mx.example.test", "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True)
        os.chmod(self.key, 0o600)


class Fault(Exception):
    """What was to be measured did not happen."""


class Conversation:
    """A run of smtptls: ready when it is made, measured by `finish`, which returns its figures."""

    def __init__(self, programs, port, mode, count, more=(), source="127.0.1.1", addresses=200, sessions=SESSIONS):
        self.process = subprocess.Popen(
            [os.path.join(programs, "smtptls"), "-p", str(port), "-M", mode, "-m", str(count), "-s", str(sessions),
             "-A", source, "-k", str(addresses), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if len(words) != 2:
            raise Fault(f"smtptls: {self.process.communicate()[1].strip()}")
        self.open = int(words[1])

    def finish(self):
        output, complaint = self.process.communicate("\n", timeout=300)
        if self.process.returncode:
            raise Fault(f"smtptls: {complaint.strip()}")
        return json.loads(output)

    def abandon(self):
        """Ends it before it began; returns what it complained of."""
        return self.process.communicate("", timeout=60)[1].strip()


def weir_listener(kind):
    return 'profile = "submissions"\ntls = "required"' if kind == "implicit" else 'tls = "optional"'


def one_pass(programs, setup, port, kind, count, key, more=()):
    """CPU of the server for `count` of what the kind is; each must be what it is called."""
    mode, arguments = kind
    conversation = Conversation(programs, port, mode, count, [*arguments, *more])
    wanted = SESSIONS if "-K" in arguments else 1 if "-R" in arguments else 0
    if conversation.open != wanted:
        complaint = conversation.abandon()
        raise Fault(complaint or ("no session ticket was given" if "-R" in arguments else
                                  f"{conversation.open} of {wanted} sessions open"))
    setup.group.settle(5)
    before = setup.group.cpu()
    result = conversation.finish()
    time.sleep(0.1)
    result["ms"] = (setup.group.cpu() - before) / count * 1e3
    if result["ok"] != count or result["failed"]:
        raise Fault(f"{result['ok']} of {count}, {result['failed']} failed: {result['fault']}, {result['codes']}")
    if mode != "plain":
        words = result["tls"].split()
        if result["mixed"] or words[0] != PROTOCOL or words[2] != GROUP or " ".join(words[3:]) != SPOKEN[key]:
            raise Fault(f"spoken was {result['tls']}")
        if result["resumed"] != (count if "-R" in arguments else 0):
            raise Fault(f"{result['resumed']} of {count} resumed")
    return result


class Part:
    """The whole part; `start`, `weir` and `stop` are those of the run."""

    def __init__(self, run, say):
        self.run, self.say = run, say
        self.programs, self.index = run.programs, run.indices[SIZE][0]
        self.found = {"handshakes": {}, "mail": {}, "idle": {}, "faults": [], "unclean": {}, "spoken": set()}

    def measure(self, sink):
        pairs = [Pair(self.run.work, name) for name in KEYS]
        for pair in pairs:
            self.key(pair, sink)
        if self.run.wanted.tls_idle:
            self.idle(pairs[0], sink)
        self.found["spoken"] = sorted(self.found["spoken"])
        return self.found

    def weir(self, name, title, pair, sink, kind="starttls", **more):
        """The gateway with TLS at every port; None, with a fault, of one that does not start."""
        setup, settings = None, configurations.WEIR_TLS.format(certificate=pair.certificate, key=pair.key)
        if kind == "implicit":
            users = os.path.join(self.run.work, f"{name}.users")
            with open(users, "w", encoding="ascii"):
                os.chmod(users, 0o600)
            settings += configurations.WEIR_IMPLICIT.format(users=users)
        try:
            setup = self.run.weir(
                name, title, sink, settings=settings, listener=weir_listener(kind), greets=kind != "implicit", **more)
            if setup and kind == "implicit":
                wait_until_open(setup)
            return setup
        except RuntimeError as error:
            self.run.stop(setup)
            self.fault(f"{title}: {error}")
            return None

    def key(self, pair, sink):
        mark = pair.name.lower().replace("-", "")
        postfix = self.run.start(setups.Postfix, sink, pair=pair, name=f"postfix-{mark}")
        weir = self.weir(f"weir-{mark}", f"Weir, {pair.name}", pair, sink)
        implicit = self.weir(f"weir-{mark}-implicit", f"Weir, {pair.name}, implicit TLS", pair, sink, "implicit")
        # set-up, port by STARTTLS or bare, the set-up and port of implicit TLS
        peers = []
        if postfix:
            peers.append(("Postfix", postfix, postfix, postfix.implicit))
        if weir:
            peers.append(("Weir", weir, implicit, implicit and implicit.port))
        for _, setup, _, _ in peers:
            # Each recipient asked for once, each process warm.
            self.run.client.load(setup.port, SIZE, 400, more=["-r"])
        for title, kind in HANDSHAKES.items():
            self.passes("handshakes", pair, title, kind, peers)
        for title, (mode, more, *counts) in MAIL.items():
            self.passes("mail", pair, title, (mode, [*more, "-i", self.index], *counts), peers)
        for setup in (postfix, weir, implicit):
            if setup:
                self.run.stop(setup)

    def passes(self, part, pair, title, kind, peers):
        mode, arguments, *counts = kind
        chosen = []
        for name, setup, implicit, port in peers:
            if mode != "implicit":
                chosen.append((name, setup, setup.port))
            elif implicit:
                chosen.append((name, implicit, port))
        runs, faults = {name: [] for name, *_ in chosen}, {}
        for repetition in range(self.run.repetitions + 1):
            for name, setup, port in chosen if repetition % 2 else chosen[::-1]:
                if name in faults:
                    continue
                count = max(SESSIONS, int(counts[name == "Postfix"] * self.run.scale))
                try:
                    result = one_pass(
                        self.programs, setup, port, (mode, arguments), count if repetition else count // 4, pair.name)
                except Fault as fault:
                    faults[name] = f"{pair.name}, {title}, {name}: {fault}"
                    continue
                if repetition:
                    runs[name].append(result)
        for fault in faults.values():
            self.fault(fault)
        rows = {name: self.summary(name, each) for name, each in runs.items() if name not in faults}
        self.found[part][f"{pair.name}/{title}"] = rows
        self.say(f"  {pair.name}, {title}: " + ", ".join(
            f"{name} {row['ms']:.3f} ({row['rate']:,.0f}/s, client {row['client']:.0f} %)" for name, row in rows.items()))

    def fault(self, text):
        """Something is left out of the tables, and says why; once, however often it is tried."""
        text = " ".join(text.split())[:400]
        self.say(f"  {text}")
        if text not in self.found["faults"]:
            self.found["faults"].append(text)

    def summary(self, name, each):
        cores = os.cpu_count()
        self.found["spoken"].update(" ".join(run["tls"].split()[:3]) for run in each if run["tls"])
        unclean = sum(run["unclean"] for run in each)
        self.found["unclean"][name] = self.found["unclean"].get(name, 0) + unclean
        return {key: median([run[key] for run in each]) for key in ("rate", "ms", "p50", "p99")} | {
            "spread": spread([run["ms"] for run in each]),
            "client": median([run["client_cpu"] / run["seconds"] / cores * 100 for run in each])}

    def idle(self, pair, sink):
        """Memory of a session after EHLO, bare and with TLS; a fresh server each time, warmed by sessions before."""
        wanted = self.run.wanted.tls_idle
        for mode in ("plain", "starttls"):
            runs = {"Weir": [], "Postfix": []}
            for repetition in range(self.run.repetitions):
                name = f"idle-{mode}-{repetition}"
                postfix = self.run.start(setups.Postfix, sink, pair=pair, name=f"postfix-{name}")
                if postfix:
                    runs["Postfix"].append(self.crowd(postfix, mode, min(wanted, POSTFIX_IDLE), 0))
                    self.run.stop(postfix)
                weir = self.weir(
                    f"weir-{name}", "Weir, idle sessions with TLS", pair, sink, limits={"connections": wanted + 500})
                if weir:
                    runs["Weir"].append(self.crowd(weir, mode, wanted, 600))
                    self.run.stop(weir)
            for name, each in runs.items():
                each = [run for run in each if run]
                if not each:
                    continue
                self.found["idle"][f"{mode}/{name}"] = {
                    key: median([run[key] for run in each]) for key in ("opened", "before", "after", "each")} | {
                    "alive": min(run["alive"] for run in each), "wanted": each[0]["wanted"],
                    "spread": f"{min(run['each'] for run in each):.1f}–{max(run['each'] for run in each):.1f}"}

    def crowd(self, setup, mode, wanted, warm):
        try:
            if warm:
                Conversation(self.programs, setup.port, mode, warm).finish()
            setup.group.settle()
            before = setup.group.pss()
            crowd = Conversation(self.programs, setup.port, mode, wanted, ["-I"], "127.2.0.1", wanted)
            setup.group.settle()
            after = setup.group.pss()
            result = crowd.finish()
        except Fault as fault:
            self.fault(f"idle, {mode}, {setup.title}: {fault}")
            return None
        if crowd.open != wanted or result["failed"]:
            self.fault(
                f"idle, {mode}, {setup.title}: {crowd.open} of {wanted} open, {result['failed']} failed: {result['fault']}")
        if crowd.open < wanted * 0.9:
            return None
        each = (after - before) * 1024 / max(1, crowd.open)
        self.say(f"  idle, {mode}, {setup.title}: {crowd.open} open, PSS {before:.1f} → {after:.1f} MiB, {each:.1f} KiB each")
        return {
            "wanted": wanted, "opened": crowd.open, "alive": result["ok"], "before": before, "after": after, "each": each}


def wait_until_open(setup, seconds=30):
    """Waits until something listens at the port; what greets there greets in TLS only."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if setup.group.processes[0].poll() is not None:
            with open(setup.log, encoding="utf-8", errors="replace") as file:
                raise RuntimeError(f"exited with {setup.group.processes[0].returncode}: {file.read()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", setup.port), 2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"port {setup.port} is not open")
