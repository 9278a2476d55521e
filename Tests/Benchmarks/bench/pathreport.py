"""The tables of the whole path of a message, and its targets."""

from .originreport import mail_table
from .path import FEW, MANY
from .report import cells

# Weir's CPU for a message, of that of Postfix with rspamd and of SpamAssassin; what rules add, of what they add to Postfix.
PAIR_TARGET, SPAMASSASSIN_TARGET, OWN_TARGET, MANY_TARGET = 0.25, 0.02, 0.2, 2
PAIRS = ("postfix-rspamd-redis", "postfix-rspamd-default")


def pair(rows):
    return next((name for name in PAIRS if name in rows), None)


def added(rows, without, with_them):
    return rows[with_them]["ms"] - rows[without]["ms"] if without in rows and with_them in rows else None


def text(found):
    parts = ["The whole path: " + found["messages"] + ". Clients, DNS and lists as above."]
    parts += [f"Not as it should be: {fault}." for fault in found["faults"]]
    if found["mail"]:
        parts.append(mail_table(found["mail"], pair(next(iter(found["mail"].values())))))
    if found["spamassassin"]:
        lines = [cells("SpamAssassin, spamd alone", "messages", "CPU-ms a message", "min–max"), cells("---", *["--:"] * 3)]
        lines += [cells(size, row["count"], f"{row['ms']:.1f}", row["spread"]) for size, row in found["spamassassin"].items()]
        parts.append("\n".join(lines))
    if found["own"]:
        parts.append("Five hundred rules of one's own:")
        parts.append(mail_table(found["own"], "postfix-queue", "× Postfix queue"))
    if found["literal"]:
        parts.append("Few rules and many, a word each:")
        parts.append(mail_table(found["literal"], f"weir-{FEW}", f"× {FEW} rules"))
    return "\n\n".join(parts)


def targets(found):
    """(target, wanted, reached, holds)."""
    reached = []

    def at_most(title, limit, value, digits=3, unit=""):
        reached.append((title, f"≤ {limit}{unit}", f"{value:.{digits}f}{unit}", value <= limit))

    for label, rows in found["mail"].items():
        size = label.split("/")[1]
        base = pair(rows)
        if "weir-path" in rows and base:
            at_most(f"whole path, {size}: CPU × {rows[base]['title']}", PAIR_TARGET, rows["weir-path"]["ms"] / rows[base]["ms"])
        if "weir-path" in rows and size in found["spamassassin"]:
            at_most(f"whole path, {size}: CPU × SpamAssassin", SPAMASSASSIN_TARGET,
                    rows["weir-path"]["ms"] / found["spamassassin"][size]["ms"], 4)
    for rows in found["own"].values():
        ours, theirs = added(rows, "weir-ruleless-again", "weir-own"), added(rows, "postfix-queue", "postfix-checks")
        if ours is not None and theirs:
            at_most(f"500 rules, 10 KB: what they add ({ours:.3f} ms) × what they add to Postfix ({theirs:.3f} ms)",
                    OWN_TARGET, ours / theirs)
    for rows in found["literal"].values():
        if f"weir-{FEW}" in rows and f"weir-{MANY}" in rows:
            at_most(f"{MANY:,} rules, 10 KB: CPU × {FEW} rules", MANY_TARGET,
                    rows[f"weir-{MANY}"]["ms"] / rows[f"weir-{FEW}"]["ms"], 2)
    at_most("whole path: what Weir did not do as it should", 0, sum(fault.startswith("Weir") for fault in found["faults"]), 0)
    return reached
