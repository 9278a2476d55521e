import Foundation
import TestSupport
import Testing

@testable import RuleLanguage

/// The same rules and messages, given to Weir and to Debian's procmail.
@Suite(.serialized, .apart) struct DifferentialTests {
  private func plan(_ text: String) -> RulePlan {
    var options = RuleParserOptions()
    options.programs = ["cat", "grep", "wc"]
    return RulePlan(files: [RuleParser.parse(name: "a.rc", octets: text.utf8, options: options)])
  }

  /// The texts that differ, in words.
  private func differences(
    _ files: [String], _ messages: [[UInt8]], _ pairs: [(file: Int, message: Int)]
  ) throws -> (compared: Int, differences: [String]) {
    let expected = try ProcmailOracle.answers(files: files, messages: messages, pairs: pairs)
    let plans = files.map(plan)
    var compared = 0
    var found: [String] = []
    for (pair, first) in zip(pairs, expected) {
      let ours = ProcmailOracle.Answer(plans[pair.file], messages[pair.message])
      var theirs = first
      if theirs.folders != ours.folders || theirs.log != ours.log {
        // Once in some ten thousand times it answered out of memory that was not its text's: what it says again counts.
        let again = try ProcmailOracle.answers(
          files: [files[pair.file]], messages: [messages[pair.message]], pairs: [(file: 0, message: 0)])
        theirs = again.first ?? first
      }
      compared += theirs.log.count + theirs.folders.count
      if theirs.folders != ours.folders {
        found.append(
          "file \(pair.file) message \(pair.message): folders \(theirs.folders), ours \(ours.folders)")
      }
      // What follows a first difference follows from it.
      let place = (0..<max(theirs.log.count, ours.log.count)).first { index in
        index >= theirs.log.count || index >= ours.log.count || theirs.log[index] != ours.log[index]
      }
      guard let place else { continue }
      let (their, our) = (theirs.log.dropFirst(place).first, ours.log.dropFirst(place).first)
      found.append("file \(pair.file) message \(pair.message): \(text(their ?? [])), ours \(text(our ?? []))")
    }
    return (compared, found)
  }

  private func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self).debugDescription }

  @Test(needs(.procmail))
  func generatedRulesComeOutAsProcmailHasThem() throws {
    // Another seed makes other rules and messages: some were tried, and no difference was found.
    var generator = RuleGenerator(seed: 6)
    let files = (0..<12).map { _ in generator.file(probes: 150) }
    let messages = (0..<240).map { _ in generator.message() }
    let pairs = messages.indices.map { (file: $0 % files.count, message: $0) }
    let (compared, differences) = try differences(files, messages, pairs)
    #expect(compared > 30_000)
    #expect(
      differences.prefix(20).isEmpty,
      "\(differences.count): \(differences.prefix(60).joined(separator: "\n"))")
  }

  @Test(needs(.procmail), needsMaterial("procmail"), needsMaterial("corpus/spamassassin"))
  func rulesFromTheWildComeOutAsProcmailHasThem() throws {
    let files = try Self.paths(under: "procmail").filter { !$0.hasSuffix(".txt") && !$0.hasSuffix("COPYING") }
    var written: [String] = []
    var recipes = 0
    for path in files {
      let file = RuleParser.parse(
        name: path, octets: try readBytes(atPath: "\(Material.folder)/procmail/\(path)"))
      let one = Instrumentation.of(file)
      guard one.recipes > 0, one.text.utf8.count < 200_000 else { continue }
      recipes += one.recipes
      written.append(one.text)
    }
    let messages = try Self.paths(under: "corpus/spamassassin").lazy
      .map { try readBytes(atPath: "\(Material.folder)/corpus/spamassassin/\($0)") }
      .filter { $0.count < 3000 && !$0.contains(0) && !$0.contains(1) }.prefix(60)
    try #require(!written.isEmpty && !messages.isEmpty)
    let some = Array(messages)
    let pairs = (0..<max(some.count, written.count) * 2).map {
      (file: $0 % written.count, message: ($0 * 7) % some.count)
    }
    let (compared, differences) = try differences(written, some, pairs)
    print(
      "procmail/wild: \(written.count) files, \(recipes) recipes, \(compared) texts, \(differences.count) differ"
    )
    #expect(compared > 1000)
    #expect(
      differences.prefix(20).isEmpty,
      "\(differences.count): \(differences.prefix(60).joined(separator: "\n"))")
  }

  private static func paths(under folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(Material.folder)/\(folder)").sorted().filter {
      path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(
        atPath: "\(Material.folder)/\(folder)/\(path)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }
}
