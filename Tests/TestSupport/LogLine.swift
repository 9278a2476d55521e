import Foundation

/// One line of the gateway's log, text or JSON, taken apart.
public struct LogLine: Sendable, CustomStringConvertible {
  /// The line as it stands.
  public let raw: String
  /// The time stamp that it begins with.
  public let time: String
  /// The word behind the time stamp: `accept`, `reject`, …
  public let event: String
  /// Its keys and values, unescaped, in the order of the line.
  public let fields: [(key: String, value: String)]

  public var description: String { raw }

  /// The value of the first field of that name.
  public subscript(key: String) -> String? {
    fields.first { $0.key == key }?.value
  }

  /// Takes a line apart; nil where it is not a log line (a message of the Swift runtime, half a line).
  public init?(_ line: String) {
    raw = line
    guard let parsed = line.hasPrefix("{") ? Self.json(line) : Self.text(line) else { return nil }
    (time, event, fields) = parsed
  }

  private typealias Parts = (time: String, event: String, fields: [(key: String, value: String)])

  private static func json(_ line: String) -> Parts? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
      let values = object as? [String: Any]
    else { return nil }
    func text(_ value: Any) -> String {
      if let string = value as? String { return string }
      guard let data = try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed]) else {
        return "\(value)"
      }
      return String(decoding: data, as: UTF8.self)
    }
    let fields = values.sorted { $0.key < $1.key }.map { (key: $0.key, value: text($0.value)) }
    guard let event = values["event"] as? String else { return nil }
    return (values["time"] as? String ?? "", event, fields)
  }

  private static func text(_ line: String) -> Parts? {
    let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count >= 2, words[0].contains("T"), words[0].first?.isNumber == true, !words[1].isEmpty,
      !words[1].contains("=")
    else { return nil }
    let rest = words.count == 3 ? Array(words[2].unicodeScalars) : []
    return (String(words[0]), String(words[1]), pairs(rest))
  }

  /// The pairs `key=word` and `key="quoted \" text"`; a word without `=` is taken as a key with no value.
  private static func pairs(_ scalars: [Unicode.Scalar]) -> [(key: String, value: String)] {
    var pairs: [(key: String, value: String)] = []
    var index = 0
    func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars)
      return String(text)
    }
    while index < scalars.count {
      if scalars[index] == " " {
        index += 1
        continue
      }
      let keyEnd = scalars[index...].firstIndex { $0 == "=" || $0 == " " } ?? scalars.count
      let key = string(scalars[index..<keyEnd])
      index = keyEnd
      guard index < scalars.count, scalars[index] == "=" else {
        pairs.append((key, ""))
        continue
      }
      index += 1
      if index < scalars.count, scalars[index] == "\"" {
        index += 1
        pairs.append((key, quoted(scalars, &index)))
      } else {
        let end = scalars[index...].firstIndex(of: " ") ?? scalars.count
        pairs.append((key, string(scalars[index..<end])))
        index = end
      }
    }
    return pairs
  }

  /// What stands up to the closing quote; `\"`, `\\`, `\n`, `\r`, `\t`, `\xNN` and `\u{N}` are undone.
  private static func quoted(_ scalars: [Unicode.Scalar], _ index: inout Int) -> String {
    var text = String.UnicodeScalarView()
    while index < scalars.count, scalars[index] != "\"" {
      if scalars[index] == "\\", index + 1 < scalars.count {
        index += 1
        switch scalars[index] {
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "x": text.append(number(scalars, &index, digits: 2))
        case "u": text.append(number(scalars, &index, digits: 8))
        default: text.append(scalars[index])
        }
      } else {
        text.append(scalars[index])
      }
      index += 1
    }
    index += 1
    return String(text)
  }

  private static func number(_ scalars: [Unicode.Scalar], _ index: inout Int, digits: Int) -> Unicode.Scalar {
    var value: UInt32 = 0
    var left = digits
    let isBraced = index + 1 < scalars.count && scalars[index + 1] == "{"
    if isBraced { index += 1 }
    while left > 0, index + 1 < scalars.count, let digit = Character(scalars[index + 1]).hexDigitValue {
      value = value &* 16 &+ UInt32(digit)
      index += 1
      left -= 1
    }
    if isBraced, index + 1 < scalars.count, scalars[index + 1] == "}" { index += 1 }
    return Unicode.Scalar(value) ?? "\u{FFFD}"
  }
}
