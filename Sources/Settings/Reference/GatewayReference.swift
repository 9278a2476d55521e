extension Settings {
  static let generalReference: [KeyReference] = [
    .key(
      "hostname", .hostname, "",
      "The name of the gateway in its greeting, in Received and in Authentication-Results; required."),
    .key(
      "user", .text, "",
      "Whom root becomes after it has bound its ports; without it root serves loopback listeners only."),
  ]

  static let listenerReference: [KeyReference] = [
    .tables("listener", "An address to listen on; without any, [::]:25 for both families, profile mx."),
    .key("listener[].address", .endpoint, "", "Address and port to listen on; required."),
    .key(
      "listener[].profile", .choice(ListenerSettings.Profile.words), "mx",
      "Whom the listener is for: mx for mail from the world, submission (STARTTLS and AUTH before any mail) and"
        + " submissions (the same, TLS from the first byte) for one's own users."),
    .key(
      "listener[].tls", .choice(ListenerSettings.TLS.words), "optional",
      "Whether STARTTLS is offered (where there is a [tls]), and whether mail is taken without it; on submission"
        + " optional means required."),
    .key(
      "listener[].proxy_protocol", .networks, "",
      "The balancers whose PROXY v1 or v2 preamble is believed, and then required."),
    .key("listener[].xclient", .networks, "", "The hosts whose XCLIENT and XFORWARD are believed."),
    .key("listener[].auth", .flag, "true", "Whether AUTH is offered here, where there is an [auth]."),
    .key(
      "listener[].auth_without_tls", .choice(ListenerSettings.PlaintextWord.words), "",
      "The word that allows mechanisms which show the password (PLAIN, LOGIN, bearer tokens) without TLS."),
    .key(
      "listener[].legacy_auth_line", .flag, "false",
      "Whether EHLO also says AUTH=PLAIN LOGIN, for clients of before RFC 2554."),
  ]

  static let backendReference: [KeyReference] = [
    .tables("backend", "A mail server that the gateway hands mail to; at least one, tried in their order."),
    .key("backend[].name", .text, "", "Its name in routes and in the log; the address if not given."),
    .key(
      "backend[].address", .endpoint, "",
      "Where it listens: address and port, name and port, or unix:/path; required."),
    .key("backend[].protocol", .choice(BackendSettings.WireProtocol.words), "smtp", "What it speaks."),
    .key(
      "backend[].tls", .choice(BackendSettings.TLS.words), "optional",
      "Whether STARTTLS is used towards it: where it is offered, or no mail without; verify: nor without the right"
        + " certificate."),
    .key(
      "backend[].tls_name", .hostname, "",
      "The name that its certificate has to be for; if not given, the name or address in backend.address."),
    .key(
      "backend[].tls_ca", .path, "",
      "The authorities, in PEM, one of which has to vouch for its certificate; if not given, the system's."),
    .key(
      "backend[].tls_pins", .texts, "",
      "Its public keys, \"sha256:HEX\" of the SubjectPublicKeyInfo: one has to be its own; name and authority then"
        + " do not count."),
    .key(
      "backend[].identity", .choice(BackendSettings.Identity.words), "auto",
      "How it is told the client's address; auto is xforward where that is offered, else header. xclient and proxy-v2"
        + " take a session for each client."),
    .key(
      "backend[].recipients", .text, "probe",
      "How the gateway knows its recipients: probe asks it, file:PATH reads a list, any takes all."),
    .key(
      "backend[].domains", .texts, "",
      "Only recipients in these domains go here; a leading dot means the sub-domains; empty: all."),
    .key("backend[].routes", .path, "", "A map file of routes, read beside that of [relay]."),
    .key("backend[].connections", .count(1...100_000), "100", "Most delivery sessions open to it at once."),
    .key(
      "backend[].session_age", .duration(.seconds(1)...(.seconds(86_400))), "5m",
      "A session older than this is closed after its message."),
    .key(
      "backend[].session_messages", .count(1...1_000_000), "100",
      "A session that carried that many messages is closed."),
    .key(
      "backend[].probe_sessions", .count(0...1000), "",
      "Most probe sessions open to it at once; if not given, recipients.probes_per_backend."),
    .key(
      "backend[].health_interval", .duration(.seconds(1)...(.seconds(86_400))), "10s",
      "How often a backend that failed is tried again."),
  ]

  static let relayReference: [KeyReference] = [
    .table("relay", "For whom the gateway takes mail."),
    .key(
      "relay.domains", .texts, "",
      "The domains that mail is taken for; a leading dot means the sub-domains, not the name itself."),
    .key(
      "relay.networks", .networks, "",
      "The networks that may send anywhere; exempt from stranger checks and per-address limits."),
    .key(
      "relay.certificates", .texts, "",
      "The client certificates that may send anywhere: \"sha256:HEX\", or \"CN=name\" (or the whole subject) where it"
        + " leads to an authority of tls.client_ca."),
    .key(
      "relay.senders", .table, "",
      "Narrows a network to these senders: { \"192.0.2.0/24\" = [\"@example.org\"] }."),
    .key(
      "relay.senders.*", .texts, "",
      "Senders of that network: user@domain, @domain, .domain for the sub-domains, <> for the null sender."),
    .key(
      "relay.complete_domain", .hostname, "",
      "The domain that completes a bare local part; without it such a recipient is refused."),
    .key(
      "relay.open", .choice([RelaySettings.openWord]), "",
      "The word that allows relay networks as wide as the internet."),
    .key("relay.routes", .path, "", "A map file: domain or address, backend, and maybe a rewritten address."),
  ]

  static let recipientReference: [KeyReference] = [
    .table("recipients", "How answers about recipients are asked for and kept."),
    .key(
      "recipients.known_lifetime", .duration(.zero...(.seconds(30 * 86_400))), "1h",
      "How long a recipient that the backend takes is taken without asking again."),
    .key(
      "recipients.unknown_lifetime", .duration(.zero...(.seconds(30 * 86_400))), "10m",
      "How long a recipient that the backend refuses is refused without asking again."),
    .key(
      "recipients.refused_lifetime", .duration(.zero...(.seconds(30 * 86_400))), "4h",
      "How long a recipient that was refused only at delivery is remembered as refused."),
    .key("recipients.cache_entries", .count(0...10_000_000), "100000", "Most answers kept."),
    .key(
      "recipients.probes_per_backend", .count(0...1000), "4",
      "Most probe sessions open to one backend at once; past it a recipient waits, and gets 451 where it waits"
        + " too long."),
    .key(
      "recipients.probes_waiting", .count(1...100_000), "500",
      "Most recipients that one backend is being asked for at once; past it a recipient gets 451."),
    .key(
      "recipients.probe_session_refusals", .count(1...10_000), "5",
      "A probe session is closed after that many refusals."),
    .key(
      "recipients.probe_session_probes", .count(1...100_000), "50",
      "A probe session is closed after that many probes."),
    .key(
      "recipients.vrfy", .flag, "false",
      "Whether VRFY answers relay networks from the cache; else it is 252 for everyone."),
  ]
}
