internal import Bytes
internal import Filtering
internal import NetAddress

/// A list that conditions ask (`IN(list) ??`), as its name told when the rules were read.
enum RuleList: Sendable {
  /// One of the folder of lists, by its name there; what its entries mean its extension says.
  case listed(ListSnapshot, file: String, ListKind)
  /// A file of values, one a line, in small letters.
  case values(Set<[UInt8]>)

  /// Whether it holds a value; nil where the value is none that such a list can hold.
  func contains(_ value: [UInt8], at now: Timestamp) -> Bool {
    switch self {
    case .values(let values): return values.contains(value.map(\.lowercasedASCII))
    case .listed(let lists, let file, let kind):
      guard let text = String(validating: value, as: UTF8.self), !text.isEmpty,
        let question = Self.question(text, kind)
      else { return false }
      return lists.all(question, at: now).contains { $0.file == file && $0.kind == kind && !$0.isExpired }
    }
  }

  private static func question(_ value: String, _ kind: ListKind) -> ListQuestion? {
    let mailbox = value.lastIndex(of: "@").map {
      (local: unquoted(value[..<$0]), domain: String(value[value.index(after: $0)...]))
    }
    switch kind {
    case .cidr: return IPAddress(value).map { .client($0) }
    case .domains: return .senderDomain(mailbox?.domain ?? value)
    case .helo: return .helo(value)
    case .senders: return .sender(local: mailbox?.local ?? "", domain: mailbox?.domain ?? value)
    case .recipients: return .recipient(local: mailbox?.local ?? "", domain: mailbox?.domain ?? value)
    case .urls:
      var link = value[...]
      if let scheme = link.range(of: "://") { link = link[scheme.upperBound...] }
      let host = link.prefix { !"/?#".contains($0) }
      return .url(host: String(host), path: String(link[host.endIndex...]))
    }
  }

  private static func unquoted(_ local: Substring) -> String {
    guard local.utf8.count >= 2, local.first == "\"", local.last == "\"" else { return String(local) }
    var result = ""
    var isEscaped = false
    for character in local.dropFirst().dropLast() {
      if character == "\\", !isEscaped {
        isEscaped = true
        continue
      }
      isEscaped = false
      result.append(character)
    }
    return result
  }

  /// Bound: values of one file.
  static let mostValues = 1_000_000

  /// The values of a plain file: `#` begins a comment where it begins a line.
  static func values(_ text: [UInt8]) -> RuleList {
    var values: Set<[UInt8]> = []
    for line in text.split(separator: .lineFeed) {
      guard values.count < mostValues else { break }
      let value = line.trimmed
      if !value.isEmpty, value.first != UInt8(ascii: "#") { values.insert(value.map(\.lowercasedASCII)) }
    }
    return .values(values)
  }
}

extension ArraySlice<UInt8> {
  /// Without white space and CR before and behind.
  var trimmed: ArraySlice<UInt8> {
    var slice = self
    while let last = slice.last, last.isWhiteSpace || last == .carriageReturn { slice = slice.dropLast() }
    return slice.drop(while: \.isWhiteSpace)
  }
}
