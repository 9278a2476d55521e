import Foundation
import MailSyntax
import NetAddress
import TraceAnalysis

/// A case of `received/trust_path.json`: a header, the networks of a configuration, and which hops are trusted.
struct TrustCase: Decodable, CustomStringConvertible {
  let id: String
  let headers: [String]
  let config: [String]
  let expect: Expectation
  var description: String { id }

  struct Expectation: Decodable {
    let trusted, untrusted: [RelayParts]
  }

  func fallsShort() -> String? {
    let octets = Array((headers.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    let trust = networks("trusted_networks") ?? networks("internal_networks")
    let submission = networks("msa_networks")
    var isOwn: (@Sendable (IPAddress) -> Bool)?
    if let trust { isOwn = { trust.contains($0) } }
    let trace = Trace(
      MessageHeader(octets), in: octets,
      trust: TraceTrust(isOwn: isOwn, isSubmission: { submission?.contains($0) ?? false }))
    let hops = trace.hops.filter { $0.line.isRelay }
    var own = hops.filter(\.isTrusted).map { $0.line }
    var others = hops.filter { !$0.isTrusted }.map { $0.line }
    for hint in trace.hints {
      var line = ReceivedLine()
      line.address = hint.address
      if hint.isBelieved { own.append(line) } else { others.append(line) }
    }
    return difference("trusted", expect.trusted, own) ?? difference("untrusted", expect.untrusted, others)
  }

  private func difference(_ name: String, _ expected: [RelayParts], _ own: [ReceivedLine]) -> String? {
    guard expected.count == own.count else { return "\(own.count) hops are \(name), not \(expected.count)" }
    for (parts, line) in zip(expected, own) {
      if let difference = parts.difference(from: line) { return "\(name): \(difference)" }
    }
    return nil
  }

  private func networks(_ key: String) -> SpamAssassinNetworks? {
    let lines = config.filter { $0.hasPrefix(key + " ") }
    return lines.isEmpty ? nil : SpamAssassinNetworks(lines.map { String($0.dropFirst(key.count + 1)) })
  }
}

/// Networks as SpamAssassin's configuration writes them: the first that fits decides, `!` takes out, and an IPv4
/// address may be cut short.
struct SpamAssassinNetworks: Sendable {
  private var rows: [(prefix: IPPrefix, isIn: Bool)] = []

  init(_ lines: [String]) {
    for word in lines.flatMap({ $0.split(separator: " ") }) {
      let isIn = !word.hasPrefix("!")
      let parts = word.drop { $0 == "!" }.split(separator: "/", maxSplits: 1)
      guard var text = parts.first.map(String.init) else { continue }
      var length = parts.count == 2 ? Int(parts[1]) : nil
      if !text.contains(":") {
        let octets = text.split(separator: ".")
        if length == nil, octets.count < 4 { length = 8 * octets.count }
        text = (octets + Array(repeating: "0", count: max(0, 4 - octets.count))).joined(separator: ".")
      }
      guard let address = IPAddress(text) else { continue }
      // The mask may be written out.
      rows.append((IPPrefix(containing: address, length: length ?? address.bitWidth), isIn))
    }
  }

  func contains(_ address: IPAddress) -> Bool {
    rows.first { $0.prefix.contains(address) }?.isIn ?? address.isLoopback
  }
}
