"""Where mail comes from: SPF, DKIM, DMARC and five DNS lists, Weir beside Postfix with rspamd and beside postscreen.

Each client is a stranger with an address from outside, told by a PROXY preamble to whoever is measured; each message has
one valid RSA-2048 signature. All ask one local name server, and whatever they remember of it they remember: before the
timed passes each address and each domain has been asked about.
"""

import os
import time

from . import control, measure, rspamd, setups, signing, zones
from .measure import KEPT, KEPT_MESSAGES, NEW, SESSIONS, median, spread

SIZES = ("1 KB", "10 KB")
# Messages of a run of Weir, and of Postfix with rspamd.
COUNTS = {KEPT: {"1 KB": (20000, 3000), "10 KB": (15000, 2000)}, NEW: {"1 KB": (8000, 2000), "10 KB": (8000, 1500)}}
REFUSED = (15000, 1000)
REFUSED_AT_ONCE = 20

LISTENER = 'tls = "off"\nproxy_protocol = ["127.0.0.0/8"]'
DNS = 'servers = ["127.0.0.1@{port}"]'
ZONE = """\
[[zone]]
name = "{zone}"
asks = ["client"]
weight = 2.5
"""
MEASURED = ("spf", "dkim", "dmarc")
# The checks that the lean rspamd has none of, or that belong to other tables.
OTHERS = (
    "client_name_list", "reverse_name", "dynamic_name", "country", "early_talker", "command_order", "helo", "rhsbl",
    "sender_domain", "arc", "from_domain", "trace", "urls", "address_hashes")


def switched_off(names):
    return "".join(f'[checks.{name}]\nmode = "off"\n' for name in names)


class Part:
    """The whole part; `start`, `weir` and `stop` are those of the run."""

    sizes, counts, folder = SIZES, COUNTS, "signed"

    def __init__(self, run, say):
        self.run, self.say = run, say
        self.found = {"mail": {}, "default": {}, "refused": {}, "faults": []}
        self.key = signing.Key()
        self.client = measure.Client(run.programs, self.messages())
        self.dns = self.sink = None

    def messages(self):
        """The messages of the other parts, signed by their senders' domains."""
        indices = {}
        for size in self.sizes:
            place = os.path.join(self.run.work, self.folder, size.replace(" ", ""))
            os.makedirs(place)
            lines, octets = [], 0
            with open(self.run.indices[size][0], encoding="utf-8") as file:
                for number, line in enumerate(file):
                    source, sender, recipient = line.rstrip("\n").split("\t")
                    path = os.path.join(place, f"{number:04}.eml")
                    with open(source, "rb") as message, open(path, "wb") as out:
                        octets += out.write(signing.signed(message.read(), sender, self.key, number))
                    lines.append(f"{path}\t{sender}\t{recipient}\n")
            with open(place + ".index", "w", encoding="utf-8") as file:
                file.writelines(lines)
            indices[size] = place + ".index", f"{size}: {len(lines)} signed, mean {octets // len(lines):,} bytes"
        self.found["messages"] = "; ".join(text for _, text in indices.values())
        return indices

    def measure(self):
        self.dns = self.run.start(zones.Zones, self.key)
        self.sink = self.run.start(setups.Sink, self.run.programs, keeps=True)
        if self.dns:
            self.mail()
            self.defaults()
            self.refusals()
        return self.found

    def weir(self, name, title, settings, **more):
        more = {"dns": DNS.format(port=self.dns.port), "zones": self.zones(), "listener": LISTENER} | more
        return self.run.weir(name, title, self.sink, settings=settings, preamble=rspamd.PREAMBLE, **more)

    def zones(self):
        return "\n".join(ZONE.format(zone=zone) for zone in zones.LISTS)

    def pair(self, lean):
        milter = self.run.start(rspamd.Rspamd, self.dns, lean)
        postfix = milter and self.run.start(rspamd.PostfixWithMilter, self.sink, milter, self.dns, lean)
        if milter:
            milter.group.settle(60)
        return postfix

    def stop(self, peers):
        for setup in peers:
            self.run.stop(setup)
            if hasattr(setup, "milter"):
                self.run.stop(setup.milter)

    def mail(self):
        """The same work on both sides; then Weir without the lists, and without any of it, to tell what each costs."""
        peers = [
            self.pair(lean=True),
            self.weir("weir-origin", "Weir, SPF, DKIM, DMARC, five lists", switched_off(OTHERS)),
            self.weir("weir-signed", "Weir, SPF, DKIM, DMARC", switched_off((*OTHERS, "dnsbl"))),
            self.weir("weir-without", "Weir, none of them", switched_off((*OTHERS, "dnsbl", *MEASURED)))]
        peers = [setup for setup in peers if setup]
        self.warm(peers)
        for setup in peers:
            if setup.name != "weir-without":
                self.examine(setup, lists=setup.name != "weir-signed")
        for mode in (KEPT, NEW):
            for size in SIZES:
                self.found["mail"][f"{mode}/{size}"] = self.passes(peers, mode, size)
        self.stop(peers)

    def defaults(self):
        """Each as it comes, with the five lists beside."""
        peers = [self.pair(lean=False), self.weir("weir-default", "Weir, all its checks", "")]
        peers = [setup for setup in peers if setup]
        self.warm(peers)
        for mode in (KEPT, NEW):
            for size in SIZES:
                self.found["default"][f"{mode}/{size}"] = self.passes(peers, mode, size, slow=0.5)
        self.stop(peers)

    def warm(self, peers):
        for setup in peers:
            # Each recipient asked for once, whoever it costs a retry; then each sender from each address.
            self.load(setup, "1 KB", 400, more=["-r"])
            for size in self.sizes:
                self.load(setup, size, 600, 1)
            self.drain(setup)

    def load(self, setup, size, count, per_connection=KEPT_MESSAGES, more=()):
        return self.client.load(
            setup.port, size, count, per_connection, addresses=zones.CLIENT_COUNT,
            more=["-X", zones.FIRST_CLIENT, *more])

    def drain(self, setup):
        left = setup.drain() if hasattr(setup, "drain") else 0
        if left:
            self.fault(f"{setup.title}: {left} files left in the queue")

    def fault(self, text):
        text = " ".join(text.split())[:400]
        self.say(f"  {text}")
        if text not in self.found["faults"]:
            self.found["faults"].append(text)

    def examine(self, setup, lists):
        """Whether the set-up does what it is measured for: a good message, one changed on its way, a listed client."""
        for problem in control.problems(setup, self.sink, self.key, lists):
            self.fault(f"{setup.title}: {problem}")

    def passes(self, peers, mode, size, slow=1.0):
        runs, peaks = {setup.name: [] for setup in peers}, {}
        for repetition in range(self.run.repetitions + 1):
            first = repetition % len(peers)
            for setup in peers[first:] + peers[:first]:
                fast, other = self.counts[mode][size]
                count = max(SESSIONS, int((other * slow if hasattr(setup, "milter") else fast) * self.run.scale))
                if repetition < self.run.repetitions:
                    runs[setup.name].append(self.one_pass(setup, mode, size, count))
                    continue
                watched = [measure.PeakMemory(group) for group in parts(setup).values()]
                for memory in watched:
                    memory.start()
                self.load(setup, size, max(SESSIONS, count // 2), KEPT_MESSAGES if mode == KEPT else 1)
                self.drain(setup)
                peaks[setup.name] = sum(memory.finish() for memory in watched)
            if repetition < self.run.repetitions:
                self.say(f"  {mode}, {size}, pass {repetition + 1}: " + ", ".join(
                    f"{setup.name} {runs[setup.name][-1]['ms']:.3f} ({runs[setup.name][-1]['rate']:,.0f}/s)"
                    for setup in peers))
        return {setup.name: self.summary(setup, runs[setup.name]) | {"peak": peaks[setup.name]} for setup in peers}

    def one_pass(self, setup, mode, size, count):
        groups = parts(setup)
        before, resolver = {name: group.cpu() for name, group in groups.items()}, self.dns.group.cpu()
        start = time.monotonic()
        result = self.load(setup, size, count, KEPT_MESSAGES if mode == KEPT else 1)
        self.drain(setup)
        seconds = time.monotonic() - start
        time.sleep(0.1)
        result["parts"] = {name: (group.cpu() - before[name]) / count * 1e3 for name, group in groups.items()}
        result["ms"] = sum(result["parts"].values())
        result["resolver"] = (self.dns.group.cpu() - resolver) / count * 1e3
        result["delivered"] = count / max(seconds, result["seconds"])
        if result["ok"] != count or result["lost"]:
            self.fault(f"{setup.title}, {mode}, {size}: {result['ok']} of {count} taken, {result['lost']} connections "
                       f"lost, replies {result['codes']}")
        return result

    def summary(self, setup, each):
        return {key: median([run[key] for run in each]) for key in ("rate", "delivered", "ms", "resolver", "p50", "p99")} | {
            "title": setup.title, "spread": spread([run["ms"] for run in each]),
            "parts": {name: median([run["parts"][name] for run in each]) for name in each[0]["parts"]}}

    def refusals(self):
        """A listed stranger, refused at connect by each with what it remembers of the lists."""
        refusing = switched_off((*OTHERS, *MEASURED)) + '[checks.dnsbl]\nenforce_at = "connect"\naction = "reject"\n'
        peers = [
            self.run.start(rspamd.PostscreenWithLists, self.dns),
            self.weir("weir-listed", "Weir, five DNS lists", refusing, greets=True)]
        peers = [setup for setup in peers if setup]
        runs = {setup.name: [] for setup in peers}
        for repetition in range(self.run.repetitions + 1):
            for setup in peers:
                result = self.refused(setup, repetition)
                if repetition:
                    runs[setup.name].append(result)
        self.found["refused"] = {setup.name: {
            key: median([run[key] for run in runs[setup.name]]) for key in ("rate", "ms", "resolver", "p50", "p99")} | {
            "title": setup.title, "spread": spread([run["ms"] for run in runs[setup.name]]),
            "codes": runs[setup.name][0]["codes"]} for setup in peers}
        self.stop(peers)

    def refused(self, setup, repetition):
        count = int(REFUSED[setup.name == "postscreen-lists"] * self.run.scale) if repetition else 2 * zones.LISTED_COUNT
        before, resolver = setup.group.cpu(), self.dns.group.cpu()
        result = self.client.load(
            setup.port, "1 KB", count, 0, REFUSED_AT_ONCE, addresses=zones.LISTED_COUNT,
            more=["-R", "-X", zones.FIRST_LISTED])
        time.sleep(0.3)
        result["ms"] = (setup.group.cpu() - before) / count * 1e3
        result["resolver"] = (self.dns.group.cpu() - resolver) / count * 1e3
        if repetition and result["codes"].get("554", 0) + result["codes"].get("550", 0) + result["codes"].get("521", 0) != count:
            self.fault(f"{setup.title}: not all of {count} refused: {result['codes']}, {result['lost']} closed without a reply")
        self.say(f"  refused by {setup.name}: {result['ms']:.3f} ({result['rate']:,.0f}/s)")
        return result


def parts(setup):
    """The groups of a set-up, each by the name of what runs there."""
    return setup.parts() if hasattr(setup, "parts") else {"Weir": setup.group}
