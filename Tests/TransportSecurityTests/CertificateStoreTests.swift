import Bytes
import Foundation
import TestSupport
import Testing

@testable import TransportSecurity

@Suite(needs(.openssl), .apart) struct CertificateStoreTests {
  private let made: TestCertificates

  init() throws {
    made = try TestCertificates()
  }

  private func pair(_ pair: TestCertificates.Pair, _ names: [String] = []) -> ServerTLSConfiguration.Pair {
    ServerTLSConfiguration.Pair(names: names, certificate: pair.certificate, key: pair.key)
  }

  private func fault(_ configuration: ServerTLSConfiguration) -> TLSFault? {
    do throws(TLSFault) {
      _ = try CertificateStore(configuration)
      return nil
    } catch {
      return error
    }
  }

  private func copy(_ source: TestCertificates.Pair, over target: TestCertificates.Pair) throws {
    for (source, target) in [(source.certificate, target.certificate), (source.key, target.key)] {
      try Data(try readBytes(atPath: source)).write(to: URL(fileURLWithPath: target))
    }
  }

  @Test func theNameAskedForChooses() throws {
    let standard = pair(try made.make("mx", names: ["mx.example.org", "mail.example.org", "*.example.com"]))
    let named = pair(try made.make("a", names: ["a.example", "also.example"]), ["mx.example.net"])
    let wild = pair(try made.make("w", names: ["w.example"]), ["*.example.net", "MX2.Example.NET"])
    let set = try CertificateSet(ServerTLSConfiguration(standard: standard, others: [named, wild]))
    for (name, file) in [
      (nil, "mx"), ("nobody.example", "mx"), ("mx.example.org", "mx"), ("mx.example.net", "a"),
      ("mx2.example.net", "w"), ("other.example.net", "w"), ("a.b.example.net", "mx"), ("example.net", "mx"),
      // By what stands in the certificates, where no name that was given fits.
      ("also.example", "a"), ("w.example", "w"), ("x.example.com", "mx"), ("", "mx"), (".", "mx"),
      (".example.net", "w"),
    ] as [(String?, String)] {
      #expect(set.choose(name).pair.certificate == made.folder.file("\(file).pem"), "\(name ?? "-")")
    }
  }

  @Test func whatIsWrongIsSaidWithItsFile() throws {
    let good = try made.make("good", names: ["good.example"])
    let other = try made.make("other", names: ["other.example"])
    func configuration(_ certificate: String, _ key: String) -> ServerTLSConfiguration {
      ServerTLSConfiguration(standard: .init(certificate: certificate, key: key))
    }
    #expect(fault(configuration(good.certificate, good.key)) == nil)
    let mismatch = fault(configuration(good.certificate, other.key))
    #expect(mismatch?.file == other.key)
    #expect(mismatch?.reason.contains("is not the key of \(good.certificate) (good.example)") == true)
    let missing = fault(configuration(made.folder.file("nothing.pem"), good.key))
    #expect(missing?.description == "\(made.folder.file("nothing.pem")): there is no such file")
    let swapped = fault(configuration(good.key, good.certificate))
    #expect(swapped?.file == good.key)
    #expect(swapped?.reason.contains("holds no certificate") == true)
    #expect(fault(configuration(made.folder.path, good.key))?.reason == "is a folder, not a file")
    #expect(fault(configuration("/dev/zero", good.key))?.reason.contains("larger than") == true)
    var asking = configuration(good.certificate, good.key)
    asking.clientCertificates = .ask
    asking.clientAuthorities = good.key
    #expect(fault(asking)?.file == good.key)
    // The second pair is looked at as closely as the first.
    let second = ServerTLSConfiguration(
      standard: pair(good), others: [.init(names: ["x"], certificate: other.certificate, key: good.key)])
    #expect(fault(second)?.file == good.key)
  }

  @Test func aReloadIsWholeOrNot() throws {
    let live = try made.make("live", names: ["live.example"])
    let renewed = try made.make("renewed", names: ["renewed.example"], days: 200)
    let configuration = ServerTLSConfiguration(standard: pair(live))
    let store = try CertificateStore(configuration)
    let before = store.certificates.standard.certificate
    #expect(try !store.reload(), "nothing has changed")
    // One file of the two: refused, and the old one stays.
    try Data(try readBytes(atPath: renewed.certificate)).write(to: URL(fileURLWithPath: live.certificate))
    #expect(throws: TLSFault.self) { try store.reload() }
    #expect(store.certificates.standard.certificate == before)
    #expect(store.expiries.first?.notAfter == before.notAfter)
    try Data(try readBytes(atPath: renewed.key)).write(to: URL(fileURLWithPath: live.key))
    #expect(try store.reload())
    #expect(store.certificates.standard.certificate.names == ["renewed.example"])
    // Another configuration that is broken leaves the old one in force.
    #expect(throws: TLSFault.self) {
      try store.replace(ServerTLSConfiguration(standard: .init(certificate: "/nowhere.pem", key: live.key)))
    }
    #expect(store.configuration == configuration)
    var newer = configuration
    newer.minimumVersion = .v1_3
    #expect(try store.replace(newer))
    #expect(store.configuration == newer)
  }

  @Test func changedFilesAreReadWhenTheyHaveComeToRest() throws {
    let live = try made.make("watched", names: ["watched.example"])
    let renewed = try made.make("next", names: ["next.example"])
    let store = try CertificateStore(ServerTLSConfiguration(standard: pair(live)))
    #expect(try !store.refresh())
    try copy(renewed, over: live)
    #expect(try !store.refresh(), "seen, and given time")
    #expect(try store.refresh(), "the same as before: read")
    #expect(try !store.refresh())
    #expect(store.certificates.standard.certificate.names == ["next.example"])
    // A broken state is told once, not every ten seconds.
    try FileManager.default.removeItem(atPath: live.key)
    #expect(try !store.refresh())
    #expect(throws: TLSFault.self) { try store.refresh() }
    #expect(try !store.refresh())
    #expect(store.certificates.standard.certificate.names == ["next.example"])
    // And mended, it is read again.
    try copy(renewed, over: live)
    #expect(try !store.refresh())
    #expect(try !store.refresh(), "read, and the same as what is in force")
  }

  @Test func daysAreCounted() throws {
    let store = try CertificateStore(
      ServerTLSConfiguration(
        standard: pair(try made.make("d", names: ["d.example"], days: 10)),
        others: [pair(try made.make("past", names: ["past.example"], days: -1), ["p.example"])]))
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    #expect(store.expiries.map(\.names) == [["d.example"], ["p.example"]])
    #expect(store.expiries.map(\.file) == [made.folder.file("d.pem"), made.folder.file("past.pem")])
    #expect(store.expiries[0].days(at: now) == 9 || store.expiries[0].days(at: now) == 10)
    #expect(store.expiries[1].days(at: now) < 0)
    let end = CertificateExpiry(names: [], file: "", notAfter: Timestamp(milliseconds: 86_400_000))
    #expect(end.days(at: Timestamp(milliseconds: 0)) == 1)
    #expect(end.days(at: Timestamp(milliseconds: 1)) == 0)
    #expect(end.days(at: Timestamp(milliseconds: 86_400_001)) == -1)
  }

  @Test func cipherListsAreReadByName() throws {
    let mozilla =
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256"
    let (suites, ignored) = try CipherSuite.list(mozilla)
    #expect(suites.map(\.number) == [0xC02B, 0xC02F])
    #expect(ignored == ["DHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"])
    #expect(
      try CipherSuite.list("tls_ecdhe_rsa_with_aes_256_gcm_sha384").suites.map(\.name)
        == ["ECDHE-RSA-AES256-GCM-SHA384"])
    for text in ["", ":", "HIGH:!aNULL", "DHE-RSA-AES128-SHA", "TLS_AES_128_GCM_SHA256"] {
      #expect(throws: TLSFault.self, "\(text)") { try CipherSuite.list(text) }
    }
    #expect(CipherSuite.name(of: 0x1301) == "TLS_AES_128_GCM_SHA256")
    #expect(CipherSuite.name(of: 0x00FF) == "0x00FF")
    // Each name of the standard list is one that the library takes.
    for name in CipherSuite.standard + CipherSuite.ancient {
      #expect(try CipherSuite.list(name).suites.map(\.name) == [name])
    }
  }
}
