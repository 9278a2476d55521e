import Settings
import Testing

/// Each case: the lines after the three that every file has (so the first is line 4), and exactly what is said.
@Suite struct BadConfigurationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let expected: [String]
    init(_ text: String, _ expected: String...) {
      self.text = text
      self.expected = expected
    }
    var testDescription: String { text.replacing("\n", with: " ⏎ ") }
  }

  static let unknownKeys = [
    Case(
      "[limits]\nconections = 10", "5:1: unknown key 'conections' in [limits]; did you mean 'connections'?"),
    Case("usr = \"weir\"", "4:1: unknown key 'usr'; did you mean 'user'?"),
    Case("[limts]\nerrors = 10", "4:1: unknown table 'limts'; did you mean 'limits'?"),
    Case("[zzz]", "4:1: unknown table 'zzz'"),
    Case(
      "[[listener]]\naddress = \"127.0.0.1:2525\"\nadress = \"x\"",
      "6:1: unknown key 'adress' in [[listener]]; did you mean 'address'?"),
    Case("[log]\nmemory = \"1GiB\"", "5:1: unknown key 'memory' in [log]; it belongs in [limits]"),
    Case("connections = 5", "4:1: unknown key 'connections'; it belongs in [[backend]]"),
    Case("[log]\n\"a\\u0007b\" = 1", "5:1: unknown key 'a\\u{7}b' in [log]"),
    Case(
      "[checks.own_domain]\nweights = { FORGED = \"high\" }",
      "5:22: checks.own_domain.weights.FORGED: expected a number, such as 5.0; found the text \"high\""),
    Case("limits = 5", "4:10: 'limits' is a table: write [limits] on a line of its own; found the number 5"),
    Case(
      "listener = \"x\"",
      "4:12: 'listener' is a table: write [[listener]] on a line of its own; found the text \"x\""),
    Case(
      "[listener]\naddress = \"127.0.0.1:2525\"",
      "4:1: [listener] can be there more than once: write [[listener]]"),
    Case("listener = [5]", "4:13: [[listener]] is a table: expected keys; found the number 5"),
  ]

  static let values = [
    Case(
      "[rules]\noff = [\"A\"]\nshadow = [\"B\", \"A\"]",
      "6:16: rules.shadow: \"A\" stands in rules.off, too: leave it in one of them"),
    Case(
      "limits.connections = \"many\"",
      "4:22: limits.connections: expected a whole number from 0, such as 100, or \"unlimited\";"
        + " found the text \"many\""),
    Case(
      "limits.connections = -1",
      "4:22: limits.connections: expected a whole number from 0, such as 100, or \"unlimited\"; found the number -1"
    ),
    Case(
      "limits.connections = 9223372036854775807",
      "4:22: limits.connections: at most 1000000000; no bound at all is \"unlimited\";"
        + " found the number 9223372036854775807"),
    Case(
      "limits.spool = 9223372036854775807",
      "4:16: limits.spool: at most 1024TiB; no bound at all is \"unlimited\";"
        + " found the number 9223372036854775807"),
    Case(
      "limits.memory = \"8388607TiB\"",
      "4:17: limits.memory: at most 1024TiB; no bound at all is \"unlimited\"; found the text \"8388607TiB\""),
    Case(
      "limits.message_rate_per_address = \"999999999999999/1h\"",
      "4:35: limits.message_rate_per_address: at most 1000000000; no bound at all is \"unlimited\";"
        + " found the text \"999999999999999/1h\""),
    Case(
      "limits.harvest_block = \"99999999d\"",
      "4:24: limits.harvest_block: expected a duration from \"0s\" to \"30d\", such as \"500ms\", \"90s\", \"5m\","
        + " \"2h\", \"7d\"; found the text \"99999999d\""),
    Case(
      "limits.memory = 65535", "4:17: limits.memory = 65535 holds no message: each takes 64KiB to begin with"),
    Case(
      "limits.subnet_v4 = 33",
      "4:20: limits.subnet_v4: expected a whole number from 1 to 32; found the number 33"),
    Case(
      "limits.subnet_v6 = 0",
      "4:20: limits.subnet_v6: expected a whole number from 1 to 128; found the number 0"),
    Case("limits.message_size = \"50MB\"", "4:23: limits.message_size: \"50MB\": write \"50MiB\""),
    Case("limits.message_size = \"64 kib\"", "4:23: limits.message_size: \"64 kib\": write \"64KiB\""),
    Case("limits.message_size = 1979-05-27", "4:23: this is not TOML: no setting takes a date or a time"),
    Case("limits.message_size = 50MiB", "4:23: this is not TOML: this is no number; a text stands in quotes"),
    Case("limits.message_size = 010", "4:23: this is not TOML: this is no number; a text stands in quotes"),
    Case(
      "limits.message_size = 0x10.5", "4:23: this is not TOML: this is no number; a text stands in quotes"),
    Case(
      "limits.message_rate_per_address = \"600/h\"",
      "4:35: limits.message_rate_per_address: expected a rate, such as \"120/1m\", 0, or \"unlimited\";"
        + " found the text \"600/h\""),
    Case(
      "timeouts.command = 300",
      "4:20: timeouts.command: expected a duration from \"1ms\" to \"1d\", such as \"500ms\", \"90s\", \"5m\","
        + " \"2h\", \"7d\"; found the number 300"),
    Case(
      "timeouts.command = \"0s\"",
      "4:20: timeouts.command: expected a duration from \"1ms\" to \"1d\", such as \"500ms\", \"90s\", \"5m\","
        + " \"2h\", \"7d\"; found the text \"0s\""),
    Case("log.level = \"inof\"", "4:13: log.level: \"inof\" is unknown; did you mean \"info\"?"),
    Case(
      "log.format = 'xml'", "4:14: log.format: expected one of \"text\", \"json\"; found the text \"xml\""),
    Case("recipients.vrfy = 1", "4:19: recipients.vrfy: expected true or false; found the number 1"),
    Case(
      "actions.tag = nan",
      "4:15: actions.tag: expected a score, such as 5.0, or \"unlimited\" for never; found the number nan"),
    Case("user = [\"weir\"]", "4:8: user: expected a text in quotes; found a list"),
    Case("user = \"a\\u000ab\"", "4:8: user: no control characters in it, please: \"a\\nb\""),
    Case(
      "relay.complete_domain = \"192.0.2.1\"",
      "4:25: relay.complete_domain: \"192.0.2.1\" is an address, not a name"),
    Case(
      "dns.servers = [\"one\"]",
      "4:16: dns.servers: expected \"IP\" or \"IP@port\", such as \"127.0.0.1@5354\"; found \"one\""),
    Case(
      "dns.watch = [\"192.0.2.1\", \"mx\"]",
      "4:27: dns.watch: expected an address, such as \"192.0.2.1\"; found \"mx\""),
    Case(
      "trace.abuse_zone = \"abuse zone\"",
      "4:20: trace.abuse_zone: \"abuse zone\" holds \" \", which no domain does; write a DNS zone such as \"abuse-contacts.abusix.zone\", or \"-\" for none"
    ),
    Case(
      "dns.cache = \"1KiB\"",
      "4:13: dns.cache: expected a size from 1MiB to 64GiB, such as \"64KiB\", \"50MiB\", or a number of bytes;"
        + " found the text \"1KiB\""),
    Case(
      "dns.outgoing = 5", "4:16: dns.outgoing: expected a whole number from 16 to 60000; found the number 5"),
    Case("dns.dnssec = 1", "4:14: dns.dnssec: expected true or false; found the number 1"),
    Case(
      "rules.time = \"1h\"",
      "4:14: rules.time: expected a duration from \"1ms\" to \"10s\", such as \"500ms\", \"90s\", \"5m\", \"2h\", \"7d\";"
        + " found the text \"1h\""),
    Case(
      "rules.programs = [\"/usr/bin/spamc\", \"spamc\"]",
      "4:37: rules.programs: \"spamc\" is no absolute path, such as \"/usr/bin/spamc\""),
  ]

  static let addresses = [
    Case(
      "listener = [{ address = \"25\" }]",
      "4:25: listener.address: \"25\": no port: write ADDRESS:PORT; for example \"192.0.2.1:25\" or"
        + " \"[2001:db8::1]:25\""),
    Case(
      "listener = [{ address = \"mx.example.org:25\" }]",
      "4:25: listener.address: \"mx.example.org\" is a name: write the address to listen on, such as \"0.0.0.0:25\""
    ),
    Case(
      "[[listener]]\ntls = \"off\"", "4:1: listener.address is missing: write address = \"0.0.0.0:25\""),
    Case(
      "[[listener]]\naddress = \"0.0.0.0:25\"\n\n[[listener]]\naddress = \"0.0.0.0:25\"",
      "8:11: listener.address: 0.0.0.0:25 is listened on already in line 5: remove one of the two"),
    Case(
      "listener = [{ address = \"[::]:10025\" }]",
      "3:24: backend.address: 127.0.0.1:10025 is where this gateway listens itself ([::]:10025): write where your"
        + " mail server listens"),
    Case(
      "relay.networks = [\"10.0.0.1/8\"]",
      "4:19: relay.networks: \"10.0.0.1/8\": host bits set below the /8: write 10.0.0.0/8"),
    Case(
      "relay.networks = [\"10.0.0.0/8\", \"10.0.0.0/33\"]",
      "4:33: relay.networks: \"10.0.0.0/33\": prefix length out of range: 0 to 32"),
    Case(
      "relay.networks = [\"my-net\"]",
      "4:19: relay.networks: \"my-net\": not an address; for example \"192.0.2.0/24\""),
    Case(
      "relay.networks = [10]", "4:19: relay.networks: expected a text in quotes here; found the number 10"),
    Case(
      "relay.senders = { \"192.0.2.0/24\" = [\"@example.org\"] }",
      "4:19: relay.senders: 192.0.2.0/24 is not within relay.networks: add it there, or nobody in it may send"
    ),
    Case(
      "relay.networks = [\"192.0.2.0/24\"]\nrelay.senders = { \"192.0.2.0/24\" = [\"root\", 5] }",
      "5:37: relay.senders: \"root\" is no sender: write user@example.org, @example.org, .example.org or <>",
      "5:45: relay.senders: expected a sender in quotes; found the number 5"),
    Case(
      "[[limits.network]]\nerrors = 5",
      "4:1: limits.network.network is missing: write network = \"192.0.2.0/24\""),
    Case(
      "[[limits.network]]\nnetwork = \"10.0.0.0/8\"\n[[limits.network]]\nnetwork = \"10.0.0.0/8\"",
      "7:11: limits.network: 10.0.0.0/8 has limits already: put both in one table"),
    Case(
      "[[limits.network]]\nnetwork = \"10.0.0.0/8\"\nmemory = \"1GiB\"",
      "6:1: unknown key 'memory' in [[limits.network]]; it belongs in [limits]"),
  ]

  static let together = [
    Case(
      "[actions]\nreject = 12\ntag = 13",
      "5:10: actions.tag = 13.0 is above actions.reject = 12.0: the order is tag, defer, quarantine, reject"),
    Case(
      "[actions]\ntag = 5\ndefer = 4\nreject = 3",
      "6:9: actions.tag = 5.0 is above actions.defer = 4.0: the order is tag, defer, quarantine, reject",
      "7:10: actions.defer = 4.0 is above actions.reject = 3.0: the order is tag, defer, quarantine, reject"),
    Case(
      "[actions]\nquarantine = 4\ntag = 5",
      "5:14: actions.tag = 5.0 is above actions.quarantine = 4.0: the order is tag, defer, quarantine, reject"
    ),
    Case(
      "[outbox]\nretry = []",
      "5:9: outbox.retry: at least one wait, such as [\"1m\", \"5m\", \"1h\"]"),
    Case(
      "[outbox]\nretry = [\"1m\", \"soon\"]",
      "5:16: outbox.retry: \"soon\" is no duration, such as \"90s\", \"5m\", \"2h\""),
    Case(
      "[outbox]\nretry = [\"0s\"]", "5:10: outbox.retry: \"0s\" is not from \"1s\" to \"7d\""),
    Case(
      "[outbox]\nretry = \"1m\"",
      "5:9: outbox.retry: expected a list of durations from \"1s\" to \"7d\", such as [\"90s\", \"5m\", \"2h\"];"
        + " found the text \"1m\""),
    Case(
      "actions.enforce_at = \"message\"",
      "4:22: actions.enforce_at: expected one of \"connect\", \"hello\", \"mail\", \"recipient\"; only a check's own"
        + " enforce_at can be \"message\""),
    Case(
      "timeouts.verdict = \"6m\"",
      "4:20: timeouts.verdict = 6m and timeouts.backend_reply = 5m are together above the 10m that a client waits"
        + " (RFC 5321 section 4.5.3.2.6): it would send the message again"),
    Case(
      "[limits]\nmemory = 1000\nmemory_per_message = \"4KiB\"",
      "5:10: limits.memory = 1000 holds no message: each takes 64KiB to begin with",
      "6:22: limits.memory_per_message = 4KiB is above limits.memory = 1000: no message would fit",
      "6:22: warning: limits.memory_per_message = 4KiB counts as limits.header_size = 256KiB: the whole header is"
        + " judged in memory; lower both"),
    Case(
      "[replies]\nRELAY_DENIED = \"no {clinet}\"",
      "5:16: replies.RELAY_DENIED: unknown variable {clinet}; did you mean 'client'?"),
    Case("[replies]\nRELAY_DENIED = \"no {client\"", "5:16: replies.RELAY_DENIED: a { without its }"),
    Case(
      "[replies]\nRELAY_DENIED = \"nö\"",
      "5:16: replies.RELAY_DENIED: a reply is plain ASCII (RFC 5321 section 4.2)"),
    Case(
      "[replies]\nrelay = \"no\"",
      "5:1: replies: \"relay\" is no reason code: one is upper-case words with underscores, such as RELAY_DENIED"
    ),
    Case(
      "[checks.greylist]\nmode = \"enforce\"",
      "5:8: the check greylist is not built yet: it could not enforce anything; use \"off\""),
    Case(
      "[[listener]]\naddress = \"127.0.0.1:2525\"\nprofile = \"submissions\"\ntls = \"required\"",
      "6:11: listener.profile = \"submissions\" is TLS from the first byte: write [tls] certificate and key",
      "6:11: listener.profile = \"submissions\" needs an [auth] backend: nobody could log in"),
  ]

  @Test(arguments: unknownKeys + values + addresses + together)
  func isReportedWhereItStands(_ bad: Case) {
    let reading = readWith(bad.text)
    #expect(reading.lines == bad.expected.map { "weir.toml:\($0)" })
    #expect(reading.settings == nil)
  }

  static let wholeFiles = [
    Case(
      "",
      "1:1: hostname is missing: write hostname = \"mx.example.org\", the name that this machine's address"
        + " resolves to",
      "1:1: no [[backend]]: write [[backend]] and below it address = \"127.0.0.1:10025\", where your mail server"
        + " listens",
      "1:1: warning: relay.domains is empty: every recipient is refused; write domains = [\"example.org\"] in"
        + " [relay]"),
    Case(
      "hostname = \"mx_\"\nhostname = \"b\"",
      "2:12: this is not TOML: Error while parsing key-value pair: cannot redefine existing string 'hostname'"
    ),
    Case("hostname = ", "1:12: this is not TOML: expected a value; the file ends here"),
    Case("hostname = \"a\0b\"", "1:14: a NUL byte: a configuration is plain text in UTF-8"),
    Case("hostname = \"a\\u0000b\"", "1:14: this is not TOML: a NUL has no place in a setting"),
    Case(
      """
      hostname = "mx.example.org."
      [relay]
      domains = ["*.example.org", "@example.org", "exa mple.org", "-a.example", "example..org"]
      [[backend]]
      name = "my server"
      address = "backend:0"
      protocol = "lmpt"
      identity = "xclient"
      recipients = "file:"
      tls = "verify"
      [[backend]]
      name = "two"
      [[backend]]
      name = "my server"
      address = "unix:/run/lmtp"
      """,
      "1:12: hostname: \"mx.example.org.\" ends in a dot: write it without",
      "3:12: relay.domains: \"*.example.org\" has a star: write \".example.org\" for the sub-domains",
      "3:29: relay.domains: \"@example.org\" is an address: write the domain alone, \"example.org\"",
      "3:45: relay.domains: \"exa mple.org\" holds \" \", which no domain does",
      "3:61: relay.domains: \"-a.example\" has a label that begins or ends with a hyphen",
      "3:75: relay.domains: \"example..org\" has two dots in a row or one in front",
      "5:8: backend.name: \"my server\" has to be one word, such as \"main\"",
      "6:11: backend.address: port 0 is none to connect to: write the backend's, such as 25",
      "7:12: backend.protocol: \"lmpt\" is unknown; did you mean \"lmtp\"?",
      "9:14: backend.recipients: expected \"probe\", \"any\" or \"file:PATH\", such as \"file:recipients\"; found"
        + " the text \"file:\"",
      "11:1: backend.address is missing: write address = \"127.0.0.1:10025\"",
      "14:8: backend.name: \"my server\" has to be one word, such as \"main\"",
      "14:8: backend.name: \"my server\" is the name of the backend in line 4 too: give each its own"),
  ]

  static let syntax = [
    Case("hostname mx", "1:10: this is not TOML: expected = and a value; found \"m\""),
    Case(
      "hostname = mx.example.org",
      "1:12: this is not TOML: expected a value; a text stands in quotes; found \"m\""),
    Case("user = \"weir", "1:13: this is not TOML: expected a closing \"; the file ends here"),
    Case("user = 'weir\nx = 1", "1:13: this is not TOML: expected a closing '; the line ends here"),
    Case(
      "user = \"we\\ir\"",
      "1:11: this is not TOML: unknown escape: there are \\n \\t \\r \\b \\f \\\" \\\\ \\uXXXX and \\UXXXXXXXX"
    ),
    Case("user = \"\\ud800\"", "1:9: this is not TOML: expected 4 hexadecimal digits of a character"),
    Case("[limits\nerrors = 1", "1:8: this is not TOML: expected ]; the line ends here"),
    Case("[[listener]\n", "1:12: this is not TOML: expected ]]; the line ends here"),
    Case("x = [1, 2\ny = 3", "2:1: this is not TOML: expected a comma or ]; found \"y\""),
    Case("x = { a = 1", "1:12: this is not TOML: expected a comma or }; the file ends here"),
    Case("x = { a = 1, }", "1:14: this is not TOML: expected a key; found \"}\""),
    Case("x = 1 y = 2", "1:7: this is not TOML: expected the end of the line; found \"y\""),
    Case("x = = 2", "1:5: this is not TOML: expected a value; a text stands in quotes; found \"=\""),
    Case("ü = 2", "1:1: this is not TOML: expected a key; found \"ü\""),
    Case(
      "x = \"a\u{1}\"", "1:7: this is not TOML: expected no control character in a text; found \"\\u{1}\""),
  ]

  @Test(arguments: wholeFiles + syntax)
  func isReportedInOnePass(_ bad: Case) {
    let reading = read(bad.text)
    let lines = reading.lines.filter { !$0.contains("warning: relay.domains is empty") || bad.text.isEmpty }
    #expect(lines == bad.expected.map { "weir.toml:\($0)" })
    #expect(reading.settings == nil)
  }

  @Test func filesThatAreNotThere() {
    let reading = Settings.read(
      text: """
        hostname = "mx.example.org"
        [relay]
        domains = ["example.org"]
        routes = "routes.map"
        [[backend]]
        address = "127.0.0.1:10025"
        recipients = "file:recipients"
        routes = "/srv/there"
        [tls]
        certificate = "cert.pem"
        """, file: "/etc/weir/weir.toml", fileExists: { $0 == "/srv/there" })
    #expect(
      reading.lines == [
        "/etc/weir/weir.toml:4:10: relay.routes: there is no file \"/etc/weir/routes.map\"",
        "/etc/weir/weir.toml:7:14: backend.recipients: there is no file \"/etc/weir/recipients\"",
        "/etc/weir/weir.toml:9:1: tls.key is missing: write key = \"/etc/weir/tls/key.pem\"",
        "/etc/weir/weir.toml:10:15: tls.certificate: there is no file \"/etc/weir/cert.pem\"",
      ])
  }

  /// What is worth saying and no reason to refuse.
  static let warnings = [
    Case(
      "quarantine.size = \"1MiB\"\nlimits.message_size = \"2MiB\"\noutbox.size = \"2MiB\"",
      "4:19: warning: quarantine.size = 1MiB is less than the largest message that is taken, limits.message_size = 2MiB:"
        + " one that is to be held and larger is refused with 552"),
    Case(
      "outbox.size = \"60MiB\"\n[[limits.network]]\nnetwork = \"192.0.2.0/24\"\nmessage_size = \"unlimited\"",
      "4:15: warning: outbox.size = 60MiB is less than the largest message that is taken, limits.message_size ="
        + " \"unlimited\": one that is to be handed on and larger is refused with 552"),
    Case(
      "dns.servers = [\"192.0.2.53\", \"8.8.8.8@53\"]",
      "4:30: warning: dns.servers: 8.8.8.8 is a public resolver, which DNS lists refuse to answer or mislead; leave"
        + " servers empty, and the gateway resolves by itself"),
    Case(
      "limits.memory = \"unlimited\"",
      "4:17: warning: limits.memory = \"unlimited\": load can take all memory of this machine"),
    Case(
      "limits.spool = \"10MiB\"",
      "4:16: warning: limits.spool = 10MiB holds no message of limits.message_size = 50MiB: such a one gets 452 for ever"
    ),
    Case(
      "[checks.greylist]\nmode = \"shadow\"",
      "4:1: warning: the check greylist is not built yet and has no effect"),
  ]

  @Test(arguments: warnings)
  func isWarnedAbout(_ odd: Case) {
    let reading = readWith(odd.text)
    #expect(reading.lines == odd.expected.map { "weir.toml:\($0)" })
    #expect(reading.settings != nil)
  }

  @Test func domainsWithoutABackend() {
    let reading = read(
      """
      hostname = "mx.example.org"
      [relay]
      domains = ["example.org", "example.net"]
      [[backend]]
      address = "127.0.0.1:10025"
      domains = ["example.org", "example.com"]
      """)
    #expect(
      reading.lines == [
        "weir.toml:3:11: warning: relay.domains: no backend takes example.net: add it to the domains of one, or its"
          + " mail waits for ever",
        "weir.toml:6:11: warning: backend.domains: example.com is not in relay.domains: mail for it from outside is"
          + " refused",
      ])
    #expect(reading.settings != nil)
  }
}
