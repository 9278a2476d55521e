"""Set-ups of Postfix that ask the DNS as Weir does: with rspamd as its milter, and postscreen with DNS lists."""

import os
import pwd
import shutil
import subprocess
import time

from . import setups, zones

# What a balancer says of a client, so that each of them is a stranger from outside to whoever is measured.
PREAMBLE = f"PROXY TCP4 {zones.FIRST_CLIENT} 127.0.0.1 40000 25\r\n".encode()

MILTER_MAIN = """\
milter_default_action=tempfail
milter_protocol=6
milter_mail_macros=i {{mail_addr}} {{client_addr}} {{client_name}} {{auth_authen}}
smtpd_milters=inet:127.0.0.1:{milter}
smtpd_upstream_proxy_protocol=haproxy
relayhost=[127.0.0.1]:{sink}
smtp_dns_support_level=disabled
smtp_tls_security_level=none
default_destination_concurrency_limit=50
initial_destination_concurrency=50
"""
MILTER_SERVICE = "127.0.0.1:{port} inet n - n - 120 smtpd\n"
POSTSCREEN_LISTS = """\
postscreen_upstream_proxy_protocol=haproxy
postscreen_dnsbl_sites={lists}
postscreen_dnsbl_threshold=1
postscreen_dnsbl_action=drop
postscreen_greet_action=ignore
postscreen_greet_wait=1s
postscreen_pre_queue_limit=5000
postscreen_client_connection_count_limit=0
postscreen_cache_map=btree:$data_directory/postscreen_cache
"""

# Only what the measured Weir does as well: everything that is not named here is off.
LEAN = """\
options {{
  filters = "dkim";
  dns {{ nameserver = ["127.0.0.1:{dns}"]; timeout = 1s; }}
  local_addrs = [];
  tempdir = "{folder}/run";
  cache_file = "{folder}/db/symbols.cache";
  hs_cache_dir = "{folder}/db/";
  stats_file = "{folder}/db/stats.ucl";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  control_socket = "{folder}/run/rspamd.sock mode=0600";
  pidfile = "{folder}/run/rspamd.pid";
}}
logging {{ type = "file"; filename = "{folder}/log/rspamd.log"; level = "info"; }}
worker "rspamd_proxy" {{
{proxy}
}}
modules {{ path = "/usr/share/rspamd/plugins"; }}
spf {{ }}
dkim {{ }}
dmarc {{ }}
rbl {{
{lists}
}}
milter_headers {{ use = ["authentication-results"]; skip_local = false; skip_authenticated = false; }}
actions {{ reject = 15; add_header = 6; }}
group "all" {{
  symbols {{
    R_SPF_ALLOW {{ weight = -0.2; }} R_SPF_FAIL {{ weight = 1; }} R_DKIM_ALLOW {{ weight = -0.2; }}
    R_DKIM_REJECT {{ weight = 1; }} DMARC_POLICY_ALLOW {{ weight = -0.5; }} DMARC_POLICY_REJECT {{ weight = 2; }}
  }}
}}
"""
PROXY = """\
  bind_socket = "127.0.0.1:{port}";
  count = {count};
  milter = yes;
  timeout = 120s;
  upstream "local" {{ default = yes; self_scan = yes; }}
"""
CONTROLLER = """\
  bind_socket = "127.0.0.1:{port}";
  password = "bench";
  secure_ip = ["127.0.0.1"];
"""
LIST = '    bench{number} {{ rbl = "{zone}"; symbol = "BENCH_LIST_{number}"; checks = ["from"]; disable_monitoring = true; }}\n'


class Rspamd(setups.Setup):
    """rspamd as a milter that scans in its own process; lean, or as Debian ships it with the five lists beside."""

    def __init__(self, work, dns, lean=True, redis=None):
        name = "rspamd" if lean else "rspamd-redis" if redis else "rspamd-default"
        title = "rspamd, lean" if lean else "rspamd, Debian's modules" + (", Bayes in Redis" if redis else "")
        super().__init__(name, title, work)
        self.redis, self.controller = redis, setups.free_port()
        owner = pwd.getpwnam("_rspamd")
        for part in ("db", "run", "log"):
            os.mkdir(os.path.join(self.folder, part))
            os.chown(os.path.join(self.folder, part), owner.pw_uid, owner.pw_gid)
        words = {"folder": self.folder, "dns": dns.port}
        words["proxy"] = PROXY.format(port=self.port, count=os.cpu_count())
        words["controller"] = CONTROLLER.format(port=self.controller) if redis else "enabled = false;\n"
        words["lists"] = "  rbls {\n" + "".join(
            LIST.format(number=number, zone=zone) for number, zone in enumerate(zones.LISTS, 1)) + "  }"
        path, more = (self.lean if lean else self.shipped)(words)
        self.run(["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", path, *more], greets=False)
        self.wait()

    @staticmethod
    def missing():
        return None if shutil.which("rspamd") else "rspamd is not installed (apt-get install rspamd)"

    def lean(self, words):
        return self.write("rspamd.conf", LEAN.format(**words)), []

    def shipped(self, words):
        etc = os.path.join(self.folder, "etc")
        shutil.copytree("/etc/rspamd", etc)
        for name, text in {
                "options": 'dns {{ nameserver = ["127.0.0.1:{dns}"]; timeout = 1s; }}\n'.format(**words),
                "worker-proxy": words["proxy"], "worker-normal": "enabled = false;\n",
                "worker-controller": words["controller"], "rbl": words["lists"] + "\n",
                # All is to be taken, whatever the real messages score.
                "actions": "reject = 1000;\nadd_header = 900;\ngreylist = null;\n",
                "redis": f'servers = "127.0.0.1:{self.redis.port}";\n' if self.redis else "",
                # What would ask somebody out there.
                "fuzzy_check": "enabled = false;\n"}.items():
            kind = "inc" if name.startswith(("options", "worker")) else "conf"
            folder = "override.d" if name.startswith("worker") else "local.d"
            self.write(f"etc/{folder}/{name}.{kind}", text)
        places = {
            "CONFDIR": etc, "LOCAL_CONFDIR": etc, **{f"{name.upper()}DIR": os.path.join(self.folder, name)
                                                     for name in ("run", "db", "log")}}
        return os.path.join(etc, "rspamd.conf"), [f"--var={name}={place}" for name, place in places.items()]

    def learn(self, kind, paths):
        """Has its Bayes learn messages as `ham` or `spam`."""
        for start in range(0, len(paths), 50):
            subprocess.run(
                ["rspamc", "-h", f"127.0.0.1:{self.controller}", "-P", "bench", "learn_" + kind, *paths[start:start + 50]],
                capture_output=True, check=False, timeout=120)

    def wait(self, seconds=60):
        if setups.listens(self.port, seconds):
            return
        with open(self.log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"rspamd does not listen: {file.read()[-3000:]}")

    def lines(self):
        with open(os.path.join(self.folder, "log/rspamd.log"), encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()


class Redis(setups.Setup):
    """Where rspamd keeps what its Bayes has learnt, and its history."""

    def __init__(self, work):
        super().__init__("redis", "Redis", work)
        self.run(["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder, "--save", "",
                  "--appendonly", "no", "--daemonize", "no"], greets=False)
        if not setups.listens(self.port, 20):
            raise RuntimeError("Redis does not listen")

    @staticmethod
    def missing():
        return None if shutil.which("redis-server") else "redis-server is not installed (apt-get install redis-server)"


class PostfixWithMilter(setups.PostfixInstance):
    """Postfix with a queue, each message shown to the milter before it is taken."""

    def __init__(self, work, sink, milter, dns, lean=True):
        super().__init__(f"postfix-{milter.name}", f"Postfix + {milter.title}", work)
        self.milter = milter
        main = MILTER_MAIN.format(milter=milter.port, sink=sink.port)
        if not lean:
            main += "smtpd_peername_lookup=yes\n"
        self.launch(
            main, MILTER_SERVICE.format(port=self.port), PREAMBLE, None if lean else dns.resolv_conf())

    def parts(self):
        redis = {"Redis": self.milter.redis.group} if self.milter.redis else {}
        return {"Postfix": self.group, "rspamd": self.milter.group, **redis}

    def drain(self, seconds=60):
        """Waits until the queue is empty; what is left of it."""
        end = time.monotonic() + seconds
        while True:
            left = sum(
                len(names) for part in ("incoming", "active", "deferred", "maildrop")
                for *_, names in os.walk(os.path.join(self.folder, "spool", part)))
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.02)


class PostscreenWithLists(setups.PostfixInstance):
    """postscreen that drops whom the five lists name, by the C library's resolver led to the local zones."""

    def __init__(self, work, dns):
        super().__init__("postscreen-lists", "postscreen, five DNS lists", work)
        main = POSTSCREEN_LISTS.format(lists=" ".join(zones.LISTS))
        self.launch(
            main, setups.configurations.POSTSCREEN_SERVICE.format(port=self.port), PREAMBLE, dns.resolv_conf())

    def parts(self):
        return {"Postfix": self.group}


def total(parts, figure):
    """A figure of several groups: their CPU or memory together."""
    return sum(getattr(group, figure)() for group in parts.values())
