internal import Bytes
internal import NetAddress

extension DNSTable {
  /// What is wrong with a line of a table's text.
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, in octets.
    public let column: Int
    public let reason: String

    /// `file:line:column: reason`.
    public var description: String { "\(file):\(line):\(column): \(reason)" }
  }

  /// Bound: octets of a text, and what is told of what is wrong with it.
  public static let mostOctets = 16 << 20
  public static let mostProblems = 50

  /// Reads a table from text, one record a line, all names absolute: `name [ttl] [IN] TYPE data`, as in a zone file
  /// without directives.
  ///
  /// ```
  /// example.org           MX 10 mail.example.org     ; comments begin with ; or #
  /// mail.example.org  300 IN A 192.0.2.1
  /// example.org           TXT "v=spf1 " "mx -all"    ; joined
  /// *.bl.example          A 127.0.0.2                ; RFC 4592
  /// www.example.org       CNAME example.org
  /// sick.example          FAIL                       ; SERVFAIL, whatever is asked
  /// slow.example          TIMEOUT
  /// half.example          MX FAIL                    ; of this type only; TIMEOUT and BOGUS alike
  /// ```
  ///
  /// - Returns: the table of all lines that are sound, and what is wrong with the others.
  public static func parse(_ text: [UInt8], file: String) -> (table: DNSTable, problems: [Problem]) {
    var table = DNSTable()
    guard text.count <= mostOctets else {
      let problem = Problem(file: file, line: 1, column: 1, reason: "more than \(mostOctets) octets")
      return (table, [problem])
    }
    var problems: [Problem] = []
    var number = 0
    for line in text.split(separator: .lineFeed, omittingEmptySubsequences: false) {
      number += 1
      do throws(LineFault) {
        try table.take(TableLine(line))
      } catch {
        problems.append(Problem(file: file, line: number, column: error.column, reason: error.reason))
        if problems.count >= mostProblems { break }
      }
    }
    return (table, problems)
  }

  private mutating func take(_ line: TableLine) throws(LineFault) {
    var words = line.words[...]
    guard let first = words.popFirst() else { return }
    let name = try first.name()
    if let word = words.first, word.isPlain, word.text.utf8.allSatisfy(\.isASCIIDigit) {
      guard let ttl = Int(word.text), ttl <= 0x7fff_ffff else { throw word.fault("no time to live") }
      words = words.dropFirst()
    }
    if words.first?.keyword == "IN" { words = words.dropFirst() }
    guard let kind = words.popFirst() else {
      throw LineFault(column: first.column, reason: "a type is missing behind the name: A, AAAA, MX, …")
    }
    if let failure = kind.failure, words.isEmpty { return fail(name, failure) }
    if kind.keyword == "CNAME" {
      guard let target = words.popFirst() else { throw kind.fault("a name is missing behind CNAME") }
      alias(name, to: try target.name())
      return try Self.end(words)
    }
    guard let type = RecordType.allCases.first(where: { $0.description == kind.keyword }) else {
      let types = RecordType.allCases.map(\.description).joined(separator: ", ")
      throw kind.fault(
        "expected one of \(types), CNAME, FAIL, TIMEOUT, BOGUS; found \"\(kind.text.printable(limit: 40))\"")
    }
    if let failure = words.first?.failure, words.count == 1 {
      return set(DNSQuestion(name, type), .failed(failure))
    }
    add(name, type, try Self.data(type, &words, behind: kind))
    try Self.end(words)
  }

  private static func data(
    _ type: RecordType, _ words: inout ArraySlice<TableLine.Word>, behind kind: TableLine.Word
  ) throws(LineFault) -> RecordData {
    func next(_ what: String) throws(LineFault) -> TableLine.Word {
      guard let word = words.popFirst() else { throw kind.fault("\(what) is missing behind \(type)") }
      return word
    }
    switch type {
    case .a, .aaaa:
      let word = try next("an address")
      guard let address = IPAddress(word.text), address.isV4 == (type == .a) else {
        throw word.fault("expected an address of \(type == .a ? "IPv4" : "IPv6")")
      }
      return .address(address)
    case .ptr, .ns: return .name(try next("a name").name())
    case .mx:
      let preference = try next("a preference")
      guard preference.isPlain, let number = UInt16(preference.text) else {
        throw preference.fault("expected a preference from 0 to 65535")
      }
      return .exchange(preference: number, try next("a name").name())
    case .txt:
      var text = try next("a text").octets
      while let more = words.popFirst() { text += more.octets }
      guard text.count <= RecordParser.mostText else { throw kind.fault("a text of more than 32 KiB") }
      return .text(text)
    case .soa:
      let primary = try next("a name").name()
      let mailbox = try next("a mailbox").name()
      // Serial and times may stand behind them; nobody asks for those.
      while let word = words.first, UInt32(word.text) != nil { words = words.dropFirst() }
      return .authority(primary: primary, mailbox: mailbox)
    }
  }

  private static func end(_ words: ArraySlice<TableLine.Word>) throws(LineFault) {
    guard let word = words.first else { return }
    throw word.fault("nothing more was expected here")
  }
}

struct LineFault: Error {
  let column: Int
  let reason: String
}

/// A line in its words, its comment gone.
struct TableLine {
  struct Word {
    /// From 1.
    let column: Int
    let octets: [UInt8]
    /// Not in quotation marks.
    let isPlain: Bool

    var text: String { String(decoding: octets, as: UTF8.self) }
    /// In capital letters; empty for what stood in quotation marks.
    var keyword: String { isPlain ? text.uppercasedASCII : "" }

    var failure: DNSFailure? {
      switch keyword {
      case "FAIL": .server(code: 2)
      case "TIMEOUT": .timeout
      case "BOGUS": .bogus
      default: nil
      }
    }

    func fault(_ reason: String) -> LineFault { LineFault(column: column, reason: reason) }

    func name() throws(LineFault) -> DNSName {
      if isPlain, octets == [.dot] { return .root }
      guard isPlain, octets.first != UInt8(ascii: "$"), let name = DNSName(text) else {
        throw fault(
          octets.first == UInt8(ascii: "$")
            ? "no directives: every name stands in full"
            : "\"\(text.printable(limit: 80))\" is no name")
      }
      return name
    }
  }

  private(set) var words: [Word] = []

  init(_ line: ArraySlice<UInt8>) throws(LineFault) {
    var rest = line
    if rest.last == .carriageReturn { rest = rest.dropLast() }
    let start = rest.startIndex
    while let byte = rest.first {
      if byte.isWhiteSpace {
        rest = rest.dropFirst()
        continue
      }
      if byte == UInt8(ascii: ";") || byte == UInt8(ascii: "#") { return }
      let column = rest.startIndex - start + 1
      if byte == UInt8(ascii: "\"") {
        words.append(Word(column: column, octets: try Self.quoted(&rest, column: column), isPlain: false))
      } else {
        let word = rest.prefix { !$0.isWhiteSpace && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\"") }
        words.append(Word(column: column, octets: Array(word), isPlain: true))
        rest = rest.dropFirst(word.count)
      }
    }
  }

  /// `"…"` with `\"`, `\\` and `\DDD` (RFC 1035 §5.1).
  private static func quoted(_ rest: inout ArraySlice<UInt8>, column: Int) throws(LineFault) -> [UInt8] {
    rest = rest.dropFirst()
    var octets: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return octets
      case UInt8(ascii: "\\"):
        let digits = rest.prefix(3)
        if digits.count == 3, digits.allSatisfy(\.isASCIIDigit) {
          guard let octet = UInt8(String(decoding: digits, as: UTF8.self)) else {
            throw LineFault(column: column, reason: "\\DDD stands for 0 to 255")
          }
          octets.append(octet)
          rest = rest.dropFirst(3)
        } else if let next = rest.popFirst() {
          octets.append(next)
        }
      default: octets.append(byte)
      }
    }
    throw LineFault(column: column, reason: "the quotation mark is never closed")
  }
}
