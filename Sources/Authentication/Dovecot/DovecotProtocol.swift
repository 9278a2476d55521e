internal import Bytes

/// One line of Dovecot's auth protocol, version 1, as its server says it to a client
/// (doc.dovecot.org, "Authentication Protocol").
enum DovecotLine: Hashable {
  case version(major: UInt32)
  /// A mechanism that it serves, by its SASL name.
  case mechanism(String)
  /// The end of its greeting.
  case done
  case ok(id: UInt32, DovecotFields)
  /// The challenge, decoded.
  case challenge(id: UInt32, [UInt8])
  case fail(id: UInt32, DovecotFields)
  /// SPID, CUID, COOKIE, and what later versions say besides.
  case other

  /// Reads a line without its LF; nil where a known word is followed by what does not belong there.
  init?(_ line: [UInt8]) {
    let words = line.split(separator: 0x09, omittingEmptySubsequences: false)
    switch words.first.map({ Array($0) }) {
    case Array("VERSION".utf8)?:
      guard let major = Self.number(words, 1) else { return nil }
      self = .version(major: major)
    case Array("MECH".utf8)?:
      guard words.count > 1, let name = String(validating: words[1], as: UTF8.self), !name.isEmpty else {
        return nil
      }
      self = .mechanism(name)
    case Array("DONE".utf8)?: self = .done
    case Array("OK".utf8)?:
      guard let id = Self.number(words, 1) else { return nil }
      self = .ok(id: id, DovecotFields(words.dropFirst(2)))
    case Array("FAIL".utf8)?:
      guard let id = Self.number(words, 1) else { return nil }
      self = .fail(id: id, DovecotFields(words.dropFirst(2)))
    case Array("CONT".utf8)?:
      guard let id = Self.number(words, 1), words.count <= 3,
        let challenge = Base64.decoded(words.count == 3 ? words[2] : [])
      else { return nil }
      self = .challenge(id: id, challenge)
    default: self = .other
    }
  }

  private static func number(_ words: [ArraySlice<UInt8>], _ index: Int) -> UInt32? {
    guard index < words.count, (1...10).contains(words[index].count),
      words[index].allSatisfy(\.isASCIIDigit)
    else { return nil }
    return UInt32(String(decoding: words[index], as: UTF8.self))
  }
}

/// The `name=value` and bare words behind an answer.
struct DovecotFields: Hashable {
  private let fields: [[UInt8]]

  init(_ words: some Sequence<ArraySlice<UInt8>>) {
    fields = words.map(Self.unescaped)
  }

  /// The value of the first field of that name; nil where there is none or it is not UTF-8.
  subscript(name: String) -> String? {
    let start = Array("\(name)=".utf8)
    guard let field = fields.first(where: { $0.starts(with: start) }) else { return nil }
    return String(validating: field.dropFirst(start.count), as: UTF8.self)
  }

  func has(_ word: String) -> Bool {
    let word = Array(word.utf8)
    return fields.contains { $0 == word || $0.starts(with: word + [UInt8(ascii: "=")]) }
  }

  /// Dovecot writes NUL, SOH, TAB, CR and LF as SOH with a letter.
  private static func unescaped(_ word: ArraySlice<UInt8>) -> [UInt8] {
    guard word.contains(1) else { return Array(word) }
    var result: [UInt8] = []
    var isEscaped = false
    for byte in word {
      guard isEscaped else {
        if byte == 1 { isEscaped = true } else { result.append(byte) }
        continue
      }
      isEscaped = false
      switch byte {
      case UInt8(ascii: "0"): result.append(0)
      case UInt8(ascii: "1"): result.append(1)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "r"): result.append(0x0d)
      case UInt8(ascii: "n"): result.append(0x0a)
      default: result.append(byte)
      }
    }
    return result
  }
}

/// The lines that a client says.
enum DovecotCommand {
  /// Bound: octets of a line. Dovecot closes the connection, with everybody's logins on it, over a line that is
  /// longer than its buffer of 16384.
  static let longestLine = 12_000

  /// `number` tells this client from the others of the same Dovecot.
  static func hello(number: UInt32) -> String { "VERSION\t1\t1\nCPID\t\(number)\n" }

  /// Begins a login. `nologin`: nobody will fetch the user from the master process. `no-penalty`: the gateway holds
  /// back those who guess itself, and an answer that Dovecot holds back would be late for everybody.
  static func begin(
    _ id: UInt32, mechanism: String, client: String, port: UInt16, session: String, isSecured: Bool
  )
    -> String
  {
    "AUTH\t\(id)\t\(mechanism)\tservice=smtp\tnologin\tno-penalty\trip=\(client)\trport=\(port)"
      + "\tsession=\(escaped(session))\(isSecured ? "\tsecured" : "")"
  }

  static func response(_ response: [UInt8]) -> String {
    "\tresp=\(String(decoding: Base64.encoded(response), as: UTF8.self))"
  }

  static func next(_ id: UInt32, _ response: [UInt8]) -> String {
    "CONT\t\(id)\t\(String(decoding: Base64.encoded(response), as: UTF8.self))"
  }

  static func cancel(_ id: UInt32) -> String { "CANCEL\t\(id)" }

  private static func escaped(_ text: String) -> String {
    String(text.unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7f }.map(Character.init))
  }
}
