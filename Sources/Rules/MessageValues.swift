internal import Bytes
internal import Charsets
internal import Filtering
internal import MailAuthentication
internal import MailSyntax
internal import MessageViews
internal import NetAddress
internal import RuleLanguage
internal import TraceAnalysis

/// What a message says, as variables.
struct MessageValues {
  let facts: MessageFacts
  let views: MessageViews
  let terms: RuleTerms

  func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    switch variable {
    case .subject: header("Subject")
    case .from: header("From")
    case .to: header("To")
    case .cc: header("Cc")
    case .replyTo: header("Reply-To")
    case .text: .known(Self.joined([views.text, views.doubtful]))
    case .htmlText: .known(Self.joined(views.texts.filter(\.isHTML).map(\.visible) + [views.doubtful]))
    case .folded: .known(Self.joined([views.folded, folded(views.doubtful)]))
    case .urls: .lines(views.links.map(\.written.oneLine))
    case .hosts: .lines(Self.unique(views.links.map(\.target.host)))
    case .attachments: .lines(attachments)
    case .attachmentTypes: .lines(attachmentTypes)
    case .charsets: .lines(charsets)
    case .language: .lines(views.languages)
    case .size: .text(String(facts.message.octets))
    case .recipients: .lines(facts.recipients.map(\.mailbox.oneLine))
    case .dkim: dkim
    case .dmarc: dmarc
    case .arc: arc
    case .originIP: .optional(trace.origin?.description)
    case .hops: .text(String(trace.hops.count { $0.line.kind == .handover && !$0.line.isPending }))
    case .traceFaults: .lines(traceFaults)
    default: .unknown("it is not of the message")
    }
  }

  // MARK: - Texts

  /// Each field of the name on a line, decoded; not set where there is none.
  private func header(_ name: String) -> RuleAnswer<[UInt8]?> {
    .lines(views.header(name).map(\.text.oneLine))
  }

  private func folded(_ text: String) -> String { text.isEmpty ? "" : TextFolding.fold(text) }

  /// The texts one behind the other, lines ending in LF; those that are empty left out.
  static func joined(_ texts: [String]) -> [UInt8] {
    var octets: [UInt8] = []
    for text in texts where !text.isEmpty {
      if !octets.isEmpty { octets.append(.lineFeed) }
      octets += text.utf8
    }
    return octets.contains(.carriageReturn) ? unixLines(octets) : octets
  }

  private static func unixLines(_ octets: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(octets.count)
    for octet in octets {
      if octet == .lineFeed, result.last == .carriageReturn { result.removeLast() }
      result.append(octet)
    }
    return result
  }

  private static func unique(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  private var attachments: [String] {
    views.attachments.flatMap { [$0.name] + $0.otherNames }.filter { !$0.isEmpty }.map(\.oneLine)
  }

  /// As declared, and as the octets say where somebody looked.
  private var attachmentTypes: [String] {
    let found = facts.evidence.files.known ?? []
    return Self.unique(views.attachments.map(\.type.oneLine) + found.map(\.type.oneLine))
  }

  /// As they were read, and as they are declared.
  private var charsets: [String] {
    var names = views.header.flatMap { $0.charsets.map(\.name) }
    for text in views.texts {
      names.append(text.decoded.charset.name)
      if let declared = text.declared { names.append(declared.printable(limit: 64)) }
    }
    return Self.unique(names)
  }

  // MARK: - Results

  private func unasked(_ variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    .unknown(terms.unasked[variable] ?? "nobody asked for it")
  }

  /// A word for each signature. One that could not be verified leaves it open only where no other holds.
  private var dkim: RuleAnswer<[UInt8]?> {
    guard let all = facts.evidence.dkim.known else { return unasked(.dkim) }
    if all.isEmpty { return .text(DKIMStatus.none.rawValue) }
    let isOpen = all.contains { $0.status == .temperror } && !all.contains { $0.status == .pass }
    return isOpen
      ? .unknown("DNS gave no answer for a DKIM signature") : .lines(all.map(\.status.rawValue))
  }

  private var dmarc: RuleAnswer<[UInt8]?> {
    guard let outcome = facts.evidence.dmarc.known else { return unasked(.dmarc) }
    return outcome.result == .temperror
      ? .unknown("DNS gave no answer for DMARC") : .text(outcome.result.rawValue)
  }

  private var arc: RuleAnswer<[UInt8]?> {
    guard let outcome = facts.evidence.arc.known else { return unasked(.arc) }
    return outcome.isUnavailable
      ? .unknown("DNS gave no answer for the ARC chain") : .text(outcome.status.rawValue)
  }

  // MARK: - Trace

  private var trace: Trace {
    if let known = facts.evidence.trace.known { return known }
    let connect = facts.mail.connect
    let name = connect.toldName ?? connect.evidence.reverseName.known?.confirmedName
    let client = ReceivedLine.pending(
      from: connect.knownAddress, helo: facts.mail.hello.name, reverseName: name,
      isLoggedIn: connect.user != nil, at: facts.mail.time)
    return Trace(
      facts.header, in: facts.message.memory, client: client,
      trust: TraceTrust(isOwn: { [trusted = terms.trusted] in trusted.contains($0) }))
  }

  /// The kinds of faults in the lines that a stranger's server wrote, as `weir trace --json` names them.
  private var traceFaults: [String] {
    let trace = trace
    let boundary = trace.boundary ?? trace.hops.count
    let connect = facts.mail.connect
    var isNamed = !connect.isNameSought
    switch connect.evidence.reverseName.known {
    case .confirmed, .unconfirmed, .some(.none): isNamed = true
    case .unknown, nil: break
    }
    var names: [String] = []
    for (index, hop) in trace.hops.enumerated() where index >= boundary {
      for fault in hop.faults where fault.isSuspicious && (index > boundary || fault.isBetweenHops) {
        // Nobody can say that the line below the client's own is another's while its name is not known.
        if case .gap = fault, hop.line.isPending, !isNamed { continue }
        names.append(fault.name)
      }
    }
    return Self.unique(names + trace.faults.filter(\.isSuspicious).map(\.name))
  }
}

/// Header and body as a person reads them: words and charsets decoded, UTF-8, a field a line.
enum DecodedAreas {
  static func octets(of area: MessageArea, _ views: MessageViews) -> [UInt8] {
    switch area {
    case .header: header(views)
    case .body: body(views)
    case .whole: header(views) + body(views)
    }
  }

  /// With the empty line that ends it.
  private static func header(_ views: MessageViews) -> [UInt8] {
    var octets: [UInt8] = []
    for field in views.header {
      octets += field.name.utf8
      octets += [UInt8(ascii: ":"), .space]
      octets += field.text.oneLine.utf8
      octets.append(.lineFeed)
    }
    octets.append(.lineFeed)
    return octets
  }

  /// The texts, HTML with its markup.
  private static func body(_ views: MessageViews) -> [UInt8] {
    let octets = MessageValues.joined(views.texts.map(\.decoded.text))
    return octets.last == .lineFeed ? octets : octets + [.lineFeed]
  }
}
