import ArgumentParser
import Bytes
import Filtering
import Foundation
import SMTPServer
import Settings
import Storage

/// `weir lists`: what the local lists say, and safe edits.
struct ListsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lists", abstract: "Ask and edit the local lists of Blocklists/, and see the DNS lists.",
    subcommands: [CheckValue.self, Add.self, Remove.self, ZonesCommand.self])

  /// `weir lists check VALUE`.
  struct CheckValue: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Which entries match an address, name, mailbox or link, and which wins.",
      discussion: "Exits 0 where nothing blocks it, 1 where an entry does.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "An address, a host or domain name, a mailbox, or host/path.")
    var value: String

    @Flag(help: "JSON instead of text.")
    var json = false

    func run() throws {
      let lists = try ListsFolder(options.config).snapshot()
      let answers: [ListAnswer]
      do {
        answers = try lists.check(value, at: Clock.now)
      } catch {
        Complaint.write("\(error)")
        throw ExitCode(2)
      }
      if json { try printJSON(answers) } else { printText(answers) }
      if answers.contains(where: { $0.winner?.verdict == .block }) { throw ExitCode(1) }
    }

    private func printText(_ answers: [ListAnswer]) {
      var isListed = false
      for answer in answers where !answer.matches.isEmpty {
        isListed = true
        print("as \(answer.question):")
        for (index, match) in answer.matches.enumerated() {
          let state = match.isExpired ? "expired" : index == 0 ? "WINS" : "lost"
          let until = match.until.map { ", until \($0.isoDay)" } ?? ""
          let trap = match.isTrap ? ", trap" : ""
          let reason = match.reason.map { ": \($0)" } ?? ""
          print(
            "  \(match.verdict.rawValue)\t\(match.file):\(match.line)\t\(match.entry)\t\(state)\(until)\(trap)\(reason)"
          )
        }
      }
      if !isListed { print("\(value.printable()): no entry matches") }
    }

    private struct Row: Encodable {
      let asked: String
      let verdict: String
      let file: String
      let line: Int
      let entry: String
      let reason: String?
      let until: String?
      let isTrap: Bool
      let isExpired: Bool
      let wins: Bool
    }

    private func printJSON(_ answers: [ListAnswer]) throws {
      let rows = answers.flatMap { answer in
        answer.matches.map { match in
          Row(
            asked: "\(answer.question)", verdict: match.verdict.rawValue, file: match.file, line: match.line,
            entry: match.entry, reason: match.reason, until: match.until?.isoDay, isTrap: match.isTrap,
            isExpired: match.isExpired, wins: match == answer.winner)
        }
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(rows), as: UTF8.self))
    }
  }

  /// `weir lists add FILE ENTRY`.
  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add an entry to a list file, and have the running gateway, if there is one, read it.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "A file of the lists' folder, such as block.cidr.")
    var file: String

    @Argument(help: "The entry, in the form of that file.")
    var entry: String

    @Option(help: "The last day on which it counts, YYYY-MM-DD.")
    var until: String?

    @Option(help: "Why; it reaches the reply and the log.")
    var reason: String?

    @Flag(help: "A recipient that is a trap.")
    var trap = false

    func run() throws {
      try ListsFolder(options.config).edit(file) { text, path throws(ListEditError) in
        try ListEdit.add(
          entry, isTrap: trap, until: until, reason: reason, to: text, file: path, at: Clock.now)
      }
    }
  }

  /// `weir lists remove FILE ENTRY`.
  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove an entry from a list file, and have the running gateway, if there is one, forget it.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "A file of the lists' folder, such as block.cidr.")
    var file: String

    @Argument(help: "The entry, as it stands there.")
    var entry: String

    func run() throws {
      try ListsFolder(options.config).edit(file) { text, path throws(ListEditError) in
        try ListEdit.remove(entry, from: text, file: path)
      }
    }
  }
}
