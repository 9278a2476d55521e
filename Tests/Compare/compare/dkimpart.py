"""DKIM: ours beside python3-dkim and opendkim-testmsg."""

import os
import shutil
import socket
import subprocess
import time

from . import dkimcases
from .world import World

DOMAIN, SELECTOR = b"sender.test", b"s1"
RESOLVER = "127.0.0.154"
UNBOUND = """\
server:
  interface: {resolver}@53
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{work}"
  pidfile: "{work}/unbound.pid"
  module-config: "iterator"
  do-ip6: no
  local-zone: "." static
{records}
remote-control:
  control-enable: no
"""


class OpenDKIM:
    """opendkim-testmsg, whose resolver is led to an unbound with the key; `missing` says why there is none."""

    def __init__(self, work, world):
        self.process, self.version = None, ""
        self.missing = next((f"{name} is missing" for name in ("opendkim-testmsg", "unbound", "unshare")
                             if not shutil.which(name)), None if os.geteuid() == 0 else "it takes root")
        if self.missing:
            return
        records = "\n".join("  " + line for line in world.lines("local-data: '{name}. IN {kind} {data}'"))
        path = os.path.join(work, "unbound.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(UNBOUND.format(resolver=RESOLVER, work=work, records=records))
        self.resolv_conf = os.path.join(work, "resolv.conf")
        with open(self.resolv_conf, "w", encoding="ascii") as file:
            file.write(f"nameserver {RESOLVER}\n")
        self.process = subprocess.Popen(["unbound", "-d", "-c", path], stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex((RESOLVER, 53)) == 0:
                    return
            time.sleep(0.05)
        self.missing = f"unbound does not answer at {RESOLVER}"

    def verify(self, octets):
        script = 'mount --bind "$1" /etc/resolv.conf && exec opendkim-testmsg'
        run = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "-", self.resolv_conf],
            input=octets.replace(b"\r\n", b"\n"), capture_output=True, check=False, timeout=30)
        return "pass" if run.returncode == 0 else "fail"

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


def _key(work):
    secret = os.path.join(work, "key.pem")
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", secret, "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", secret, "-pubout"], check=True, capture_output=True, text=True).stdout
    with open(secret, "rb") as file:
        return file.read(), "".join(line for line in public.splitlines() if "-" not in line)


def _signed(dkim, chance, secret):
    octets = dkimcases.message(chance, b"anna@" + DOMAIN)
    names = [b"from"] + [name.lower() for name in dkimcases.NAMES[1:] if chance.random() < 0.7]
    names += [b"from"] * chance.randint(0, 1) + [b"subject"] * chance.randint(0, 1)
    forms = (chance.choice([b"simple", b"relaxed"]), chance.choice([b"simple", b"relaxed"]))
    field = dkim.sign(
        octets, SELECTOR, DOMAIN, secret, canonicalize=forms, include_headers=names, length=chance.random() < 0.2)
    return field + octets, b"/".join(forms).decode()


def compare(verdicts, chance, count, work, tally):
    try:
        import dkim
    except ImportError as error:
        print(f"dkim: left out, {error} (apt-get install python3-dkim)")
        return
    secret, public = _key(work)
    world = World()
    world.add(f"{SELECTOR.decode()}._domainkey.{DOMAIN.decode()}", "TXT", f"v=DKIM1; k=rsa; p={public}")
    answer = verdicts.ask("dns", world.write(os.path.join(work, "keys")))
    if answer != "read":
        raise RuntimeError(f"the table: {answer}")
    key = world.find(f"{SELECTOR.decode()}._domainkey.{DOMAIN.decode()}", "TXT")[0].encode()
    theirs, others = tally("dkim, python3-dkim"), tally("dkim, opendkim-testmsg")
    opendkim = OpenDKIM(work, world)
    path = os.path.join(work, "message")
    try:
        for number in range(count):
            octets, form = _signed(dkim, chance, secret)
            change = list(dkimcases.CHANGES)[number % len(dkimcases.CHANGES)]
            octets = dkimcases.CHANGES[change](chance, octets)
            with open(path, "wb") as file:
                file.write(octets)
            # The first signature decides: the others sign the same.
            ours = "pass" if verdicts.ask("dkim", path).split()[0] == "pass" else "fail"
            told = lambda: f"there otherwise: {form}, {change}\n    {octets!r}"
            theirs.note(ours, "pass" if _dkimpy(dkim, octets, key) else "fail", change, told)
            if not opendkim.missing:
                others.note(ours, opendkim.verify(octets), change, told)
    finally:
        opendkim.stop()
    theirs.print()
    if opendkim.missing:
        print(f"dkim: opendkim-testmsg left out, {opendkim.missing}")
    else:
        others.print()


def _dkimpy(dkim, octets, key):
    try:
        return dkim.verify(octets, dnsfunc=lambda name, timeout=5: key)
    except dkim.DKIMException:
        return False
