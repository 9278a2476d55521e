import Bytes
import NetAddress

/// A file of the Anti-Spam SMTP Proxy, by the setting that names it.
///
/// Verified in its documentation: what networks, addresses and ends of addresses look like, `#`, and that expressions
/// are Perl's with the options `i` and `s`. Not verified, and so not carried over: weights behind `=>`.
enum ASSP {
  private enum Content: Hashable {
    case networks(TableVerdict)
    case relay
    case trust
    /// Ends of sender addresses.
    case senders(TableVerdict)
    /// The saved whitelist: an address, and behind it when it was seen.
    case whitelist
    case traps
    /// Expressions over an area or a variable.
    case expressions(String)
    /// Expressions for what passes.
    case passing
  }

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    let setting = setting(options.role ?? desk.source.name)
    guard let content = content(setting) else {
      for line in desk.source.lines where !line.isBlank {
        desk.left(
          desk.begin(line),
          "which setting of ASSP's names this file? --as denySMTPConnectionsFrom and the like says it")
      }
      return
    }
    var networks = NetworkTable(.longest)
    var senders = NameTable(.sender)
    for line in desk.source.lines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      let text = desk.source.text(line.octets)
      switch content {
      case .expressions(let subject): expression(line, text, subject, setting, id, &desk)
      case .passing: desk.left(id, "what passes by its text: write a rule with accept, or score with a minus")
      case .whitelist: whitelist(text, &senders, id, &desk)
      case .traps: trap(text, id, &desk)
      case .senders(let verdict):
        for word in plain(text).split(separator: "|") { sender(word.trimmed, verdict, &senders, id, &desk) }
      case .networks, .relay, .trust: network(text, content, &networks, id, &desk)
      }
    }
    networks.write(&desk)
    senders.write(&desk)
  }

  /// `files/BombRe.txt` is `bombre`.
  private static func setting(_ name: String) -> String {
    let name = name.lowercasedASCII
    return name.hasSuffix(".txt") ? String(name.dropLast(4)) : name
  }

  private static func content(_ setting: String) -> Content? {
    let block = TableVerdict.block(TableReply(code: 550, rest: ""))
    switch setting {
    case "denysmtp", "denysmtpconnectionsfrom", "denyalways", "denysmtpconnectionsfromalways", "droplist":
      return .networks(block)
    case "whitelistedips", "noprocessingips", "noblockingips": return .networks(.allow)
    case "acceptall", "acceptallmail": return .relay
    case "ispip": return .trust
    case "blacklisteddomains": return .senders(block)
    case "whitelisteddomains", "noprocessingdomains": return .senders(.allow)
    case "whitelist": return .whitelist
    case "spamaddresses": return .traps
    case "bombre", "blackre": return .expressions("HB")
    case "bombdatare": return .expressions("B")
    case "bombsubjectre", "bombheaderre", "bombcharsets": return .expressions("H")
    case "bombsenderre": return .expressions("SENDER")
    case "suspicioushelo", "suspiciousheloere", "suspicioushelore": return .expressions("HELO")
    case "whitere", "npre", "redre": return .passing
    default: return nil
    }
  }

  /// Without what stands behind a `#`.
  private static func plain(_ text: String) -> Substring { text.prefix { $0 != "#" }.trimmed }

  // MARK: Networks

  private static func network(
    _ text: String, _ content: Content, _ networks: inout NetworkTable, _ line: ImportDesk.Line,
    _ desk: inout ImportDesk
  ) {
    for entry in plain(text).split(separator: "|") {
      let (word, comment) = entry.firstWord
      guard let prefixes = prefixes(word) else {
        desk.left(line, "neither an address nor a network: \(word.printable(limit: 60))")
        continue
      }
      switch content {
      case .networks(.block):
        networks.add(prefixes, .block(TableReply(code: 550, rest: comment)), for: line, &desk)
      case .networks(let verdict): networks.add(prefixes, verdict, for: line, &desk)
      case .relay:
        for prefix in prefixes { desk.element("[relay]", "networks", "\(prefix)", for: line) }
        desk.changed(line, "shown for the configuration, not written: it would let that network relay")
      default:
        for prefix in prefixes { desk.element("[trust]", "networks", "\(prefix)", for: line) }
        desk.changed(line, "shown for the configuration, not written: its Received lines would be believed")
      }
    }
  }

  /// `182.82.10.`, `182.82.10.0/24`, `182.82.10.0-182.82.10.255`.
  private static func prefixes(_ word: Substring) -> [IPPrefix]? {
    if let dash = word.firstIndex(of: "-"), let low = IPAddress(String(word[..<dash])),
      let high = IPAddress(String(word[word.index(after: dash)...])), let first = low.v4, let last = high.v4
    {
      return range(first, last)
    }
    return SendmailAccess.network(word.lowercasedASCII).map { [$0] } ?? IPPrefix(String(word)).map { [$0] }
  }

  /// The fewest networks that are just these addresses.
  static func range(_ first: UInt32, _ last: UInt32) -> [IPPrefix]? {
    guard first <= last else { return nil }
    var prefixes: [IPPrefix] = []
    var next = UInt64(first)
    while next <= UInt64(last) {
      var size = 0
      while size < 32, next & (1 << UInt64(size + 1) - 1) == 0,
        next + 1 << UInt64(size + 1) - 1 <= UInt64(last)
      {
        size += 1
      }
      prefixes.append(IPAddress(v4: UInt32(truncatingIfNeeded: next)).prefix(32 - size))
      next += 1 << UInt64(size)
    }
    return prefixes
  }

  // MARK: Addresses

  /// The end of an address: `example.org`, `.example.org`, `@example.org`, `user@example.org`; `*` is anything.
  private static func sender(
    _ word: Substring, _ verdict: TableVerdict, _ senders: inout NameTable, _ line: ImportDesk.Line,
    _ desk: inout ImportDesk
  ) {
    let text = word.firstWord.word.lowercasedASCII
    if text.contains("*") {
      let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        .map { PatternWriter.procmail(literal: String($0)) }
      desk.rule(
        [":0", "* SENDER ?? \(PatternWriter.guarded(parts.joined(separator: ".*") + "^^"))"] + verdict.action,
        for: [line])
      return
    }
    guard let key = SendmailAccess.mailbox(text), key != .null else {
      desk.left(line, "no address, domain or end of one: \(text.printable(limit: 60))")
      return
    }
    senders.add(key, verdict, for: line, &desk)
    if case .domain(_, itself: true, below: true) = key {
      desk.changed(line, "the domain and what is below it; ASSP also takes other names with that end")
    }
  }

  private static func whitelist(
    _ text: String, _ senders: inout NameTable, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    let address = String(text.unicodeScalars.prefix { $0.value > 0x20 && $0 != "," })
    guard let key = SendmailAccess.mailbox(address.lowercasedASCII), case .mailbox = key else {
      desk.left(line, "no mailbox: \(address.printable(limit: 60))")
      return
    }
    senders.add(key, .allow, for: line, &desk)
    if address.utf8.count < text.utf8.count {
      desk.changed(line, "what stands behind the address is dropped")
    }
  }

  private static func trap(_ text: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk) {
    for word in plain(text).split(separator: "|") {
      let address = word.firstWord.word.lowercasedASCII
      guard case .mailbox? = SendmailAccess.mailbox(address) else {
        desk.left(line, "a trap is a whole mailbox: \(address.printable(limit: 60))")
        continue
      }
      desk.list("block", "recipients", address, reason: nil, isTrap: true, for: line)
      desk.changed(line, "who writes to it is also blocked for limits.trap_block")
    }
  }

  // MARK: Expressions

  private static func expression(
    _ line: ImportSource.Line, _ text: String, _ subject: String, _ setting: String, _ id: ImportDesk.Line,
    _ desk: inout ImportDesk
  ) {
    guard !text.contains("=>") else {
      desk.left(id, "a weight behind =>: that form is not verified")
      return
    }
    let octets = Array(text.trimmed.utf8)
    let pattern: Pattern
    do {
      pattern = try Pattern.read(
        desk.source.isUTF8 ? octets : line.octets, dialect: .pcre, isCaseSensitive: false,
        isUTF8: desk.source.isUTF8)
    } catch {
      if error.isWrong {
        desk.wrong(id, column: error.offset + 1, error.message)
      } else {
        desk.left(id, "not understood: \(error.message)")
      }
      return
    }
    let isArea = subject.utf8.count <= 2
    let flags = isArea ? " " + subject : ""
    let front = isArea ? "" : subject + " ?? "
    var condition = pattern.node.staysInLine ? PatternWriter.procmail(pattern).map { front + $0 } : nil
    if condition == nil, desk.source.isUTF8, !octets.contains(where: { $0 != 0x09 && $0.isASCIIControl }),
      octets.count <= PatternWriter.mostOctets
    {
      condition = "PCRE ?? \(subject) ?? (?is)\(text.trimmed)"
    }
    guard let condition else {
      desk.left(id, "an expression that can be written neither way")
      return
    }
    let isPlain = !condition.hasPrefix("PCRE ??")
    let name = "ASSP_" + ImportDesk.fileName(setting).uppercasedASCII.replacing("-", with: "_")
    desk.rule([":0" + (isPlain ? flags : ""), "* \(condition)", "score +4 \(name)"], for: [id])
    desk.changed(id, "scores 4; whether ASSP blocks or scores for it stands in its configuration")
  }
}

extension PatternNode {
  /// Whether it can match no line feed and asks for no beginning or end: then lines do not matter to it.
  var staysInLine: Bool {
    switch self {
    case .empty: true
    case .octet(let octet): octet != .lineFeed
    case .set(let set): !set.contains(.lineFeed)
    case .lineStart, .lineEnd, .assertion, .look, .backReference: false
    case .group(let inner, _), .caseless(_, let inner), .repeated(let inner, _, _, _): inner.staysInLine
    case .sequence(let parts), .choice(let parts): parts.allSatisfy(\.staysInLine)
    }
  }
}
