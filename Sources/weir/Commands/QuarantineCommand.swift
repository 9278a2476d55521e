import ArgumentParser
import Bytes
import Filtering
import Foundation

/// `weir quarantine`: what is held, and what becomes of it.
struct QuarantineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine", abstract: "List, show, release and delete the messages that are held.",
    discussion:
      "Asks the running gateway. Exits 0 where it was done, 1 where some of it was not, and says why, 2 where no gateway runs.",
    subcommands: [List.self, Show.self, Release.self, Delete.self])

  /// `weir quarantine list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What is held, newest first.",
      discussion:
        "A line each: id, since when, folder, score, reason or rule, sender and recipients, size, subject. At the end of a list that is longer stands how to go on."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var filter: QuarantineFilterOptions

    @Option(help: "held, released, deleted, lost, or any: by what became of it for some recipient.")
    var state = "held"

    @Option(help: "At most so many.")
    var limit = 100

    @Option(help: "Go on behind this place, which the list before ended with.")
    var after: String?

    @Flag(help: "JSON instead of text.")
    var json = false

    func validate() throws {
      guard state == "any" || QuarantineState(rawValue: state) != nil else {
        throw ValidationError("--state takes held, released, deleted, lost or any")
      }
      guard limit > 0 else { throw ValidationError("--limit takes a number from 1") }
    }

    private struct Output: Encodable {
      let entries: [ShownEntry]
      let next: String?
    }

    func run() throws {
      let filter = try filter.filter(state: state == "any" ? "" : state)
      try WaitingGate.printList(
        from: after, limit: limit, json: json ? { Output(entries: $0, next: $1) } : nil,
        line: { (entry: ShownEntry) in WaitingText.line(entry) },
        page: { next, most in
          let page = try WaitingGate.demand(.list(filter, after: next, most: most), options.config)
          return (page.entries, page.next)
        })
    }
  }

  /// `weir quarantine show ID`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A held message: for whom, why, and what became of it.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "Its id, as the list shows it.")
    var id: String

    @Flag(help: "Its header, as it would be sent, instead.")
    var headers = false

    @Flag(help: "All of it, octet for octet, instead: to be redirected into a file.")
    var source = false

    @Flag(help: "JSON instead of text.")
    var json = false

    func validate() throws {
      guard [headers, source, json].count(where: { $0 }) <= 1 else {
        throw ValidationError("one of --headers, --source and --json")
      }
    }

    func run() throws {
      if source { return try content { FileHandle.standardOutput.write($0) } }
      if headers { return try printHeader() }
      guard let entry = try WaitingGate.demand(.show(id), options.config).entries.first else {
        throw ExitCode(1)
      }
      if json { return try WaitingGate.printJSON(entry) }
      for line in WaitingText.lines(entry) { print(line) }
    }

    /// Brings the content piece by piece, until `take` has enough.
    private func content(_ take: (Data) throws -> Void) throws {
      var offset: Int? = 0
      while let position = offset {
        let piece = try WaitingGate.demand(.content(id, offset: position), options.config)
        try take(piece.content ?? Data())
        offset = piece.next.flatMap { Int($0) }
      }
    }

    private struct Enough: Error {}

    /// Bound: a header is no longer, or the rest of it is not shown.
    private static let longestHeader = 4 << 20

    private func printHeader() throws {
      var header = Data()
      let end = Data("\r\n\r\n".utf8)
      do {
        try content { piece in
          let start = max(0, header.count - 3)
          header.append(piece)
          if let found = header.range(of: end, in: start..<header.count) {
            header = header.prefix(upTo: found.lowerBound)
            throw Enough()
          }
          if header.count > Self.longestHeader { throw Enough() }
        }
      } catch is Enough {}
      for line in String(decoding: header, as: UTF8.self).split(
        separator: "\r\n", omittingEmptySubsequences: false)
      {
        let indent = line.first == "\t" ? "\t" : ""
        print(indent + line.dropFirst(indent.count).printable(limit: 4000))
      }
    }
  }

  /// Which messages, for the commands that change something.
  struct Selection: ParsableArguments {
    @Argument(help: "Their ids, as the list shows them.")
    var ids: [String] = []

    @Flag(help: "All that are held and meet the filter, instead of ids.")
    var all = false

    @Flag(help: "With --all: really.")
    var yes = false

    @OptionGroup var filter: QuarantineFilterOptions

    func validate() throws {
      guard all != !ids.isEmpty else {
        throw ValidationError(all ? "either ids or --all" : "name ids, or --all with a filter")
      }
      guard all || filter.isEmpty else { throw ValidationError("a filter goes with --all") }
    }

    /// The ids; where they are found by the filter, only with `--yes`.
    func resolved(_ verb: String, _ config: String) throws -> [String] {
      guard all else { return ids }
      let filter = try filter.filter(state: QuarantineState.held.rawValue)
      var found: [String] = []
      var next: String?
      repeat {
        let page = try WaitingGate.demand(
          .list(filter, after: next, most: WaitingDesk.longestPage), config)
        found += page.entries.map(\.id)
        next = page.next
      } while next != nil
      guard !found.isEmpty else {
        Complaint.write("nothing is held that meets the filter")
        throw ExitCode(1)
      }
      guard yes else {
        Complaint.write("\(found.count) message(s) would be \(verb); say --yes if they are to be")
        throw ExitCode(1)
      }
      return found
    }
  }

  /// `weir quarantine release`.
  struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send held messages to their recipients, past the checks that held them.",
      discussion:
        "They go into the outbox and from there to the backend, marked by X-Weir-Released; weir quarantine show tells when they have arrived."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var selection: Selection

    @Option(help: "For this recipient only, of those it is held for; may be said more than once.")
    var to: [String] = []

    func run() throws {
      let addresses = to.isEmpty ? nil : to
      try WaitingGate.each(
        try selection.resolved("released", options.config), "released", options.config
      ) { .release($0, to: addresses) }
    }
  }

  /// `weir quarantine delete`.
  struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give up held messages: nobody gets them.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var selection: Selection

    @Option(
      name: .customLong("for"),
      help: "For this recipient only, of those it is held for; may be said more than once.")
    var addresses: [String] = []

    func run() throws {
      let addresses = addresses.isEmpty ? nil : addresses
      try WaitingGate.each(
        try selection.resolved("deleted", options.config), "deleted", options.config
      ) { .delete($0, for: addresses) }
    }
  }
}
