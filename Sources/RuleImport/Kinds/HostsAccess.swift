import Bytes
import NetAddress

/// hosts.allow and hosts.deny of tcp_wrappers (hosts_access(5), hosts_options(5)): `daemons : clients [: options]`.
struct HostsAccess {
  private static let daemons: Set<String> = [
    "all", "sendmail", "sm-mta", "smtpd", "smtp", "exim", "exim4", "postfix",
  ]

  /// Whether the file grants or denies where a line does not say it.
  private let isDeny: Bool
  private var networks = NetworkTable(.first)
  private var names = NameTable(.clientName, isOrdered: true)

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var reader = HostsAccess(isDeny: (options.role ?? desk.source.name).lowercasedASCII.contains("deny"))
    for line in joined(desk.source) {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      reader.take(desk.source.text(line.octets), id, &desk)
    }
    reader.networks.write(&desk)
    reader.names.write(&desk)
    desk.note("only lines for sendmail, sm-mta, smtpd, smtp, exim, exim4, postfix and ALL are about mail")
  }

  private init(isDeny: Bool) { self.isDeny = isDeny }

  /// A backslash at the end joins the next line.
  private static func joined(_ source: ImportSource) -> [ImportSource.Line] {
    var result: [ImportSource.Line] = []
    var isOpen = false
    for line in source.lines {
      if isOpen, let last = result.indices.last, result[last].octets.count <= ImportSource.mostLineOctets {
        result[last].octets += line.octets
        result[last].last = line.number
      } else {
        result.append(line)
      }
      guard let last = result.indices.last else { continue }
      isOpen = result[last].octets.last == UInt8(ascii: "\\")
      if isOpen { result[last].octets.removeLast() }
    }
    return result
  }

  private mutating func take(_ text: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk) {
    let fields = Self.fields(text)
    guard fields.count >= 2 else {
      desk.wrong(line, column: text.utf8.count + 1, "no `:` between daemons and clients")
      return
    }
    guard Self.isAboutMail(fields[0]) else {
      desk.left(line, "about another service")
      return
    }
    var denies = isDeny
    for option in fields.dropFirst(2) {
      switch option.trimmed.firstWord.word.lowercasedASCII {
      case "deny": denies = true
      case "allow": denies = false
      case "": break
      default: desk.changed(line, "the option \(option.trimmed.printable(limit: 60)) is not looked at")
      }
    }
    let clients = fields[1].replacing(",", with: " ")
    let lists = Self.exceptions(clients)
    guard lists.count <= 2 else {
      desk.left(line, "exceptions to exceptions")
      return
    }
    let verdict: TableVerdict = denies ? .block(TableReply(code: 550, rest: "")) : .allow
    if lists.count == 2 {
      for word in lists[1] { add(word, .hole, line, isException: true, &desk) }
    }
    for word in lists[0] { add(word, verdict, line, isException: false, &desk) }
  }

  /// Parts between colons; those in brackets (addresses of version 6) and behind a backslash do not part.
  private static func fields(_ text: String) -> [String] {
    var fields = [""]
    var isInside = false
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if scalar == "[" { isInside = true }
      if scalar == "]" { isInside = false }
      if scalar == ":", !isInside, !isEscaped {
        fields.append("")
      } else if scalar != "\\" {
        fields[fields.count - 1].unicodeScalars.append(scalar)
      }
      isEscaped = scalar == "\\"
    }
    return fields
  }

  private static func exceptions(_ text: String) -> [[Substring]] {
    var lists: [[Substring]] = [[]]
    for word in text[...].words {
      if word.lowercasedASCII == "except" {
        lists.append([])
      } else {
        lists[lists.count - 1].append(word)
      }
    }
    return lists
  }

  private static func isAboutMail(_ text: String) -> Bool {
    let lists = exceptions(text.replacing(",", with: " "))
    func names(_ list: [Substring]) -> Bool {
      list.contains { daemons.contains($0.prefix { $0 != "@" }.lowercasedASCII) }
    }
    // What an EXCEPT names of mail is not meant.
    return names(lists[0]) && !(lists.dropFirst().first.map(names) ?? false)
  }

  private mutating func add(
    _ word: Substring, _ verdict: TableVerdict, _ line: ImportDesk.Line, isException: Bool,
    _ desk: inout ImportDesk
  ) {
    let text = word.lowercasedASCII
    switch text {
    case "all":
      if case .block = verdict {
        desk.left(line, "everybody is denied who is not in hosts.allow: a gateway takes mail from strangers")
      } else {
        desk.changed(line, "nothing is written: whoever is not blocked may connect")
      }
      return
    case "local":
      desk.left(line, "LOCAL are clients whose name has no dot: the gateway's confirmed names have one")
      return
    case "known", "unknown", "paranoid":
      desk.left(line, "\(word.uppercasedASCII) goes by the reverse name: checks.reverse_name weighs it")
      return
    default: break
    }
    if text.contains("@") || text.hasPrefix("/") {
      desk.left(
        line,
        text.hasPrefix("/") ? "a file with more patterns" : "a netgroup, or what a client's ident server says"
      )
      return
    }
    if text.contains("*") || text.contains("?") {
      desk.left(line, "a pattern with wildcards: \(word.printable(limit: 60))")
      return
    }
    if let network = Self.network(text) {
      networks.add([network], verdict, for: line, &desk)
      if verdict == .allow { desk.changed(line, "allowed here is past the gateway's other blocks as well") }
      return
    }
    let isBelow = text.hasPrefix(".")
    let name = isBelow ? String(text.dropFirst()) : text
    guard HostName.isName(name) else {
      desk.left(line, "no client that a list can hold: \(word.printable(limit: 60))")
      return
    }
    if verdict == .allow {
      desk.changed(line, "nothing is written for the name: whoever is not blocked may connect")
    }
    names.add(
      .domain(name, itself: !isBelow, below: isBelow), verdict == .allow ? .hole : verdict, for: line, &desk)
  }

  /// `192.0.2.`, `192.0.2.1`, `192.0.2.0/255.255.255.0`, `192.0.2.0/24`, `[2001:db8::]/32`.
  private static func network(_ text: String) -> IPPrefix? {
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { return nil }
      let address = text[text.index(after: text.startIndex)..<close]
      return IPPrefix(String(address) + text[text.index(after: close)...])
    }
    guard let slash = text.firstIndex(of: "/") else {
      guard text.hasSuffix(".") || text.split(separator: ".").count == 4 else { return nil }
      return SendmailAccess.v4(text[...])
    }
    if let prefix = IPPrefix(text) { return prefix }
    guard let address = IPAddress(String(text[..<slash])),
      let mask = IPAddress(String(text[text.index(after: slash)...])),
      let bits = mask.v4, address.isV4
    else { return nil }
    let length = (~bits).leadingZeroBitCount
    guard length == 32 || bits << UInt32(length) == 0 else { return nil }
    return address.prefix(length).address == address ? address.prefix(length) : nil
  }
}
