import Bytes
import Foundation
import NetAddress
import TraceAnalysis

/// A trace for people: a table where the terminal is wide enough, else a few lines for each hop; and at the foot where
/// the message comes from and who answers for it.
struct TraceTable {
  let view: TraceView
  let terminal: Terminal

  func lines() -> [String] {
    var lines = view.input.notes.map { terminal.faint("(\($0))") }
    if !lines.isEmpty { lines.append("") }
    lines += wide() ?? narrow()
    return lines + [""] + foot()
  }

  // MARK: The hops

  private struct Column {
    let title: String
    let texts: [String]
    /// How narrow it may become; nil: it is never cut.
    let least: Int?
    var width: Int

    init(_ title: String, _ texts: [String], least: Int? = nil) {
      self.title = title
      self.texts = texts
      self.least = least
      width = max(TextWidth.of(title), texts.map { TextWidth.of($0) }.max() ?? 0)
    }
  }

  /// nil where the terminal is too narrow, or there is no hop.
  private func wide() -> [String]? {
    let hops = view.trace.hops
    guard !hops.isEmpty, terminal.width >= 100 else { return nil }
    var columns = [
      Column("hop", hops.indices.map { "\($0 + 1)" }),
      Column("from", hops.map(\.fromText), least: 18),
      Column("address", hops.map { $0.line.address?.description ?? "" }),
      Column("where", hops.map { view.place(of: $0.line.address) ?? "" }, least: 8),
      Column("by", hops.map(\.byText), least: 14),
      Column("with", hops.map(\.protocolText)),
      Column("time (UTC)", hops.map(\.timeText)),
      Column("delay", hops.map(\.delayText)),
      Column("trust", hops.map(\.trustText)),
    ].filter { column in column.title == "hop" || column.texts.contains { !$0.isEmpty } }
    guard fit(&columns) else { return nil }
    let head = columns.map { TextWidth.padded($0.title, to: $0.width) }.joined(separator: "  ")
    var lines = [terminal.strong(trimmed(head))]
    for (index, hop) in hops.enumerated() {
      let row = columns.map {
        TextWidth.padded(TextWidth.fitted($0.texts[index], to: $0.width), to: $0.width)
      }
      lines.append(coloured(trimmed(row.joined(separator: "  ")), hop))
      lines += faultLines(hop, indent: (columns.first?.width ?? 1) + 2)
    }
    return lines
  }

  /// Makes the columns that may be cut narrower, the widest first, until all fit.
  private func fit(_ columns: inout [Column]) -> Bool {
    var total = columns.reduce(0) { $0 + $1.width } + 2 * (columns.count - 1)
    while total > terminal.width {
      let candidates = columns.indices.filter { columns[$0].width > columns[$0].least ?? .max }
      guard let widest = candidates.max(by: { columns[$0].width < columns[$1].width }) else { return false }
      columns[widest].width -= 1
      total -= 1
    }
    return true
  }

  private func narrow() -> [String] {
    view.trace.hops.enumerated().flatMap { index, hop -> [String] in
      let head = ["hop \(index + 1)", hop.trustText, hop.timeText, hop.delayText].filter { !$0.isEmpty }
      let words = head.joined(separator: "  ")
      var lines =
        TextWidth.of(words) <= terminal.width
        ? [coloured(words, hop)] : TextWidth.wrapped(words, to: terminal.width).map { coloured($0, hop) }
      let place = [hop.line.address.map { "[\($0)]" }, view.place(of: hop.line.address)].compactMap { $0 }
      lines += indented("from", ([hop.fromText] + place).joined(separator: " "))
      lines += indented("by", hop.byText + (hop.protocolText.isEmpty ? "" : ", \(hop.protocolText)"))
      return lines + faultLines(hop, indent: 2)
    }
  }

  private func indented(_ key: String, _ text: String) -> [String] {
    TextWidth.wrapped(text, to: terminal.width - 8).enumerated().map { index, line in
      "  " + TextWidth.padded(index == 0 ? key : "", to: 6) + line
    }
  }

  private func coloured(_ text: String, _ hop: Hop) -> String {
    switch hop.trust {
    case .boundary: terminal.strong(text)
    case .claimed: terminal.faint(text)
    case .own, .login: text
    }
  }

  private func faultLines(_ hop: Hop, indent: Int) -> [String] {
    hop.faults.flatMap { fault -> [String] in
      let mark = fault.isSuspicious ? "! " : "· "
      let words = fault.description.printable(limit: 300)
      return TextWidth.wrapped(words, to: max(20, terminal.width - indent - 2)).enumerated().map {
        index, line in
        let text = String(repeating: " ", count: indent) + (index == 0 ? mark : "  ") + line
        return fault.isSuspicious ? terminal.warning(text) : terminal.faint(text)
      }
    }
  }

  private func trimmed(_ text: String) -> String {
    var text = text
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }

  // MARK: The foot

  private func foot() -> [String] {
    var lines: [String] = []
    func say(_ key: String, _ text: String) {
      let width = max(20, terminal.width - 16)
      for (index, line) in TextWidth.wrapped(text, to: width).enumerated() {
        lines.append(TextWidth.padded(index == 0 ? key : "", to: 16) + line)
      }
    }
    for fault in view.trace.faults { say("", "! \(fault)") }
    say("likely origin", originText)
    say("", proofText)
    if let guess = view.guess { say("a guess", guess) }
    for hint in view.trace.hints {
      say(
        "hint",
        "\(hint.field.printable(limit: 40)) says \(hint.address)\(view.place(of: hint.address).map { " (\($0))" } ?? "")\(hint.isBelieved ? "" : "; anybody can write that")"
      )
    }
    for (index, contact) in view.responsible.contacts.enumerated() {
      say(index == 0 ? "write to" : "or", "\(contact.address) (\(contact.source))")
    }
    for registration in view.responsible.registrations { say("registered", registration.text) }
    for gap in view.responsible.gaps { say("unknown", gap.printable(limit: 200)) }
    return lines
  }

  private var originText: String {
    guard let origin = view.trace.origin else {
      return view.trace.hops.isEmpty
        ? "unknown: the header has no Received line" : "unknown: no line that can be believed has an address"
    }
    let name = (view.responsible.name ?? view.trace.originName).map { $0.printable(limit: 100) }
    let parts = [name, view.place(of: origin)].compactMap { $0 }
    return "\(origin)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }

  /// Why that is the origin, and what the rest is worth.
  private var proofText: String {
    let trace = view.trace
    let claimed = trace.hops.filter { $0.trust == .claimed }
    guard let boundary = trace.boundary, trace.hops.indices.contains(boundary) else {
      if let end = view.houseEnd { return end + worth(claimed) }
      if trace.origin == nil { return "" }
      if !view.isConfigured { return "each hop is of the house of the server that took it: it began there" }
      if let condition = view.condition { return "it began in one's own networks, if \(condition)" }
      return trace.hints.contains(where: \.isBelieved)
        ? "all hops are one's own; the address is what one's own web mailer wrote"
        : "all hops are one's own: it began in one's own networks"
    }
    let hop = trace.hops[boundary]
    let writer =
      hop.byText.isEmpty ? "the server of hop \(boundary + 1)" : "\(hop.byText) (hop \(boundary + 1))"
    if trace.origin == nil { return "\(writer) wrote no address" + worth(claimed) }
    var text = "seen by \(writer)"
    if hop.trust == .login {
      text += ", where \(hop.line.login?.user.map { "the user \($0)" } ?? "a user") logged in"
    }
    if let end = view.houseEnd { return text + "; \(end)" + worth(claimed) }
    text += "; it cannot be forged" + (view.condition.map { " if \($0)" } ?? "")
    return text + worth(claimed)
  }

  /// What the lines below are worth.
  private func worth(_ claimed: [Hop]) -> String {
    guard !claimed.isEmpty else { return "" }
    let suspicious = claimed.flatMap(\.faults).filter(\.isSuspicious).count
    let text = "; the \(claimed.count == 1 ? "line" : "\(claimed.count) lines") below may be invented"
    guard suspicious > 0 else { return text }
    return text
      + ", and \(suspicious == 1 ? "one thing" : "\(suspicious) things") there do\(suspicious == 1 ? "es" : "") not fit"
  }
}
