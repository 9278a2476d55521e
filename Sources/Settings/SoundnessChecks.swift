internal import Bytes
internal import NetAddress

/// What no single key shows: settings that contradict each other, or that together are no sound gateway.
struct SoundnessChecks {
  let settings: Settings
  let root: Section
  let files: FileLookup

  func report() {
    checkRelay()
    SubmissionChecks(settings: settings, root: root).report()
    checkDomains()
    checkLoops()
    checkLimits()
    checkWaitingMail()
    checkTimeouts()
    checkFiles()
    checkListeners()
  }

  private func error(_ path: String, _ message: String) { root.reading.report(path, message) }

  private func warning(_ path: String, _ message: String) { root.reading.report(path, as: .warning, message) }

  // MARK: Relay

  /// DESIGN's second promise: never an open relay, save by one explicit word.
  private func checkRelay() {
    let relay = settings.relay
    let way = "; who really wants an open relay writes relay.open = \"\(RelaySettings.openWord)\""
    var isWide = false
    for (index, prefix) in root.section("relay").networks("networks").enumerated() {
      guard let reason = InternetCover.reason(prefix) else { continue }
      isWide = true
      if !relay.isOpen {
        error(SettingPath.element("relay.networks", index), "relay.networks: \(prefix) \(reason)" + way)
      }
    }
    if !isWide, let reason = InternetCover.reason(relay.networks) {
      isWide = true
      if !relay.isOpen { error("relay.networks", "relay.networks: \(reason)" + way) }
    }
    for (index, text) in root.section("relay").texts("domains").enumerated()
    where text.hasPrefix(".") && InternetCover.isTopLevel(text.dropFirst().lowercasedASCII) {
      isWide = true
      if !relay.isOpen {
        error(
          SettingPath.element("relay.domains", index),
          "relay.domains: \(quoted(text)) takes mail for a whole top-level domain" + way)
      }
    }
    if relay.isOpen {
      let open =
        isWide ? "this gateway is an open relay, as you say" : "has no effect: nothing here is that wide"
      warning("relay.open", "relay.open: \(open)")
    }
    if relay.domains.isEmpty, relay.networks.isEmpty {
      warning(
        "relay",
        "relay.domains is empty: every recipient is refused; write domains = [\"example.org\"] in [relay]")
    }
  }

  /// A backend's domains are those that mail is taken for, and each of these has a backend.
  private func checkDomains() {
    let relay = settings.relay
    for backend in settings.backends {
      for name in backend.domains.names.sorted() where !relay.domains.contains(name) {
        warning(
          SettingPath.child(backend.path, "domains"),
          "backend.domains: \(name) is not in relay.domains: mail for it from outside is refused")
      }
    }
    let hasRoutes = relay.routes != nil || settings.backends.contains { $0.routes != nil }
    guard !hasRoutes, !settings.backends.isEmpty else { return }
    for name in relay.domains.names.sorted() where !settings.backends.contains(where: { $0.serves(name) }) {
      warning(
        "relay.domains",
        "relay.domains: no backend takes \(name): add it to the domains of one, or its mail waits for ever")
    }
  }

  /// A backend that is one of our own listeners would have each message come round again.
  private func checkLoops() {
    for backend in settings.backends {
      guard let listener = settings.listeners.first(where: { Self.reaches(backend.endpoint, $0.endpoint) })
      else { continue }
      error(
        SettingPath.child(backend.path, "address"),
        "backend.address: \(backend.endpoint) is where this gateway listens itself (\(listener.endpoint)): write"
          + " where your mail server listens")
    }
  }

  private static func reaches(_ backend: Endpoint, _ listener: Endpoint) -> Bool {
    switch (backend, listener) {
    case (.ip(let to, let port), .ip(let on, let own)):
      port == own && (to == on || to.isLoopback && on.isUnspecified && (to.isV4 == on.isV4 || !on.isV4))
    case (.name("localhost", let port), .ip(let on, let own)):
      port == own && (on.isLoopback || on.isUnspecified)
    default: backend == listener
    }
  }

  // MARK: Limits

  private func checkLimits() {
    let limits = settings.limits
    if case .atMost(let memory) = limits.memory, memory < LimitSettings.leastPerMessage {
      error(
        "limits.memory",
        "limits.memory = \(Quantity.text(ofBytes: memory)) holds no message: each takes"
          + " \(Quantity.text(ofBytes: LimitSettings.leastPerMessage)) to begin with")
    }
    if root.section("limits").has("memory_per_message"), limits.memoryPerMessage < limits.headerSize {
      warning(
        "limits.memory_per_message",
        "limits.memory_per_message = \(Quantity.text(ofBytes: limits.memoryPerMessage)) counts as"
          + " limits.header_size = \(Quantity.text(ofBytes: limits.headerSize)): the whole header is judged in"
          + " memory; lower both")
    }
    if case .atMost(let memory) = limits.memory, memory < limits.memoryPerMessage {
      error(
        "limits.memory_per_message",
        "limits.memory_per_message = \(Quantity.text(ofBytes: limits.memoryPerMessage)) is above limits.memory ="
          + " \(Quantity.text(ofBytes: memory)): no message would fit")
    }
    if case .atMost(let spool) = limits.spool,
      !limits.client.messageSize.isWithin(spool + limits.heldPerMessage)
    {
      warning(
        "limits.spool",
        "limits.spool = \(Quantity.text(ofBytes: spool)) holds no message of limits.message_size ="
          + " \(limits.client.messageSize.text): such a one gets 452 for ever")
    }
    if limits.memory == .unlimited {
      warning("limits.memory", "limits.memory = \"unlimited\": load can take all memory of this machine")
    }
  }

  /// What is larger than all that may wait can never be held, nor handed on.
  private func checkWaitingMail() {
    let networks = settings.limits.networks.map(\.limits.messageSize)
    let sizes = [settings.limits.client.messageSize] + networks
    let largest = sizes.contains(.unlimited) ? Bound.unlimited : .atMost(sizes.map(\.orMax).max() ?? 0)
    for (name, size, verb) in [
      ("quarantine", settings.quarantine.size, "held"), ("outbox", settings.outbox.size, "handed on"),
    ] {
      guard case .atMost(let most) = size, !largest.isWithin(most) else { continue }
      let isWritten = root.section(name).has("size")
      // Who takes mail without a bound knows that something ends somewhere.
      if !isWritten, largest == .unlimited { continue }
      warning(
        isWritten ? "\(name).size" : "limits.message_size",
        "\(name).size = \(Quantity.text(ofBytes: most)) is less than the largest message that is taken,"
          + " limits.message_size = \(largest.text): one that is to be \(verb) and larger is refused with 552"
      )
    }
  }

  private func checkTimeouts() {
    let timeouts = settings.timeouts
    if timeouts.replyBudget > .seconds(600) {
      let key = root.section("timeouts").has("verdict") ? "verdict" : "backend_reply"
      error(
        "timeouts.\(key)",
        "timeouts.verdict = \(Quantity.text(of: timeouts.verdict)) and timeouts.backend_reply ="
          + " \(Quantity.text(of: timeouts.backendReply)) are together above the 10m that a client waits"
          + " (RFC 5321 section 4.5.3.2.6): it would send the message again")
    }
  }

  // MARK: Files

  private func checkFiles() {
    let relay = root.section("relay")
    if let routes = settings.relay.routes { files.check(routes, of: relay, "routes") }
    if let map = settings.submission.sendersMap {
      files.check(map, of: root.section("submission"), "senders_map")
    }
    let auth = root.section("auth")
    if case .file(let users)? = settings.auth?.backend { files.check(users, of: auth, "backend") }
    for key in ["introspection_secret_file", "introspection_ca", "ldap_search_password_file", "ldap_ca"] {
      if let path = auth.text(key) { files.check(path, of: auth, key) }
    }
    for section in root.sections("backend") {
      if let routes = section.text("routes") { files.check(routes, of: section, "routes") }
      if let recipients = section.text("recipients"), recipients.hasPrefix("file:"), recipients != "file:" {
        files.check(String(recipients.dropFirst(5)), of: section, "recipients")
      }
    }
  }
}

extension Bound {
  fileprivate func isWithin(_ most: Int) -> Bool {
    if case .atMost(let bytes) = self { bytes <= most } else { false }
  }

  fileprivate var text: String {
    if case .atMost(let bytes) = self { Quantity.text(ofBytes: bytes) } else { "\"unlimited\"" }
  }
}
