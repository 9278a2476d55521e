internal import Bytes

/// Why a name or a password is none (RFC 4013 §2.3 to §2.5); the words continue "a name that".
public struct SASLprepFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}

/// SASLprep (RFC 4013): one form for names and passwords that look the same.
public enum SASLprep {
  /// The prepared text: other spaces made a space, what is not seen left out, form KC of Unicode 3.2. ASCII, which
  /// nearly all of it is, stays as it is.
  ///
  /// - Parameter stored: whether it is to be kept (RFC 3454 §7): then it holds no code point that Unicode 3.2 did
  ///   not know. In a query such a one stays as it is.
  /// - Throws: where a character is prohibited (control characters among them), and where letters that run to the
  ///   right and to the left are mixed.
  public static func prepared(_ text: String, stored: Bool = false) throws(SASLprepFault) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) {
      guard !text.utf8.contains(where: \.isASCIIControl) else {
        throw SASLprepFault(description: "holds a control character")
      }
      return text
    }
    let mapped = text.unicodeScalars.compactMap { scalar -> UInt32? in
      let code = scalar.value
      if UnicodeTables.nothing.contains(code) { return nil }
      return UnicodeTables.spaces.contains(code) ? UInt32(UInt8.space) : code
    }
    let codes = CompatibilityForm.of(mapped)
    for code in codes {
      if UnicodeTables.prohibited.contains(code) {
        throw SASLprepFault(description: "holds U+\(String(code, radix: 16, uppercase: true))")
      }
      if stored, UnicodeTables.unassigned.contains(code) {
        throw SASLprepFault(
          description: "holds U+\(String(code, radix: 16, uppercase: true)), which is newer than RFC 4013")
      }
    }
    try checkDirections(codes)
    var result = ""
    result.unicodeScalars.append(contentsOf: codes.compactMap(Unicode.Scalar.init))
    return result
  }

  /// RFC 3454 §6.
  private static func checkDirections(_ codes: [UInt32]) throws(SASLprepFault) {
    guard codes.contains(where: UnicodeTables.rightToLeft.contains) else { return }
    guard !codes.contains(where: UnicodeTables.leftToRight.contains), let first = codes.first,
      let last = codes.last, UnicodeTables.rightToLeft.contains(first),
      UnicodeTables.rightToLeft.contains(last)
    else { throw SASLprepFault(description: "mixes letters that run to the right and to the left") }
  }
}
