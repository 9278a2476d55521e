"""The whole path of a message with all that is on by default: SPF, DKIM, DMARC, five DNS lists, what a message says, and the
shipped rules, beside Postfix with rspamd as it comes (Bayes in Redis, learnt from the corpus) and SpamAssassin.

Clients, messages, name server and lists are those of `origin`. SpamAssassin's daemon is asked by its own client, without any
mail server in front, for a small sample. And five hundred rules of one's own: what they add to Weir, where they look at the
decoded text, and to Postfix, where `header_checks` and `body_checks` look at lines.
"""

import os
import random
import shutil
import subprocess
import time

from . import control, detection, messages, origin, rspamd, setups, signing
from .measure import KEPT, median, spread

SIZES = ("1 KB", "10 KB", "100 KB")
COUNTS = {KEPT: {"1 KB": (12000, 2000), "10 KB": (6000, 1200), "100 KB": (1500, 500)}}
OWN_RULES = 500
FEW, MANY = 10, 10_000
# Messages of each size for SpamAssassin.
SAMPLE = 24
# All is to be taken, whatever the real messages score, as with rspamd.
ACTIONS = "[actions]\nreject = 1000\n"
QUEUE_MAIN = """\
relayhost=[127.0.0.1]:{sink}
smtp_dns_support_level=disabled
smtp_tls_security_level=none
smtpd_upstream_proxy_protocol=haproxy
default_destination_concurrency_limit=50
initial_destination_concurrency=50
"""


def shipped():
    """The rule files that Weir comes with."""
    return {name: open(os.path.join(detection.RULES, name), encoding="utf-8").read()
            for name in sorted(os.listdir(detection.RULES)) if name.endswith(".rc")}


def own_rules():
    """The same expressions as a rule file, and as header_checks and body_checks of Postfix: half look at Subject, half at
    the text. None is in any message that was made."""
    chance = random.Random("weir five hundred")
    word = lambda: "".join(chance.choice("bcdfghjklmnpqrstvwxz") for _ in range(chance.randint(5, 9)))
    rules, headers, bodies = ["# weir: decoded\n"], [], []
    for number in range(OWN_RULES):
        one, other, third = word(), word(), word()
        if number % 2:
            rules.append(f":0\n* ^Subject:.*({one}|{other}).*{third}\nscore 0.1 OWN{number}\n")
            headers.append(f"/^Subject:.*({one}|{other}).*{third}/ WARN own{number}\n")
        else:
            rules.append(f":0 B\n* ({one}|{other}) +{third}s?\nscore 0.1 OWN{number}\n")
            bodies.append(f"/({one}|{other}) +{third}s?/ WARN own{number}\n")
    return "".join(rules), "".join(headers), "".join(bodies)


def literal_rules(count):
    """Rules that each look for a word of their own, in the text, the subject, the header or the body."""
    chance = random.Random("weir literals")
    rules = ["# weir: decoded\n"]
    for number in range(count):
        word = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(9))
        place = ("TEXT ?? ", "SUBJECT ?? ", "^Subject:.*", "B ?? ")[number % 4]
        rules.append(f":0\n* {place}{word} {number}\nscore 0.1 R{number}\n")
    return {"literal.rc": "".join(rules)}


class PostfixQueue(setups.PostfixInstance):
    """Postfix with a queue and nothing beside, or with five hundred checks of header and body lines."""

    def __init__(self, work, sink, checks=None):
        name, title = ("postfix-checks", f"Postfix queue, {OWN_RULES} checks") if checks else ("postfix-queue", "Postfix queue")
        super().__init__(name, title, work)
        main = QUEUE_MAIN.format(sink=sink.port)
        for kind, text in (checks or {}).items():
            main += f"{kind}=pcre:{self.write(kind, text)}\n"
        self.launch(main, rspamd.MILTER_SERVICE.format(port=self.port), rspamd.PREAMBLE)

    @staticmethod
    def missing():
        if not os.path.exists("/usr/lib/postfix/postfix-pcre.so"):
            return "postfix-pcre is not installed (apt-get install postfix-pcre)"
        return setups.PostfixInstance.missing()

    drain = rspamd.PostfixWithMilter.drain

    def parts(self):
        return {"Postfix": self.group}


class SpamAssassin(setups.Setup):
    """spamd with the rules it comes with, asking the same name server; four children."""

    def __init__(self, work, dns):
        super().__init__("spamassassin", "SpamAssassin (spamd alone)", work)
        settings = f"dns_server 127.0.0.1:{dns.port}\ndns_available yes\nuse_bayes 0\nuse_auto_welcomelist 0\n"
        os.chmod(self.folder, 0o777)
        self.run(["spamd", "-x", "-i", "127.0.0.1", "-p", str(self.port), "-m", "4", "--min-children=4", "-s", "stderr",
                  "-u", "nobody", "-H", self.folder, "--cf", settings], greets=False)
        self.wait()

    @staticmethod
    def missing():
        return None if shutil.which("spamd") and shutil.which("spamc") else (
            "SpamAssassin is not installed (apt-get install spamd spamc)")

    def ask(self, path):
        with open(path, "rb") as message:
            answer = subprocess.run(
                ["spamc", "-d", "127.0.0.1", "-p", str(self.port), "-s", "8000000", "-t", "120"], stdin=message,
                capture_output=True, check=False)
        return b"X-Spam-Checker-Version" in answer.stdout

    def wait(self):
        probe = self.write("probe.eml", "From: a@corp1.example\nSubject: probe\n\nprobe\n")
        for _ in range(60):
            if self.ask(probe):
                return
            subprocess.run(["sleep", "0.5"], check=True)
        raise RuntimeError("spamd does not answer")


class Part(origin.Part):
    """The whole part."""

    sizes, counts, folder = SIZES, COUNTS, "path"

    def __init__(self, run, say):
        super().__init__(run, say)
        self.found |= {"own": {}, "literal": {}, "spamassassin": {}}

    def measure(self):
        self.dns = self.run.start(origin.zones.Zones, self.key)
        self.sink = self.run.start(setups.Sink, self.run.programs, keeps=True)
        if self.dns:
            self.whole()
            self.spamassassin()
            self.own()
            self.literal()
        return self.found

    def pair_with_redis(self):
        redis = self.run.start(rspamd.Redis)
        milter = self.run.start(rspamd.Rspamd, self.dns, False, redis)
        postfix = milter and self.run.start(rspamd.PostfixWithMilter, self.sink, milter, self.dns, False)
        if milter:
            if redis:
                self.learn(milter)
            milter.group.settle(60)
        return postfix

    def learn(self, milter):
        """Its Bayes learns from the corpus, or from messages that were made: with too few it looks at none."""
        known = {"ham": [], "spam": []}
        for folder, is_good in detection.folders().items():
            known["ham" if is_good else "spam"] += [
                os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name != "ORIGIN.txt"]
        if not all(known.values()):
            for kind in known:
                place = os.path.join(milter.folder, kind)
                os.makedirs(place)
                for number, text in enumerate(messages.made(6000 if kind == "ham" else 7000, 250)):
                    with open(os.path.join(place, f"{number}.eml"), "wb") as file:
                        file.write(text)
                known[kind] = [os.path.join(place, name) for name in os.listdir(place)]
        for kind, paths in known.items():
            milter.learn(kind, paths[:260])

    def started(self, setup):
        """Its scans are made: a gateway that has just begun looks for each expression by itself."""
        if setup:
            setup.group.settle(120)
        return setup

    def whole(self):
        peers = [
            self.pair_with_redis(),
            self.started(self.weir("weir-path", "Weir, all its checks, the shipped rules", ACTIONS, rules=shipped())),
            self.weir("weir-ruleless", "Weir, all its checks, no rules", ACTIONS)]
        peers = [setup for setup in peers if setup]
        self.warm(peers)
        for setup in peers:
            if hasattr(setup, "milter"):
                self.examine_pair(setup)
            else:
                self.examine(setup, lists=True)
        for size in SIZES:
            self.found["mail"][f"{KEPT}/{size}"] = self.passes(peers, KEPT, size)
        for setup in peers:
            if getattr(getattr(setup, "milter", None), "redis", None):
                self.run.stop(setup.milter.redis)
        self.stop(peers)

    def examine_pair(self, setup):
        """It writes no results of its own by default: its log tells what it found in a good message."""
        before = control.log(setup)
        answer = control.send(setup.port, rspamd.PREAMBLE, signing.signed(control.TEXT, control.SENDER, self.key, 1))
        time.sleep(0.5)
        fresh = control.log(setup)[len(before):]
        for symbol in ("R_SPF_ALLOW", "R_DKIM_ALLOW", "DMARC_POLICY_ALLOW"):
            if symbol not in fresh:
                self.fault(f"{setup.title}: no {symbol} in its log ({answer})")

    def spamassassin(self):
        daemon = self.run.start(SpamAssassin, self.dns)
        if not daemon:
            return
        for size in SIZES:
            with open(self.client.indices[size][0], encoding="utf-8") as file:
                paths = [line.split("\t")[0] for line in file][:SAMPLE]
            runs = []
            for _ in range(self.run.repetitions):
                before = daemon.group.cpu()
                taken = sum(map(daemon.ask, paths))
                runs.append((daemon.group.cpu() - before) / len(paths) * 1e3)
                if taken != len(paths):
                    self.fault(f"SpamAssassin looked at {taken} of {len(paths)} of {size}")
            self.found["spamassassin"][size] = {"ms": median(runs), "spread": spread(runs), "count": len(paths)}
            self.say(f"  SpamAssassin, {size}: {median(runs):.1f} ms")
        self.run.stop(daemon)

    def own(self):
        rules, headers, bodies = own_rules()
        peers = [
            self.run.start(PostfixQueue, self.sink),
            self.run.start(PostfixQueue, self.sink, {"header_checks": headers, "body_checks": bodies}),
            self.weir("weir-ruleless-again", "Weir, all its checks, no rules", ACTIONS),
            self.started(self.weir(
                "weir-own", f"Weir, all its checks, {OWN_RULES} rules", ACTIONS, rules={"own.rc": rules}))]
        peers = [setup for setup in peers if setup]
        self.warm(peers)
        self.found["own"][f"{KEPT}/10 KB"] = self.passes(peers, KEPT, "10 KB")
        for setup in peers:
            self.run.stop(setup)

    def literal(self):
        peers = [self.started(self.weir(
            f"weir-{count}", f"Weir, all its checks, {count:,} rules of a word", ACTIONS, rules=literal_rules(count)))
            for count in (FEW, MANY)]
        peers = [setup for setup in peers if setup]
        if peers:
            self.warm(peers)
            self.found["literal"][f"{KEPT}/10 KB"] = self.passes(peers, KEPT, "10 KB")
        for setup in peers:
            self.run.stop(setup)
