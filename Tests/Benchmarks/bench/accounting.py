"""What a set-up's processes cost: CPU time and proportional memory, children that came and went included.

CPU time comes from a control group of the set-up's own: `cpuacct.usage` (version 1) or `cpu.stat` (version 2). Where
neither can be made, from /proc/PID/stat of the process tree, which counts children once they were waited for and is
only as fine as the kernel's clock tick.
"""

import os
import re
import signal
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def _mounts():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, place, kind, options = line.split()[:4]
            if kind == "cgroup" and "cpuacct" in options.split(","):
                yield 1, place
            elif kind == "cgroup2":
                yield 2, place


def _root():
    for version, place in sorted(_mounts()):
        folder = os.path.join(place, f"weir-bench-{os.getpid()}")
        try:
            os.mkdir(folder)
            return version, folder
        except OSError:
            continue
    return 0, None


VERSION, ROOT = _root()
METHOD = {0: "process tree in /proc", 1: "control group, cpuacct.usage", 2: "control group, cpu.stat"}[VERSION]


def remove_root():
    if ROOT:
        try:
            os.rmdir(ROOT)
        except OSError:
            pass


class Group:
    """The processes of one set-up."""

    def __init__(self, name):
        self.name = name
        self.processes = []
        self.extra_roots = []  # daemons that left their parent; asked for only without control groups
        self.folder = os.path.join(ROOT, name) if ROOT else None
        if self.folder:
            os.mkdir(self.folder)

    def _enter(self):
        os.setsid()
        if self.folder:
            with open(os.path.join(self.folder, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write(str(os.getpid()))

    def start(self, arguments, log, **more):
        with open(log, "ab") as output:
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=self._enter, **more)
        self.processes.append(process)
        return process

    def pids(self):
        if self.folder:
            with open(os.path.join(self.folder, "cgroup.procs"), encoding="ascii") as file:
                return [int(line) for line in file]
        children = {}
        for name in os.listdir("/proc"):
            fields = _stat(name) if name.isdigit() else None
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
        tree, waiting = [], [p.pid for p in self.processes if p.poll() is None] + self.extra_roots
        while waiting:
            pid = waiting.pop()
            tree.append(pid)
            waiting += children.get(pid, [])
        return tree

    def cpu(self):
        """Seconds of CPU since the group began."""
        if VERSION == 1:
            with open(os.path.join(self.folder, "cpuacct.usage"), encoding="ascii") as file:
                return int(file.read()) / 1e9
        if VERSION == 2:
            with open(os.path.join(self.folder, "cpu.stat"), encoding="ascii") as file:
                return int(re.search(r"usage_usec (\d+)", file.read()).group(1)) / 1e6
        return sum(sum(map(int, fields[11:15])) for fields in map(_stat, self.pids()) if fields) / TICK

    def pss(self):
        """MiB of memory, shared pages divided among those who share them."""
        kibibytes = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    kibibytes += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))
            except (OSError, AttributeError):
                continue
        return kibibytes / 1024

    def settle(self, seconds=20):
        """Waits until the group has nothing to do."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(0.3)
            if self.cpu() - before < 0.01:
                return

    def stop(self):
        for attempt in range(40):
            pids = self.pids()
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGTERM if attempt < 30 else signal.SIGKILL)
                except ProcessLookupError:
                    pass
            for process in self.processes:
                process.poll()
            time.sleep(0.1 if attempt < 10 else 0.3)
        if self.folder:
            try:
                os.rmdir(self.folder)
            except OSError:
                pass


def _stat(pid):
    """The fields of /proc/PID/stat from the state on; None of a process that is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None
