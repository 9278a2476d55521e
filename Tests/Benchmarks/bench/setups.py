"""The set-ups that are measured: each starts processes of its own on 127.0.0.1, in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import time

from . import configurations
from .accounting import Group


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port, seconds):
    """Whether somebody listens at the port within so many seconds; what he says is not waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def wait_for(port, process=None, seconds=30, preamble=b""):
    """Waits until the port greets whoever says the preamble."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process and process.poll() is not None:
            raise RuntimeError(f"exited with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as peer:
                peer.sendall(preamble)
                if peer.recv(4):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"port {port} did not greet")


class Setup:
    """A set-up that runs; `title` names it in the tables, `port` is where clients go."""

    def __init__(self, name, title, work):
        self.name, self.title = name, title
        self.folder = os.path.join(work, name)
        self.log = os.path.join(self.folder, "output")
        self.port = free_port()
        self.group = Group(name)
        os.makedirs(self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run(self, arguments, greets=True, preamble=b"", **more):
        process = self.group.start(arguments, self.log, **more)
        try:
            if greets:
                wait_for(self.port, process, preamble=preamble)
        except RuntimeError as error:
            self.group.stop()
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise RuntimeError(f"{self.title}: {error}\n{file.read()[-3000:]}") from None

    def stop(self):
        self.group.stop()


class Sink(Setup):
    """The bare sink that everything ends in; with `keeps`, what comes from <keep@...> lies in the file `kept`."""

    def __init__(self, work, programs, xforward=False, keeps=False):
        name = "sink-xforward" if xforward else "sink-keeps" if keeps else "sink"
        super().__init__(name, "bare sink" + (" with XFORWARD" if xforward else ""), work)
        self.kept = os.path.join(self.folder, "kept")
        more = ["-x"] if xforward else ["-k", self.kept] if keeps else []
        self.run([os.path.join(programs, "smtpsink"), str(self.port), *more])

    def ask(self, command):
        with socket.create_connection(("127.0.0.1", self.port), 5) as peer:
            stream = peer.makefile("rwb")
            stream.readline()
            stream.write(command.encode() + b"\r\n")
            stream.flush()
            return stream.readline().decode()

    def reset(self):
        self.ask("XRESET")

    def counts(self):
        """messages, octets, distinct, duplicates since the last reset."""
        return {key: int(value) for key, value in (pair.split("=") for pair in self.ask("XCOUNT").split()[1:])}


class HAProxy(Setup):
    def __init__(self, work, sink):
        super().__init__("haproxy", "HAProxy, TCP only", work)
        text = configurations.HAPROXY.format(port=self.port, sink=sink.port, threads=os.cpu_count())
        self.run(["haproxy", "-db", "-f", self.write("haproxy.cfg", text)])

    @staticmethod
    def missing():
        return None if shutil.which("haproxy") else "haproxy is not installed (apt-get install haproxy)"


class PostfixInstance(Setup):
    """A Postfix of its own in its own folder."""

    def __init__(self, name, title, work):
        super().__init__(name, title, work)
        owner = pwd.getpwnam("postfix")
        for part in ("spool", "data"):
            os.mkdir(os.path.join(self.folder, part))
        os.chown(os.path.join(self.folder, "data"), owner.pw_uid, owner.pw_gid)
        os.chown(self.write("log", ""), owner.pw_uid, owner.pw_gid)

    def launch(self, main, services, preamble=b"", resolv_conf=None):
        """Starts it with these lines beyond the common ones; with a resolv.conf, in a mount namespace that has it."""
        self.write("main.cf", configurations.POSTFIX_MAIN.format(folder=self.folder) + main)
        self.write("master.cf", services + configurations.POSTFIX_MASTER)
        command = ["postfix", "-c", self.folder, "start"]
        if resolv_conf:
            script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
            command = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "-", resolv_conf, *command]
        self.run(command, greets=False)
        pid_file = os.path.join(self.folder, "spool/pid/master.pid")
        end = time.monotonic() + 20
        while time.monotonic() < end and not (os.path.exists(pid_file) and os.path.getsize(pid_file)):
            time.sleep(0.1)
        with open(pid_file, encoding="ascii") as file:
            self.group.extra_roots.append(int(file.read()))
        wait_for(self.port, preamble=preamble)

    @staticmethod
    def missing():
        if not shutil.which("postfix"):
            return "postfix is not installed (apt-get install postfix)"
        return None if os.geteuid() == 0 else "Postfix runs as root only"

    def stop(self):
        subprocess.run(["postfix", "-c", self.folder, "stop"], capture_output=True, timeout=60, check=False)
        super().stop()


class Postfix(PostfixInstance):
    """Postfix with `smtpd_proxy_filter`, or postscreen with a static deny list.

    With a `pair` of certificate and key it has STARTTLS, and TLS from the first byte at the port `implicit`.
    """

    def __init__(self, work, sink=None, pair=None, name=None):
        usual, title = ("postfix", "Postfix smtpd_proxy_filter") if sink else ("postscreen", "postscreen, deny list")
        super().__init__(name or usual, title, work)
        self.implicit = free_port() if pair else None
        deny = self.write("deny.cidr", f"{configurations.REFUSED_NETWORK} reject\n")
        main = "" if sink else configurations.POSTSCREEN_MAIN.format(deny=deny)
        front = configurations.PROXY_SERVICE if sink else configurations.POSTSCREEN_SERVICE
        if pair:
            front = configurations.TLS_SERVICES
        self.launch(main, front.format(
            port=self.port, sink=sink and sink.port, implicit=self.implicit, key=pair and pair.key,
            certificate=pair and pair.certificate))


class Weir(Setup):
    """The gateway, built beforehand; `settings` are lines of configuration beyond the common ones."""

    def __init__(self, work, binary, name, title, sink, identity="header", limits=None, settings="",
                 listener='tls = "off"', greets=True, preamble=b"", dns="enabled = false", zones=None, rules=None):
        super().__init__(name, title, work)
        lists = os.path.join(self.folder, "Blocklists")
        os.mkdir(lists)
        self.entries = configurations.write_lists(lists)
        if zones:
            self.write("Blocklists/zones.toml", zones)
        os.mkdir(os.path.join(self.folder, "Rules"))
        for file, text in (rules or {}).items():
            self.write("Rules/" + file, text)
        self.configuration = configurations.weir(
            self.port, sink.port, identity, self.folder, limits or {}, settings, listener, dns)
        self.run([binary, "serve", "--config", self.write("weir.toml", self.configuration)], greets, preamble)

    def log_lines(self):
        with open(os.path.join(self.folder, "weir.log"), "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
