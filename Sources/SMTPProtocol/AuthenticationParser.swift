internal import Bytes

/// Reads what a client says in a login (RFC 4954 §4). Nothing of it stands in any fault.
enum AuthenticationParser {
  /// What one line of the exchange says.
  enum Message: Hashable, Sendable {
    /// A response, its base64 undone.
    case response([UInt8])
    /// `*`: the client gives up.
    case cancelled
    /// No base64.
    case malformed
  }

  /// The argument of AUTH, white space at its ends taken off: a mechanism, perhaps an initial response.
  static func command(_ argument: ArraySlice<UInt8>) -> Result<Command, CommandFault> {
    guard !argument.isEmpty else { return .failure(.argument("AUTH takes the name of a mechanism")) }
    let name = argument.prefix { !$0.isWhiteSpace }
    guard isMechanism(name) else { return .failure(.authentication) }
    let mechanism = String(decoding: name, as: UTF8.self).uppercasedASCII
    let rest = argument.dropFirst(name.count).drop(while: \.isWhiteSpace)
    if rest.isEmpty { return .success(.authenticate(mechanism: mechanism, initial: nil)) }
    // An empty initial response is told from none by this.
    if rest.elementsEqual("=".utf8) { return .success(.authenticate(mechanism: mechanism, initial: [])) }
    guard let initial = Base64.decoded(rest) else { return .failure(.authentication) }
    return .success(.authenticate(mechanism: mechanism, initial: initial))
  }

  /// A line that answers a challenge.
  static func response(_ line: [UInt8]) -> Message {
    if line == [UInt8(ascii: "*")] { return .cancelled }
    return Base64.decoded(line).map { .response($0) } ?? .malformed
  }

  /// RFC 4422 §3.1: one to twenty letters, digits, hyphens and underscores.
  private static func isMechanism(_ name: ArraySlice<UInt8>) -> Bool {
    (1...20).contains(name.count)
      && name.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
  }
}
