import Filtering
import MailSyntax
import NetAddress
import Settings
import Testing

/// Whatever `weir check` takes: no stranger relays, and no password is asked for in the clear without the explicit
/// word. Tried on the product of everything that bears on it.
@Suite struct SoundConfigurationTests {
  private static let word = "plaintext-passwords-in-the-clear"

  private static let listeners: [String] = {
    var all = [""]
    for profile in ["mx", "submission", "submissions"] {
      for tls in ["off", "optional", "required"] {
        for more in ["", "auth = false\n", "auth_without_tls = \"\(word)\"\n"] {
          all.append(
            "[[listener]]\naddress = \"127.0.0.1:2525\"\nprofile = \"\(profile)\"\ntls = \"\(tls)\"\n" + more)
        }
      }
    }
    return all
  }()

  private static let tls = [
    "", "[tls]\ncertificate = \"c\"\nkey = \"k\"\n",
    "[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_certificates = \"ask\"\n",
    "[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_certificates = \"ask\"\nclient_ca = \"ca\"\n",
    "[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_ca = \"ca\"\n",
  ]

  private static let auth = [
    "", "[auth]\nbackend = \"file:users\"\n",
    "[auth]\nbackend = \"saslauthd:/s\"\nmechanisms = [\"PLAIN\"]\n",
  ]

  private static let relay = [
    "", "networks = [\"192.0.2.0/24\"]\n", "networks = [\"0.0.0.0/0\"]\n",
    "networks = [\"0.0.0.0/1\", \"128.0.0.0/1\"]\n", "networks = [\"::/0\"]\n",
    "certificates = [\"CN=printer\"]\n",
    "certificates = [\"sha256:\(String(repeating: "ab", count: 32))\"]\n",
  ]

  private static let submission = [
    "", "[submission]\nsenders = \"any\"\n", "[submission]\nsenders = \"mapped\"\n",
  ]

  /// The configurations one after another, each with its text.
  private static func each(_ body: (String, SettingsReading) throws -> Void) rethrows {
    for listener in listeners {
      for tls in tls {
        for auth in auth {
          for relay in relay {
            for submission in submission {
              let text =
                "hostname = \"mx.example.org\"\n[relay]\ndomains = [\"example.org\"]\n" + relay
                + "[[backend]]\naddress = \"127.0.0.1:10025\"\n" + listener + tls + auth + submission
              try body(text, Settings.read(text: text, file: "weir.toml"))
            }
          }
        }
      }
    }
  }

  @Test func nothingThatIsTakenIsUnsound() throws {
    var (taken, refused) = (0, 0)
    try Self.each { text, reading in
      guard let settings = reading.settings else {
        refused += 1
        return
      }
      taken += 1
      try Self.expectNoStrangerRelays(settings, text)
      for listener in settings.listeners {
        Self.expectNoPasswordInTheClear(listener, settings, text)
      }
      if !settings.relay.certificates.isEmpty {
        #expect(settings.tls?.clientCertificates == .ask, "\(text)")
      }
    }
    #expect(taken > 500 && refused > 500, "\(taken) taken, \(refused) refused")
  }

  private static func expectNoStrangerRelays(_ settings: Settings, _ text: String) throws {
    let relay = RelayControl(
      domains: settings.relay.domains, networks: settings.relay.networks,
      restrictions: settings.relay.senders, certificates: settings.relay.certificates,
      rights: SenderRights(.own, headerDomain: settings.submission.domain))
    let forged = ClientCertificate(
      fingerprint: String(repeating: "0", count: 64), subject: "CN=printer", isVerified: false)
    #expect(!relay.isRelayCertificate(forged), "\(text)")
    for address in ["203.0.113.9", "127.0.0.1", "2001:db8::9", "::1"] {
      let address = try #require(IPAddress(address))
      var facts = ConnectFacts(
        address: address, port: 1, listener: "x", isRelayNetwork: relay.isRelayNetwork(address),
        time: .init(milliseconds: 0))
      facts.tls = TLSFacts(version: "TLSv1.3", cipher: "", certificate: forged)
      facts.isRelayCertificate = relay.isRelayCertificate(forged)
      #expect(facts.isStranger, "\(address)\n\(text)")
      for sender in ["<>", "ann@example.org", "x@y.example"] {
        let path = try #require(PathParser.parse(whole: sender, limits: .sender))
        #expect(!relay.mayRelay(facts, sender: path), "\(address) \(sender)\n\(text)")
      }
    }
  }

  private static func expectNoPasswordInTheClear(
    _ listener: ListenerSettings, _ settings: Settings, _ text: String
  ) {
    let hasWord = text.contains(word)
    #expect(listener.allowsPlaintext == hasWord, "\(text)")
    guard listener.isSubmission else { return }
    #expect(settings.auth != nil && listener.authenticates, "nobody could log in\n\(text)")
    #expect(hasWord || settings.tls != nil, "\(text)")
    #expect(hasWord || listener.isImplicitTLS || listener.requiresTLS, "\(text)")
    if listener.isImplicitTLS { #expect(settings.tls != nil, "\(text)") }
  }

  @Test func whoSaysTheWordMayRelayForAll() throws {
    let text =
      "hostname = \"mx.example.org\"\n[relay]\nnetworks = [\"0.0.0.0/0\"]\nopen = \"yes-i-run-an-open-relay\"\n"
      + "[[backend]]\naddress = \"127.0.0.1:10025\"\n"
    #expect(Settings.read(text: text, file: "weir.toml").settings != nil)
  }
}
