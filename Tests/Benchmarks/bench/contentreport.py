"""The tables of the content part, and its targets."""

from .report import cells, quotient

# Parsing beside GMime; milliseconds of all views of a 10 KB multipart; octets that views hold before they are asked for;
# what content checks that are off may cost on the message path, of the older gateway.
PARSE_TARGET, VIEWS_TARGET, HELD_TARGET, OFF_TARGET = 1.0, 0.25, 1024, 1.05
OTHERS = ("GMime", "Python email")


def throughput_table(found):
    lines = [
        cells("Messages", "", "parse MB/s", "min–max", "× GMime", "× Python", "parse and decode MB/s", "min–max", "× GMime",
              "× Python", "parts", "decoded octets"),
        cells("---", "---", *["--:"] * 10)]
    for title, rows in found.items():
        for name, row in rows.items():
            ratios = [[quotient(row[work], rows.get(other, {}).get(work)) for other in OTHERS] for work in ("parse", "decode")]
            lines.append(cells(
                f"{title} ({row['octets'] / 1e6:.1f} MB)", name, f"{row['parse']:,.0f}", row["parse spread"], *ratios[0],
                f"{row['decode']:,.0f}", row["decode spread"], *ratios[1], f"{row['decode parts']:,}",
                f"{row['decode octets']:,}"))
    return "\n".join(lines)


def view_table(found):
    lines = [
        cells("CPU-ms a message", "mean octets", "the tree", "header", "texts", "Subject and text, folded", "links",
              "attachments", "all views", "min–max", "the dearest message"),
        cells("---", *["--:"] * 10)]
    for title, row in found.items():
        lines.append(cells(
            title, f"{row['mean']:,.0f}", *(f"{row[work]:.3f}" for work in (
                "parse", "header", "texts", "folded", "links", "attachments", "views")), row["spread"],
            f"{row['worst']:.3f}"))
    return "\n".join(lines)


def unasked_table(found):
    lines = [
        cells("Views that nobody asks for", "facts alone, ns", "octets held", "with `views()`, none of them asked, ns", "octets held"),
        cells("---", *["--:"] * 4)]
    for size, row in found.items():
        lines.append(cells(
            f"a message of {int(size):,} octets", f"{row['facts']:,.0f}", row["facts held"], f"{row['unasked']:,.0f}",
            f"{row['unasked held']:,}"))
    return "\n".join(lines)


def path_table(found, titles):
    lines = [
        cells("Size", "Set-up", "messages/s", "CPU-ms a message", "min–max", "× content checks off", "p50 ms", "p99 ms",
              "peak PSS MiB"), cells("---", "---", *["--:"] * 7)]
    for size, rows in found.items():
        base = rows["weir-content-off"]["ms"]
        for name, row in rows.items():
            lines.append(cells(
                size, titles[name], f"{row['rate']:,.0f}", f"{row['ms']:.3f}", row["spread"], quotient(row["ms"], base),
                f"{row['p50']:.2f}", f"{row['p99']:.2f}", f"{row['peak']:.1f}"))
    return "\n".join(lines)


def text(found):
    tables = [throughput_table(found["throughput"])]
    if found["views"]:
        tables += [view_table(found["views"]), "Each view with what it is made of: texts with the tree, folded with texts.",
                   unasked_table(found["unasked"]),
                   "Past 64 KiB `views()` computes all of them, away from the event loop."]
    if found["path"]:
        tables += ["The message path, kept connections:", path_table(found["path"], found["titles"]), *found["texts"]]
    return "\n\n".join(tables)


def targets(found):
    """As report.targets."""
    rows = []
    for title, each in found["throughput"].items():
        if "GMime" in each and "Weir" in each:
            ratio = each["Weir"]["parse"] / each["GMime"]["parse"]
            rows.append((f"parsing alone, {title}: MB/s × GMime", f"≥ {PARSE_TARGET:g}", f"{ratio:.2f}", ratio >= PARSE_TARGET))
    for title, row in found["views"].items():
        rows.append((
            f"all views, {title}", f"≤ {VIEWS_TARGET} ms", f"{row['views']:.3f} ms", row["views"] <= VIEWS_TARGET))
    if found["unasked"]:
        held = max(row["facts held"] for row in found["unasked"].values())
        rows.append((
            "facts of which no view is asked for: octets held, of any size of message", f"≤ {HELD_TARGET:,}", f"{held:,}",
            held <= HELD_TARGET))
    for size, each in found["path"].items():
        if "weir-beside" in each:
            ratio = each["weir-content-off"]["ms"] / each["weir-beside"]["ms"]
            rows.append((
                f"kept, {size}, content checks off: CPU × the older gateway", f"≤ {OFF_TARGET}", f"{ratio:.2f}",
                ratio <= OFF_TARGET))
    return rows
