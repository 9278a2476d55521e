"""The tables of the rules part, and its targets."""

from .report import cells

# CPU of PCRE2 alone to that of the engine; seconds until the large set works again from the cache.
SCAN_TARGET, RELOAD_TARGET = 20, 1.0
VIEWS = {"views": "where each is meant to look", "whole": "through all of each message"}


def text(found):
    parts = []
    for name, title in VIEWS.items():
        if name not in found:
            continue
        row = found[name]
        make = row["make"]
        lines = [
            cells(f"{make['members']:,} expressions {title} in {row['messages']:,} messages, {row['mean']:,.0f} octets each",
                  "CPU-ms a message", "min–max", "matches of PCRE2 a message", "found", "unfinished"),
            cells("---", *["--:"] * 5)]
        for way, words in (("scan", "a scan, then PCRE2"), ("alone", "PCRE2 with JIT, one by one")):
            lines.append(cells(
                words, f"{row[way]:.3f}", row[way + " spread"], f"{row[way + ' matches']:,.0f}", f"{row[way + ' found']:,}",
                row[way + " unfinished"]))
        parts += ["\n".join(lines),
                  f"The scan tells {make['exact']:,} exactly and where {make['candidate']:,} cannot be; {make['unscanned']} it "
                  f"does not take, and {make['refused']} PCRE2 does not. {make['views']} database(s) took "
                  f"{make['seconds']:.0f} s to make, have {make['octets'] / 1e6:.0f} MB, and work {row['load']:.3f} s after "
                  "they are asked for again."]
    if "made" in found:
        parts.append(f"10,000 rules of one condition each are read, checked and ready in {found['made']:.3f} s.")
    return "\n\n".join(parts)


def targets(found):
    """As report.targets."""
    rows = []
    for name, title in VIEWS.items():
        if name not in found:
            continue
        row = found[name]
        ratio = row["alone"] / row["scan"]
        # Nothing is promised of expressions in octets that they are not meant for.
        if name == "views":
            rows.append((
                f"expressions of public rules {title}: CPU of PCRE2 alone × the engine", f"≥ {SCAN_TARGET}",
                f"{ratio:.1f}", ratio >= SCAN_TARGET))
        else:
            rows.append((f"the same {title}", "–", f"{ratio:.1f}", None))
        rows.append((
            f"{title} again from the cache", f"< {RELOAD_TARGET:g} s", f"{row['load']:.3f} s", row["load"] < RELOAD_TARGET))
        rows.append((
            f"{title}: what is found, of what PCRE2 alone finds", "all of it",
            f"{row['scan found']:,} of {row['alone found']:,}", row["scan found"] >= row["alone found"]))
    if "made" in found:
        rows.append((
            "10,000 rules read and ready", f"< {RELOAD_TARGET:g} s", f"{found['made']:.3f} s", found["made"] < RELOAD_TARGET))
    return rows
