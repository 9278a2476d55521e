"""The tables of the rules part, and its targets."""

from .report import cells

# CPU of PCRE2 alone to that of the engine; seconds until the large set works again from the cache.
SCAN_TARGET, RELOAD_TARGET = 20, 1.0


def text(found):
    parts = []
    if "public" in found:
        row = found["public"]
        make = row["make"]
        lines = [
            cells(f"{make['members']:,} expressions in {row['messages']:,} messages of {row['mean']:,.0f} octets",
                  "CPU-ms a message", "min–max", "matches of PCRE2 a message", "found", "unfinished"),
            cells("---", *["--:"] * 5)]
        for way, title in (("scan", "one scan, then PCRE2"), ("alone", "PCRE2 with JIT, one by one")):
            lines.append(cells(
                title, f"{row[way]:.3f}", row[way + " spread"], f"{row[way + ' matches']:,.0f}", f"{row[way + ' found']:,}",
                row[way + " unfinished"]))
        parts += ["\n".join(lines),
                  f"The scan tells {make['exact']:,} exactly and where {make['candidate']:,} cannot be; {make['unscanned']} it "
                  f"does not take, and {make['refused']} PCRE2 does not. The database took {make['seconds']:.0f} s to make, has "
                  f"{make['octets'] / 1e6:.0f} MB, and works {row['load']:.3f} s after it is asked for again."]
    if "made" in found:
        parts.append(f"10,000 rules of one condition each are read, checked and ready in {found['made']:.3f} s.")
    return "\n\n".join(parts)


def targets(found):
    """As report.targets."""
    rows = []
    if "public" in found:
        row = found["public"]
        ratio = row["alone"] / row["scan"]
        rows.append((
            "expressions of public rules over the corpus: CPU of PCRE2 alone × the engine", f"≥ {SCAN_TARGET}",
            f"{ratio:.1f}", ratio >= SCAN_TARGET))
        rows.append((
            "the same set again from the cache", f"< {RELOAD_TARGET:g} s", f"{row['load']:.3f} s",
            row["load"] < RELOAD_TARGET))
        rows.append((
            "what is found, of what PCRE2 alone finds", "all of it", f"{row['scan found']:,} of {row['alone found']:,}",
            row["scan found"] >= row["alone found"]))
    if "made" in found:
        rows.append((
            "10,000 rules read and ready", f"< {RELOAD_TARGET:g} s", f"{found['made']:.3f} s", found["made"] < RELOAD_TARGET))
    return rows
