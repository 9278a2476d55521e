import Bytes
import NetAddress

/// Sendmail's access map as text: `TAG:key<blanks>value`.
///
/// Source: Sendmail's cf/README, “ANTI-SPAM CONFIGURATION CONTROL”.
struct SendmailAccess {
  private var networks = NetworkTable(.longest)
  private var clients = NameTable(.clientName)
  private var senders = NameTable(.sender)
  private var recipients = NameTable(.recipient)
  private var domains = NameTable(.domain)

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var reader = SendmailAccess()
    for line in desk.source.lines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      let text = desk.source.text(line.octets)
      guard line.octets.count <= ImportSource.mostLineOctets else {
        desk.wrong(id, "a line of more than \(ImportSource.mostLineOctets) octets")
        continue
      }
      let (key, value) = text.trimmed.firstWord
      guard !value.isEmpty else {
        desk.wrong(id, column: line.octets.count + 1, "a key without a value")
        continue
      }
      reader.take(String(key), String(value), id, &desk)
    }
    reader.networks.write(&desk)
    for table in [reader.clients, reader.senders, reader.recipients, reader.domains] { table.write(&desk) }
  }

  private mutating func take(
    _ key: String, _ value: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    let (tag, subject) = Self.tag(key)
    switch tag {
    case "connect", "from", "to", "":
      take(tag, subject, value, line, &desk)
    case "clientrate", "clientconn":
      Self.limit(tag, subject, value, line, &desk)
    case "spam":
      desk.left(line, "FRIEND and HATER of delay_checks: a [[policy]] for that recipient says it")
    case "greetpause":
      desk.left(line, "the pause before the greeting goes by listener here, not by client")
    case "compat":
      desk.left(line, "pairs of sender and recipient: write a rule with * SENDER ?? and * RECIPIENT ??")
    default:
      desk.left(line, "\(tag): is TLS, authentication or queueing, no filter")
    }
  }

  private static let tags: Set<String> = [
    "connect", "from", "to", "spam", "clientrate", "clientconn", "greetpause", "compat", "tls_srv", "tls_clt",
    "tls_rcpt", "try_tls", "srv_features", "clt_features", "certissuer", "certsubject", "authinfo", "qgrp",
  ]

  /// The tag in small letters, empty where there is none, and what stands behind it.
  private static func tag(_ key: String) -> (String, String) {
    guard let colon = key.firstIndex(of: ":") else { return ("", key.lowercasedASCII) }
    let tag = key[..<colon].lowercasedASCII
    // `IPv6:2001:db8` is a key without a tag.
    guard tags.contains(tag) else { return ("", key.lowercasedASCII) }
    return (tag, key[key.index(after: colon)...].lowercasedASCII)
  }

  private mutating func take(
    _ tag: String, _ subject: String, _ value: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    if value.trimmed.lowercasedASCII == "relay" {
      relay(tag, subject, line, &desk)
      return
    }
    guard let verdict = Self.verdict(value, isRecipient: tag == "to") else {
      desk.left(line, "not a value of an access map: \(value.printable(limit: 60))")
      return
    }
    if let network = Self.network(subject) {
      guard tag == "connect" || tag.isEmpty else {
        desk.left(line, "an address as the domain of a mailbox")
        return
      }
      networks.add([network], verdict, for: line, &desk)
      if subject.hasPrefix("[") {
        desk.changed(line, "the address counts whether or not it has a name")
      }
      return
    }
    switch tag {
    case "connect":
      guard let key = Self.domain(subject) else { return Self.notAName(subject, line, &desk) }
      clients.add(key, verdict, for: line, &desk)
    case "from", "to":
      guard let key = Self.mailbox(subject) else { return Self.notAName(subject, line, &desk) }
      if tag == "from" {
        senders.add(key, verdict, for: line, &desk)
      } else {
        recipients.add(key, verdict, for: line, &desk)
      }
    default:
      if subject.contains("@") {
        guard let key = Self.mailbox(subject) else { return Self.notAName(subject, line, &desk) }
        senders.add(key, verdict, for: line, &desk)
        desk.changed(
          line, "without a tag: as a sender; with blocklist_recipients Sendmail asks it for recipients too")
      } else {
        guard let key = Self.domain(subject) else { return Self.notAName(subject, line, &desk) }
        domains.add(key, verdict, for: line, &desk)
      }
    }
  }

  private static func notAName(_ subject: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk) {
    desk.left(line, "no address, name or mailbox that a list can hold: \(subject.printable(limit: 80))")
  }

  /// `192.168.3`, `192.168.3.0/24`, `IPv6:2001:db8`, `[192.0.2.1]`.
  static func network(_ subject: String) -> IPPrefix? {
    var text = subject[...]
    if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
    if text.hasPrefix("ipv6:") {
      text = text.dropFirst(5)
      return v6(String(text))
    }
    return v4(text) ?? (text.contains("/") ? IPPrefix(String(text)) : nil)
  }

  /// One to four octets, perhaps a dot behind them.
  static func v4(_ text: Substring) -> IPPrefix? {
    var text = text
    if text.hasSuffix(".") { text = text.dropLast() }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...4).contains(parts.count), parts.allSatisfy({ $0.utf8.allSatisfy(\.isASCIIDigit) }) else {
      return nil
    }
    let whole = parts + Array(repeating: "0", count: 4 - parts.count)
    return IPAddress(whole.joined(separator: "."))?.prefix(parts.count * 8)
  }

  /// A whole address, or its first groups.
  static func v6(_ text: String) -> IPPrefix? {
    if let address = IPAddress(text), !address.isV4 || text.contains(":") {
      return address.prefix(address.bitWidth)
    }
    var text = text[...]
    while text.hasSuffix(":") { text = text.dropLast() }
    let groups = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...7).contains(groups.count), let address = IPAddress(text + "::"), !address.isV4 else {
      return nil
    }
    return address.prefix(groups.count * 16)
  }

  /// A name stands for itself and what is below it; with a dot in front (lookupdotdomain) for what is below it.
  static func domain(_ subject: String) -> NameKey? {
    let isBelow = subject.hasPrefix(".")
    let name = isBelow ? String(subject.dropFirst()) : subject
    guard HostName.isName(name) else { return nil }
    return .domain(name, itself: !isBelow, below: true)
  }

  static func mailbox(_ subject: String) -> NameKey? {
    if subject == "<>" { return .null }
    guard let at = subject.lastIndex(of: "@") else { return domain(subject) }
    let local = String(subject[..<at])
    let name = String(subject[subject.index(after: at)...])
    if local.isEmpty, HostName.isName(name) { return .domain(name, itself: true, below: false) }
    guard HostName.isLocalPart(local) else { return nil }
    if name.isEmpty { return .local(local) }
    return HostName.isName(name) ? .mailbox(local: local, domain: name) : nil
  }

  /// `OK`, `REJECT`, `ERROR:…`, `550 text`; nil for anything else.
  private static func verdict(_ value: String, isRecipient: Bool) -> TableVerdict? {
    let upper = value.uppercasedASCII
    switch upper {
    case "OK": return .allow
    case "SKIP": return .hole
    case "DISCARD": return .rule(["discard"])
    case "REJECT":
      return .block(
        isRecipient
          ? TableReply(code: 550, rest: "5.2.1 Mailbox disabled for this recipient", isGeneric: true)
          : TableReply(code: 550, rest: "5.7.1 Access denied", isGeneric: true))
    default: break
    }
    if upper.hasPrefix("DISCARD:") { return .rule(["discard"]) }
    if upper.hasPrefix("QUARANTINE") {
      return .rule(["quarantine"])
    }
    return reply(value).map { $0.isTemporary ? .rule([$0.action]) : .block($0) }
  }

  /// `ERROR:D.S.N:code text`, `ERROR:code text`, `ERROR:"code text"`, `code text`.
  static func reply(_ value: String) -> TableReply? {
    var text = value[...]
    var enhanced: String?
    if text.prefix(6).uppercasedASCII == "ERROR:" {
      text = text.dropFirst(6)
      if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count > 1 {
        text = text.dropFirst().dropLast()
      }
      if let colon = text.firstIndex(of: ":"), TableReply.isEnhanced(text[..<colon]) {
        enhanced = String(text[..<colon])
        text = text[text.index(after: colon)...]
      }
    }
    let (word, rest) = text.firstWord
    if let code = TableReply.code(word) {
      // The class is the code's.
      let standard = enhanced.map { (code < 500 ? "4" : "5") + $0.dropFirst() }
      return TableReply(code: code, rest: rest, standard: standard)
    }
    guard let enhanced else { return nil }
    return TableReply(code: enhanced.hasPrefix("4") ? 451 : 550, rest: text, standard: enhanced)
  }

  // MARK: Relaying and limits

  private func relay(_ tag: String, _ subject: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk) {
    if let network = Self.network(subject), tag == "connect" || tag.isEmpty {
      desk.element("[relay]", "networks", "\(network)", for: line)
      desk.changed(line, "shown for the configuration, not written: it would let that network relay")
    } else if tag == "to" || tag.isEmpty, case .domain(let name, let itself, _)? = Self.domain(subject) {
      if itself { desk.element("[relay]", "domains", name, for: line) }
      desk.element("[relay]", "domains", "." + name, for: line)
      let more = tag.isEmpty ? "; clients of that name do not relay: name their networks" : ""
      desk.changed(
        line, "shown for the configuration, not written: mail for that domain would be taken\(more)")
    } else if tag == "connect" {
      desk.left(line, "clients relay by network here, not by name: relay.networks")
    } else {
      desk.left(
        line, "a sender's name is no reason to relay: it is forged at will; relay.networks or [auth] are")
    }
  }

  /// `ClientRate:` (connections a minute) and `ClientConn:` (at once); 0 is no limit, an empty key the default.
  private static func limit(
    _ tag: String, _ subject: String, _ value: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    guard let number = Int(value), (0...1_000_000).contains(number) else {
      desk.left(line, "not a number: \(value.printable(limit: 40))")
      return
    }
    let key = tag == "clientrate" ? "connection_rate_per_address" : "connections_per_address"
    let limit = number == 0 ? "\"unlimited\"" : tag == "clientrate" ? "\"\(number)/1m\"" : "\(number)"
    var table = "[limits]"
    if !subject.isEmpty {
      guard let network = network(subject) else {
        desk.left(line, "limits go by network here, not by name")
        return
      }
      table = "[[limits.network]]\nnetwork = \"\(network)\""
    }
    desk.setting(table, key, limit, for: line)
    desk.changed(line, "shown for the configuration, not written")
  }
}
