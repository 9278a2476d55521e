import Bytes
import Filtering

/// Mail that waits, for people. What strangers wrote is shown without what a terminal would obey.
enum WaitingText {
  /// Bound: addresses on one line.
  private static let mostAddresses = 3

  static func addresses(_ all: [String]) -> String {
    let shown = all.prefix(mostAddresses).map { "<\($0.printable())>" }.joined(separator: ", ")
    return all.count > mostAddresses ? "\(shown) and \(all.count - mostAddresses) more" : shown
  }

  /// A time without its milliseconds.
  private static func time(_ text: String) -> String {
    text.hasSuffix("Z") ? text.prefix { $0 != "." } + "Z" : text.printable()
  }

  private static func score(_ score: Double?) -> String { score.map(Score.text) ?? "-" }

  /// One entry on a line of a list.
  static func line(_ entry: ShownEntry) -> String {
    let reason = entry.rule.isEmpty ? entry.code : "\(entry.code) \(entry.rule)"
    let states = Set(entry.recipients.map(\.state))
    let state = states.subtracting([QuarantineState.held.rawValue]).sorted().joined(separator: ",")
    return [
      entry.id, time(entry.since), entry.folder, score(entry.score), reason.printable(limit: 60),
      "<\(entry.sender.printable())> -> \(addresses(entry.recipients.map(\.address)))\(state.isEmpty ? "" : " (\(state))")",
      StatusReport.octets(Int(clamping: entry.octets)), entry.subject.printable(limit: 80),
    ].joined(separator: "\t")
  }

  /// All of an entry.
  static func lines(_ entry: ShownEntry) -> [String] {
    func row(_ name: String, _ value: String) -> String {
      name.padding(to: 11) + value
    }
    let name = entry.clientName.map { " (\($0.printable()))" } ?? ""
    var lines = [
      row("id", entry.id),
      row("folder", entry.folder),
      row("held", "since \(time(entry.since)), until \(time(entry.expires))"),
      row("sender", "<\(entry.sender.printable())>"),
      row("from", entry.from.printable(limit: 1000)),
      row("subject", entry.subject.printable(limit: 1000)),
      row("client", "\(entry.client)\(name), HELO \(entry.helo.printable())"),
      row("size", StatusReport.octets(Int(clamping: entry.octets))),
      row("score", score(entry.score)),
      row("reason", entry.code),
    ]
    if !entry.rule.isEmpty { lines.append(row("rule", entry.rule.printable(limit: 1000))) }
    if !entry.findings.isEmpty { lines.append(row("findings", entry.findings.printable(limit: 16_384))) }
    for (index, recipient) in entry.recipients.enumerated() {
      let isHeld = recipient.state == QuarantineState.held.rawValue
      let since = isHeld ? "" : " \(time(recipient.changed))"
      let detail = recipient.detail.isEmpty ? "" : ": \(recipient.detail.printable(limit: 1000))"
      lines.append(
        row(index == 0 ? "to" : "", "<\(recipient.address.printable())> \(recipient.state)\(since)\(detail)"))
    }
    return lines
  }

  /// One leg on a line of a list.
  static func line(_ leg: ShownLeg) -> String {
    let next = leg.state == LegState.waiting.rawValue ? "next \(time(leg.next))" : "since \(time(leg.next))"
    return [
      "\(leg.leg)", leg.state, leg.kind, leg.message,
      "<\(leg.sender.printable())> -> <\(leg.recipient.printable())>",
      "\(leg.attempts) attempt(s)", next, "until \(time(leg.expires))", leg.detail.printable(limit: 300),
    ].joined(separator: "\t")
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - utf8.count))
  }
}
