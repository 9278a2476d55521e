/// Which expressions become one database together.
///
/// What is plain text costs next to nothing however much of it is looked for together. Of others a thousand in one
/// database cost twice what they cost in several of some hundreds, to scan for and to compile; and neighbours, which are
/// often alike, cost least together.
enum ScanParts {
  /// Below so many there is one database.
  private static let fewest = 400
  /// Bound: each database is a pass over the text.
  private static let most = 8

  /// The places of all that can be scanned for, part by part.
  static func parts(_ members: [PatternSet.Member], _ kinds: [ScanDatabase.Kind]) -> [[Int]] {
    let places = members.indices.filter { kinds[$0] != .unscanned }
    let plain = places.filter { isPlain(members[$0].text) }
    let others = places.filter { !isPlain(members[$0].text) }
    guard others.count > fewest else { return places.isEmpty ? [] : [places] }
    let count = min(most, (others.count + fewest - 1) / fewest)
    var parts = (0..<count).map { part in
      Array(others[(others.count * part / count)..<(others.count * (part + 1) / count)])
    }
    if !plain.isEmpty { parts.append(plain) }
    return parts
  }

  /// Whether an expression is text that stands for itself.
  private static func isPlain(_ text: String) -> Bool {
    var isEscaped = false
    for octet in text.utf8 {
      if isEscaped {
        // A letter or a digit behind a backslash is anything but itself.
        if isLetterOrDigit(octet) { return false }
        isEscaped = false
      } else if octet == UInt8(ascii: "\\") {
        isEscaped = true
      } else if "^$.*+?()[]{}|".utf8.contains(octet) {
        return false
      }
    }
    return !isEscaped
  }

  private static func isLetterOrDigit(_ octet: UInt8) -> Bool {
    (0x30...0x39).contains(octet) || (0x41...0x5a).contains(octet) || (0x61...0x7a).contains(octet)
  }
}
