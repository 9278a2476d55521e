import NetAddress
import Settings
import Testing

@Suite("[dns]")
struct DNSSettingsTests {
  private func read(_ line: String) throws -> DNSSettings {
    let reading = readWith(line)
    #expect(reading.errors == [])
    return try #require(reading.settings).dns
  }

  @Test("Without [dns] the gateway resolves by itself, validates, and asks nobody for others")
  func defaults() throws {
    let dns = try read("")
    #expect(dns.isEnabled && dns.servers.isEmpty && dns.stubs.isEmpty && dns.watch.isEmpty)
    #expect(dns.validates && dns.fixture == nil)
    #expect(dns.cache == 64 << 20 && dns.queue == 10_000 && dns.outgoing == 900 && dns.timeout == .seconds(5))
  }

  @Test("A forwarder's answers are validated where that is written, and only there")
  func validation() throws {
    #expect(try !read("dns.servers = [\"192.0.2.53\"]").validates)
    #expect(try read("dns = { servers = [\"192.0.2.53\"], dnssec = true }").validates)
    #expect(try !read("dns.dnssec = false").validates)
  }

  @Test("Servers, stubs and one's own addresses are typed")
  func typed() throws {
    let dns = try read(
      """
      [dns]
      servers = ["192.0.2.53", "2001:db8::53@5300"]
      watch = ["192.0.2.1", "2001:db8::1"]
      fixture = "names.txt"
      [[dns.stub]]
      zone = "BL.test"
      address = "127.0.0.1@5354"
      """)
    #expect(dns.servers.map(\.port) == [53, 5300])
    #expect(dns.watch.map(\.description) == ["192.0.2.1", "2001:db8::1"])
    #expect(dns.fixture == "names.txt" && dns.stubs.map(\.zone) == ["bl.test"])
  }
}
