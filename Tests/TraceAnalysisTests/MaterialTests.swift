import TestSupport
import Testing

/// The third-party cases of Received lines and chains.
@Suite struct TraceMaterialTests {
  @Test(needsMaterial("received/lines.json")) func lines() throws {
    let cases = try Material.decode([LineCase].self, from: "received/lines.json")
    #expect(Material.judge("received/lines", cases) { $0.fallsShort() }.isEmpty)
  }

  @Test(needsMaterial("received/mail_parser.json")) func mailParser() throws {
    let cases = try Material.decode([MailParserCase].self, from: "received/mail_parser.json")
    #expect(Material.judge("received/mail_parser", cases) { $0.fallsShort() }.isEmpty)
  }

  @Test(needsMaterial("received/trust_path.json")) func trustPath() throws {
    let cases = try Material.decode([TrustCase].self, from: "received/trust_path.json")
    #expect(Material.judge("received/trust_path", cases) { $0.fallsShort() }.isEmpty)
  }
}
