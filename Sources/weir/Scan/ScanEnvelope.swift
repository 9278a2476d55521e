import Bytes
import Checks
import Filtering
import Foundation
import MailSyntax
import NetAddress
import SMTPProtocol
import TraceAnalysis

/// Who handed a message over, and for whom: as the command line says, else as the message itself tells where one's own
/// server took it.
struct ScanEnvelope: Sendable {
  /// Who says what is known of the client.
  enum Source: String, Sendable {
    case given
    case trace
    case unknown
  }

  var source = Source.unknown
  /// nil where nobody knows it: then nothing about clients is judged.
  var client: IPAddress?
  /// Its name by DNS, where it is told; nil: it is asked for.
  var name: String?
  /// nil where nobody knows it.
  var helo: String?
  var sender = Path.null
  /// Whether the sender is that of From, for want of a better.
  var isSenderAssumed = false
  var recipients: [Path] = []
  /// Whether the recipients were named on the command line: then whether they may be relayed to is judged too.
  var areRecipientsGiven = false
  var user: String?
  /// Whether what the user may send as is judged.
  var isUserGiven = false
  var time: Timestamp
  var notes: [String] = []

  /// What says nothing about this message, whatever is found, and why.
  var unproven: [ReasonCode: String] {
    var codes: [ReasonCode: String] = [:]
    if isSenderAssumed {
      for code in Catalogue.needsSender { codes[code] = "the envelope sender is not known" }
    }
    if client == nil { for code in Catalogue.needsClient { codes[code] = "the client is not known" } }
    return codes
  }

  /// What is said on the command line, checked.
  struct Given: Sendable {
    var client: IPAddress?
    var name: String?
    var helo: String?
    var sender: Path?
    var recipients: [Path] = []
    var user: String?
  }

  /// - Parameters:
  ///   - octets: the message, CRLF lines.
  ///   - rest: what of it the gateway saw: without the fields that one's own servers put in front of it since.
  init(_ given: Given, of octets: [UInt8], _ context: ScanContext, rest: inout [UInt8]) {
    let header = MessageHeader(Array(octets.prefix(TraceInput.mostHeaderOctets)))
    let found = ScanOrigin(header, octets, context.networks)
    time = context.time ?? context.now
    rest = octets
    if let client = given.client {
      source = .given
      self.client = client
      // Another client than the one that brought it has its name from DNS.
      if client == found?.line.address { name = found?.name }
    } else if let found, let client = found.line.address {
      source = .trace
      self.client = client
      name = found.name
      time = context.time ?? found.line.date?.moment ?? context.now
      rest = ScanOrigin.message(octets, header, below: found.field)
      notes.append(
        "client, greeting and envelope are those of Received line \(found.index + 1)"
          + (found.index > 0 ? "; those above it are taken for one's own" : ""))
    } else {
      notes.append(
        "no Received line tells the client, so nothing is judged by it; --client ADDRESS names one")
    }
    helo = given.helo ?? found?.line.helo
    name = given.name ?? name
    user = given.user ?? found?.login
    isUserGiven = given.user != nil
    settleSender(given, found, header, octets)
    settleRecipients(given, found, header, octets, context)
  }

  private mutating func settleSender(
    _ given: Given, _ found: ScanOrigin?, _ header: MessageHeader, _ octets: [UInt8]
  ) {
    if let sender = given.sender {
      self.sender = sender
      return
    }
    for text in [found?.line.sender, ScanOrigin.text("Return-Path", header, octets)] {
      guard let text, let path = PathParser.parse(whole: text.isEmpty ? "<>" : text, limits: .sender) else {
        continue
      }
      sender = path
      return
    }
    if let path = ScanOrigin.mailboxes("From", header, octets).first {
      sender = path
      isSenderAssumed = true
      notes.append("the envelope sender is taken from From; --from ADDRESS names another")
    }
  }

  private mutating func settleRecipients(
    _ given: Given, _ found: ScanOrigin?, _ header: MessageHeader, _ octets: [UInt8], _ context: ScanContext
  ) {
    if !given.recipients.isEmpty {
      recipients = given.recipients
      areRecipientsGiven = true
      return
    }
    let told =
      [found?.line.recipient]
      + ["Delivered-To", "X-Original-To", "Envelope-To"].map { ScanOrigin.text($0, header, octets) }
    if let path = told.compactMap({ $0 }).lazy.compactMap({ PathParser.parse(whole: $0) }).first {
      recipients = [path]
      return
    }
    let ours = ScanOrigin.mailboxes("To", header, octets).filter { context.relay.isOurs($0) }
    recipients = Array(ours.prefix(1))
    notes.append(
      recipients.isEmpty
        ? "the recipient is not known, so none is judged; --to ADDRESS names one"
        : "the recipient is taken from To; --to ADDRESS names another")
  }
}

/// The hop by which a message came to one's own servers.
struct ScanOrigin {
  let line: ReceivedLine
  /// Its place among the Received lines, from 0, and that field.
  let index: Int
  let field: MessageHeader.Field
  let login: String?

  /// The client's name, where the server looked it up and did not doubt it.
  var name: String? { line.doubt == nil ? line.reverseName : nil }

  /// nil where no server of one's own tells of a client.
  init?(_ header: MessageHeader, _ octets: [UInt8], _ networks: IPPrefixSet) {
    let trace = Trace(header, in: octets, trust: TraceTrust(networks: networks))
    let own = trace.hops.lastIndex {
      $0.trust == .own && $0.line.kind == .handover && $0.line.address.map { networks.contains($0) } ?? false
    }
    guard let index = trace.boundary ?? own else { return nil }
    let fields = header.fields.filter { $0.isNamed("Received") }
    guard trace.hops.indices.contains(index), fields.indices.contains(index) else { return nil }
    let hop = trace.hops[index]
    guard hop.line.address != nil else { return nil }
    line = hop.line
    self.index = index
    field = fields[index]
    login = hop.trust == .login ? hop.line.login?.user ?? "(not told)" : nil
  }

  /// What a message begins with when it is handed over: of the fields above the line, those that servers put there are
  /// no part of it, nor is the line itself.
  static func message(_ octets: [UInt8], _ header: MessageHeader, below field: MessageHeader.Field) -> [UInt8]
  {
    var result: [UInt8] = []
    result.reserveCapacity(octets.count)
    for above in header.fields where above.range.upperBound <= field.range.lowerBound {
      if isAuthors(above.name) { result += octets[above.range] }
    }
    return result + octets[field.range.upperBound...]
  }

  /// Whether it is the author who writes such a field: some software puts the trace below them.
  private static func isAuthors(_ name: String) -> Bool {
    let name = name.lowercasedASCII
    return [
      "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
      "mime-version", "user-agent", "x-mailer",
    ].contains(name) || name.hasPrefix("content-") || name.hasPrefix("list-")
  }

  /// What the first field of that name says, without white space around it.
  static func text(_ name: String, _ header: MessageHeader, _ octets: [UInt8]) -> String? {
    header.first(name).map {
      String(decoding: octets[$0.body], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// The mailboxes of a field; none where it cannot be read.
  static func mailboxes(_ name: String, _ header: MessageHeader, _ octets: [UInt8]) -> [Path] {
    guard let field = header.first(name), let list = try? AddressList(octets, in: field.body) else {
      return []
    }
    return list.mailboxes.prefix(100).compactMap { PathParser.parse(whole: $0.text) }
  }
}
