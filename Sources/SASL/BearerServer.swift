internal import Bytes

/// OAUTHBEARER (RFC 7628) and XOAUTH2, which it was made from: one message with a token, and where that is refused a
/// challenge that says so, to which the client has nothing to say.
struct BearerServer: ServerMachine {
  enum Form {
    case oauthBearer
    case xoauth2
  }

  private enum State {
    case new
    case asked(user: String)
    /// The refusal is told; whatever comes now, it is over.
    case told(user: String, detail: String)
  }

  private let form: Form
  private var state = State.new

  // Bound: what is longer is no token that anybody introspects.
  static let longestToken = 8192

  init(_ form: Form) { self.form = form }

  mutating func received(_ response: [UInt8]?) -> ServerStep {
    switch state {
    case .new:
      guard let response else { return .challenge([]) }
      do throws(ClaimFault) {
        let claim = try form == .oauthBearer ? Self.oauthBearer(response) : Self.xoauth2(response)
        // RFC 7628 §4.3: a client may ask by an empty token what is wanted.
        guard !claim.token.isEmpty else { return refuse(claim.user, "no token") }
        state = .asked(user: claim.user)
        return .token(claim)
      } catch {
        return error.step()
      }
    case .asked: return .malformed("an answer is awaited, not the client")
    case .told(let user, let detail): return .failure(user: user, detail: detail)
    }
  }

  mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    guard case .asked(let user) = state else { return .malformed("an answer that nobody asked for") }
    switch answer {
    case .accepted(let name): return .success(name: name)
    case .refused(let detail): return refuse(user, detail)
    case .secret, .verifier: return .malformed("an answer to another question")
    }
  }

  /// RFC 7628 §3.2.2.
  private mutating func refuse(_ user: String, _ detail: String) -> ServerStep {
    state = .told(user: user, detail: detail)
    let status = form == .oauthBearer ? "invalid_token" : "401"
    return .challenge(Array(#"{"status":"\#(status)","schemes":"bearer","scope":""}"#.utf8))
  }

  /// RFC 7628 §3.1: `gs2-header kvsep *kvpair kvsep`.
  private static func oauthBearer(_ message: [UInt8]) throws(ClaimFault) -> TokenClaim {
    guard let end = message.firstIndex(of: separator) else { throw .malformed("no separator") }
    let header = message[..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard header.count == 3, header[2].isEmpty else { throw .malformed("not a gs2 header") }
    guard header[0].elementsEqual("n".utf8) || header[0].elementsEqual("y".utf8) else {
      throw .refused("OAUTHBEARER is not bound to the channel")
    }
    var user = ""
    if !header[1].isEmpty {
      guard header[1].starts(with: "a=".utf8) else { throw .malformed("not a gs2 header") }
      user = try Claims.name(try SASLName.decoded(header[1].dropFirst(2))[...])
    }
    return TokenClaim(user: user, token: try token(pairs(message[(end + 1)...])))
  }

  /// `user=NAME ^A auth=Bearer TOKEN ^A ^A`.
  private static func xoauth2(_ message: [UInt8]) throws(ClaimFault) -> TokenClaim {
    let pairs = try pairs(message[...])
    guard let user = pairs.first(where: { $0.key == "user" })?.value else {
      throw .malformed("XOAUTH2 wants user=")
    }
    return TokenClaim(user: try Claims.name(user), token: try token(pairs))
  }

  private typealias Pair = (key: String, value: ArraySlice<UInt8>)

  /// `*( key "=" value ^A ) ^A`, to the end.
  private static func pairs(_ text: ArraySlice<UInt8>) throws(ClaimFault) -> [Pair] {
    guard text.last == separator else { throw .malformed("no separator at the end") }
    // Bound: more pairs than any client sends.
    let parts = text.dropLast().split(separator: separator, maxSplits: 32, omittingEmptySubsequences: false)
    guard parts.count <= 32, parts.last?.isEmpty ?? false else { throw .malformed("not a list of pairs") }
    var pairs: [Pair] = []
    for part in parts.dropLast() {
      guard let equals = part.firstIndex(of: UInt8(ascii: "=")), equals > part.startIndex,
        part[..<equals].allSatisfy(\.isASCIILetter),
        part[(equals + 1)...].allSatisfy({ !$0.isASCIIControl || $0.isWhiteSpace || $0 == 13 || $0 == 10 })
      else { throw .malformed("not a list of pairs") }
      let key = String(decoding: part[..<equals], as: UTF8.self).lowercasedASCII
      guard !pairs.contains(where: { $0.key == key }) else { throw .malformed("\(key)= comes twice") }
      pairs.append((key, part[(equals + 1)...]))
    }
    return pairs
  }

  /// RFC 6750 §2.1: `"Bearer" 1*SP b64token`; empty where `auth=` is.
  private static func token(_ pairs: [Pair]) throws(ClaimFault) -> String {
    guard let value = pairs.first(where: { $0.key == "auth" })?.value else { throw .malformed("no auth=") }
    guard !value.isEmpty else { return "" }
    let scheme = String(decoding: value.prefix(7), as: UTF8.self)
    guard scheme.equalsIgnoringASCIICase("Bearer ") else { throw .malformed("not the scheme Bearer") }
    let token = value.dropFirst(7).drop { $0 == .space }
    guard (1...longestToken).contains(token.count) else {
      throw .malformed("a token of \(token.count) octets")
    }
    var body = token
    while body.last == UInt8(ascii: "=") { body.removeLast() }
    guard !body.isEmpty, body.allSatisfy({ $0.isASCIILetterOrDigit || "-._~+/".utf8.contains($0) }) else {
      throw .malformed("a token of other characters than RFC 6750 has")
    }
    return String(decoding: token, as: UTF8.self)
  }

  private static let separator: UInt8 = 1
}

/// `saslname` (RFC 5801 §4): `,` and `=` are written `=2C` and `=3D`.
enum SASLName {
  static func decoded(_ text: ArraySlice<UInt8>) throws(ClaimFault) -> [UInt8] {
    var name: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "=") else {
        name.append(byte)
        continue
      }
      if rest.starts(with: "2C".utf8) {
        name.append(UInt8(ascii: ","))
      } else if rest.starts(with: "3D".utf8) {
        name.append(UInt8(ascii: "="))
      } else {
        throw .malformed("a name with = that is neither =2C nor =3D")
      }
      rest = rest.dropFirst(2)
    }
    return name
  }
}
