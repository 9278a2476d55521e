internal import NetAddress

extension ListenerSettings {
  /// Whether TLS begins with the first octet (RFC 8314).
  public var isImplicitTLS: Bool { profile == .submissions }

  /// Whether mail comes from one's own users here, who log in first.
  public var isSubmission: Bool { profile != .mx }

  /// Whether nothing is said before STARTTLS: where it is written, and on submission unless the explicit word
  /// allows otherwise.
  public var requiresTLS: Bool {
    switch tls {
    case .required: true
    case .optional: profile == .submission && !allowsPlaintext
    case .off: false
    }
  }
}

/// Listeners that could not work, or that would make a promise worth nothing.
extension SoundnessChecks {
  func checkListeners() {
    let hasTLS = root.section("tls").isWritten
    let hasAuth = root.section("auth").isWritten
    for (section, listener) in zip(root.sections("listener"), settings.listeners)
    where section.path == listener.path {
      checkTLS(section, listener, hasTLS: hasTLS)
      if listener.isSubmission { checkSubmission(section, listener, hasAuth: hasAuth) }
      checkBelieved(section, "proxy_protocol")
      checkBelieved(section, "xclient")
    }
  }

  private func checkTLS(_ section: Section, _ listener: ListenerSettings, hasTLS: Bool) {
    switch listener.profile {
    case .mx:
      guard listener.tls == .required, !hasTLS else { return }
      section.report(
        "tls", "listener.tls = \"required\" needs a certificate: write [tls] certificate and key")
    case .submission:
      if listener.allowsPlaintext { return }
      if listener.tls == .off {
        section.report("tls", "listener.tls: submission without TLS shows every password; \(Self.way)")
      } else if !hasTLS {
        section.report("profile", "listener.profile = \"submission\" needs a [tls]; \(Self.way)")
      }
    case .submissions:
      if !hasTLS {
        section.report(
          "profile",
          "listener.profile = \"submissions\" is TLS from the first byte: write [tls] certificate and key")
      }
      if listener.tls == .off {
        section.report(
          "tls",
          "listener.tls = \"off\" contradicts profile = \"submissions\", which is TLS from the first byte")
      }
    }
  }

  private static let way =
    "who really wants passwords readable on the way writes auth_without_tls ="
    + " \"\(ListenerSettings.PlaintextWord.plaintext.rawValue)\""

  private func checkSubmission(_ section: Section, _ listener: ListenerSettings, hasAuth: Bool) {
    if !listener.authenticates {
      section.report(
        "auth",
        "listener.auth = false: on profile = \"\(listener.profile.rawValue)\" nobody could send without AUTH")
    } else if !hasAuth {
      section.report(
        "profile",
        "listener.profile = \"\(listener.profile.rawValue)\" needs an [auth] backend: nobody could log in")
    }
  }

  /// Who may say on whose behalf he comes may say that he comes from a relay network.
  private func checkBelieved(_ section: Section, _ key: String) {
    guard !settings.relay.isOpen else { return }
    for (index, prefix) in section.networks(key).enumerated() {
      guard let reason = InternetCover.reason(prefix) else { continue }
      root.reading.report(
        SettingPath.element(section.path(of: key), index),
        "listener.\(key): \(prefix) \(reason): anybody could claim any address, those of relay.networks too")
    }
    if let reason = InternetCover.reason(IPPrefixSet(section.networks(key))),
      !section.networks(key).contains(where: { InternetCover.reason($0) != nil })
    {
      section.report(key, "listener.\(key): \(reason): anybody could claim any address")
    }
  }
}
