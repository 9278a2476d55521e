/// What one key of the configuration is: the row of the reference page, the parser's rule and the source of
/// suggestions at once.
public struct KeyReference: Sendable, Hashable {
  /// `limits.connections`, `listener[].address` for the keys of each `[[listener]]`, `*` for a name of the
  /// operator's choosing: `checks.*.mode`.
  public let path: String
  public let type: KeyType
  /// The default as it would be written, without quotes; empty for none.
  public let defaultText: String
  /// One sentence: what it does.
  public let meaning: String

  static func key(_ path: String, _ type: KeyType, _ defaultText: String, _ meaning: String) -> KeyReference {
    KeyReference(path: path, type: type, defaultText: defaultText, meaning: meaning)
  }

  static func table(_ path: String, _ meaning: String) -> KeyReference {
    KeyReference(path: path, type: .table, defaultText: "", meaning: meaning)
  }

  static func tables(_ path: String, _ meaning: String) -> KeyReference {
    KeyReference(path: path, type: .tables, defaultText: "", meaning: meaning)
  }

  /// The key as a message names it: `listener.address`.
  var name: String { path.replacing("[]", with: "") }

  /// The default in the form that the file would give it.
  var defaultValue: SettingValue? {
    if defaultText.isEmpty { return type.isList ? .array([]) : nil }
    switch type {
    case .count, .countBound, .size, .sizeBound:
      return Int(defaultText).map { .integer($0) } ?? .string(defaultText)
    case .score, .threshold: return Double(defaultText).map { .number($0) }
    case .flag: return .boolean(defaultText == "true")
    case .durations: return .array(defaultText.split(separator: ", ").map { .string(String($0)) })
    default: return .string(defaultText)
    }
  }
}

/// What a key takes.
public enum KeyType: Sendable, Hashable {
  /// Any text.
  case text
  /// A list of texts.
  case texts
  /// A host's name.
  case hostname
  /// A path, relative to the folder of the configuration file.
  case path
  /// One of these words.
  case choice([String])
  /// A duration within these bounds.
  case duration(ClosedRange<Duration>)
  /// A list of durations, each within these bounds.
  case durations(ClosedRange<Duration>)
  /// A number of bytes within these bounds.
  case size(ClosedRange<Int>)
  /// A number of bytes, 0 for none, or `"unlimited"`.
  case sizeBound
  /// A whole number within these bounds.
  case count(ClosedRange<Int>)
  /// A whole number, 0 for none, or `"unlimited"`.
  case countBound
  /// A rate, 0 for none, or `"unlimited"`.
  case rate
  /// A score.
  case score
  /// A score from which on something happens, or `"unlimited"` for never.
  case threshold
  /// `true` or `false`.
  case flag
  /// An address with a port, a name with a port where that is allowed, or a Unix socket's path.
  case endpoint
  /// One network or address.
  case network
  /// A list of networks and addresses.
  case networks
  /// A table of keys: `[name]`.
  case table
  /// Any number of tables: `[[name]]`.
  case tables
  /// Whatever the check that owns the key says.
  case any

  /// The accepted forms with an example, as an error message ends.
  public var form: String {
    switch self {
    case .text: "a text in quotes"
    case .texts: "a list of texts, such as [\"one\", \"two\"]"
    case .hostname: "a host name, such as \"mx.example.org\""
    case .path: "a path in quotes, such as \"/var/lib/weir\""
    case .choice(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
    case .duration(let range):
      "a duration from \"\(Quantity.text(of: range.lowerBound))\" to \"\(Quantity.text(of: range.upperBound))\","
        + " such as \"500ms\", \"90s\", \"5m\", \"2h\", \"7d\""
    case .durations(let range):
      "a list of durations from \"\(Quantity.text(of: range.lowerBound))\" to"
        + " \"\(Quantity.text(of: range.upperBound))\", such as [\"90s\", \"5m\", \"2h\"]"
    case .size(let range):
      "a size from \(Quantity.text(ofBytes: range.lowerBound)) to \(Quantity.text(ofBytes: range.upperBound)),"
        + " such as \"64KiB\", \"50MiB\", or a number of bytes"
    case .sizeBound: "a size, such as \"64KiB\", \"50MiB\", a number of bytes, or \"unlimited\""
    case .count(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .countBound: "a whole number from 0, such as 100, or \"unlimited\""
    case .rate: "a rate, such as \"120/1m\", 0, or \"unlimited\""
    case .score: "a number, such as 5.0"
    case .threshold: "a score, such as 5.0, or \"unlimited\" for never"
    case .flag: "true or false"
    case .endpoint: "an address and port, such as \"192.0.2.1:25\" or \"[2001:db8::1]:25\""
    case .network: "a network in quotes, such as \"192.0.2.0/24\" or \"2001:db8::/32\""
    case .networks: "a list of networks, such as [\"192.0.2.0/24\", \"2001:db8::/32\"]"
    case .table: "a table"
    case .tables: "tables"
    case .any: "what the check says"
    }
  }

  var isList: Bool {
    switch self {
    case .texts, .networks, .durations: true
    default: false
    }
  }
}

extension Settings {
  /// Every key there is, tables included, in the order of the reference page.
  public static let reference: [KeyReference] =
    generalReference + listenerReference + backendReference + relayReference + limitReference
    + timeoutReference + recipientReference + securityReference + submissionReference + filterReference
    + policyReference
    + waitingReference + runningReference

  /// The same by path.
  static let referenceByPath = Dictionary(uniqueKeysWithValues: reference.map { ($0.path, $0) })
}
