"""The tables of the TLS part, and its targets."""

from . import tls
from .report import cells, quotient

# Weir's CPU for a whole session with one message, of Postfix's; KiB of an idle session with TLS.
SESSION_TARGET, IDLE_TARGET = 0.6, 36


def handshake_table(found):
    lines = [
        cells("Key", "TLS", "Server", "sessions/s", "CPU-ms a session", "min–max", "× Postfix", "CPU-ms the handshake",
            "× Postfix", "handshakes/s of one core", "p50 ms", "p99 ms", "client's share of the machine"),
        cells(*["---"] * 3, *["--:"] * 10)]
    for label, servers in found["handshakes"].items():
        key, title = label.split("/")
        bare = found["handshakes"].get(f"{key}/{tls.BARE}", {})
        alone = {
            name: each["ms"] - bare[name]["ms"] for name, each in servers.items() if name in bare and title != tls.BARE}
        for name, each in servers.items():
            own = alone.get(name)
            lines.append(cells(
                key, title, name, f"{each['rate']:,.0f}", f"{each['ms']:.3f}", each["spread"],
                quotient(each["ms"], servers.get("Postfix", {}).get("ms")), "–" if own is None else f"{own:.3f}",
                "–" if own is None else quotient(own, alone.get("Postfix")),
                f"{1000 / own:,.0f}" if own and own > 0 else "–", f"{each['p50']:.2f}", f"{each['p99']:.2f}",
                f"{each['client']:.0f} %"))
    return "\n".join(lines)


def mail_table(found):
    lines = [
        cells("Key", "10 KB mail", "Server", "messages/s", "CPU-ms a message", "min–max", "× Postfix", "× bare", "p50 ms",
            "p99 ms", "client's share of the machine"),
        cells(*["---"] * 3, *["--:"] * 8)]
    for label, servers in found["mail"].items():
        key, title = label.split("/")
        bare = found["mail"].get(f"{key}/{tls.FULL_BARE if title == tls.FULL else tls.KEPT_BARE}", {})
        for name, each in servers.items():
            has_tls = title in (tls.FULL, tls.KEPT)
            lines.append(cells(
                key, title, name, f"{each['rate']:,.0f}", f"{each['ms']:.3f}", each["spread"],
                quotient(each["ms"], servers.get("Postfix", {}).get("ms")),
                quotient(each["ms"], bare.get(name, {}).get("ms")) if has_tls else "–", f"{each['p50']:.2f}",
                f"{each['p99']:.2f}", f"{each['client']:.0f} %"))
    return "\n".join(lines)


def idle_table(found):
    lines = [
        cells("Idle after EHLO", "Server", "open", "answer NOOP", "PSS MiB before", "with them", "KiB a session", "min–max"),
        cells(*["---"] * 2, *["--:"] * 6)]
    for label, each in found["idle"].items():
        mode, name = label.split("/")
        lines.append(cells(
            "bare" if mode == "plain" else "TLS", name, f"{each['opened']:,.0f}", f"{each['alive']:,}",
            f"{each['before']:.1f}", f"{each['after']:.1f}", f"{each['each']:.1f}", each["spread"]))
    return "\n".join(lines)


def text(found):
    parts = [
        f"TLS: {'; '.join(found['spoken']) or 'none spoken'}; the same key and certificate on both sides, {tls.SESSIONS} "
        "sessions at once. A session is connect, EHLO, STARTTLS, handshake, EHLO, QUIT and the close_notify of both; the "
        "handshake is that less a session without TLS (connect, EHLO, QUIT). With mail: MAIL, RCPT and DATA pipelined, "
        "one message of 10 KB a session; kept: over sessions that are open before the clock starts. CPU is that of the "
        "server's processes alone, so what the client takes of the machine bounds the rates, not the CPU."]
    if found["handshakes"]:
        parts.append(handshake_table(found))
    if found["mail"]:
        parts.append(mail_table(found))
    if found["idle"]:
        parts.append(idle_table(found))
    unclean = {name: number for name, number in found["unclean"].items() if number}
    if unclean:
        parts.append("Closed without close_notify: " + ", ".join(f"{name} {number:,}" for name, number in unclean.items()) + ".")
    parts += [f"Not measured: {fault}." for fault in found["faults"]]
    return "\n\n".join(parts)


def targets(found):
    """(target, wanted, reached, holds), a row for each target; one that could not be measured does not hold."""
    rows = []
    for key in tls.KEYS:
        servers = found["mail"].get(f"{key}/{tls.FULL}", {})
        if "Weir" in servers and "Postfix" in servers:
            value = servers["Weir"]["ms"] / servers["Postfix"]["ms"]
            reached, holds = f"{value:.2f}", value <= SESSION_TARGET
        else:
            reached, holds = "not measured", False
        rows.append((f"TLS session with a 10 KB message, {key}: CPU × Postfix", f"≤ {SESSION_TARGET}", reached, holds))
    idle = found["idle"].get("starttls/Weir")
    if idle:
        holds = idle["each"] <= IDLE_TARGET and idle["alive"] == idle["wanted"]
        rows.append(("idle session with TLS", f"≤ {IDLE_TARGET} KiB", f"{idle['each']:.1f} KiB", holds))
    rows.append(("TLS: what could not be measured", "≤ 0", str(len(found["faults"])), not found["faults"]))
    return rows
