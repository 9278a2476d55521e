import Foundation
import TestSupport
import Testing

/// The certificates of `[tls]`, as the operator meets them: `weir check`, renewal, `weir status`.
@Suite(.apart, needs(.openssl)) struct E2ECertificateTests {
  private let made: TestCertificates

  init() throws {
    made = try TestCertificates()
  }

  private func toml(_ pair: TestCertificates.Pair, _ more: String = "") -> String {
    """
    hostname = "mx.example.org"
    relay.domains = ["example.org"]
    backend = [{ address = "127.0.0.1:9" }]
    listener = [{ address = "127.0.0.1:2525" }]
    [tls]
    certificate = "\(pair.certificate)"
    key = "\(pair.key)"
    \(more)

    """
  }

  /// The lines about certificates, without the file's name, and how the command ended.
  private func check(_ text: String) throws -> (lines: [String], ending: ProcessEnding) {
    let folder = try ScratchFolder("check")
    try folder.folder("Blocklists")
    let path = try folder.write("weir.toml", text)
    let result = try run(Gateway.binary(), ["check", "--offline", "--config", path])
    let lines = result.output.split(separator: "\n").map { String($0) }
      .filter { $0.hasPrefix(path + ":") && $0.contains(made.folder.path) || $0.contains("tls.") }
      .map { String($0.dropFirst(path.count + 1)) }
    return (lines, result.ending)
  }

  private func secret(_ pair: TestCertificates.Pair) -> TestCertificates.Pair {
    chmod(pair.key, 0o600)
    return pair
  }

  @Test func soundOnesPassWithoutAWord() throws {
    let pair = secret(try made.make("mx", names: ["mx.example.org"]))
    let result = try check(toml(pair))
    #expect(result.lines == [])
    #expect(result.ending == .exited(0))
  }

  @Test func whatIsWrongStandsAtItsSetting() throws {
    let pair = secret(try made.make("mx", names: ["mx.example.org"]))
    let expired = secret(try made.make("expired", names: ["mx.example.org"], days: -1))
    let soon = secret(try made.make("soon", names: ["mail.example.org"], days: 9))
    let other = secret(try made.make("other", names: ["other.example"]))

    let mismatch = try check(toml(.init(certificate: pair.certificate, key: other.key)))
    #expect(
      mismatch.lines == [
        "7:7: \(other.key): is not the key of \(pair.certificate) (mx.example.org): one of the two is of another pair"
      ])
    #expect(mismatch.ending == .exited(1))

    let late = try check(toml(expired))
    #expect(late.lines.count == 1)
    #expect(
      late.lines.first?.hasPrefix("6:15: \(expired.certificate) has expired on ") == true, "\(late.lines)")
    #expect(late.ending == .exited(1))

    let warned = try check(toml(soon))
    #expect(warned.ending == .exited(0), "\(warned.lines)")
    #expect(warned.lines.count == 2)
    #expect(
      warned.lines.contains(
        "1:12: warning: \(soon.certificate) is for mail.example.org, not for mx.example.org"))
    #expect(warned.lines.contains { $0.hasPrefix("6:15: warning: \(soon.certificate) expires in ") })

    let named = try check(
      toml(
        pair,
        "[[tls.certificate_for]]\nnames = [\"other.example\", \"mx.other.example\"]\n"
          + "certificate = \"\(other.certificate)\"\nkey = \"\(other.key)\""))
    #expect(
      named.lines == ["9:27: warning: \(other.certificate) is for other.example, not for mx.other.example"])

    chmod(pair.key, 0o644)
    #expect(
      try check(toml(pair)).lines == [
        "7:7: warning: \(pair.key) can be read by everybody on this machine: chmod o= it"
      ])
    chmod(pair.key, 0o600)
    let damaged = try made.folder.write(
      "damaged.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    let broken = try check(toml(.init(certificate: damaged, key: pair.key)))
    #expect(
      broken.lines == ["6:15: \(damaged): holds a certificate that cannot be read: it is damaged or cut off"])
    let ciphers = try check(toml(pair, "ciphers = \"HIGH:!aNULL\""))
    #expect(ciphers.lines.first?.hasPrefix("8:11: tls.ciphers: there is no cipher suite “HIGH”") == true)
    #expect(ciphers.ending == .exited(1))
  }

  /// The subject that a client is shown.
  private func shown(_ port: UInt16, name: String) throws -> String {
    let result = try run(
      "openssl",
      [
        "s_client", "-connect", "127.0.0.1:\(port)", "-starttls", "smtp", "-servername", name, "-ign_eof",
        "-crlf",
      ],
      input: Array("QUIT\n".utf8), joined: true)
    return result.output.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init)
      ?? result.output
  }

  @Test func renewedFilesComeIntoForceByThemselves() throws {
    let live = secret(try made.make("live", names: ["mx.example.org"], days: 10))
    let named = secret(try made.make("named", names: ["mx.example.net"]))
    let tls = """
      [tls]
      certificate = "\(live.certificate)"
      key = "\(live.key)"
      [[tls.certificate_for]]
      names = ["mx.example.net"]
      certificate = "\(named.certificate)"
      key = "\(named.key)"

      """
    let front = try Front(tail: tls)
    let port = front.gateway.port
    #expect(try shown(port, name: "mx.example.org") == "subject=CN = mx.example.org")
    #expect(try shown(port, name: "mx.example.net") == "subject=CN = mx.example.net")
    func log(_ code: String) -> Bool {
      eventually(within: .seconds(30)) { front.gateway.process.output.contains("code=\(code)") }
    }
    #expect(log("CERTIFICATE_EXPIRES"), "nine days are few")
    let before = try #require(try front.status()["certificates"] as? [[String: Any]])
    #expect(before.map { $0["names"] as? [String] } == [["mx.example.org"], ["mx.example.net"]])
    #expect(before.first?["days"] as? Int == 9)

    let renewed = try made.make("renewed", names: ["renewed.example.org"], days: 200)
    try Data(try readBytes(atPath: renewed.certificate)).write(to: URL(fileURLWithPath: live.certificate))
    #expect(log("CERTIFICATES_REFUSED"))
    #expect(front.gateway.process.output.contains("\(live.key): is not the key of \(live.certificate)"))
    #expect(try shown(port, name: "mx.example.org") == "subject=CN = mx.example.org", "the old pair stays")
    try Data(try readBytes(atPath: renewed.key)).write(to: URL(fileURLWithPath: live.key))
    #expect(log("CERTIFICATES_RELOADED"))
    #expect(try shown(port, name: "mx.example.org") == "subject=CN = renewed.example.org")
    let after = try #require(try front.status()["certificates"] as? [[String: Any]])
    #expect(after.first?["days"] as? Int == 199)
  }
}
