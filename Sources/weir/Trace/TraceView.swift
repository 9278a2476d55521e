import Bytes
import Filtering
import Foundation
import NetAddress
import TraceAnalysis

/// A trace with all that is known about it, ready to be shown.
struct TraceView {
  let trace: Trace
  let input: TraceInput
  /// Whether somebody said which networks are one's own.
  let isConfigured: Bool
  let responsible: Responsible
  let locations: (any LocationSource)?

  /// `DE AS64500 Example Net`; nil where nothing is known.
  func place(of address: IPAddress?) -> String? {
    guard let address, let location = locations?.location(of: address) else { return nil }
    let text = [location.country, location.networkText].compactMap { $0 }.joined(separator: " ")
    return text.isEmpty ? nil : text.printable(limit: 60)
  }

  /// `DE` and so on, apart.
  func location(of address: IPAddress?) -> Location {
    address.flatMap { locations?.location(of: $0) } ?? Location()
  }

  var contact: String? { responsible.contacts.first?.address }
}

extension Hop {
  /// Whom the line says the message came from.
  var fromText: String {
    let helo = line.helo.flatMap { $0.isEmpty ? nil : $0 }
    if line.kind == .local, line.address == nil, line.from == nil { return "(on the host itself)" }
    guard let name = line.reverseName else { return (helo ?? line.from ?? "(no name)").printable(limit: 100) }
    guard let helo, !helo.equalsIgnoringASCIICase(name) else { return name.printable(limit: 100) }
    return "\(name) (as \(helo))".printable(limit: 160)
  }

  var byText: String { (line.byText ?? "").printable(limit: 100) }

  var protocolText: String { (line.protocolName ?? line.with ?? line.via ?? "").printable(limit: 24) }

  /// In UTC, so that the hops can be compared.
  var timeText: String {
    guard let date = line.date else { return line.dateFault == .missing ? "no date" : "unreadable" }
    return String(date.moment.rfc3339.prefix(19)).replacing("T", with: " ")
  }

  var delayText: String {
    guard let delay else { return "" }
    let seconds = Int(delay.components.seconds)
    let size = abs(seconds)
    let text =
      size < 60
      ? "\(size) s"
      : size < 3600 ? "\(size / 60) min" : size < 172_800 ? "\(size / 3600) h" : "\(size / 86_400) d"
    return (seconds < 0 ? "-" : "+") + text
  }

  var trustText: String {
    switch trust {
    case .own: "own"
    case .login: "own user"
    case .boundary: "outside"
    case .claimed: "claimed"
    }
  }
}
