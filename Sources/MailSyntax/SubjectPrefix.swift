internal import Bytes

/// A text in front of a Subject, written so that the whole stays well formed (RFC 2047).
public enum SubjectPrefix {
  /// ASCII stands as it is beside any Subject. Other text is written raw in front of a raw UTF-8 Subject, and
  /// otherwise as UTF-8 encoded-words in the encoding (B or Q) that the Subject uses.
  ///
  /// Control characters of the prefix are left out. In front of an encoded-word the prefix ends with a space of
  /// its own, since the one between two encoded-words is not shown (RFC 2047 §6.2).
  public static func encoded(_ prefix: String, like subject: some Collection<UInt8>) -> [UInt8] {
    let text = clean(prefix)
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return Array(text.utf8) }
    let subject = Array(subject)
    if subject.contains(where: { $0 >= 0x80 }), String(utf8: subject[...]) != nil { return Array(text.utf8) }
    return words(subject.starts(with: "=?".utf8) ? text + " " : text, usesQ: usesQ(subject))
  }

  /// Whether the Subject begins with the prefix, however it was written.
  public static func stands(_ prefix: String, inFrontOf subject: some Collection<UInt8>) -> Bool {
    let text = clean(prefix)
    if text.isEmpty || subject.starts(with: text.utf8) { return true }
    guard subject.starts(with: "=?".utf8) else { return false }
    return [text, text + " "].contains { text in
      subject.starts(with: words(text, usesQ: false)) || subject.starts(with: words(text, usesQ: true))
    }
  }

  private static func clean(_ prefix: String) -> String {
    String(String.UnicodeScalarView(prefix.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
  }

  private static func usesQ(_ subject: [UInt8]) -> Bool {
    let parts = subject.split(separator: UInt8(ascii: "?"), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].elementsEqual("=".utf8), let letter = parts[2].first, parts[2].count == 1
    else { return false }
    return letter.lowercasedASCII == UInt8(ascii: "q")
  }

  /// Encoded-words of at most 75 octets, no character cut in two (RFC 2047 §2, §5).
  private static func words(_ text: String, usesQ: Bool) -> [UInt8] {
    let most = usesQ ? 20 : 45
    var words: [[UInt8]] = [[]]
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      if words[words.count - 1].count + bytes.count > most { words.append([]) }
      words[words.count - 1] += bytes
    }
    let encoded = words.map { word in
      Array("=?UTF-8?".utf8) + (usesQ ? quotedWord(word) : base64Word(word)) + Array("?=".utf8)
    }
    return Array(encoded.joined(separator: [.space]))
  }

  private static func quotedWord(_ bytes: [UInt8]) -> [UInt8] {
    var result = Array("Q?".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in bytes {
      if byte.isASCIILetterOrDigit {
        result.append(byte)
      } else if byte == .space {
        result.append(UInt8(ascii: "_"))
      } else {
        result.append(contentsOf: [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
      }
    }
    return result
  }

  private static func base64Word(_ bytes: [UInt8]) -> [UInt8] {
    var result = Array("B?".utf8)
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var index = 0
    while index < bytes.count {
      let group = bytes[index..<min(index + 3, bytes.count)]
      let value = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      for position in 0..<4 {
        result.append(
          position <= group.count
            ? alphabet[Int(value >> UInt32(18 - 6 * position) & 63)] : UInt8(ascii: "="))
      }
      index += 3
    }
    return result
  }
}
