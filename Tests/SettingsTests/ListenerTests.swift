import Testing

@testable import Settings

/// Listeners: what a profile comes to, and what is no sound listener.
@Suite struct ListenerTests {
  private static let tls = "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n"
  private static let auth = "[auth]\nbackend = \"dovecot:/run/auth\"\n"
  private static let word = "auth_without_tls = \"plaintext-passwords-in-the-clear\"\n"

  private func listener(_ lines: String, _ rest: String = tls + auth) throws -> ListenerSettings {
    let reading = readWith("[[listener]]\naddress = \"127.0.0.1:2525\"\n\(lines)\n\(rest)")
    return try #require(reading.settings, "\(reading.lines)").listeners[0]
  }

  private func errors(_ lines: String, _ rest: String = "") -> [String] {
    readWith("[[listener]]\naddress = \"127.0.0.1:2525\"\n\(lines)\n\(rest)").errors.map(\.message)
  }

  @Test func whatAProfileComesTo() throws {
    let mx = try listener("")
    #expect(!mx.isSubmission && !mx.isImplicitTLS && !mx.requiresTLS)
    #expect(mx.authenticates && !mx.allowsPlaintext && !mx.offersLegacyAuthLine)
    #expect(try listener("tls = \"required\"").requiresTLS)
    let submission = try listener("profile = \"submission\"")
    #expect(submission.isSubmission && submission.requiresTLS && !submission.isImplicitTLS)
    let open = try listener("profile = \"submission\"\n" + Self.word)
    #expect(!open.requiresTLS && open.allowsPlaintext)
    #expect(try listener("profile = \"submission\"\n" + Self.word, Self.auth).allowsPlaintext)
    let submissions = try listener("profile = \"submissions\"\nlegacy_auth_line = true")
    #expect(submissions.isSubmission && submissions.isImplicitTLS && submissions.offersLegacyAuthLine)
  }

  @Test func whatCannotWork() {
    #expect(errors("tls = \"required\"").contains { $0.contains("needs a certificate") })
    #expect(errors("profile = \"submission\"", Self.auth).contains { $0.contains("needs a [tls]") })
    #expect(
      errors("profile = \"submission\"\ntls = \"off\"", Self.tls + Self.auth)
        .contains { $0.contains("shows every password") })
    #expect(
      errors("profile = \"submissions\"\n" + Self.word, Self.auth)
        .contains { $0.contains("TLS from the first byte") })
    #expect(
      errors("profile = \"submissions\"\ntls = \"off\"", Self.tls + Self.auth)
        .contains { $0.contains("contradicts") })
    #expect(
      errors("profile = \"submission\"", Self.tls).contains { $0.contains("needs an [auth] backend") })
    #expect(
      errors("profile = \"submission\"\nauth = false", Self.tls + Self.auth)
        .contains { $0.contains("nobody could send") })
    // Any other word is none.
    #expect(!errors("auth_without_tls = \"yes\"", Self.auth).isEmpty)
  }

  /// Whoever may claim any address may claim one of the relay networks.
  @Test(arguments: ["proxy_protocol", "xclient"]) func nobodyBelievesTheInternet(_ key: String) {
    for networks in ["\"0.0.0.0/0\"", "\"::/0\"", "\"0.0.0.0/1\", \"128.0.0.0/1\""] {
      #expect(
        errors("\(key) = [\(networks)]").contains { $0.contains("anybody could claim any address") },
        "\(networks)")
    }
    #expect(errors("\(key) = [\"10.0.0.0/8\", \"::1/128\"]").isEmpty)
  }
}
