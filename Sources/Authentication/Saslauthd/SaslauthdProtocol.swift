internal import Bytes

/// The protocol of saslauthd's mux socket (saslauthd(8); `saslauthd/ipc_unix.c`): one login a connection, each string
/// behind its length in two octets, the high one first.
enum SaslauthdProtocol {
  /// Bound: octets of each string that saslauthd takes (`MAX_REQ_LEN`, 256 in all versions that matter).
  static let longestString = 256
  /// Bound: octets of an answer.
  static let longestAnswer = 1024

  /// The question; nil where a string is longer than saslauthd takes.
  static func question(user: [UInt8], password: [UInt8], service: [UInt8], realm: [UInt8]) -> [UInt8]? {
    var question: [UInt8] = []
    for string in [user, password, service, realm] {
      guard string.count < longestString, !string.contains(0) else { return nil }
      question.append(UInt8(truncatingIfNeeded: string.count >> 8))
      question.append(UInt8(truncatingIfNeeded: string.count))
      question += string
    }
    return question
  }
}

/// Reads the answer, however it comes in pieces.
struct SaslauthdAnswerReader {
  enum Reading: Hashable {
    case needsMore
    case yes
    case no(String)
    case broken(String)
  }

  private var bytes: [UInt8] = []

  mutating func received(_ more: some Sequence<UInt8>) -> Reading {
    for byte in more {
      bytes.append(byte)
      guard bytes.count >= 2 else { continue }
      let length = Int(bytes[0]) << 8 | Int(bytes[1])
      guard (2...SaslauthdProtocol.longestAnswer).contains(length) else {
        return .broken("an answer of \(length) octets")
      }
      if bytes.count == length + 2 { return Self.answer(bytes.dropFirst(2)) }
    }
    return .needsMore
  }

  private static func answer(_ text: ArraySlice<UInt8>) -> Reading {
    // The length may count the NUL behind the string.
    let text = text.prefix { $0 != 0 }
    let word = text.prefix(2)
    let rest = text.dropFirst(2)
    guard rest.isEmpty || rest.first == .space else {
      return .broken("'\(UserName.words(text))' is neither OK nor NO")
    }
    let reason = UserName.words(rest.dropFirst())
    switch Array(word) {
    case Array("OK".utf8): return .yes
    case Array("NO".utf8): return .no(reason)
    default: return .broken("'\(UserName.words(text))' is neither OK nor NO")
    }
  }
}
