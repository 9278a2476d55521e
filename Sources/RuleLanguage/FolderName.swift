import Bytes

/// Names of folders of the quarantine: what may be one, and which are kept for the gateway's own.
public enum FolderName {
  /// Where a score has messages held; a rule may name it, too.
  public static let spam = "spam"
  /// Where rules have messages held that name no folder.
  public static let rules = "rules"
  /// Where refusals are held that could not be said.
  public static let refused = "refused"
  /// Where mail ends that could not be delivered.
  public static let undeliverable = "undeliverable"

  /// In which only the gateway puts mail: somebody who looks there has to know why it lies there.
  static let kept = [refused, undeliverable]
  /// All of which the gateway says what they are for.
  public static let builtIn = [spam, rules] + kept

  /// Whether a text is a folder's name: parts divided by `/`, eight at most, each of letters, digits, `-`, `_` and `.`,
  /// beginning with no `.` (so `..` is none), 64 octets at most.
  public static func isName(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count <= 8 && parts.allSatisfy(isPart)
  }

  private static func isPart(_ part: Substring) -> Bool {
    guard !part.isEmpty, part.utf8.count <= 64, !part.hasPrefix(".") else { return false }
    return part.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "-", "_", ".", "0"..."9": true
      default: scalar.properties.isAlphabetic
      }
    }
  }

  /// Bound: octets of a name that is made of values.
  static let longestMade = 128

  /// The gateway's own folder that a name lies in and that is kept; nil where it lies in none.
  static func keptFolder(of text: String) -> String? {
    kept.first { $0 == top(text).lowercasedASCII }
  }

  static func top(_ text: String) -> String { String(text.prefix { $0 != "/" }) }

  /// The folder that a mailbox means: an absolute path keeps its last part, others the last four, `.` and `..` go; nil
  /// where nothing is left.
  static func of(_ mailbox: [UInt8]) -> String? { of(mailbox, isMade: false) }

  /// - Parameter isMade: whether it is made of values: of more than four parts it is none then, for what would go is what
  ///   the rule itself has written in front, and the rest may be another of the operator's folders.
  static func of(_ mailbox: [UInt8], isMade: Bool) -> String? {
    let isAbsolute = mailbox.first == UInt8(ascii: "/")
    let parts = mailbox.split(separator: UInt8(ascii: "/")).map(\.shown).filter { $0 != "." && $0 != ".." }
    if isMade, !isAbsolute, parts.count > 4 { return nil }
    let kept = isAbsolute ? parts.suffix(1) : parts.suffix(4)
    return kept.isEmpty ? nil : kept.joined(separator: "/")
  }
}

extension Template {
  /// Whether a mailbox may lie in the folder that its text came to. What senders write may stand in values: such a name is
  /// in ASCII and bounded, and in one of the gateway's own folders only where the rule itself says so.
  func mayName(_ folder: String) -> Bool {
    guard FolderName.isName(folder), FolderName.keptFolder(of: folder) == nil else { return false }
    if constant != nil { return true }
    guard folder.utf8.count <= FolderName.longestMade, folder.utf8.allSatisfy({ $0 < 0x80 }) else {
      return false
    }
    let top = FolderName.top(folder)
    return !FolderName.builtIn.contains(top.lowercasedASCII) || top == writtenTop || folder == writtenTail
  }

  /// The first part where the rule writes it out: `spam` in `./spam/$MATCH`.
  var writtenTop: String? {
    let written = written
    let slash = UInt8(ascii: "/")
    guard written.first != slash else { return nil }
    return written.split(separator: slash).first { !$0.elementsEqual(".".utf8) }.flatMap(Self.known)
  }

  /// What stands behind the last `/` where the rule writes it out, that of a Maildir aside: `lists` in `$MAILDIR/lists/`.
  private var writtenTail: String? {
    var written = written[...]
    if written.last == UInt8(ascii: "/") { written.removeLast() }
    return written.lastIndex(of: UInt8(ascii: "/")).flatMap { Self.known(written[($0 + 1)...]) }
  }

  /// The text with a NUL, which stands in no rule file, for each value.
  private var written: [UInt8] {
    pieces.flatMap { piece -> [UInt8] in
      switch piece {
      case .text(let octets): octets
      case .wordMark: []
      case .value, .quoted, .choice, .command, .arguments, .wordEnd: [0]
      }
    }
  }

  private static func known(_ octets: ArraySlice<UInt8>) -> String? {
    octets.isEmpty || octets.contains(0) ? nil : octets.shown
  }
}
