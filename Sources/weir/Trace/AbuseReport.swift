import Bytes
import Cryptography
import Foundation
import TraceAnalysis

/// A complaint in the Abuse Reporting Format (RFC 5965), ready to be sent: words for people, fields for machines, and
/// the message or its header.
struct AbuseReport {
  /// Bound: a message larger than this goes along with its header alone.
  static let mostOctets = 1 << 20

  let view: TraceView
  let sender: String
  let recipient: String
  /// Who reports, as `Reporting-MTA` says it (RFC 3464 §2.2.2: a full host name); nil where that is not known, for the
  /// field may be left out (RFC 5965 §3.2).
  let host: String?
  let now: Timestamp
  /// Whether the message goes along, not its header alone.
  let isWhole: Bool

  /// CRLF lines.
  func octets() -> [UInt8] {
    let (enclosed, type) = enclosed()
    let digest = HashFunction.sha256.digest(enclosed).prefix(12).map { hex($0) }.joined()
    // Its digest cannot stand in what it is the digest of.
    let boundary = "weir-report-\(digest)"
    let is8Bit = enclosed.contains { $0 >= 0x80 }
    var text = """
      From: <\(sender)>
      To: <\(recipient)>
      Subject: \(subject)
      Date: \(now.rfc5322)
      Message-ID: <\(digest).\(now.milliseconds)@\(host ?? domain)>
      MIME-Version: 1.0
      Content-Type: multipart/report; report-type=feedback-report;
      \tboundary="\(boundary)"

      --\(boundary)
      Content-Type: text/plain; charset=utf-8
      Content-Transfer-Encoding: 8bit

      \(words())
      --\(boundary)
      Content-Type: message/feedback-report

      \(fields())
      --\(boundary)
      Content-Type: \(type)
      Content-Disposition: inline

      """
    if is8Bit {
      text = text.replacing(
        "Content-Disposition: inline", with: "Content-Transfer-Encoding: 8bit\nContent-Disposition: inline")
    }
    return wire(Array(text.utf8)) + [.carriageReturn, .lineFeed] + wire(enclosed)
      + wire(Array("\n--\(boundary)--\n".utf8))
  }

  /// The sender's.
  private var domain: String {
    String(sender[sender.index(after: sender.lastIndex(of: "@") ?? sender.startIndex)...])
  }

  private var origin: String { view.trace.origin?.description ?? "unknown" }

  private var subject: String { "Abuse report: mail from \(origin), \(arrival ?? now.rfc5322)" }

  /// When the server that saw the origin took the message.
  private var arrival: String? {
    let hop = view.trace.boundary.map { view.trace.hops[$0] } ?? view.trace.hops.first
    return hop?.line.date?.moment.rfc5322
  }

  private func words() -> String {
    var text = "This is a report about an unwanted message that came from \(origin)"
    if view.guess != nil {
      text +=
        ", if \(view.premise.replacing("yours", with: "ours")): which servers are ours was not looked up but guessed from the message's header"
    }
    var lines = TextWidth.wrapped(text + ".", to: 76) + [""]
    if let boundary = view.trace.boundary {
      let hop = view.trace.hops[boundary]
      lines.append(
        "\(hop.line.byText == nil ? "A server" : "The server \(hop.byText)") took it from that address\(arrival.map { " at \($0)" } ?? "")."
      )
      if view.trace.hops.contains(where: { $0.trust == .claimed }) {
        lines.append("Received lines older than that server's are not to be relied on.")
      }
    }
    if view.houseEnd != nil {
      lines.append("That address is one of our own network: who came through it is not known.")
    } else if view.guess == nil, let condition = view.condition {
      lines += TextWidth.wrapped("That holds if \(condition.replacing("yours", with: "ours")).", to: 76)
    }
    lines += ["", "The way of the message, the newest hop first:", ""]
    for (index, hop) in view.trace.hops.prefix(30).enumerated() {
      let address = hop.line.address.map { " [\($0)]" } ?? ""
      lines.append(
        "  \(index + 1). \(hop.timeText) UTC: \(hop.byText) from \(hop.fromText)\(address), \(hop.trustText)")
      lines += hop.faults.filter(\.isSuspicious).map { "     ! \($0.description.printable(limit: 200))" }
    }
    lines += ["", "Please stop it. The message\(isWhole ? "" : "'s header") is attached (RFC 5965).", ""]
    return lines.joined(separator: "\n")
  }

  /// RFC 5965 §3.1 and §3.2.
  private func fields() -> String {
    var lines = [
      "Feedback-Type: abuse",
      "User-Agent: Weir/\(Version.number)",
      "Version: 1",
      "Source-IP: \(origin)",
    ]
    if let host { lines.append("Reporting-MTA: dns; \(host)") }
    if let arrival { lines.append("Arrival-Date: \(arrival)") }
    if let mailFrom { lines.append("Original-Mail-From: <\(mailFrom)>") }
    if let name = view.responsible.name ?? view.trace.originName {
      lines.append("Reported-Domain: \(name.printable(limit: 200))")
    }
    if view.trace.origin == nil { lines.removeAll { $0.hasPrefix("Source-IP") } }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The envelope sender as the servers wrote it.
  private var mailFrom: String? {
    let header = MessageLines(view.input.header)
    let octets = header.headerOctets
    if let field = header.header?.first("Return-Path") {
      let text = String(decoding: octets[field.body], as: UTF8.self).filter { !"<> \t\r\n".contains($0) }
      if text.isEmpty || Responsible.mailbox(text) != nil { return text }
    }
    return view.trace.hops.lazy.filter(\.isBelieved).compactMap(\.line.sender).first {
      Responsible.mailbox($0) != nil
    }
  }

  private func enclosed() -> (octets: [UInt8], type: String) {
    if isWhole, let message = view.input.message, message.count <= Self.mostOctets {
      return (message, "message/rfc822")
    }
    return (view.input.header, "text/rfc822-headers")
  }

  /// The text with CRLF line ends.
  private func wire(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 32)
    for octet in text where octet != .carriageReturn {
      if octet == .lineFeed { result.append(.carriageReturn) }
      result.append(octet)
    }
    return result
  }

  private func hex(_ octet: UInt8) -> String {
    let digits = String(octet, radix: 16)
    return digits.utf8.count == 1 ? "0" + digits : digits
  }
}
