internal import Bytes

/// A text in front of a Subject, written so that the whole stays well formed (RFC 2047).
public enum SubjectPrefix {
  /// ASCII stands as it is beside any Subject. Other text is written raw in front of a raw UTF-8 Subject, and
  /// otherwise as one UTF-8 encoded-word in the encoding (B or Q) that the Subject uses.
  public static func encoded(_ prefix: String, like subject: some Collection<UInt8>) -> [UInt8] {
    let bytes = Array(prefix.utf8)
    if bytes.allSatisfy({ $0 < 0x80 }) { return bytes }
    let subject = Array(subject)
    if subject.contains(where: { $0 >= 0x80 }), String(validating: subject, as: UTF8.self) != nil {
      return bytes
    }
    return Array("=?UTF-8?".utf8) + (usesQ(subject) ? quotedWord(bytes) : base64Word(bytes))
      + Array("?=".utf8)
  }

  private static func usesQ(_ subject: [UInt8]) -> Bool {
    let parts = subject.split(separator: UInt8(ascii: "?"), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].elementsEqual("=".utf8), let letter = parts[2].first, parts[2].count == 1
    else {
      return false
    }
    return letter.lowercasedASCII == UInt8(ascii: "q")
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
