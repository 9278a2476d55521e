internal import Bytes
public import Filtering
internal import NetAddress
internal import SMTPProtocol

/// The two forms of a log line.
public enum LogFormat: String, Hashable, Sendable, CaseIterable {
  case text
  case json
}

/// One event as one line: the same keys in the same order in both forms, those without a value left out. A
/// refusal (`reject`, `defer`, `limit`, `shadow`) has all of them up to `reply`, whoever reads it by program
/// finds them there: in text `-` stands for what is not known, in JSON an empty text or list, and null for a
/// sender that was not told yet.
///
/// Text: `TIME EVENT key=value …`. A value stands bare where it has no space, quote, backslash or character
/// that cannot be seen; else in double quotes with `\"`, `\\`, `\xNN` and `\u{NNNN}`. So no peer can begin a
/// line or a field. A client's name that is not known is `ptr=-`; `from` and `to` stand in angle brackets.
///
/// JSON: one object; `score`, `size` and `took` (milliseconds) are numbers, `to` is a list of texts, `findings`
/// a list of objects, `rules` and `redirect` lists of texts, `ptr` null where it is not known.
public enum LogLine {
  /// Bounds on what one line holds.
  static let mostRecipients = 20
  static let mostFindings = 32
  static let longestAddress = 320
  static let longestName = 260
  static let longestEvidence = 200
  static let longestReply = 600
  static let longestDetail = 1000

  /// Appends the line, its line feed included. `line` may hold others before it.
  public static func write(_ event: Event, as format: LogFormat, into line: inout [UInt8]) {
    switch format {
    case .text: writeText(event, into: &line)
    case .json: writeJSON(event, into: &line)
    }
    line.append(.lineFeed)
  }

  /// The line as text without its end, for tests and terminals.
  public static func text(_ event: Event, as format: LogFormat = .text) -> String {
    var line: [UInt8] = []
    write(event, as: format, into: &line)
    return String(decoding: line.dropLast(), as: UTF8.self)
  }

  private static func writeText(_ event: Event, into line: inout [UInt8]) {
    line.put(event.time)
    line.append(.space)
    line.put(event.kind.word)
    let isRefusal = event.kind.isRefusal
    if !event.id.isEmpty || isRefusal {
      put(" id=", event.id.isEmpty ? "-" : event.id, limit: longestName, &line)
    }
    putStages(event, &line)
    if let code = event.code { put(" code=", code.name, limit: longestName, &line) }
    if event.client != nil || event.via != nil {
      line.put(" client=")
      if let client = event.client { line.put(client) } else { line.put("unknown") }
      put(" ptr=", event.clientName.flatMap { $0.isEmpty ? nil : $0 } ?? "-", limit: longestName, &line)
      if let via = event.via {
        line.put(" via=")
        line.put(via)
      }
    }
    if !event.helo.isEmpty || isRefusal {
      put(" helo=", event.helo.isEmpty ? "-" : event.helo, limit: longestName, &line)
    }
    putIdentity(event, &line)
    putEnvelope(event, &line)
    if event.score != nil || isRefusal {
      line.put(" score=")
      line.put(score: event.score ?? 0)
    }
    if !event.findings.isEmpty { put(event.findings, &line) } else if isRefusal { line.put(" findings=-") }
    putRules(event, &line)
    if !event.unfinished.isEmpty {
      put(" unfinished=", event.unfinished.joined(separator: ","), limit: longestName, &line)
    }
    if let reply = event.reply {
      put(quoted: " reply=", reply.summary, limit: longestReply, &line)
    } else if isRefusal {
      line.put(" reply=-")
    }
    if let backend = event.backend { put(" backend=", backend, limit: longestName, &line) }
    if let octets = event.octets {
      line.put(" size=")
      line.put(decimal: octets)
    }
    if !event.detail.isEmpty { put(quoted: " detail=", event.detail, limit: longestDetail, &line) }
    if let took = event.took {
      line.put(" took=")
      line.put(decimal: took.milliseconds)
      line.put("ms")
    }
    if event.severity != .info { line.putPair(" level=", event.severity.word) }
  }

  /// `tls=TLSv1.3/TLS_AES_256_GCM_SHA384 certificate="CN=…" user=anna mechanism=PLAIN`.
  private static func putIdentity(_ event: Event, _ line: inout [UInt8]) {
    if let tls = event.tls {
      put(" tls=", tls.summary, limit: longestName, &line)
      if let certificate = tls.certificate {
        put(" certificate=", certificate.summary, limit: longestName, &line)
      }
    }
    if let user = event.user { put(" user=", user, limit: longestName, &line) }
    if let mechanism = event.mechanism { put(" mechanism=", mechanism, limit: longestName, &line) }
  }

  /// `rule=INVOICE_CN rules=ADV,INVOICE_CN folder=spam redirect=<a@b.example>`.
  private static func putRules(_ event: Event, _ line: inout [UInt8]) {
    if !event.rule.isEmpty { put(" rule=", event.rule, limit: longestName, &line) }
    if !event.rules.isEmpty { put(" rules=", listed(event.rules), limit: longestDetail, &line) }
    if !event.folder.isEmpty { put(" folder=", event.folder, limit: longestAddress, &line) }
    if !event.redirected.isEmpty { put(" redirect=", addresses: event.redirected, &line) }
  }

  static func listed(_ rules: [String]) -> String {
    let more = rules.count - mostFindings
    return rules.prefix(mostFindings).joined(separator: ",") + (more > 0 ? ",+\(more)" : "")
  }

  private static func putStages(_ event: Event, _ line: inout [UInt8]) {
    if let stage = event.stage {
      line.putPair(" stage=", stage.word)
    } else if event.kind.isRefusal {
      line.put(" stage=-")
    }
    if let found = event.found {
      line.putPair(" found=", found.word)
    } else if event.kind.isRefusal {
      line.put(" found=-")
    }
  }

  private static func putEnvelope(_ event: Event, _ line: inout [UInt8]) {
    if let sender = event.sender {
      put(" from=", addresses: [sender], &line)
    } else if event.kind.isRefusal {
      line.put(" from=-")
    }
    if !event.recipients.isEmpty {
      put(" to=", addresses: event.recipients, &line)
    } else if event.kind.isRefusal {
      line.put(" to=-")
    }
  }

  /// A value, in quotes where it needs them.
  private static func put(_ key: StaticString, _ value: String, limit: Int, _ line: inout [UInt8]) {
    line.put(key)
    if !value.isEmpty, Escape.isBare(value, limit: limit) {
      line.put(value)
    } else {
      line.append(UInt8(ascii: "\""))
      Escape.put(value, style: .text, limit: limit, into: &line)
      line.append(UInt8(ascii: "\""))
    }
  }

  /// A sentence: always in quotes.
  private static func put(quoted key: StaticString, _ value: String, limit: Int, _ line: inout [UInt8]) {
    line.put(key)
    line.append(UInt8(ascii: "\""))
    Escape.put(value, style: .text, limit: limit, into: &line)
    line.append(UInt8(ascii: "\""))
  }

  private static func put(_ key: StaticString, addresses: [String], _ line: inout [UInt8]) {
    let shown = addresses.prefix(mostRecipients)
    let isBare = shown.allSatisfy { Escape.isBare($0, limit: longestAddress) }
    line.put(key)
    if !isBare { line.append(UInt8(ascii: "\"")) }
    for (index, address) in shown.enumerated() {
      line.put(index == 0 ? "<" : ",<")
      Escape.put(address, style: .text, limit: longestAddress, into: &line)
      line.append(UInt8(ascii: ">"))
    }
    if addresses.count > shown.count {
      line.put(",…+")
      line.put(decimal: addresses.count - shown.count)
    }
    if !isBare { line.append(UInt8(ascii: "\"")) }
  }

  private static func put(_ findings: [WeighedFinding], _ line: inout [UInt8]) {
    let shown = findings.prefix(mostFindings)
    let isBare = shown.allSatisfy { finding in
      finding.pieces.allSatisfy { Escape.isBare($0, limit: longestEvidence, inFinding: true) }
    }
    line.put(" findings=")
    if !isBare { line.append(UInt8(ascii: "\"")) }
    for (index, finding) in shown.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      put(finding, &line)
    }
    if findings.count > shown.count {
      line.put(",…+")
      line.put(decimal: findings.count - shown.count)
    }
    if !isBare { line.append(UInt8(ascii: "\"")) }
  }

  /// `CODE(evidence;ruling;score)`.
  private static func put(_ finding: WeighedFinding, _ line: inout [UInt8]) {
    Escape.put(finding.finding.code.name, style: .finding, limit: longestName, into: &line)
    var separator = UInt8(ascii: "(")
    for piece in finding.pieces.dropFirst() {
      line.append(separator)
      Escape.put(piece, style: .finding, limit: longestEvidence, into: &line)
      separator = UInt8(ascii: ";")
    }
    if finding.weight.ruling != .none {
      line.append(separator)
      line.put(finding.weight.ruling.rawValue)
      separator = UInt8(ascii: ";")
    }
    if finding.weight.score != 0 {
      line.append(separator)
      line.put(score: finding.weight.score)
      separator = UInt8(ascii: ";")
    }
    if finding.mode == .shadow {
      line.append(separator)
      line.put("shadow")
      separator = UInt8(ascii: ";")
    }
    if separator == UInt8(ascii: ";") { line.append(UInt8(ascii: ")")) }
  }
}

extension WeighedFinding {
  /// The texts of it that others wrote: code, evidence, list entry and the admin's reason, each said once.
  fileprivate var pieces: [String] {
    var pieces = [finding.code.name]
    if !finding.list.isEmpty, !finding.evidence.hasPrefix(finding.list) { pieces.append(finding.list) }
    if !finding.evidence.isEmpty { pieces.append(finding.evidence) }
    if !finding.reason.isEmpty, finding.reason != finding.evidence { pieces.append(finding.reason) }
    return pieces
  }
}

extension TLSFacts {
  /// `TLSv1.3/TLS_AES_256_GCM_SHA384`; the version alone where the cipher is not known.
  var summary: String { cipher.isEmpty ? version : "\(version)/\(cipher)" }
}

extension ClientCertificate {
  /// The subject where an authority vouches for it; else the fingerprint, which proves itself.
  var summary: String { isVerified || fingerprint.isEmpty ? subject : "sha256:\(fingerprint)" }
}

extension [UInt8] {
  fileprivate mutating func putPair(_ key: StaticString, _ word: StaticString) {
    put(key)
    put(word)
  }

  /// An address in its canonical form.
  mutating func put(_ address: IPAddress) {
    guard let v4 = address.v4 else {
      put(address.description)
      return
    }
    put(decimal: v4 >> 24)
    for shift: UInt32 in stride(from: 16, through: 0, by: -8) {
      append(.dot)
      put(decimal: v4 >> shift & 255)
    }
  }
}
