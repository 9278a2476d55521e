internal import Bytes
internal import Charsets

/// Text whose letters are made to run against their direction (UAX #9, §2.2): `U+202E` and `U+202D` up to `U+202C`,
/// the end of a line, or an override around it.
public enum BidiOverride {
  /// A text as it is seen, and how much of it was turned.
  public struct Reading: Sendable, Hashable {
    /// What stood in overrides in the order in which a person sees it, the marks gone.
    public let text: String
    /// Letters that run against their own direction.
    public let turned: Int
  }

  /// Resolves the overrides of a text.
  public static func read(_ text: String) -> Reading {
    guard holdsMark(text) else { return Reading(text: text, turned: 0) }
    var lines: [String] = []
    var turned = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard holdsMark(line) else {
        lines.append(String(line))
        continue
      }
      let (resolved, count) = resolved(line)
      lines.append(resolved)
      turned += count
    }
    return Reading(text: lines.joined(separator: "\n"), turned: turned)
  }

  /// The characters in the other order, line by line, and how many letters that turned against their direction.
  static func turned(_ text: String) -> Reading {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0.reversed()) }
    return Reading(
      text: lines.joined(separator: "\n"),
      turned: text.unicodeScalars.count { isLetter($0, fromRight: false) })
  }

  /// Whether U+202D or U+202E is in a text: three octets of UTF-8.
  private static func holdsMark(_ text: some StringProtocol) -> Bool {
    func holds(_ octets: some RandomAccessCollection<UInt8>) -> Bool {
      var rest = octets[...]
      while let place = rest.firstIndex(of: 0xe2) {
        rest = rest[place...].dropFirst()
        guard let second = rest.first, second == 0x80, let third = rest.dropFirst().first else { continue }
        if third == 0xad || third == 0xae { return true }
      }
      return false
    }
    return text.utf8.withContiguousStorageIfAvailable { holds($0) } ?? holds(Array(text.utf8))
  }

  private static func resolved(_ line: Substring) -> (String, Int) {
    var result: [Character] = []
    var run: [Character] = []
    // The open embeddings: whether each turns what runs to the right, to the left, or nothing.
    var open: [Character] = []
    var turned = 0
    func direction() -> Character? { open.last { $0 == "\u{202d}" || $0 == "\u{202e}" } }
    func flush() {
      result += direction() == "\u{202e}" ? run.reversed() : run
      run.removeAll()
    }
    for scalar in line.unicodeScalars {
      switch scalar {
      case "\u{202a}", "\u{202b}", "\u{202d}", "\u{202e}":
        flush()
        if open.count < 125 { open.append(Character(scalar)) }
      case "\u{202c}":
        flush()
        if !open.isEmpty { open.removeLast() }
      default:
        switch direction() {
        case "\u{202e}": turned += isLetter(scalar, fromRight: false) ? 1 : 0
        case "\u{202d}": turned += isLetter(scalar, fromRight: true) ? 1 : 0
        default: break
        }
        // Marks stay with their letter.
        if scalar.properties.canonicalCombiningClass != .notReordered, let last = run.popLast() {
          run.append(Character(String(last) + String(scalar)))
        } else {
          run.append(Character(scalar))
        }
      }
    }
    flush()
    return (String(result), turned)
  }

  /// Whether it is a letter of a script that runs from the right, or from the left.
  private static func isLetter(_ scalar: Unicode.Scalar, fromRight: Bool) -> Bool {
    guard scalar.isAlphabetic else { return false }
    switch scalar.value {
    case 0x590...0x8ff, 0xfb1d...0xfdff, 0xfe70...0xfefc, 0x10800...0x10fff, 0x1e800...0x1efff:
      return fromRight
    default: return !fromRight
    }
  }
}
