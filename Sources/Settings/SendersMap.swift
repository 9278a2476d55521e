internal import Bytes

/// The lines of a senders map (`submission.senders_map`): a user, then the addresses and `@domains` that he may send
/// as; `#` comments. A user may have several lines.
public struct SendersMap: Sendable, Hashable {
  /// By the user's name in small letters.
  private let patterns: [String: [SenderPattern]]

  /// Bound on all the senders of a map together.
  public static let mostSenders = 1_000_000

  public static let empty = SendersMap(patterns: [:])

  private init(patterns: [String: [SenderPattern]]) { self.patterns = patterns }

  /// What a user may send as; the name without regard to case.
  public func senders(of user: String) -> [SenderPattern] { patterns[user.lowercasedASCII] ?? [] }

  /// How many users it has.
  public var count: Int { patterns.count }

  /// Reads a map and reports everything that is wrong with it.
  public static func read(text: String, file: String) -> (map: SendersMap, problems: [SettingsProblem]) {
    var lines = LineFile(file: file)
    var patterns: [String: [SenderPattern]] = [:]
    var total = 0
    lines.forEachLine(of: text) { lines, words in
      let user = unquoted(words[0].text).lowercasedASCII
      guard words.count > 1 else {
        lines.report(
          words[0].position,
          "no sender: write \"\(printable(user))  user@example.org\" or \"\(printable(user))  @example.org\"")
        return
      }
      for word in words.dropFirst() {
        guard total < mostSenders else {
          if total == mostSenders { lines.report(word.position, "more than \(mostSenders) senders") }
          total = mostSenders + 1
          return
        }
        lines.check(word) { (text) throws(DomainFault) in
          patterns[user, default: []].append(try pattern(text))
          total += 1
        }
      }
    }
    return (SendersMap(patterns: patterns), lines.problems)
  }

  private static func pattern(_ text: Substring) throws(DomainFault) -> SenderPattern {
    if text.hasPrefix("@") || text.hasPrefix(".") { return try SenderPattern.parse(String(text)) }
    let (local, domain) = try WrittenAddress.parse(text)
    return .address(localPart: local, domain: domain)
  }

  /// A name with a space in it stands in quotes.
  private static func unquoted(_ text: Substring) -> String {
    guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return String(text) }
    return String(text.dropFirst().dropLast())
  }
}
