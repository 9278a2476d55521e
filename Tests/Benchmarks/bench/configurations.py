"""What the set-ups are configured with. Whatever departs from a default is written out here and printed."""

import os
import random
from ipaddress import ip_network

REFUSED_NETWORK = "127.1.0.0/16"

HAPROXY = """\
global
  nbthread {threads}
  maxconn 9000
defaults
  mode tcp
  timeout connect 5s
  timeout client 600s
  timeout server 600s
listen f
  bind 127.0.0.1:{port}
  server s 127.0.0.1:{sink} maxconn 9000
"""

POSTFIX_MAIN = """\
compatibility_level=3.6
queue_directory={folder}/spool
data_directory={folder}/data
command_directory=/usr/sbin
daemon_directory=/usr/lib/postfix/sbin
mail_owner=postfix
setgid_group=postdrop
myhostname=bench.example.test
mydestination=
inet_interfaces=127.0.0.1
inet_protocols=ipv4
mynetworks=127.0.0.0/8
smtpd_peername_lookup=no
smtpd_relay_restrictions=check_client_access static:OK, reject
smtpd_recipient_restrictions=
local_recipient_maps=
alias_maps=
default_process_limit=120
smtpd_client_connection_count_limit=0
smtpd_client_event_limit_exceptions=0.0.0.0/0
message_size_limit=60000000
mailbox_size_limit=0
smtpd_tls_security_level=none
smtpd_timeout=600s
in_flow_delay=0
maillog_file={folder}/log
maillog_file_prefixes={folder}
import_environment=MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C
"""
POSTSCREEN_MAIN = """\
postscreen_access_list=cidr:{deny}
postscreen_denylist_action=drop
postscreen_pre_queue_limit=5000
postscreen_client_connection_count_limit=0
postscreen_cache_map=btree:$data_directory/postscreen_cache
"""
PROXY_SERVICE = """\
127.0.0.1:{port} inet n - n - 120 smtpd
  -o smtpd_proxy_filter=127.0.0.1:{sink}
"""
# The defaults in all that concerns TLS (tickets, ciphers, groups, no line of log a handshake) but for the key.
TLS_SERVICES = """\
127.0.0.1:{port} inet n - n - 120 smtpd
  -o smtpd_proxy_filter=127.0.0.1:{sink}
  -o smtpd_tls_security_level=may
  -o smtpd_tls_chain_files={key},{certificate}
127.0.0.1:{implicit} inet n - n - 120 smtpd
  -o smtpd_proxy_filter=127.0.0.1:{sink}
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_wrappermode=yes
  -o smtpd_tls_chain_files={key},{certificate}
"""
POSTSCREEN_SERVICE = """\
127.0.0.1:{port} inet n - n - 1 postscreen
smtpd     pass  -       -       n       -       120     smtpd
dnsblog   unix  -       -       n       -       0       dnsblog
tlsproxy  unix  -       -       n       -       0       tlsproxy
"""
POSTFIX_MASTER = """\
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""

WEIR_TLS = """\
[tls]
certificate = "{certificate}"
key = "{key}"
"""
# TLS from the first byte is for one's own users: such a listener has logins, here of nobody.
WEIR_IMPLICIT = """\
[auth]
backend = "file:{users}"
"""

# Every client here is 127.x.y.z: the counts and rates of an address and of its subnet are raised out of the way.
# They are still counted, for none is "unlimited", and no client is of a relay network: each is a stranger.
RAISED_LIMITS = {
    "connections_per_address": 100_000,
    "connections_per_subnet": 100_000,
    "connection_rate_per_address": '"1000000/1m"',
    "connection_rate_per_subnet": '"1000000/1m"',
    "message_rate_per_address": '"100000000/1h"',
    "message_rate_per_subnet": '"100000000/1h"',
}

WEIR = """\
hostname = "mx.example.test"
[[listener]]
address = "127.0.0.1:{port}"
{listener}
[[backend]]
name = "sink"
address = "127.0.0.1:{sink}"
tls = "off"
identity = "{identity}"
recipients = "probe"
[relay]
domains = ["example.test"]
[limits]
{limits}
[dns]
{dns}
[lists]
folder = "Blocklists"
[rules]
folder = "Rules"
[log]
level = "info"
file = "{folder}/weir.log"
[state]
folder = "{folder}/state"
{settings}"""


def weir(port, sink, identity, folder, limits, settings, listener='tls = "off"', dns="enabled = false"):
    lines = "\n".join(f"{key} = {value}" for key, value in {**RAISED_LIMITS, **limits}.items())
    return WEIR.format(
        port=port, sink=sink, identity=identity, folder=folder, limits=lines, settings=settings, listener=listener,
        dns=dns)


def write_lists(folder):
    """Local lists of 20,000 entries, none of which the measured mail matches save REFUSED_NETWORK; returns their
    number."""
    chance = random.Random("weir lists")
    word = lambda: "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(5, 12)))
    octet = lambda: chance.randint(0, 255)
    network = lambda: str(ip_network(
        f"198.{chance.randint(18, 19)}.{octet()}.{octet()}/{chance.choice((24, 28, 32))}", strict=False))
    lists = {
        "block-bench.cidr": [f"{REFUSED_NETWORK} refused by the benchmark"]
        + [network() for _ in range(5000)],
        "allow-bench.cidr": [f"203.0.113.{octet()}/32" for _ in range(1000)],
        "block-bench.helo": [f"{word()}.{word()}.example" for _ in range(3000)],
        "block-bench.senders": [
            f"{word()}@{word()}.example" if number % 2 else f"@{word()}.example" for number in range(7000)],
        "block-bench.recipients": [f"{word()}@example.test" for _ in range(2000)],
        "block-bench.domains": [f"{word()}.example" for _ in range(2000)],
    }
    for name, entries in lists.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write("\n".join(dict.fromkeys(entries)) + "\n")
    return sum(map(len, lists.values()))
