import Bytes
import Filtering
import Foundation
import NetAddress
import SMTPProtocol
import Settings
import Telemetry
import TestSupport
import Testing

/// The manual says what the product does: what can be compared is compared.
@Suite struct DocumentationTests {
  @Test func everyKeyStandsOnTheConfigurationPage() throws {
    let rows = Settings.reference.map { key in
      [
        PageTable.code(key.path), PageTable.text(key.type.form), PageTable.code(key.defaultText),
        PageTable.text(key.meaning),
      ]
    }
    #expect(rows.count > 100)
    try PageTable(page: "Configuration.md", head: ["Key", "Form", "Default", "What it does"], rows: rows)
      .check()
  }

  private struct Entry: Decodable {
    let code: String
    let reply: String?
    let severity: String
    let cause: String
    let effect: String
    let remedy: String
  }

  @Test func everyReasonStandsOnItsPage() throws {
    let explained = try run(Gateway.binary(), ["explain", "--json"])
    #expect(explained.succeeded)
    let entries = try JSONDecoder().decode([Entry].self, from: Data(explained.output.utf8))
    #expect(entries.contains { $0.code == "RELAY_DENIED" })
    let rows = entries.map { entry in
      [
        PageTable.code(entry.code), PageTable.code(entry.reply ?? ""), entry.severity,
        PageTable.text(entry.cause), PageTable.text(entry.effect), PageTable.text(entry.remedy),
      ]
    }
    try PageTable(
      page: "ReasonCodes.md", head: ["Code", "Reply", "Severity", "Cause", "Effect", "What to do"], rows: rows
    ).check()
  }

  @Test func everyCommandStandsOnItsPageAndInTheREADME() throws {
    let help = try run(Gateway.binary(), ["--help"]).output
    let list = help.components(separatedBy: "SUBCOMMANDS:").dropFirst().first ?? ""
    // Two spaces, the word, and its abstract; lines that go on stand further in.
    let words = list.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" && $0 != "help" }
    #expect(words.contains("serve") && words.contains("demo-backend"), "\(words)")
    let page = try RepositoryFile.text("Sources/weir/Weir.docc/Commands.md")
    let readme = try RepositoryFile.text("README.md")
    for word in words {
      #expect(page.contains("\n## \(word)\n"), "Commands.md has no section on \(word)")
      #expect(readme.contains("`weir \(word)"), "README.md does not name weir \(word)")
    }
    for section in page.split(separator: "\n").filter({ $0.hasPrefix("## ") && $0 != "## Overview" }) {
      #expect(words.contains(String(section.dropFirst(3))), "there is no command \(section)")
    }
  }

  @Test func everyLimitStandsOnItsPage() throws {
    let page = try RepositoryFile.text("Sources/weir/Weir.docc/Limits.md")
    for key in Settings.reference where key.type != .tables && key.type != .table {
      let isOfLimits = key.path.hasPrefix("limits.") && !key.path.contains("[]")
      guard isOfLimits || key.path.hasPrefix("timeouts.") else { continue }
      let isNamed = page.contains("`\(key.path)`")
      #expect(isNamed, "Limits.md does not name \(key.path)")
    }
    let known = Set(Settings.reference.map(\.path))
    for match in page.matches(
      of: /`((?:limits|timeouts|recipients|delivery|backend)[a-z0-9_.\[\]]*\.[a-z0-9_]+)`/)
    {
      #expect(known.contains(String(match.output.1)), "Limits.md names \(match.output.1), which is no key")
    }
  }

  @Test func everyCodeThatThePagesNameExists() throws {
    let explained = try run(Gateway.binary(), ["explain", "--json"])
    let entries = try JSONDecoder().decode([Entry].self, from: Data(explained.output.utf8))
    let known = Set(entries.map(\.code))
    for page in ["Limits.md", "Configuration.md", "LogLine.md"] {
      let text = try RepositoryFile.text("Sources/weir/Weir.docc/\(page)")
      for match in text.matches(of: /(?:`|code=)([A-Z]+_[A-Z_]+)(?:`| )/) {
        #expect(known.contains(String(match.output.1)), "\(page) names \(match.output.1), which is no code")
      }
    }
  }

  @Test func everyKeyOfTheLogLineStandsOnItsPage() throws {
    var event = Event(.reject, .warning, at: Timestamp(milliseconds: 0))
    event.id = "X"
    event.stage = .recipient
    event.found = .mail
    event.code = .relayDenied
    event.client = IPAddress("192.0.2.1")
    event.helo = "h"
    event.sender = ""
    event.recipients = Array(repeating: "a@b.example", count: 30)
    event.score = 1
    event.findings = Array(
      repeating: WeighedFinding(
        Finding(.relayDenied, evidence: "e", reason: "r", list: "l"), weight: Weight(1, .reject),
        mode: .shadow,
        found: .mail, enforceAt: .recipient), count: 40)
    (event.rule, event.rules, event.folder) = ("R", ["R"], "spam")
    event.redirected = ["a@b.example"]
    event.backend = "b"
    event.octets = 1
    event.reply = Reply(550, 1, 1, "x")
    event.detail = "d"
    event.took = .milliseconds(1)
    let line = LogLine.text(event, as: .json)
    let keys = Set(line.matches(of: /"([a-z_]+)":/).map { String($0.output.1) })
    #expect(keys.count > 20, "\(keys)")
    let page = try RepositoryFile.text("Sources/weir/Weir.docc/LogLine.md")
    for key in keys { #expect(page.contains("`\(key)`"), "LogLine.md does not name \(key)") }
    for kind in Event.Kind.allCases { #expect(page.contains("| `\(kind.rawValue)` |")) }
  }

  @Test func theLinksOfThePagesLead() throws {
    let folder = RepositoryFile.url("Sources/weir/Weir.docc").path
    let pages = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
    #expect(pages.count >= 10)
    for page in pages {
      for match in try RepositoryFile.text("Sources/weir/Weir.docc/\(page)").matches(of: /<doc:([A-Za-z]+)>/)
      {
        #expect(pages.contains("\(match.output.1).md"), "\(page) leads to \(match.output.1)")
      }
    }
    for match in try RepositoryFile.text("README.md").matches(of: /\]\(([A-Za-z][A-Za-z.\/]*)\)/) {
      let path = RepositoryFile.url(String(match.output.1)).path
      #expect(FileManager.default.fileExists(atPath: path), "README.md leads to \(match.output.1)")
    }
  }
}
