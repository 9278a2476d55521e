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

  /// That the boundary is a guess, and what makes it certain; nil where it is none.
  var guess: String? {
    guard !isConfigured, !trace.hops.isEmpty else { return nil }
    return
      "where the outside begins is a guess, for nobody said which servers are yours: --trust NETWORK, or trust.networks in the file of --config, makes it certain"
  }

  /// How the trace was read, and what it rests on.
  var notes: [String] {
    var notes = input.notes + [guess, houseEnd].compactMap { $0 }
    if let condition { notes.append("the origin cannot be forged if \(condition)") }
    return notes
  }

  /// What has to hold for the origin to be sure; nil for nothing.
  var condition: String? {
    if guess != nil { return houseEnd == nil ? premise : nil }
    guard let stranger, stranger.hop <= (trace.boundary ?? trace.hops.count) + 1 else { return nil }
    return "\(stranger.name), whose name hop \(stranger.hop) bears, is a server of yours"
  }

  /// Whose lines have to be one's own for the origin to be sure: `mx.b.example (hop 1)`, or how many.
  var premise: String {
    let last = trace.boundary ?? trace.hops.lastIndex(where: \.isBelieved) ?? 0
    var names: [String] = []
    for name in trace.hops.prefix(last + 1).compactMap(\.line.by)
    where !name.hasPrefix("localhost") && !names.contains(name) {
      names.append(name.printable(limit: 100))
    }
    guard let end = names.last else { return "the newest line is one of a server of yours" }
    guard names.count > 1 else { return "\(end) is a server of yours" }
    guard names.count > 3 else {
      return "\(names.dropLast().joined(separator: ", ")) and \(end) are servers of yours"
    }
    return "the servers of hops 1 to \(last + 1) are yours"
  }

  /// The server that wrote the first line with another's name under one of one's own, and its hop from 1.
  var stranger: (name: String, hop: Int)? {
    guard let end = trace.houseEnd, end + 1 < trace.hops.count else { return nil }
    let index = trace.hops.indices.dropFirst(end + 1).first { !trace.hops[$0].byText.isEmpty } ?? end + 1
    let name = trace.hops[index].byText
    return (name.isEmpty ? "a server without a name" : name, index + 1)
  }

  /// Why a guessed house ends before the lines do, where the address does not say it; nil where it does.
  var houseEnd: String? {
    guard !isConfigured, let end = trace.houseEnd, let stranger else { return nil }
    let hop = trace.hops[end]
    let client = trace.hops[stranger.hop - 1].line.address.map { " and took the message from \($0)" } ?? ""
    let writer = "hop \(stranger.hop) says \(stranger.name) wrote it\(client)"
    guard hop.line.kind == .handover, let address = hop.line.address, !address.isLoopback else {
      let host = hop.byText.isEmpty ? "that host" : hop.byText
      return
        "it began on \(host) itself, or passed a program there that hides who came, for \(writer); if that is a server of yours too, --trust NETWORK says so"
    }
    guard address.isPrivate else { return nil }
    return
      "a private address, perhaps that of an address translator that hides who came, for \(writer); if that is your server at \(address), --trust \(address) says so"
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
