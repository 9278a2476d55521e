internal import Bytes

/// Reads `type/subtype; name=value; …` as RFC 2045 §5.1 has it, and as it is met: without semicolons, with spaces in
/// values that are not quoted, with comments, with quotes that never end.
struct ParameterReader {
  struct Value {
    var type = ""
    var subtype = ""
    var parameters: [ContentType.Parameter] = []
    var isMalformed = false
    var isTypeMalformed = false
    /// The name of a parameter that stands there twice with different values.
    var conflict: String?
  }

  /// One parameter as it stands, before RFC 2231 joins what belongs together.
  struct Raw {
    /// In lower case, with RFC 2231's marks.
    var name: [UInt8]
    var value: [UInt8]
  }

  /// Bound: further parameters are not read.
  static let mostParameters = 200

  private let bytes: [UInt8]
  private var position = 0
  private var isMalformed = false
  /// Up to here comments were gone over that end no value.
  private var endsNothingBefore = 0
  /// Whether the type had octets in it that were passed over.
  private var hasStray = false

  static func read(_ octets: ArraySlice<UInt8>) -> Value {
    // Unfolded (RFC 5322 §2.2.3): the line ends vanish, the space behind them stays.
    var reader = ParameterReader(
      bytes: octets.filter { $0 != .carriageReturn && $0 != .lineFeed })
    return reader.read()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func read() -> Value {
    var value = Value()
    let type = readType()
    if let slash = type.firstIndex(of: UInt8(ascii: "/")) {
      // Without a type in front of it there is nothing to read.
      if slash > 0 {
        value.type = String(decoding: type[..<slash], as: UTF8.self)
        value.subtype = String(decoding: type[(slash + 1)...], as: UTF8.self)
      }
    } else {
      value.type = String(decoding: type, as: UTF8.self)
    }
    value.isTypeMalformed = hasStray || type.contains { !Self.isTokenByte($0) && $0 != UInt8(ascii: "/") }
    var raw: [Raw] = []
    while position < bytes.count {
      guard raw.count < Self.mostParameters else {
        isMalformed = true
        break
      }
      if let parameter = readParameter() { raw.append(parameter) }
    }
    let joined = ExtendedParameters.joined(raw)
    value.parameters = joined.parameters
    value.conflict = joined.conflict
    value.isMalformed = isMalformed || joined.isMalformed
    return value
  }

  /// The word, or two with a slash, in lower case and without white space and comments: up to a semicolon, or to where
  /// a parameter begins without one.
  private mutating func readType() -> [UInt8] {
    var type: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: ";"), UInt8(ascii: ","):
        position += 1
        return type
      case UInt8(ascii: "("):
        skipComment()
        continue
      case _ where byte <= 0x20:
        skipSpace()
        if !type.isEmpty, beginsParameter(at: position) {
          isMalformed = true
          return type
        }
        continue
      case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), 0x7f:
        // Nobody's type has these in it: written by mistake, and passed over by those who show it.
        hasStray = true
      default:
        type.append(byte.lowercasedASCII)
      }
      position += 1
    }
    return type
  }

  /// One parameter; nil where nothing stands between two semicolons, or nothing that is one.
  private mutating func readParameter() -> Raw? {
    skipSpaceAndComments()
    guard position < bytes.count else { return nil }
    if bytes[position] == UInt8(ascii: ";") {
      position += 1
      return nil
    }
    var name: [UInt8] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "="), bytes[position] != UInt8(ascii: ";") {
      if bytes[position] == UInt8(ascii: "(") {
        skipComment()
        continue
      }
      if bytes[position] > 0x20 { name.append(bytes[position].lowercasedASCII) }
      position += 1
    }
    guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
      isMalformed = true
      position += 1
      return nil
    }
    position += 1
    skipSpace()
    let value = readValue()
    if name.isEmpty {
      isMalformed = true
      return nil
    }
    return Raw(name: name, value: value)
  }

  private mutating func readValue() -> [UInt8] {
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return readQuoted() }
    return readPlain()
  }

  private mutating func readQuoted() -> [UInt8] {
    position += 1
    var value: [UInt8] = []
    var isClosed = false
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") {
        isClosed = true
        break
      }
      if byte == UInt8(ascii: "\\"), position < bytes.count {
        value.append(bytes[position])
        position += 1
        continue
      }
      value.append(byte)
    }
    if !isClosed { isMalformed = true }
    // What stands between the quote and the semicolon: a comment, or a parameter without its semicolon, or nonsense.
    while position < bytes.count, bytes[position] != UInt8(ascii: ";") {
      skipSpaceAndComments()
      guard position < bytes.count, bytes[position] != UInt8(ascii: ";") else { break }
      isMalformed = true
      if beginsParameter(at: position) { return value }
      position += 1
    }
    return value
  }

  /// A value without quotes: to the semicolon, without the white space and the comment at its end.
  private mutating func readPlain() -> [UInt8] {
    let start = position
    var end = position
    while position < bytes.count, bytes[position] != UInt8(ascii: ";") {
      if bytes[position] <= 0x20 {
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "("), endsValue() { break }
        if beginsParameter(at: position) {
          isMalformed = true
          return Array(bytes[start..<end])
        }
        continue
      }
      position += 1
      end = position
    }
    let value = Array(bytes[start..<end])
    if !value.allSatisfy(Self.isTokenByte) || value.isEmpty { isMalformed = true }
    return value
  }

  /// Whether only comments stand before the next semicolon; passes over them where it is so.
  private mutating func endsValue() -> Bool {
    let before = position
    // Bound: comments that end nothing are gone over once, however many they are.
    if before >= endsNothingBefore {
      skipSpaceAndComments()
      if position >= bytes.count || bytes[position] == UInt8(ascii: ";") { return true }
      endsNothingBefore = position
    }
    position = before + 1
    return false
  }

  /// Whether `name=` stands here.
  private func beginsParameter(at start: Int) -> Bool {
    var index = start
    while index < bytes.count, Self.isTokenByte(bytes[index]), index - start < 40 { index += 1 }
    return index > start && index + 1 < bytes.count && bytes[index] == UInt8(ascii: "=")
      && bytes[start].isASCIILetter && bytes[index + 1] > 0x20
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
  }

  private mutating func skipSpaceAndComments() {
    while position < bytes.count {
      if bytes[position] <= 0x20 {
        position += 1
      } else if bytes[position] == UInt8(ascii: "(") {
        skipComment()
      } else {
        return
      }
    }
  }

  private mutating func skipComment() {
    var depth = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\\") {
        position += 1
      } else if byte == UInt8(ascii: "(") {
        depth += 1
      } else if byte == UInt8(ascii: ")") {
        depth -= 1
        if depth == 0 { return }
      }
    }
    position = min(position, bytes.count)
    isMalformed = true
  }

  /// RFC 2045 §5.1: printable ASCII without white space and tspecials.
  static func isTokenByte(_ byte: UInt8) -> Bool {
    guard byte > 0x20, byte < 0x7f else { return false }
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"),
      UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "\\"), UInt8(ascii: "\""),
      UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "="):
      return false
    default: return true
    }
  }
}
