import Bytes
import Cryptography
import Foundation
import TestSupport
import Testing

@Suite(needs(.openssl), .apart) struct CertificateTests {
  private let made: TestCertificates

  init() throws {
    made = try TestCertificates()
  }

  private var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

  private func read(_ path: String) throws -> Certificate {
    try #require(try Certificate.chain(pem: try readBytes(atPath: path)).first)
  }

  @Test func whatItHoldsIsRead() throws {
    let pair = try made.make(
      "mx", subject: "/O=Example, Inc./CN=mx.example.org",
      names: ["MX.example.org", "*.example.net", "192.0.2.7"], key: .rsa2048, days: 10)
    let own = try read(pair.certificate)
    #expect(own.subject == #"CN=mx.example.org,O=Example\, Inc."#)
    #expect(own.issuer == "CN=Test Authority")
    #expect(own.names == ["mx.example.org", "*.example.net"])
    #expect(own.addresses == [[192, 0, 2, 7]])
    #expect(!own.isSelfIssued)
    let days = Double((own.notAfter - now).components.seconds) / 86_400
    #expect((9.9...10.1).contains(days))
    #expect(own.notBefore <= now)
    let printed = try TestCertificates.openssl([
      "x509", "-in", pair.certificate, "-noout", "-fingerprint", "-sha256",
    ])
    let digits = own.fingerprint.map { String(format: "%02X", $0) }.joined(separator: ":")
    #expect(printed.contains(digits))
    #expect(own.isIssued(by: try read(made.authority)))
    #expect(!own.isIssued(by: own))
    #expect(try read(made.authority).isSelfIssued)
  }

  @Test func theKeysHashIsThatOfOpenSSL() throws {
    let pair = try made.make("pin", names: ["pin.example"])
    let own = try read(pair.certificate)
    let der = made.folder.file("public.der")
    try TestCertificates.openssl(["pkey", "-in", pair.key, "-pubout", "-outform", "DER", "-out", der])
    #expect(own.publicKeyHash == HashFunction.sha256.digest(try readBytes(atPath: der)))
  }

  @Test func theChannelBindingFollowsTheSignature() throws {
    let own = try read(try made.make("sha256", names: ["a.example"]).certificate)
    #expect(own.channelBinding == own.fingerprint, "SHA-256 of the certificate")
    let path = made.folder.file("sha384.pem")
    try TestCertificates.openssl([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha384", "-keyout", made.folder.file("sha384.key"),
      "-out",
      path, "-subj", "/CN=b.example",
    ])
    let long = try read(path)
    let printed = try TestCertificates.openssl(["x509", "-in", path, "-noout", "-fingerprint", "-sha384"])
    #expect(long.channelBinding.count == 48)
    #expect(printed.contains(long.channelBinding.map { String(format: "%02X", $0) }.joined(separator: ":")))
    let sha1 = made.folder.file("sha1.pem")
    try TestCertificates.openssl([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-keyout", made.folder.file("sha1.key"),
      "-out",
      sha1, "-subj", "/CN=c.example",
    ])
    let old = try read(sha1)
    #expect(old.channelBinding == old.fingerprint, "SHA-1 becomes SHA-256")
    let signed = try made.make("ed", names: ["d.example"], key: .ed25519, signsItself: true)
    #expect(try read(signed.certificate).channelBinding.isEmpty, "Ed25519 names no hash")
  }

  @Test func namesAreComparedByLabel() throws {
    let own = try read(try made.make("names", names: ["mx.example.org", "*.example.net"]).certificate)
    for name in ["mx.example.org", "MX.EXAMPLE.ORG", "a.example.net"] { #expect(own.covers(name), "\(name)") }
    for name in ["example.org", "a.mx.example.org", "example.net", "a.b.example.net", "", "."] {
      #expect(!own.covers(name), "\(name)")
    }
  }

  @Test func theCommonNameServesWhereThereIsNoOther() throws {
    #expect(try read(try made.make("cn", subject: "/CN=old.example").certificate).names == ["old.example"])
    #expect(try read(try made.make("words", subject: "/CN=not a name").certificate).names == [])
  }

  @Test func keysOfOthersAreRefused() throws {
    let one = try made.make("one", names: ["one.example"])
    let other = try made.make("other", names: ["other.example"], key: .rsa2048)
    let own = try read(one.certificate)
    try own.check(key: try readBytes(atPath: one.key))
    #expect(throws: CertificateFault.keyDoesNotMatch) { try own.check(key: try readBytes(atPath: other.key)) }
    #expect(throws: CertificateFault.noKey) { try own.check(key: try readBytes(atPath: one.certificate)) }
    #expect(throws: CertificateFault.noKey) { try own.check(key: []) }
    let secret = made.folder.file("secret.key")
    try TestCertificates.openssl([
      "pkey", "-in", one.key, "-aes-128-cbc", "-passout", "pass:example", "-out", secret,
    ])
    #expect(throws: CertificateFault.encryptedKey) { try own.check(key: try readBytes(atPath: secret)) }
    let text = try readBytes(atPath: one.key)
    let broken = Array(
      String(decoding: text, as: UTF8.self).replacing("M", with: "N", maxReplacements: 1).utf8)
    #expect(throws: CertificateFault.malformedKey) { try own.check(key: broken) }
  }

  @Test func textsThatHoldNoChainAreRefused() throws {
    let pair = try made.make("a", names: ["a.example"])
    let text = try readBytes(atPath: pair.certificate)
    #expect(throws: CertificateFault.noCertificate) { try Certificate.chain(pem: []) }
    #expect(throws: CertificateFault.noCertificate) { try Certificate.chain(pem: Array("hello\n".utf8)) }
    #expect(throws: CertificateFault.noCertificate) {
      try Certificate.chain(pem: try readBytes(atPath: pair.key))
    }
    #expect(throws: CertificateFault.malformedCertificate) {
      try Certificate.chain(pem: Array(text.prefix(300)))
    }
    #expect(throws: CertificateFault.malformedCertificate) {
      try Certificate.chain(pem: text + Array(text.prefix(200)))
    }
    #expect(throws: CertificateFault.tooManyCertificates) {
      try Certificate.chain(pem: Array((0..<33).map { _ in text }.joined()))
    }
    #expect(try Certificate.chain(pem: text + text).count == 2)
  }

  @Test func derIsReadToItsEndAndNoFurther() throws {
    let own = try read(try made.make("der", names: ["der.example"]).certificate)
    #expect(try Certificate(der: own.der) == own)
    #expect(throws: CertificateFault.malformedCertificate) { try Certificate(der: own.der + [0]) }
    for count in 0..<own.der.count {
      #expect(throws: CertificateFault.malformedCertificate) {
        try Certificate(der: Array(own.der.prefix(count)))
      }
    }
  }

  @Test func chainsLeadToAnAuthorityOrSayWhyNot() throws {
    let own = try read(try made.make("good", names: ["good.example"]).certificate)
    let roots = try CertificateAuthorities(pem: try readBytes(atPath: made.authority))
    #expect(roots.fault(in: [own.der], for: .server, at: now) == nil)
    #expect(roots.fault(in: [own.der], for: .client, at: now) == nil)
    #expect(
      roots.fault(in: [own.der], for: .server, at: now + .seconds(86_400 * 91)) == "certificate has expired")
    #expect(
      roots.fault(
        in: [own.der], for: .server, at: Timestamp(milliseconds: own.notBefore.milliseconds - 60_000))
        == "certificate is not yet valid")
    let strangers = try TestCertificates("Other")
    let others = try withExtendedLifetime(strangers) {
      try CertificateAuthorities(pem: try readBytes(atPath: strangers.authority))
    }
    #expect(
      others.fault(in: [own.der], for: .server, at: now) == "unable to get local issuer certificate")
    #expect(roots.fault(in: [], for: .server, at: now) != nil)
    #expect(roots.fault(in: [[1, 2, 3]], for: .server, at: now) != nil)
    // The server's own certificate as the authority: one that signed itself.
    let alone = try made.make("alone", names: ["alone.example"], signsItself: true)
    let itself = try CertificateAuthorities(pem: try readBytes(atPath: alone.certificate))
    #expect(itself.fault(in: [try read(alone.certificate).der], for: .server, at: now) == nil)
    let system = try CertificateAuthorities.ofSystem()
    #expect(system.fault(in: [own.der], for: .server, at: now) != nil)
  }
}
