extension Settings {
  /// The limits that a client meets, each of which `[[limits.network]]` can override.
  static let clientLimits: [(name: String, type: KeyType, defaultText: String, meaning: String)] = [
    (
      "connections_per_address", .countBound, "20",
      "Most connections at once from one address."
    ),
    ("connections_per_subnet", .countBound, "100", "Most connections at once from one subnet."),
    ("connection_rate_per_address", .rate, "120/1m", "Most new connections from one address."),
    ("connection_rate_per_subnet", .rate, "600/1m", "Most new connections from one subnet."),
    ("message_rate_per_address", .rate, "600/1h", "Most messages from one address."),
    ("message_rate_per_subnet", .rate, "3000/1h", "Most messages from one subnet."),
    (
      "unknown_recipients_per_address", .rate, "20/1h",
      "Most unknown recipients from one address; past it the address is blocked for harvest_block."
    ),
    (
      "unknown_recipients_per_subnet", .rate, "100/1h",
      "Most unknown recipients from one subnet; past it whoever of it asks for another is blocked for harvest_block."
    ),
    ("recipients", .countBound, "100", "Most recipients of a message (RFC 5321 section 4.5.3.1.8: 100)."),
    ("message_size", .sizeBound, "50MiB", "Largest message, as announced by SIZE."),
    ("errors", .countBound, "10", "Most refused commands in a session; past it 421."),
    ("commands", .countBound, "5000", "Most commands in a session; past it 421."),
    ("transactions", .countBound, "1000", "Most messages in a session; past it 421."),
  ]

  static let limitReference: [KeyReference] =
    [
      .table("limits", "What the gateway takes before it says 421, 450, 452 or 552."),
      .key("limits.connections", .countBound, "10000", "Most client connections at once, in all."),
    ] + clientLimits.map { .key("limits.\($0.name)", $0.type, $0.defaultText, $0.meaning) } + totals
    + [
      .tables(
        "limits.network", "Other limits for the clients of one network; the longest prefix counts."),
      .key("limits.network[].network", .network, "", "The network that these limits are for; required."),
      .key(
        "limits.network[].connections", .countBound, "",
        "Most client connections at once from the whole network; if not given, no bound of its own."),
    ]
    + clientLimits.map {
      .key("limits.network[].\($0.name)", $0.type, "", "As limits.\($0.name), for this network.")
    }

  private static let totals: [KeyReference] = [
    .key("limits.subnet_v4", .count(1...32), "24", "Prefix length of an IPv4 subnet in the limits above."),
    .key("limits.subnet_v6", .count(1...128), "64", "Prefix length of an IPv6 subnet in the limits above."),
    .key(
      "limits.header_size", .size(4096...(64 << 20)), "256KiB",
      "Largest header of a message; past it 552."),
    .key(
      "limits.line_length", .size(1000...(1 << 30)), "64KiB",
      "Longest line of a message, CRLF included (RFC 5321 section 4.5.3.1.6: at least 1000)."),
    .key(
      "limits.hops", .count(1...1000), "50",
      "Most Received lines; a message with more is in a loop and gets 554."),
    .key(
      "limits.memory", .sizeBound, "1GiB", "Bytes of all messages in flight held in memory; past it 452."),
    .key(
      "limits.memory_per_message", .size(0...(1 << 30)), "256KiB",
      "A message larger than this waits in a spool file."),
    .key(
      "limits.content_size", .size(65_536...(256 << 20)), "8MiB",
      "Octets of a message, from its beginning, that the checks of its content look at."),
    .key("limits.spool", .sizeBound, "10GiB", "Bytes in all spool files; past it 452."),
    .key(
      "limits.tracked_addresses", .count(1000...100_000_000), "100000",
      "Most addresses and subnets counted at once; past it the one idle longest is forgotten."),
    .key(
      "limits.harvest_block", .duration(.zero...(.seconds(30 * 86_400))), "1h",
      "How long an address that asked for too many unknown recipients is refused."),
    .key(
      "limits.trap_block", .duration(.zero...(.seconds(30 * 86_400))), "1h",
      "How long an address that wrote to a trap is refused."),
    .key(
      "limits.message_rate_per_user", .rate, "200/1h", "Most messages of a user who logged in; past it 450."),
    .key(
      "limits.recipient_rate_per_user", .rate, "1000/1h",
      "Most recipients of a user who logged in; past it 452."),
    .key(
      "limits.login_failures_per_subnet", .rate, "20/1h",
      "Most failed logins from one subnet; past it no login from there is tried for login_block, save by users"
        + " who logged in from there lately."),
    .key(
      "limits.login_failures_per_password", .rate, "20/1h",
      "Most failed logins with one password, whatever the user; past it that password is not tried, save by users"
        + " who logged in from the same subnet lately."),
    .key(
      "limits.login_block", .duration(.zero...(.seconds(30 * 86_400))), "15m",
      "How long no login from a subnet is tried after too many failed; mail from there is not touched."),
    .key(
      "limits.loop_delay", .duration(.milliseconds(10)...(.seconds(60))), "1s",
      "New connections get 421 while an event loop is late by more than this."),
    .key(
      "limits.descriptors_reserve", .count(0...1_000_000), "100",
      "New connections get 421 while fewer file descriptors than this are free."),
  ]

  static let timeoutReference: [KeyReference] = [
    .table("timeouts", "How long the gateway waits (RFC 5321 section 4.5.3.2)."),
    .key("timeouts.greeting", .timeout, "5m", "For the client's first command."),
    .key("timeouts.command", .timeout, "5m", "For each further command."),
    .key("timeouts.data", .timeout, "3m", "For the next bytes of a message."),
    .key("timeouts.message", .timeout, "1h", "For a whole transaction, MAIL to the last reply."),
    .key(
      "timeouts.verdict", .timeout, "1m",
      "For the checks' verdict; with backend_reply less than the ten minutes that a client waits."),
    .key("timeouts.idle", .timeout, "1m", "An unused session to a backend is closed after this."),
    .key("timeouts.backend_connect", .timeout, "30s", "For a backend's connection and greeting."),
    .key("timeouts.backend_reply", .timeout, "5m", "For each reply of a backend."),
    .key(
      "timeouts.min_data_rate", .size(0...(1 << 30)), "100",
      "Bytes a second that a message has to come at on average, once min_data_grace is over; 0 for any."),
    .key("timeouts.min_data_grace", .timeout, "30s", "How long a message may come more slowly at first."),
    .key(
      "timeouts.drain", .timeout, "30s", "For sessions in the middle of a message when the gateway stops."),
  ]
}

extension KeyType {
  /// A time-out: never none, at most a day.
  static let timeout = KeyType.duration(.milliseconds(1)...(.seconds(86_400)))
}
