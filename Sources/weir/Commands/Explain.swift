import ArgumentParser
import Foundation
import SMTPProtocol

/// `weir explain CODE`: one entry of the reason catalogue.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One entry of the reason catalogue: what a code in a reply or a log line means, and what to do."
  )

  @Argument(help: "A reason code, such as RELAY_DENIED; without it, all codes with their causes.")
  var code: String?

  @Flag(help: "JSON instead of text.")
  var json = false

  func run() throws {
    let catalogue = ReasonCatalogue(Configuration.reasons)
    guard let code else {
      if json { return print(try Self.encode(catalogue.all.map(Entry.init))) }
      for reason in catalogue.all { print("\(reason.code)\t\(reason.cause)") }
      return
    }
    guard let reason = catalogue[ReasonCode(code.uppercased())] else {
      FileHandle.standardError.write(
        Data("weir explain: there is no reason code '\(code)'; weir explain lists them\n".utf8))
      throw ExitCode(1)
    }
    let entry = Entry(reason)
    print(json ? try Self.encode(entry) : entry.text)
  }

  private static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  struct Entry: Encodable {
    let code: String
    let reply: String?
    let severity: String
    let cause: String
    let effect: String
    let remedy: String
    let parameters: [String]

    init(_ reason: Reason) {
      code = reason.code.name
      reply = reason.reply?.summary
      severity = reason.severity.rawValue
      cause = reason.cause
      effect = reason.effect
      remedy = reason.remedy
      let text = reply ?? ""
      parameters = ReplyVariables.names.filter { text.contains("{\($0)}") }
    }

    var text: String {
      """
      \(code) (\(severity))
        reply       \(reply ?? "never speaks to a peer")
        parameters  \(parameters.isEmpty ? "none" : parameters.joined(separator: ", "))
        cause       \(cause)
        effect      \(effect)
        what to do  \(remedy)
      """
    }
  }
}
