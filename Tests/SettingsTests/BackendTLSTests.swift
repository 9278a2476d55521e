import Testing

@testable import Settings

/// What `[[backend]]` says of TLS and of the client's identity.
@Suite struct BackendTLSTests {
  private func read(_ backends: String, fileExists: (String) -> Bool = { _ in true }) -> SettingsReading {
    Settings.read(
      text: "hostname = \"mx.example.org\"\n[relay]\ndomains = [\"example.org\"]\n" + backends,
      file: "/etc/weir/weir.toml", fileExists: fileExists)
  }

  @Test func isReadAsWritten() throws {
    let hex = String(repeating: "0aF", count: 21) + "9"
    let reading = read(
      """
      [[backend]]
      address = "unix:/run/lmtp"
      tls = "verify"
      tls_name = "Mail.Example.org"
      tls_ca = "ca.pem"
      identity = "xclient"
      [[backend]]
      address = "192.0.2.1:25"
      tls = "verify"
      tls_pins = ["sha256:\(hex)", "sha256:\(String(repeating: "00", count: 32))"]
      identity = "proxy-v2"
      """)
    #expect(reading.problems.map(\.description) == [])
    let backends = try #require(reading.settings?.backends)
    #expect(backends[0].tls == .verify && backends[0].tlsName == "mail.example.org")
    #expect(backends[0].tlsAuthorities == "ca.pem" && backends[0].identity == .xclient)
    #expect(
      backends[1].tlsPins.map(\.count) == [32, 32] && backends[1].tlsPins[0].prefix(3) == [0x0a, 0xf0, 0xaf])
    #expect(backends[1].identity == .proxyV2 && backends[1].tlsName == nil)
  }

  @Test func saysWhatCannotBe() {
    let pin = "sha256:" + String(repeating: "00", count: 32)
    let reading = read(
      """
      [[backend]]
      address = "unix:/run/lmtp"
      tls = "verify"
      [[backend]]
      address = "192.0.2.1:25"
      tls = "verify"
      tls_name = "no name"
      tls_ca = "missing.pem"
      [[backend]]
      address = "192.0.2.2:25"
      tls = "required"
      tls_ca = "/etc/weir/ca.pem"
      tls_pins = ["sha256:00", "00", "sha256:\(String(repeating: "g", count: 64))"]
      [[backend]]
      address = "192.0.2.3:25"
      tls = "off"
      tls_name = "mail.example.org"
      [[backend]]
      address = "192.0.2.4:25"
      tls = "verify"
      tls_ca = "/etc/weir/ca.pem"
      tls_pins = ["\(pin)"]
      """, fileExists: { $0 == "/etc/weir/ca.pem" })
    let expected = [
      (6, "backend.tls = \"verify\": a local socket has no name: write tls_name"), (10, "backend.tls_name"),
      (11, "backend.tls_ca: there is no file \"/etc/weir/missing.pem\""),
      (15, "backend.tls_ca: only tls = \"verify\" looks at the certificate"),
      (16, "backend.tls_pins: only tls = \"verify\" looks at the certificate"),
      (16, "backend.tls_pins: expected \"sha256:\" and 64 hexadecimal digits"),
      (16, "backend.tls_pins: expected \"sha256:\" and 64 hexadecimal digits"),
      (16, "backend.tls_pins: expected \"sha256:\" and 64 hexadecimal digits"),
      (20, "backend.tls_name has no effect with tls = \"off\""), (24, "backend.tls_ca has no effect"),
    ]
    let found = reading.problems
    #expect(found.count == expected.count, "\(found.map(\.description))")
    for (problem, (line, words)) in zip(found, expected) {
      #expect(problem.position.line == line && problem.message.hasPrefix(words), "\(problem)")
    }
    #expect(found.filter { !$0.isError }.map(\.position.line) == [20, 24])
  }
}
