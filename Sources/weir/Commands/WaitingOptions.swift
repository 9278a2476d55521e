import ArgumentParser
import Bytes
import Filtering
import Foundation
import NetAddress
import SMTPServer
import Settings
import TraceAnalysis

/// The way of the commands to the mail that waits: only the running gateway has it open.
enum WaitingGate {
  static func ask(_ order: WaitingOrder, _ config: String) throws -> ControlAnswer {
    do {
      return try ControlClient.ask(
        ControlRequest(command: .waiting, waiting: order), socket: ControlSocket.path(of: config))
    } catch {
      Complaint.write("\(error)")
      Complaint.write("quarantine and outbox are kept by the running gateway alone: start it, then ask again")
      throw ExitCode(2)
    }
  }

  /// As the other, for what has to be fine: else the lines are said, and the command ends with 1.
  static func demand(_ order: WaitingOrder, _ config: String) throws -> WaitingAnswer {
    let answer = try ask(order, config)
    guard answer.isFine, let waiting = answer.waiting else {
      for line in answer.lines { Complaint.write(line) }
      throw ExitCode(1)
    }
    return waiting
  }

  /// Prints a list page by page, a line a row, with how to go on where it is longer.
  ///
  /// - Parameters:
  ///   - start: where it begins; nil for its beginning.
  ///   - limit: rows at most.
  ///   - json: what it is in JSON, to be printed instead.
  ///   - page: some rows behind a place, at most so many, and where they ended.
  static func printList<Row>(
    from start: String?, limit: Int, json: (([Row], String?) -> any Encodable)?, line: (Row) -> String,
    page: (_ after: String?, _ most: Int) throws -> (rows: [Row], next: String?)
  ) throws {
    var rows: [Row] = []
    var next = start
    repeat {
      let found = try page(next, min(limit - rows.count, WaitingDesk.longestPage))
      rows += found.rows
      next = found.next
      if json == nil { for row in found.rows { print(line(row)) } }
    } while next != nil && rows.count < limit
    if let json { return try printJSON(json(rows, next)) }
    if rows.isEmpty { print("nothing") }
    if let next { print("more: --after \(next)") }
  }

  /// Does something with each, and says what came of it: `01K9F… released for <a@b.example>`. Ends with 1 where some of it
  /// was not done.
  static func each<ID: CustomStringConvertible>(
    _ ids: [ID], _ done: String, _ config: String, _ order: (ID) -> WaitingOrder
  ) throws {
    var isFine = true
    for id in ids {
      let answer = try ask(order(id), config)
      guard answer.isFine, let waiting = answer.waiting else {
        isFine = false
        Complaint.write("\(id.description.printable()): \(answer.lines.joined(separator: "; "))")
        continue
      }
      print("\(id) \(done) for \(WaitingText.addresses(waiting.recipients))")
    }
    if !isFine { throw ExitCode(1) }
  }

  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

/// Which messages of the quarantine are meant.
struct QuarantineFilterOptions: ParsableArguments {
  @Option(help: "In this folder and those below it.")
  var folder: String?

  @Option(help: "Part of the envelope sender.")
  var sender: String?

  @Option(help: "Part of a recipient.")
  var recipient: String?

  @Option(help: "Part of the subject or of From.")
  var text: String?

  @Option(help: "Part of the id of the rule that held it.")
  var rule: String?

  @Option(help: "The reason code under which it is held.")
  var code: String?

  @Option(help: "The client's address.")
  var client: String?

  @Option(help: "Held since: a day (2026-11-20), a time (2026-11-20T12:00:00Z), or so long ago (2h, 7d).")
  var since: String?

  @Option(help: "Held before, in the same forms.")
  var until: String?

  func validate() throws {
    if let folder, QuarantineFolder(folder) == nil {
      throw ValidationError("'\(folder.printable())' is no name of a folder")
    }
    if let client, IPAddress(client) == nil {
      throw ValidationError("'\(client.printable())' is no address")
    }
    _ = try filter(state: "")
  }

  /// - Parameter state: empty for any.
  func filter(state: String) throws -> WaitingFilter {
    WaitingFilter(
      folder: folder, state: state, sender: sender, recipient: recipient, text: text, rule: rule, code: code,
      client: client, since: try Self.moment(since, "--since"), until: try Self.moment(until, "--until"))
  }

  /// Whether nothing is asked.
  var isEmpty: Bool {
    [folder, sender, recipient, text, rule, code, client, since, until].allSatisfy { $0 == nil }
  }

  private static func moment(_ text: String?, _ option: String) throws -> Int64? {
    guard let text else { return nil }
    if let ago = Quantity.duration(text) { return (Clock.now - ago).milliseconds }
    guard let moment = Timestamp(isoDay: text) ?? MailDate(text)?.moment else {
      throw ValidationError(
        "\(option) takes a day such as 2026-11-20, a time such as 2026-11-20T12:00:00Z, or how long ago, such as 2h"
      )
    }
    return moment.milliseconds
  }
}

extension Timestamp {
  fileprivate static func - (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds - duration.milliseconds)
  }
}
