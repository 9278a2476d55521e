"""SPF: ours beside python3-spf."""

import os
import re

from . import spfcases


def _theirs(spf, world, address, sender, helo):
    def look_up(name, kind, strict=True, timeout=20):
        return [((name, kind), [value.encode()] if kind == "TXT" else value) for value in world.find(name, kind)]

    spf.DNSLookup = look_up
    return spf.check2(i=address, s=sender, h=helo, querytime=0)


def compare(verdicts, chance, count, work, tally):
    try:
        import spf
    except ImportError as error:
        print(f"spf: left out, {error} (apt-get install python3-spf)")
        return
    found = tally(f"spf, python3-spf {spf.__version__}")
    table = os.path.join(work, "table")
    for _ in range(count):
        world, cases = spfcases.made(chance, table)
        answer = verdicts.ask("dns", table)
        if answer != "read":
            raise RuntimeError(f"the table: {answer}")
        for address, sender, helo in cases:
            ours = verdicts.ask("spf", address, sender, helo)
            theirs, words = _theirs(spf, world, address, sender, helo)
            kind = re.sub(r"\S*\.test\S*|(?<=: ).*:.*", "…", words)
            found.note(ours, theirs, kind, lambda: f"there {theirs} ({words}): {address} {sender} {helo}\n    " + "\n    ".join(
                line for line in world.lines() if "v=spf" in line.lower()))
    found.print()
