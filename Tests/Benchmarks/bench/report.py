"""The tables, in Markdown, and the targets with what was reached."""

from .measure import KEPT, NEW

MODES = {KEPT: "kept connections (20 messages each)", NEW: "a new connection for each message"}


def quotient(value, base):
    return f"{value / base:.2f}" if base else "–"


def cells(*each):
    return "| " + " | ".join(str(cell) for cell in each) + " |"


def mail_table(mail, titles):
    lines = [
        cells("Connections", "Size", "Set-up", "messages/s", "× sink", "CPU-ms a message", "min–max", "× Postfix",
             "× HAProxy", "p50 ms", "p99 ms", "peak PSS MiB"),
        cells(*["---"] * 3, *["--:"] * 9)]
    for (mode, size), summary in mail.items():
        sink = summary["sink"]["rate"]
        postfix, haproxy = (summary.get(name, {}).get("ms") for name in ("postfix", "haproxy"))
        for name, found in summary.items():
            lines.append(cells(
                mode, size, titles[name], f"{found['rate']:,.0f}", quotient(found["rate"], sink), f"{found['ms']:.3f}",
                found["spread"], quotient(found["ms"], postfix), quotient(found["ms"], haproxy), f"{found['p50']:.2f}",
                f"{found['p99']:.2f}", f"{found['peak']:.1f}"))
    return "\n".join(lines)


def refusal_table(found, titles):
    lines = [
        cells("Refused at connect", "connections/s", "CPU-ms a connection", "min–max", "× postscreen", "p50 ms", "p99 ms",
             "replies"), cells("---", *["--:"] * 6, "---")]
    base = found.get("postscreen", {}).get("ms")
    for name, row in found.items():
        lines.append(cells(
            titles[name], f"{row['rate']:,.0f}", f"{row['ms']:.3f}", row["spread"], quotient(row["ms"], base),
            f"{row['p50']:.2f}", f"{row['p99']:.2f}", " ".join(f"{code}: {n}" for code, n in row["codes"].items())))
    return "\n".join(lines)


def idle_text(found):
    return (
        f"Idle sessions: {found['opened']:,} of {found['wanted']:,} open after EHLO, {found['alive']:,} alive at the end; "
        f"PSS {found['before']:.1f} → {found['after']:.1f} MiB, {found['each']:.1f} KiB a session; "
        f"{found['share']:.2f} % CPU while idle ({found['empty']:.2f} % without them); a 10 KB message costs {found['ms_alone']:.3f} CPU-ms without them and "
        f"{found['ms_beside']:.3f} beside them.")


def ceiling_text(found):
    worst = found["worst"]
    return (
        f"{found['sessions']} sessions with 5 MB each, memory = \"256MiB\": idle PSS {worst['idle']:.1f} MiB, peak "
        f"{worst['peak']:.1f} (the highest run); {found['taken']} taken, {found['missing']} missing at the sink, "
        f"{found['duplicates']} twice; {found['deferred']:.0f} answers 452, {found['resent']:.0f} sent again; "
        f"{found['seconds']:.1f} s; replies {found['codes']}.")


def targets(results):
    """(target, wanted, reached, holds) for each target that this run could measure."""
    mail, found = results.get("mail", {}), []

    def at_most(title, limit, value, digits=2, unit=""):
        found.append((title, f"≤ {limit}{unit}", f"{value:.{digits}f}{unit}", value <= limit))

    for identity in ("header", "xforward"):
        name = f"weir-{identity}"
        for size, limit in (("1 KB", 0.30), ("10 KB", 0.30), ("100 KB", 0.30), ("5 MB", 0.40)):
            row = mail.get((KEPT, size), {})
            if name in row and "postfix" in row:
                at_most(f"kept, {size}, {identity}: CPU × Postfix", limit, row[name]["ms"] / row["postfix"]["ms"])
        row = mail.get((KEPT, "10 KB"), {})
        if name in row:
            # 12,000 a second where the bare loopback does 80,000.
            ratio = row[name]["rate"] / row["sink"]["rate"]
            found.append((
                f"kept, 10 KB, {identity}: messages/s × bare sink", "≥ 0.15 (12,000 of 80,000)",
                f"{ratio:.2f} ({row[name]['rate']:,.0f} of {row['sink']['rate']:,.0f})", ratio >= 0.15))
        for size in ("1 KB", "10 KB", "100 KB"):
            row = mail.get((NEW, size), {})
            if name in row and "haproxy" in row:
                at_most(f"new, {size}, {identity}: CPU × HAProxy", 1.2, row[name]["ms"] / row["haproxy"]["ms"])
        lost = sum(row[name]["lost"] for row in mail.values() if name in row)
        if any(name in row for row in mail.values()):
            at_most(f"{identity}: messages not taken, connections lost", 0, lost, 0)
    refused = results.get("refusals", {})
    if "weir-refuse" in refused and "postscreen" in refused:
        at_most("refused at connect: CPU × postscreen", 0.5, refused["weir-refuse"]["ms"] / refused["postscreen"]["ms"])
    idle = results.get("idle")
    if idle:
        at_most("idle session", 12, idle["each"], 1, " KiB")
        found.append((
            "idle sessions held while mail flows", f"{idle['wanted']:,}", f"{idle['alive']:,}",
            idle["alive"] == idle["wanted"] and idle["all_taken"]))
        at_most("CPU of idle sessions", 1, idle["share"], 2, " %")
    ceiling = results.get("ceiling")
    if ceiling:
        at_most("200 × 5 MB under 256 MiB: peak over idle PSS", 320, ceiling["worst"]["growth"], 1, " MiB")
        at_most("200 × 5 MB: messages missing", 0, ceiling["missing"], 0)
        found.append((
            "200 × 5 MB: taken, the retries included", f"{ceiling['sessions']}", f"{ceiling['taken']}",
            ceiling["taken"] == ceiling["sessions"]))
    return found


VERDICTS = {True: "yes", False: "NO", None: ""}


def target_table(found):
    lines = [cells("Target", "wanted", "reached", ""), cells("---", "--:", "--:", "---")]
    return "\n".join(lines + [cells(title, wanted, reached, VERDICTS[holds]) for title, wanted, reached, holds in found])
