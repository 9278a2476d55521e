"""The world that the checks ask about, served by one unbound on loopback that asks nobody else.

Five DNS lists that list LISTED, and for each sending domain an SPF policy that lets CLIENTS send, a DKIM key, a DMARC
policy; reverse names that lead back. Every zone has a SOA record, so that a "no" can be remembered as well.
"""

import os
import socket
import shutil
import time

from . import messages, setups, signing

LISTS = [f"bl{number}.example" for number in range(1, 6)]
CLIENTS, FIRST_CLIENT, CLIENT_COUNT = "45.80.0.0/16", "45.80.0.1", 200
FIRST_LISTED, LISTED_COUNT = "45.81.0.1", 200
HELO = "client.example"
# Where the C library's resolver, that of postscreen, can be led: it knows no other port.
RESOLVER = "127.0.0.153"
TTL = 7200


def _split(text):
    return " ".join(f'"{text[at:at + 250]}"' for at in range(0, len(text), 250))


def _zone(name, records, kind="static"):
    lines = [f'local-zone: "{name}." {kind}' if name else 'local-zone: "." static']
    if kind == "static":
        records = [("", f"SOA ns.{name or 'root'}. hostmaster.{name or 'root'}. 1 7200 3600 604800 {TTL}"), *records]
    for label, data in records:
        owner = f"{label}.{name}." if label and name else f"{label or name}."
        lines.append(f"local-data: '{owner} {TTL} IN {data}'")
    return lines


def _reverse(address):
    return ".".join(reversed(address.split(".")))


def records(key):
    """Lines of unbound's configuration."""
    lines = _zone("", [])
    for name in LISTS:
        lines += _zone(name, [("2.0.0.127", "A 127.0.0.2"), ("2.0.0.127", 'TXT "test entry"')])
        lines += _zone(f"81.45.{name}", [("", "A 127.0.0.2"), ("", 'TXT "listed for the benchmark"')], "redirect")
    for number, name in enumerate(messages.DOMAINS):
        lines += _zone(name, [
            ("", f"A 45.82.0.{number + 1}"), ("mail", f"A 45.82.0.{number + 1}"),
            ("mail", f"AAAA 2a0e:82::{number + 1:x}"), ("", f"MX 10 mail.{name}."),
            ("", f'TXT "v=spf1 mx include:_spf.{name} -all"'), ("_spf", f'TXT "v=spf1 ip4:{CLIENTS} -all"'),
            ("_dmarc", 'TXT "v=DMARC1; p=reject; adkim=r; aspf=r"'),
            (f"{signing.SELECTOR}._domainkey", f"TXT {_split('v=DKIM1; k=rsa; p=' + key.public())}")])
    clients = [(f"h{number}", f"45.80.0.{number}") for number in range(1, CLIENT_COUNT + 1)]
    lines += _zone(HELO, [("", f"A {FIRST_CLIENT}"), ("", f'TXT "v=spf1 ip4:{CLIENTS} -all"')] + [
        (label, f"A {address}") for label, address in clients])
    lines += _zone("80.45.in-addr.arpa", [
        (".".join(_reverse(address).split(".")[:2]), f"PTR {label}.{HELO}.") for label, address in clients])
    return lines


CONFIGURATION = """\
server:
  interface: 127.0.0.1@{port}
  interface: {resolver}@53
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  logfile: "{folder}/log"
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/pid"
  module-config: "iterator"
  num-threads: 1
  do-ip6: no
{records}
remote-control:
  control-enable: no
"""


class Zones(setups.Setup):
    """The name server; its CPU time is told apart from that of whoever asks it."""

    def __init__(self, work, key):
        super().__init__("unbound", "unbound, local zones", work)
        lines = "\n".join("  " + line for line in records(key))
        path = self.write("unbound.conf", CONFIGURATION.format(
            port=self.port, resolver=RESOLVER, folder=self.folder, records=lines))
        self.run(["unbound", "-d", "-c", path], greets=False)
        self.wait()

    @staticmethod
    def missing():
        if not shutil.which("unbound"):
            return "unbound is not installed (apt-get install unbound)"
        return None if os.geteuid() == 0 else "port 53 of 127.0.0.153 is for root only"

    def wait(self, seconds=20):
        """Waits until the last of the zones is answered for."""
        name = b"".join(bytes([len(label)]) + label for label in b"80.45.in-addr.arpa".split(b"."))
        question = b"\0\7\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\6\0\1"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.settimeout(0.3)
                try:
                    peer.sendto(question, ("127.0.0.1", self.port))
                    if peer.recv(512)[3] & 15 == 0:
                        return
                except OSError:
                    time.sleep(0.05)
            if self.group.processes[0].poll() is not None:
                break
        with open(self.log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"unbound does not answer: {file.read()[-2000:]}")

    def resolv_conf(self):
        """A resolv.conf that leads here."""
        return self.write("resolv.conf", f"nameserver {RESOLVER}\n")
