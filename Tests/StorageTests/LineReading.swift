import Testing

/// Reads a text line back as its grammar says: the test of the writer is that nothing else comes out.
struct TextFields {
  var keys: [String] = []
  var values: [String: String] = [:]
  /// As they stand in the line.
  var raw: [String: String] = [:]

  struct Malformed: Error {}

  init(_ line: String) throws {
    // The time and the event.
    var rest = line.unicodeScalars.drop { $0 != " " }.dropFirst().drop { $0 != " " }
    while let space = rest.first {
      guard space == " " else { throw Malformed() }
      rest = rest.dropFirst()
      let key = String(rest.prefix { $0 != "=" })
      guard !key.isEmpty, key.allSatisfy({ $0.isLetter && $0.isLowercase }) else { throw Malformed() }
      rest = rest.dropFirst(key.unicodeScalars.count + 1)
      var value = ""
      var raw = ""
      if rest.first == "\"" {
        rest = rest.dropFirst()
        while let scalar = rest.first, scalar != "\"" {
          let before = rest
          if scalar == "\\" {
            value.unicodeScalars.append(try Self.escape(&rest))
          } else {
            value.unicodeScalars.append(scalar)
            rest = rest.dropFirst()
          }
          raw += String(String.UnicodeScalarView(before.prefix(before.count - rest.count)))
        }
        guard rest.first == "\"" else { throw Malformed() }
        rest = rest.dropFirst()
        raw = "\"" + raw + "\""
      } else {
        value = String(rest.prefix { $0 != " " })
        raw = value
        guard !value.isEmpty, !value.contains("\""), !value.contains("\\") else { throw Malformed() }
        rest = rest.dropFirst(value.unicodeScalars.count)
      }
      keys.append(key)
      values[key] = value
      self.raw[key] = raw
    }
  }

  private static func escape(_ rest: inout Substring.UnicodeScalarView) throws -> Unicode.Scalar {
    rest = rest.dropFirst()
    guard let kind = rest.popFirst() else { throw Malformed() }
    switch kind {
    case "\"", "\\": return kind
    case "x":
      let digits = String(rest.prefix(2))
      rest = rest.dropFirst(2)
      return try #require(UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init))
    case "u":
      let digits = String(rest.dropFirst().prefix { $0 != "}" })
      rest = rest.dropFirst(digits.unicodeScalars.count + 2)
      return try #require(UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init))
    default: throw Malformed()
    }
  }
}

/// A small strict JSON reader (RFC 8259), which keeps the order of keys.
enum JSONValue: Equatable {
  case null
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([Member])

  struct Member: Equatable {
    let key: String
    let value: JSONValue
  }

  struct Malformed: Error {}

  static func parse(_ text: String) throws -> JSONValue {
    var rest = text.unicodeScalars[...]
    let value = try read(&rest)
    guard rest.isEmpty else { throw Malformed() }
    return value
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var items: [JSONValue]? { if case .list(let items) = self { items } else { nil } }
  var keys: [String] { if case .object(let members) = self { members.map(\.key) } else { [] } }
  subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members.first { $0.key == key }?.value } else { nil }
  }

  private static func read(_ rest: inout Substring.UnicodeScalarView) throws -> JSONValue {
    switch rest.first {
    case "{":
      var members: [Member] = []
      rest = rest.dropFirst()
      while rest.first != "}" {
        if !members.isEmpty { try expect(",", &rest) }
        let key = try string(&rest)
        try expect(":", &rest)
        members.append(Member(key: key, value: try read(&rest)))
      }
      rest = rest.dropFirst()
      guard Set(members.map(\.key)).count == members.count else { throw Malformed() }
      return .object(members)
    case "[":
      var items: [JSONValue] = []
      rest = rest.dropFirst()
      while rest.first != "]" {
        if !items.isEmpty { try expect(",", &rest) }
        items.append(try read(&rest))
      }
      rest = rest.dropFirst()
      return .list(items)
    case "\"": return .text(try string(&rest))
    case "n":
      for scalar in "null".unicodeScalars { try expect(scalar, &rest) }
      return .null
    default:
      let digits = String(rest.prefix { "-0123456789.".unicodeScalars.contains($0) })
      rest = rest.dropFirst(digits.unicodeScalars.count)
      guard let number = Double(digits) else { throw Malformed() }
      return .number(number)
    }
  }

  private static func expect(_ scalar: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView) throws {
    guard rest.popFirst() == scalar else { throw Malformed() }
  }

  private static func string(_ rest: inout Substring.UnicodeScalarView) throws -> String {
    try expect("\"", &rest)
    var units: [UInt16] = []
    while let scalar = rest.popFirst(), scalar != "\"" {
      guard scalar.value >= 0x20 else { throw Malformed() }
      guard scalar == "\\" else {
        units += Array(String(scalar).utf16)
        continue
      }
      switch rest.popFirst() {
      case "\"": units.append(0x22)
      case "\\": units.append(0x5c)
      case "u":
        guard let unit = UInt16(String(rest.prefix(4)), radix: 16) else { throw Malformed() }
        units.append(unit)
        rest = rest.dropFirst(4)
      default: throw Malformed()
      }
    }
    return try #require(String(validating: units, as: UTF16.self))
  }
}
