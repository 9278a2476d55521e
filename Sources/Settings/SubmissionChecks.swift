/// Whether logins, sender rights and relay certificates are a sound whole: nothing that `weir check` takes relays for
/// a stranger, or has a user believe that he can log in where he cannot.
struct SubmissionChecks {
  let settings: Settings
  let root: Section

  func report() {
    checkLogins()
    checkSenders()
    checkCertificates()
  }

  private func error(_ path: String, _ message: String) { root.reading.report(path, message) }

  private func warning(_ path: String, _ message: String) { root.reading.report(path, as: .warning, message) }

  private func checkLogins() {
    guard let auth = settings.auth else {
      if root.section("submission").isWritten, !settings.submission.completesRelayNetworks {
        warning("submission", "[submission] has no effect without [auth]: nobody can log in")
      }
      return
    }
    if case .backend(let name)? = auth.backend, !settings.backends.contains(where: { $0.name == name }) {
      let names = settings.backends.map(\.name)
      let near = Suggestion.nearest(to: name, in: names).map { "; did you mean '\($0)'?" }
      let known = "; there are " + names.map { "'\(printable($0))'" }.joined(separator: ", ")
      error("auth.backend", "auth.backend: there is no backend '\(printable(name))'\(near ?? known)")
    }
    let showsAll = auth.offered.allSatisfy { Self.showing.contains($0) }
    if !settings.listeners.contains(where: { offersLogin($0, onlyByTLS: showsAll) }) {
      warning(
        "auth",
        settings.tls == nil
          ? "[auth] has no effect: there is no [tls], and passwords are not taken in the clear"
          : "[auth] has no effect: no listener offers it")
    }
  }

  /// The mechanisms that show the password or token: not without TLS.
  private static let showing: Set<String> = ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"]

  /// Whether somebody can log in there at all.
  private func offersLogin(_ listener: ListenerSettings, onlyByTLS: Bool) -> Bool {
    guard listener.authenticates else { return false }
    return !onlyByTLS || listener.allowsPlaintext || settings.tls != nil && listener.tls != .off
  }

  private func checkSenders() {
    let submission = settings.submission
    switch submission.senders {
    case .mapped where submission.sendersMap == nil:
      error(
        "submission.senders",
        "submission.senders = \"mapped\" needs submission.senders_map: nobody could send anything")
    case .own where submission.sendersMap != nil, .any where submission.sendersMap != nil:
      warning(
        "submission.senders_map",
        "submission.senders_map: has no effect unless submission.senders = \"mapped\"")
    case .any where settings.auth != nil:
      warning(
        "submission.senders",
        "submission.senders = \"any\": whoever logs in may send as anybody, also as your other users")
    default: break
    }
  }

  private func checkCertificates() {
    guard !settings.relay.certificates.isEmpty else { return }
    if settings.tls?.clientCertificates != .ask {
      error(
        "relay.certificates",
        "relay.certificates: no client is asked for a certificate: write client_certificates = \"ask\" in [tls]"
      )
    }
    for (index, certificate) in settings.relay.certificates.enumerated() {
      guard case .subject = certificate, settings.tls?.clientAuthorities == nil else { continue }
      error(
        SettingPath.element("relay.certificates", index),
        "relay.certificates: a subject counts only where an authority vouches for it: name it in tls.client_ca, or"
          + " write the certificate's \"sha256:…\"")
    }
  }
}
