"""The measurements. Set-ups take turns within each repetition, so that whatever else the machine does hits all."""

import json
import os
import statistics
import subprocess
import threading
import time

from .configurations import REFUSED_NETWORK

SESSIONS = 50
KEPT, NEW = "kept", "new"
KEPT_MESSAGES = 20
# Messages of a run: for what is fast, and for Postfix.
COUNTS = {
    KEPT: {"1 KB": (20000, 5000), "10 KB": (20000, 4000), "100 KB": (6000, 1500), "5 MB": (200, 60)},
    NEW: {"1 KB": (6000, 2000), "10 KB": (6000, 2000), "100 KB": (3000, 1000), "5 MB": (100, 40)},
}


class Client:
    """Runs the load generator, pinned to nothing and counted nowhere."""

    def __init__(self, programs, indices):
        self.programs, self.indices = programs, indices

    def load(self, port, size, messages, per_connection=KEPT_MESSAGES, sessions=SESSIONS, source="127.0.1.1",
             addresses=200, seconds=120, more=()):
        arguments = [
            os.path.join(self.programs, "smtpload"), "-p", str(port), "-i", self.indices[size][0], "-s", str(sessions),
            "-m", str(messages), "-n", str(per_connection), "-A", source, "-k", str(addresses), "-t", str(seconds)]
        result = subprocess.run(
            [*arguments, *more], stdout=subprocess.PIPE, timeout=seconds + 60, check=True, text=True)
        return json.loads(result.stdout)


class PeakMemory(threading.Thread):
    """The highest PSS of a group while it runs."""

    def __init__(self, group, every=0.1):
        super().__init__(daemon=True)
        self.group, self.every, self.peak, self.stopping = group, every, group.pss(), threading.Event()

    def run(self):
        while not self.stopping.wait(self.every):
            self.peak = max(self.peak, self.group.pss())

    def finish(self):
        self.stopping.set()
        self.join()
        return self.peak


def median(values):
    return statistics.median(values)


def spread(values):
    return f"{min(values):.3f}–{max(values):.3f}"


def passes(client, setups, mode, size, repetitions, scale, say):
    """Mail through every set-up in turn; returns name → medians. One more pass, not timed, watches memory."""
    runs = {setup.name: [] for setup in setups}
    peaks = {}
    per_connection = KEPT_MESSAGES if mode == KEPT else 1
    for repetition in range(repetitions + 1):
        # Whoever comes behind Postfix finds a cold cache: each time it is another.
        first = 2 * repetition % len(setups)
        for setup in setups[first:] + setups[:first]:
            fast, slow = COUNTS[mode][size]
            count = max(SESSIONS, int((slow if setup.name == "postfix" else fast) * scale))
            if repetition == repetitions:
                memory = PeakMemory(setup.group)
                memory.start()
                client.load(setup.port, size, max(SESSIONS, count // 2), per_connection)
                peaks[setup.name] = memory.finish()
                continue
            before = setup.group.cpu()
            result = client.load(setup.port, size, count, per_connection)
            time.sleep(0.1)
            result["ms"] = (setup.group.cpu() - before) / count * 1e3
            runs[setup.name].append(result)
            if result["ok"] != count or result["lost"]:
                say(f"  {setup.title}, {mode}, {size}: {result['ok']} of {count} taken, {result['lost']} connections "
                    f"lost, replies {result['codes']}")
        say(f"  {mode}, {size}, " + (f"pass {repetition + 1}: " if repetition < repetitions else "memory: ") + ", ".join(
            f"{setup.name} {runs[setup.name][-1]['ms']:.3f}" if repetition < repetitions
            else f"{setup.name} {peaks[setup.name]:.1f}" for setup in setups))
    summary = {}
    for setup in setups:
        each = runs[setup.name]
        summary[setup.name] = {key: median([run[key] for run in each]) for key in ("rate", "ms", "p50", "p99")} | {
            "spread": spread([run["ms"] for run in each]), "peak": peaks[setup.name],
            "lost": sum(run["done"] - run["ok"] + run["lost"] for run in each)}
    return summary


def refusals(client, setups, repetitions, scale, say):
    """Clients that a list refuses at connect; CPU a connection."""
    base = REFUSED_NETWORK.split("/")[0].rsplit(".", 1)[0] + ".1"
    runs = {setup.name: [] for setup in setups}
    for repetition in range(repetitions + 1):
        for setup in setups:
            count = int(20000 * scale) if repetition else 500
            before = setup.group.cpu()
            result = client.load(setup.port, "1 KB", count, 0, 60, base, 60000, 120, ["-R"])
            time.sleep(0.2)
            result["ms"] = (setup.group.cpu() - before) / count * 1e3
            result["refused"] = sum(number for code, number in result["codes"].items() if code[0] in "45")
            if repetition:
                runs[setup.name].append(result)
            if result["refused"] != count:
                say(f"  {setup.title}: {result['refused']} of {count} refused, replies {result['codes']}, "
                    f"{result['lost']} closed without one")
    return {
        setup.name: {key: median([run[key] for run in runs[setup.name]]) for key in ("rate", "ms", "p50", "p99", "refused")}
        | {"spread": spread([run["ms"] for run in runs[setup.name]]), "codes": runs[setup.name][0]["codes"]}
        for setup in setups}


def idle_sessions(client, weir, programs, wanted, repetitions, scale, say):
    """Sessions that said EHLO and nothing more: memory, CPU while idle, and what mail costs meanwhile."""
    size, count = "10 KB", int(COUNTS[KEPT]["10 KB"][0] * scale)

    def cost():
        before = weir.group.cpu()
        result = client.load(weir.port, size, count)
        time.sleep(0.1)
        return (weir.group.cpu() - before) / count * 1e3, result["ok"] == count

    def share(seconds=10):
        cpu, start = weir.group.cpu(), time.monotonic()
        time.sleep(seconds)
        return (weir.group.cpu() - cpu) / (time.monotonic() - start) * 100

    alone = [cost() for _ in range(repetitions)]
    weir.group.settle()
    empty = share()
    before = weir.group.pss()
    crowd = subprocess.Popen(
        [os.path.join(programs, "smtpidle"), str(weir.port), str(wanted)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    opened = int(crowd.stdout.readline().split()[1])
    weir.group.settle()
    after = weir.group.pss()
    full = share()
    beside = [cost() for _ in range(repetitions)]
    answer = crowd.communicate("\n", timeout=90)[0].split()
    say(f"  idle: {opened} open, PSS {before:.1f} → {after:.1f} MiB, {full:.2f} % CPU ({empty:.2f} % without)")
    return {
        "wanted": wanted, "opened": opened, "alive": int(answer[-1]), "before": before, "after": after,
        "each": (after - before) * 1024 / max(1, opened), "share": full, "empty": empty,
        "ms_alone": median([ms for ms, _ in alone]), "ms_beside": median([ms for ms, _ in beside]),
        "all_taken": all(taken for _, taken in alone + beside)}


def ceiling(client, weir, sink, repetitions, say):
    """200 sessions with 5 MB each under a ceiling of memory; what got a 452 is sent again."""
    sessions, runs = 200, []
    for _ in range(repetitions):
        weir.group.settle()
        sink.reset()
        before = weir.group.pss()
        memory = PeakMemory(weir.group, 0.05)
        memory.start()
        result = client.load(weir.port, "5 MB", sessions, 1, sessions, seconds=180, more=["-r"])
        peak = memory.finish()
        counts = sink.counts()
        codes = result["codes"]
        runs.append({
            "idle": before, "peak": peak, "growth": peak - before, "taken": result["ok"],
            "missing": sessions - counts["distinct"], "duplicates": counts["duplicates"], "codes": codes,
            "deferred": codes.get("452", 0), "resent": result["resent"], "seconds": result["seconds"]})
        say(f"  ceiling: PSS {before:.1f} → {peak:.1f} MiB, {result['ok']} taken, replies {codes}")
    worst = max(runs, key=lambda run: run["growth"])
    return {
        "sessions": sessions, "growth": median([run["growth"] for run in runs]), "worst": worst,
        "missing": sum(run["missing"] for run in runs), "duplicates": sum(run["duplicates"] for run in runs),
        "deferred": median([run["deferred"] for run in runs]), "resent": median([run["resent"] for run in runs]),
        "taken": min(run["taken"] for run in runs), "seconds": median([run["seconds"] for run in runs]),
        "codes": worst["codes"]}
