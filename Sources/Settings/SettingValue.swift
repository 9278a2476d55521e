/// A value as it stands in the file, before it has a meaning.
public enum SettingValue: Sendable, Hashable {
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case array([SettingValue])
  case table([String: SettingValue])

  /// What an error message calls it, with the value itself where it is short: `the text "abc"`.
  var found: String {
    switch self {
    case .string(let text): "the text \(quoted(text))"
    case .integer(let value): "the number \(value)"
    case .number(let value): "the number \(value)"
    case .boolean(let value): "\(value)"
    case .array: "a list"
    case .table: "a table"
    }
  }

  /// An empty text stands for "not written".
  var isBlank: Bool { self == .string("") }
}

/// A text in quotes for a message: control characters escaped, the end of a long one left off.
func quoted(_ text: String) -> String {
  var result = "\""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == 80 {
      result += "…"
      break
    }
    result += visible(scalar)
  }
  return result + "\""
}

/// A text for a message, without quotes: control characters escaped.
func printable(_ text: String) -> String {
  text.unicodeScalars.reduce(into: "") { $0 += visible($1, quote: false) }
}

private func visible(_ scalar: Unicode.Scalar, quote: Bool = true) -> String {
  switch scalar {
  case "\"" where quote: "\\\""
  case "\\" where quote: "\\\\"
  case "\n": "\\n"
  case "\r": "\\r"
  case "\t": "\\t"
  default:
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
      "\\u{\(String(scalar.value, radix: 16))}"
    default: String(scalar)
    }
  }
}
