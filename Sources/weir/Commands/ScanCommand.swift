import ArgumentParser
import Bytes
import Filtering
import Foundation
import MailSyntax
import NetAddress

/// `weir scan`: a message as the gateway sees it, and what it would do with it.
struct ScanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "A message as the gateway sees it: what it is made of, what is found, and the verdict.",
    discussion: """
      Takes a message, a mailbox (a line for each message in it), or a folder, with the folders in it (a line for each \
      message). Nothing is delivered, and no backend is asked. All checks of the configuration run, at all stages; what \
      a session would be refused for first is the verdict.

      What no option says of client and envelope is taken from the Received line by which the message came to one's own \
      servers (relay.networks, trust.networks; guessed without them): the fields that they put above it are then no part \
      of the message, and the time is that of its arrival. With --client the message is judged as it stands, now.

      Without --config it is \(ScanContext.standardFile), and where there is none the defaults. In what is shown no \
      character of the message steers the terminal: such are written as \\x1b or \\u{202e}.

      Exits 0 where all was read, whatever the verdicts; 1 where something could not be read; 2 where the configuration \
      or the file of --dns is wrong.
      """)

  @Argument(help: "A message, a mailbox, a folder, or - for standard input.")
  var file: String

  @Option(help: "The gateway's configuration.")
  var config: String?

  @Option(help: "The address of the client that hands the message over.")
  var client: String?

  @Option(help: "The client's name by DNS, taken as confirmed.")
  var ptr: String?

  @Option(help: "The name that the client greets with.")
  var helo: String?

  @Option(help: "The envelope sender; <> for none.")
  var from: String?

  @Option(help: "A recipient; may be given several times. Whether it may be relayed to is judged then.")
  var to: [String] = []

  @Option(help: "The user who logged in.")
  var authUser: String?

  @Option(help: "A file of DNS records to ask instead of DNS.")
  var dns: String?

  @Option(help: "The time to judge by, as 2026-11-20T12:00:00Z.")
  var now: String?

  @Option(help: "Which message of a mailbox, or of a folder, to show whole.")
  var message: Int?

  @Flag(help: "Ask nobody about names.")
  var offline = false

  @Flag(help: "All of the text, links and faults, not their beginning.")
  var text = false

  @Flag(help: "Every rule that was judged, and which of its conditions held.")
  var why = false

  @Flag(help: "JSON: one object; one a line for a mailbox or a folder.")
  var json = false

  func run() async throws {
    guard message.map({ $0 > 0 }) ?? true else { throw ValidationError("--message takes a number from 1") }
    guard !(offline && dns != nil) else { throw ValidationError("--dns or --offline, not both") }
    let given = try given()
    let context = try await ScanContext(self)
    var source = ScanSource(file)
    var isComplete = true
    if let message {
      var item = source.next()
      for _ in 1..<max(1, message) { item = item == nil ? nil : source.next() }
      guard let item else {
        Complaint.write("\(file): there is no message \(message)")
        throw ExitCode(1)
      }
      isComplete = try await scan(item, given, context)
    } else if source.isMany {
      isComplete = try await scanMany(&source, given, context)
    } else if let item = source.next() {
      isComplete = try await scan(item, given, context)
    }
    if !isComplete { throw ExitCode(1) }
  }

  private func scan(_ item: ScanItem, _ given: ScanEnvelope.Given, _ context: ScanContext) async throws
    -> Bool
  {
    guard let octets = item.octets else {
      Complaint.write("\(item.name): \(item.notes.joined(separator: "; "))")
      return false
    }
    let scan = await Scan.of(item, octets, given, context)
    if json {
      print(try ScanOutput(scan, notes: context.notes).json(isLine: false))
    } else {
      let terminal = Terminal.standardOutput(unknown: 80)
      for line in ScanReport(
        scan: scan, terminal: terminal, isFull: text, notes: context.notes, tellsWhy: why
      ).lines() {
        print(line)
      }
    }
    return true
  }

  /// Messages that are worked on side by side.
  private static let atOnce = 4

  private func scanMany(
    _ source: inout ScanSource, _ given: ScanEnvelope.Given, _ context: ScanContext
  ) async throws -> Bool {
    var summary = ScanSummary(
      Terminal.standardOutput(unknown: 80), prefix: file.hasSuffix("/") ? file : "\(file)/")
    if !json {
      for note in context.notes { print(summary.terminal.faint("(\(note))")) }
      print(summary.title)
    }
    var isComplete = true
    while true {
      var items: [ScanItem] = []
      while items.count < Self.atOnce, let item = source.next() { items.append(item) }
      guard !items.isEmpty else { break }
      for (item, scan) in zip(items, await scans(items, given, context)) {
        if scan == nil { isComplete = false }
        if json {
          print(try line(item, scan))
        } else {
          print(scan.map { summary.line($0) } ?? summary.line(unread: item))
        }
      }
    }
    if !json { print("\n\(summary.foot)") }
    return isComplete
  }

  /// In the order of the items; nil for those that could not be read.
  private func scans(_ items: [ScanItem], _ given: ScanEnvelope.Given, _ context: ScanContext) async
    -> [Scan?]
  {
    await withTaskGroup(of: (Int, Scan).self) { group in
      for (index, item) in items.enumerated() {
        guard let octets = item.octets else { continue }
        group.addTask { @concurrent in (index, await Scan.of(item, octets, given, context)) }
      }
      var scans = [Scan?](repeating: nil, count: items.count)
      for await (index, scan) in group { scans[index] = scan }
      return scans
    }
  }

  private func line(_ item: ScanItem, _ scan: Scan?) throws -> String {
    if let scan { return try ScanOutput(scan, notes: []).json(isLine: true) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let output = UnreadOutput(name: item.name, error: item.notes.joined(separator: "; "))
    return String(decoding: try encoder.encode(output), as: UTF8.self)
  }

  /// What the options say, checked.
  private func given() throws -> ScanEnvelope.Given {
    var given = ScanEnvelope.Given()
    if let client {
      guard let address = IPAddress(client) else {
        throw ValidationError("--client takes an address such as 192.0.2.1")
      }
      given.client = address
    }
    given.name = ptr
    given.helo = helo
    given.user = authUser
    if let from {
      guard let path = PathParser.parse(whole: from.isEmpty ? "<>" : from, limits: .sender) else {
        throw ValidationError("--from takes an address such as user@example.org, or <>")
      }
      given.sender = path
    }
    given.recipients = try to.map { text in
      guard let path = PathParser.parse(whole: text) else {
        throw ValidationError("--to takes an address such as user@example.org")
      }
      return path
    }
    return given
  }
}
