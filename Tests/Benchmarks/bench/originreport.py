"""The tables of the part about where mail comes from, and its targets."""

from .report import cells, quotient

# Weir's CPU for a message, of that of Postfix with rspamd; milliseconds for a refusal, and for the three checks.
PAIR_TARGET, REFUSAL_TARGET, SIGNED_TARGET = 0.15, 0.15, 0.25


def mail_table(found, pair, base_title="× Postfix + rspamd"):
    lines = [
        cells("Connections", "Size", "Set-up", "messages/s", "delivered/s", "CPU-ms a message", "min–max", base_title,
              "of which", "resolver's CPU-ms", "p50 ms", "p99 ms", "peak PSS MiB"),
        cells(*["---"] * 3, *["--:"] * 5, "---", *["--:"] * 4)]
    for label, rows in found.items():
        mode, size = label.split("/")
        base = rows.get(pair, {}).get("ms")
        for row in rows.values():
            split = ", ".join(f"{name} {ms:.2f}" for name, ms in row["parts"].items()) if len(row["parts"]) > 1 else ""
            lines.append(cells(
                mode, size, row["title"], f"{row['rate']:,.0f}", f"{row['delivered']:,.0f}", f"{row['ms']:.3f}",
                row["spread"], quotient(row["ms"], base), split, f"{row['resolver']:.3f}", f"{row['p50']:.2f}",
                f"{row['p99']:.2f}", f"{row['peak']:.1f}"))
    return "\n".join(lines)


def refusal_table(found):
    lines = [
        cells("Listed stranger refused", "connections/s", "CPU-ms a connection", "min–max", "× postscreen",
              "resolver's CPU-ms", "p50 ms", "p99 ms", "replies"), cells("---", *["--:"] * 7, "---")]
    base = found.get("postscreen-lists", {}).get("ms")
    for row in found.values():
        lines.append(cells(
            row["title"], f"{row['rate']:,.0f}", f"{row['ms']:.3f}", row["spread"], quotient(row["ms"], base),
            f"{row['resolver']:.3f}", f"{row['p50']:.2f}", f"{row['p99']:.2f}",
            " ".join(f"{code}: {n}" for code, n in row["codes"].items())))
    return "\n".join(lines)


def text(found):
    parts = [
        "Where mail comes from: " + found["messages"] + ". Every client is a stranger by a PROXY preamble; DNS answers come "
        "from one unbound with local zones, whose CPU time stands apart. \"delivered\" is until the queue is empty. "
        "postscreen's rate is that of its greeting's delay (1 s here, 6 s by default)."]
    parts += [f"Not as it should be: {fault}." for fault in found["faults"]]
    if found["mail"]:
        parts.append(mail_table(found["mail"], "postfix-rspamd"))
    if found["default"]:
        parts.append("Each with all that it does by default, and the five lists:")
        parts.append(mail_table(found["default"], "postfix-rspamd-default"))
    if found["refused"]:
        parts.append(refusal_table(found["refused"]))
    return "\n\n".join(parts)


def targets(found):
    """(target, wanted, reached, holds)."""
    reached = []

    def at_most(title, limit, value, digits=2, unit=""):
        reached.append((title, f"≤ {limit}{unit}", f"{value:.{digits}f}{unit}", value <= limit))

    for label, rows in found["mail"].items():
        if "weir-origin" in rows and "postfix-rspamd" in rows:
            at_most(f"{label}: SPF, DKIM, DMARC, five lists: CPU × Postfix + rspamd", PAIR_TARGET,
                    rows["weir-origin"]["ms"] / rows["postfix-rspamd"]["ms"], 3)
    for label, rows in found["mail"].items():
        if label.endswith("/10 KB") and "weir-signed" in rows and "weir-without" in rows:
            at_most(f"{label}: SPF, DKIM and DMARC alone", SIGNED_TARGET,
                    rows["weir-signed"]["ms"] - rows["weir-without"]["ms"], 3, " ms")
    if "weir-listed" in found["refused"]:
        at_most("listed stranger refused", REFUSAL_TARGET, found["refused"]["weir-listed"]["ms"], 3, " ms")
    if "weir-origin" in next(iter(found["mail"].values()), {}):
        at_most("where mail comes from: what Weir did not do as it should", 0,
                sum(fault.startswith("Weir") for fault in found["faults"]), 0)
    return reached
