import Settings
import Testing

@Suite struct TLSSettingsTests {
  private let two = "[tls]\ncertificate = \"a.pem\"\nkey = \"a.key\"\n"

  @Test func withoutTheTableThereIsNone() {
    #expect(readWith("").settings?.tls == nil)
  }

  @Test func defaultsAreModern() throws {
    let reading = readWith(two)
    #expect(reading.lines == [])
    let tls = try #require(reading.settings?.tls)
    #expect(tls.minimumVersion == .v1_2)
    #expect(tls.ciphers == nil)
    #expect(tls.clientCertificates == .off)
    #expect(tls.clientAuthorities == nil)
    #expect(tls.others == [])
  }

  @Test func everythingIsRead() throws {
    let reading = readWith(
      two + """
        min_version = "1.0"
        ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
        client_certificates = "ask"
        client_ca = "ca.pem"
        [[tls.certificate_for]]
        names = ["mx.example.net", "*.example.com"]
        certificate = "b.pem"
        key = "b.key"
        """)
    #expect(reading.lines == [])
    let tls = try #require(reading.settings?.tls)
    #expect(tls.minimumVersion == .v1_0)
    #expect(tls.ciphers == "ECDHE-RSA-AES128-GCM-SHA256")
    #expect(tls.clientCertificates == .ask)
    #expect(tls.clientAuthorities == "ca.pem")
    #expect(tls.others.map(\.names) == [["mx.example.net", "*.example.com"]])
    #expect(tls.others.map(\.path) == ["tls.certificate_for[0]"])
  }

  @Test func faultsStandWhereTheyAre() {
    #expect(
      readWith(two + "min_version = \"1.4\"").lines.first?.hasPrefix("weir.toml:7:15: tls.min_version:")
        == true)
    #expect(
      readWith(two + "client_ca = \"ca.pem\"").lines == [
        "weir.toml:7:13: warning: tls.client_ca: no client is asked for a certificate: write client_certificates ="
          + " \"ask\" beside it"
      ])
    let other = "[[tls.certificate_for]]\ncertificate = \"b.pem\"\nkey = \"b.key\"\n"
    #expect(
      readWith(two + other + "names = [\"mx.example.net\", \"MX.example.net\", \"-\"]").lines.map {
        $0.prefix(22)
      }
        == ["weir.toml:10:28: tls.ce", "weir.toml:10:46: tls.ce"].map { $0.prefix(22) })
    #expect(
      readWith(two + other).lines == [
        "weir.toml:7:1: tls.certificate_for.names is missing: write names = [\"mx.example.net\"]"
      ])
  }
}
