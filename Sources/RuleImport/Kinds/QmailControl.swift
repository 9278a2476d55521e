import Bytes
import NetAddress

/// A file of qmail's control folder, named by what it is called there; and the rules that tcprules compiles.
enum QmailControl {
  /// What a file is.
  private enum Role: String {
    case rcpthosts, morercpthosts, locals, virtualdomains, badmailfrom, badmailto, badrcptto, badhelo
    case databytes
    case tcp
  }

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    let name = (options.role ?? desk.source.name).lowercasedASCII
    let role = name.hasPrefix("tcp") ? Role.tcp : Role(rawValue: name)
    guard let role else {
      for line in desk.source.lines where !line.isBlank {
        desk.left(
          desk.begin(line),
          "no file of the control folder that has to do with filtering; --as NAME says which")
      }
      return
    }
    switch role {
    case .tcp: TCPRules.read(&desk)
    case .rcpthosts, .morercpthosts, .locals, .virtualdomains:
      each(&desk) { domain($0, role == .virtualdomains, $1, &$2) }
    case .badmailfrom: names(.sender, &desk)
    case .badmailto, .badrcptto: names(.recipient, &desk)
    case .badhelo: names(.helo, &desk)
    case .databytes: each(&desk) { size($0, $1, &$2) }
    }
  }

  private static func each(
    _ desk: inout ImportDesk, _ take: (Substring, ImportDesk.Line, inout ImportDesk) -> Void
  ) {
    for line in desk.source.lines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
      } else {
        let id = desk.begin(line)
        take(desk.source.text(line.octets).trimmed, id, &desk)
      }
    }
  }

  /// `example.org`, `.example.org` for what is below it; of virtualdomains `example.org:user`.
  private static func domain(
    _ text: Substring, _ isVirtual: Bool, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    let name = isVirtual ? text.prefix { $0 != ":" } : text
    guard HostName.isName(name.hasPrefix(".") ? name.dropFirst() : name) else {
      desk.left(
        line, name.contains("@") ? "a mailbox: who it belongs to is the backend's matter" : "not a name")
      return
    }
    desk.element("[relay]", "domains", name.lowercasedASCII, for: line)
    desk.changed(line, "shown for the configuration, not written: mail for that domain would be taken")
    if isVirtual { desk.changed(line, "whose mail it is, is the backend's matter") }
  }

  /// `user@dom`, `@dom`; with the patches that know them `*`, `?` and expressions of POSIX.
  private static func names(_ subject: NameSubject, _ desk: inout ImportDesk) {
    var table = NameTable(subject)
    each(&desk) { text, line, desk in
      let text = text.lowercasedASCII
      let verdict = TableVerdict.block(TableReply(code: 550, rest: ""))
      if let key = key(text, subject) {
        table.add(key, verdict, for: line, &desk)
      } else {
        expression(text, subject, line, &desk)
      }
    }
    table.write(&desk)
  }

  private static func key(_ text: String, _ subject: NameSubject) -> NameKey? {
    if subject == .helo {
      return HostName.isName(text) ? .domain(text, itself: true, below: false) : nil
    }
    guard text.contains("@") else { return nil }
    return SendmailAccess.mailbox(text)
  }

  private static func expression(
    _ text: String, _ subject: NameSubject, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    guard !text.hasPrefix("!") else {
      desk.left(line, "an exception among the patterns")
      return
    }
    guard text.contains(where: { "*+?[(|^$\\".contains($0) }) else {
      desk.left(line, "neither user@domain nor @domain: qmail compares the whole address with it")
      return
    }
    do {
      let pattern = try Pattern.read(
        Array(text.utf8), dialect: .posix, isCaseSensitive: false, isUTF8: true)
      guard let written = PatternWriter.procmail(pattern) else {
        desk.left(line, "an expression that only PCRE2 takes")
        return
      }
      desk.rule([":0", "* \(subject.variables[0]) ?? \(written)", "reject 550 5.7.1"], for: [line])
      desk.changed(line, "an expression of the qregex patch; qmail itself has none")
    } catch {
      desk.wrong(line, column: error.offset + 1, error.message)
    }
  }

  /// Octets; 0 is no limit.
  private static func size(_ text: Substring, _ line: ImportDesk.Line, _ desk: inout ImportDesk) {
    guard let octets = Int(text), octets >= 0 else {
      desk.wrong(line, "not a number of octets")
      return
    }
    desk.setting("[limits]", "message_size", octets == 0 ? "\"unlimited\"" : "\(octets)", for: line)
    desk.changed(line, "shown for the configuration, not written")
  }
}

/// The rules of tcprules(1): `address:allow|deny,VAR="value"`.
enum TCPRules {
  static func read(_ desk: inout ImportDesk) {
    var networks = NetworkTable(.longest)
    var names = NameTable(.clientName)
    for line in desk.source.lines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      let text = desk.source.text(line.octets).trimmed
      guard let colon = text.firstIndex(of: ":") else {
        desk.wrong(id, "no `:` between address and instruction")
        continue
      }
      let address = String(text[..<colon])
      guard let (verdict, relays) = verdict(text[text.index(after: colon)...], id, &desk) else { continue }
      if address.contains("@") {
        desk.left(id, "what a client's ident server says")
      } else if address.hasPrefix("=") {
        name(address.dropFirst(), verdict, relays, &names, id, &desk)
      } else {
        network(address, verdict, relays, &networks, id, &desk)
      }
    }
    networks.write(&desk)
    names.write(&desk)
  }

  /// What the instruction means, and whether the client may relay; nil where it was not understood, which was told.
  private static func verdict(
    _ text: Substring, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) -> (TableVerdict, Bool)? {
    var verdict = TableVerdict.hole
    var relays = false
    let word = text.prefix { $0 != "," }
    if word == "deny" {
      return (.block(TableReply(code: 550, rest: "")), false)
    }
    guard word == "allow" || word.isEmpty else {
      desk.wrong(line, "neither allow nor deny: \(word.printable(limit: 40))")
      return nil
    }
    var rest = text.dropFirst(word.count)
    while rest.hasPrefix(",") {
      rest = rest.dropFirst()
      guard let equals = rest.firstIndex(of: "=") else {
        desk.wrong(line, "a variable without a value")
        return nil
      }
      let name = rest[..<equals]
      rest = rest[rest.index(after: equals)...]
      guard let quote = rest.first, let end = rest.dropFirst().firstIndex(of: quote) else {
        desk.wrong(line, "a value whose quotes do not end")
        return nil
      }
      let value = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
      switch name {
      case "RELAYCLIENT": relays = true
      case "RBLSMTPD": verdict = refusal(value)
      default: desk.changed(line, "\(name.printable(limit: 40)) is not looked at")
      }
    }
    return (verdict, relays)
  }

  /// rblsmtpd: empty lets pass, a text defers, one behind `-` refuses.
  private static func refusal(_ value: Substring) -> TableVerdict {
    if value.isEmpty { return .allow }
    if value.hasPrefix("-") { return .block(TableReply(code: 553, rest: value.dropFirst())) }
    return .rule([TableReply(code: 451, rest: value).action])
  }

  private static func name(
    _ text: Substring, _ verdict: TableVerdict, _ relays: Bool, _ names: inout NameTable,
    _ line: ImportDesk.Line,
    _ desk: inout ImportDesk
  ) {
    if relays { desk.left(line, "clients relay by network here, not by name: relay.networks") }
    let isBelow = text.hasPrefix(".")
    let name = (isBelow ? text.dropFirst() : text).lowercasedASCII
    guard HostName.isName(name) else {
      desk.left(line, name.isEmpty ? "every client that has a name" : "not a name")
      return
    }
    if relays, verdict == .hole { return }
    names.add(.domain(name, itself: !isBelow, below: isBelow), verdict, for: line, &desk)
  }

  private static func network(
    _ text: String, _ verdict: TableVerdict, _ relays: Bool, _ networks: inout NetworkTable,
    _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    guard let prefixes = prefixes(text) else {
      desk.wrong(line, "neither an address nor the beginning of one")
      return
    }
    if text.isEmpty, case .block = verdict {
      desk.left(line, "everybody else is denied: a gateway takes mail from strangers")
      return
    }
    networks.add(prefixes, verdict, for: line, &desk)
    guard relays else { return }
    guard !text.isEmpty else {
      desk.left(line, "RELAYCLIENT for everybody is an open relay")
      return
    }
    for prefix in prefixes { desk.element("[relay]", "networks", "\(prefix)", for: line) }
    desk.changed(line, "shown for the configuration, not written: it would let that network relay")
  }

  /// `192.0.2.`, `192.0.2.1`, `192.0.2.37-53`; empty for all.
  private static func prefixes(_ text: String) -> [IPPrefix]? {
    if text.isEmpty { return [IPAddress(v4: 0).prefix(0)] }
    if let address = IPAddress(text) { return [address.prefix(address.bitWidth)] }
    if let prefix = SendmailAccess.v4(text[...]), text.hasSuffix(".") { return [prefix] }
    let hasDot = text.hasSuffix(".")
    let body = hasDot ? text.dropLast() : text[...]
    let last = body.lastIndex(of: ".").map { body.index(after: $0) } ?? body.startIndex
    let bounds = body[last...].split(separator: "-", omittingEmptySubsequences: false)
    guard bounds.count == 2, let low = UInt8(bounds[0]), let high = UInt8(bounds[1]), low <= high else {
      return nil
    }
    let octets = body.split(separator: ".").count
    guard hasDot == (octets < 4) else { return nil }
    var prefixes: [IPPrefix] = []
    for value in low...high {
      guard let prefix = SendmailAccess.v4("\(body[..<last])\(value)") else { return nil }
      prefixes.append(prefix)
    }
    return prefixes
  }
}
