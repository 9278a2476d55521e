import Foundation
import TestSupport
import Testing

/// `weir import`, as it is built.
@Suite struct ImportCommandTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder("import")
    try folder.write("access", "Connect:192.0.2 REJECT\nFrom:x@y.example 450 later\nConnect:10.9 RELAY\n")
    try folder.write("access-odd", "From:x.example RELAY\nnonsense\n")
  }

  private func weir(_ arguments: String...) throws -> CommandResult {
    try run(Gateway.binary(), ["import"] + arguments, within: .seconds(20))
  }

  @Test func showsWhatItWouldWrite() throws {
    let result = try weir("sendmail-access", folder.file("access"))
    #expect(result.ending == .exited(0))
    #expect(result.output.contains("==> Blocklists/block-access.cidr"))
    #expect(result.output.contains("==> Rules/50-access.rc"))
    #expect(result.output.contains("==> for weir.toml, by your own hand"))
    #expect(result.output.contains("access:3: shown for the configuration, not written"))
    #expect(result.output.contains("2 carried over, 1 with a difference, 0 not, 0 not to be read"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("Rules")))
  }

  @Test func writesNewFilesOnly() throws {
    let target = folder.file("new")
    let result = try weir("sendmail-access", folder.file("access"), "--into", target, "--name", "old one")
    #expect(result.ending == .exited(0))
    let list = try readBytes(atPath: target + "/Blocklists/block-old-one.cidr")
    #expect(String(decoding: list, as: UTF8.self).contains("192.0.2.0/24  Access denied (access:1)"))
    #expect(FileManager.default.fileExists(atPath: target + "/Rules/50-old-one.rc"))
    // What would let somebody relay is not among them.
    let names = try FileManager.default.subpathsOfDirectory(atPath: target).sorted()
    #expect(names == ["Blocklists", "Blocklists/block-old-one.cidr", "Rules", "Rules/50-old-one.rc"])
    let again = try weir("sendmail-access", folder.file("access"), "--into", target, "--name", "old one")
    #expect(again.ending == .exited(2))
    #expect(again.errors.contains("is there already: nothing was written"))
  }

  @Test func whatDoesNotComeIsToldAndCounts() throws {
    let result = try weir("sendmail-access", folder.file("access-odd"))
    #expect(result.ending == .exited(1))
    #expect(result.output.contains("access-odd:2:9: a key without a value"))
    #expect(result.output.contains("access-odd:1: a sender's name is no reason to relay"))
    #expect(try weir("sendmail-access", folder.file("none")).ending == .exited(2))
    #expect(try weir("no-such-kind", folder.file("access")).ending == .exited(64))
    #expect(try weir("postfix-checks", folder.file("access"), "--syntax", "perl").ending == .exited(64))
  }

  @Test func printsJSON() throws {
    struct Output: Decodable {
      struct File: Decodable {
        let role: String
        let path: String?
      }
      struct Line: Decodable {
        let first: Int
        let outcome: String
        let column: Int?
        let targets: [String]
      }
      let files: [File]
      let lines: [Line]
      let counts: [String: Int]
    }
    let result = try weir("sendmail-access", folder.file("access-odd"), "--json")
    let output = try JSONDecoder().decode(Output.self, from: Data(result.output.utf8))
    #expect(output.lines.map(\.outcome) == ["left", "wrong"])
    #expect(output.lines[1].column == 9)
    #expect(output.counts["left"] == 1 && output.counts["wrong"] == 1 && output.files.isEmpty)
    let good = try weir("sendmail-access", folder.file("access"), "--json")
    let all = try JSONDecoder().decode(Output.self, from: Data(good.output.utf8))
    #expect(all.files.map(\.role) == ["list", "rules", "configuration"])
    #expect(all.files.last?.path == nil)
    #expect(all.lines.map(\.first) == [1, 2, 3])
  }
}
