import Foundation
import Patterns
import Testing

@Suite struct PatternFileTests {
  private func file(_ text: String) -> PatternFile { PatternFile(name: "x.patterns", Array(text.utf8)) }

  @Test func anEntryIsAnExpressionAndItsReason() throws {
    let file = file(
      "\u{FEFF}# comment\n\n  dyn-\\d+ \t a reason, and more # of it\r\n!static\nadsl # comment\nlast")
    #expect(file.problems.isEmpty, "\(file.problems)")
    #expect(file.entries.map(\.line) == [3, 5, 6])
    #expect(file.entries.map(\.reason) == ["a reason, and more # of it", "", ""])
    #expect(file.exceptions.map(\.line) == [4])
    #expect(file.match("DYN-12.example")?.line == 3)
    #expect(file.match("dyn-12.static.example") == nil)
    #expect(file.match("mail.example") == nil)
  }

  @Test func whatIsWrongIsToldWithItsPlace() {
    let file = file("good\n  a(b reason\n!\nü[z-a]\n!(\n.*\nx?")
    #expect(
      file.problems.map { "\($0.line):\($0.column)" } == ["2:6", "3:2", "4:5", "5:3", "6:1", "7:1"],
      "\(file.problems)")
    #expect(file.entries.map(\.line) == [1])
    for problem in file.problems { #expect(!problem.message.isEmpty) }
    #expect(PatternFile(name: "x", [0xff, 0xfe, 0x0a]).problems.map(\.message) == ["not UTF-8 text"])
  }

  @Test func itHasABound() {
    let line = "a\\d+\n"
    #expect(file(String(repeating: line, count: PatternFile.mostEntries)).problems.isEmpty)
    let over = file(String(repeating: line, count: PatternFile.mostEntries + 3))
    #expect(over.problems.count == 1 && over.problems[0].line == PatternFile.mostEntries + 1)
    #expect(over.entries.count == PatternFile.mostEntries)
    #expect(file(String(repeating: "(\n", count: 5000)).problems.count == 100)
  }

  private static let shipped: PatternFile = {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Blocklists/dynamic.patterns").standardizedFileURL
    let text = (try? Data(contentsOf: path)).map { [UInt8]($0) } ?? []
    return PatternFile(name: "dynamic.patterns", text)
  }()

  @Test func theShippedFileIsSound() {
    #expect(Self.shipped.problems.isEmpty, "\(Self.shipped.problems)")
    #expect(Self.shipped.entries.count > 20 && Self.shipped.exceptions.count >= 2)
    for entry in Self.shipped.entries { #expect(!entry.reason.isEmpty, "line \(entry.line)") }
  }

  @Test(arguments: [
    "192-0-2-1.adsl.example.net", "dhcp-192-0-2-1.example.net", "ppp-2-1.city.example",
    "1.2.0.192.dyn.example",
    "dynamic-192-0-2-1.example", "192x0x2x1.cable.example", "pool-192-0-2-1.example.com",
    "c0000201.dyn.example.net", "dsl192000002001.example", "host192000002001.dsl.example",
    "2001-db8-12-34-56-78-9a-bc.dynamic.example", "192.0.2.1.abo.example", "vdsl-2-1.example",
    "p5b0a12c4.dip0.t-ipconnect.de", "p200300cb1708ab00.dip0.t-ipconnect.de",
    "ip-095-222-001-002.um34.pools.vodafone-ip.de", "dslb-188-096-001-002.188.096.pools.vodafone-ip.de",
    "c-73-1-2-3.hsd1.ca.comcast.net", "pool-71-1-2-3.nycmny.fios.verizon.net",
    "cpe-76-1-2-3.socal.res.rr.com", "99-1-2-3.lightspeed.irvnca.sbcglobal.net", "ip68-1-2-3.sd.sd.cox.net",
    "cpc1-brig4-2-0-cust123.3-3.cable.virginm.net", "host86-1-2-3.range86-128.btcentralplus.com",
    "5ec1a2b3.skybroadband.com", "lfbn-idf1-1-2-3.w82-120.abo.wanadoo.fr", "88-1-2-3.subs.proxad.net",
    "1.2.3.78.rev.sfr.net", "host-79-1-2-3.retail.telecomitalia.it", "78-72-1-2-no2200.tbcn.telia.com",
    "b1a2c3d4.virtua.com.br", "187-1-2-3.user.veloxzone.com.br", "softbank126001002003.bbtec.net",
    "p1234-ipbf1234marunouchi.tokyo.ocn.ne.jp", "pdf1a2b3c.tokyte00.ap.so-net.ne.jp",
    "cpe-120-1-2-3.nb05.nsw.asp.telstra.net", "1.2.red-83-1-2.dynamicip.rima-tde.net",
    "85-1-2-3.dynamic.ttnet.com.tr", "114-1-2-3.dynamic-ip.hinet.net",
  ])
  func namesOfHomesFit(_ name: String) { #expect(Self.shipped.match(name) != nil, "\(name)") }

  @Test(arguments: [
    "mail.example.org", "mx1.example.net", "mail-wm1-f41.google.com", "o1.ptr123.sendgrid.example",
    "a8-30.smtp-out.amazonses.com", "mail-db5eur01on0.outbound.protection.outlook.com",
    "static-192-0-2-1.adsl.example.net", "192-0-2-1.static.dsl.example", "fixed-192-0-2-1.cable.example",
    "mail.adsl-192-0-2-1.example", "mx2.dyn.example.org", "ec2-192-0-2-1.compute-1.example.com",
    "static.1.2.0.192.clients.example.de", "vps-12ab34cd.vps.example.net", "host.example.com",
    "ip-192-0-2-1.eu-west-1.compute.internal", "server12-34.example.net", "dynamics.example.com",
    "mailpool.example.com", "liverpool-1-2.example.com", "mobile.example.com", "lists.debian.example",
    "cable.example.com", "poolside-1-2.example.com", "deadbeef.example.net", "1-2-3-4.example.com",
  ])
  func namesOfServersDoNot(_ name: String) {
    #expect(Self.shipped.match(name) == nil, "\(name): line \(Self.shipped.match(name)?.line ?? 0)")
  }

  /// A name is at most 253 octets: no entry comes near its bound on one made to be hard.
  @Test func noShippedEntryRunsWild() {
    let hard = [
      String(repeating: "1-", count: 126), String(repeating: "a.", count: 126),
      String(repeating: "dyn-1.", count: 42), String(repeating: "ab-", count: 84),
      String(repeating: "1", count: 63) + "." + String(repeating: "f", count: 63),
    ]
    for entry in Self.shipped.entries + Self.shipped.exceptions {
      for name in hard {
        #expect(entry.pattern.firstMatch(in: name) != .unfinished, "line \(entry.line) on \(name)")
      }
    }
  }
}
