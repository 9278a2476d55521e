internal import Bytes
internal import Cryptography

/// SCRAM (RFC 5802, RFC 7677), with and without the channel's binding.
struct ScramServer: ServerMachine {
  private enum State {
    case new
    /// The client's first message is read; the verifier is asked for.
    case asked(First)
    /// The server's first message is out.
    case challenged(First, serverFirst: String, ScramVerifier, SecretOwner)
    /// The proof was right, and ours is out.
    case proven(name: String)
  }

  /// The client's first message (RFC 5802 §7).
  private struct First {
    let gs2Header: [UInt8]
    let bare: [UInt8]
    let user: String
    let nonce: [UInt8]
  }

  private let hash: ScramHash
  private let isBound: Bool
  private let terms: ServerTerms
  private var state = State.new

  // Bound: nobody's nonce is longer.
  private static let longestNonce = 256

  init(_ hash: ScramHash, isBound: Bool, _ terms: ServerTerms) {
    self.hash = hash
    self.isBound = isBound
    self.terms = terms
  }

  mutating func received(_ response: [UInt8]?) -> ServerStep {
    switch state {
    case .new:
      guard let response else { return .challenge([]) }
      do throws(ClaimFault) {
        let first = try self.first(response)
        state = .asked(first)
        return .verifier(user: first.user, hash)
      } catch {
        return error.step()
      }
    case .asked: return .malformed("an answer is awaited, not the client")
    case .challenged(let first, let serverFirst, let verifier, let owner):
      do throws(ClaimFault) {
        return try final(response ?? [], first, serverFirst, verifier, owner)
      } catch {
        return error.step(user: first.user)
      }
    case .proven(let name):
      guard (response ?? []).isEmpty else { return .malformed("there is nothing more to say") }
      return .success(name: name)
    }
  }

  mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    guard case .asked(let first) = state else { return .malformed("an answer that nobody asked for") }
    switch answer {
    case .verifier(let verifier, let owner):
      guard verifier.hash == hash else { return .malformed("a verifier of another hash") }
      let nonce = String(decoding: first.nonce, as: UTF8.self) + Base64.text(terms.nonce)
      let serverFirst = "r=\(nonce),s=\(Base64.text(verifier.salt)),i=\(verifier.iterations)"
      state = .challenged(first, serverFirst: serverFirst, verifier, owner)
      return .challenge(Array(serverFirst.utf8))
    case .refused(let detail): return .failure(user: first.user, detail: detail)
    case .accepted, .secret: return .malformed("an answer to another question")
    }
  }

  /// `gs2-header client-first-message-bare`.
  private func first(_ message: [UInt8]) throws(ClaimFault) -> First {
    let comma = UInt8(ascii: ",")
    guard let flagEnd = message.firstIndex(of: comma),
      let headerEnd = message[(flagEnd + 1)...].firstIndex(of: comma)
    else { throw .malformed("not a client-first-message") }
    try checkBinding(message[..<flagEnd])
    let attributes = message[(headerEnd + 1)...].split(separator: comma, omittingEmptySubsequences: false)
    // RFC 5802 §5.1: `m=` says that a client wants an extension, and there is none.
    if attributes.first?.starts(with: "m=".utf8) ?? false {
      throw .refused("asks for an extension that does not exist")
    }
    guard attributes.count >= 2, attributes[0].starts(with: "n=".utf8),
      attributes[1].starts(with: "r=".utf8), attributes.dropFirst(2).allSatisfy(Self.isAttribute)
    else { throw .malformed("not a client-first-message") }
    let user = try Claims.name(try SASLName.decoded(attributes[0].dropFirst(2))[...])
    let authzid = message[(flagEnd + 1)..<headerEnd]
    if !authzid.isEmpty {
      guard authzid.starts(with: "a=".utf8) else { throw .malformed("not a gs2 header") }
      guard try Claims.name(try SASLName.decoded(authzid.dropFirst(2))[...]) == user else {
        throw .refused("asks to act as somebody else")
      }
    }
    let nonce = attributes[1].dropFirst(2)
    guard (1...Self.longestNonce).contains(nonce.count), nonce.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw .malformed("a nonce of \(nonce.count) octets, or of other than printable ones") }
    return First(
      gs2Header: Array(message[...headerEnd]), bare: Array(message[(headerEnd + 1)...]), user: user,
      nonce: Array(nonce))
  }

  /// `gs2-cbind-flag` (RFC 5802 §6).
  private func checkBinding(_ flag: ArraySlice<UInt8>) throws(ClaimFault) {
    if flag.elementsEqual("n".utf8) || flag.elementsEqual("y".utf8) {
      guard !isBound else { throw .refused("a -PLUS mechanism without the channel's binding") }
      guard flag.first == UInt8(ascii: "n") || !terms.offersChannelBinding else {
        throw .refused("the client was kept from seeing the -PLUS mechanism: somebody is in between")
      }
    } else if flag.starts(with: "p=".utf8) {
      // No guess at a password: the client reads 501, and nobody takes its password for wrong.
      guard isBound else { throw .malformed("a binding of the channel without a -PLUS mechanism") }
      guard flag.dropFirst(2).elementsEqual("tls-server-end-point".utf8) else {
        throw .malformed("a binding other than tls-server-end-point, which alone is served")
      }
      guard terms.channelBinding != nil else { throw .malformed("there is no channel to be bound to") }
    } else {
      throw .malformed("not a gs2 header")
    }
  }

  /// `client-final-message`: `c=…,r=…[,extensions],p=…`.
  private mutating func final(
    _ message: [UInt8], _ first: First, _ serverFirst: String, _ verifier: ScramVerifier, _ owner: SecretOwner
  ) throws(ClaimFault) -> ServerStep {
    let comma = UInt8(ascii: ",")
    guard let proofComma = message.lastIndex(of: comma),
      message[(proofComma + 1)...].starts(with: "p=".utf8),
      let proof = Base64.decoded(message[(proofComma + 3)...]), proof.count == hash.function.length
    else { throw .malformed("not a client-final-message") }
    let withoutProof = message[..<proofComma]
    let attributes = withoutProof.split(separator: comma, omittingEmptySubsequences: false)
    guard attributes.count >= 2, attributes[0].starts(with: "c=".utf8),
      attributes[1].starts(with: "r=".utf8), attributes.dropFirst(2).allSatisfy(Self.isAttribute),
      let binding = Base64.decoded(attributes[0].dropFirst(2))
    else { throw .malformed("not a client-final-message") }
    let nonce = first.nonce + Base64.encoded(terms.nonce)
    guard ConstantTime.equal(Array(attributes[1].dropFirst(2)), nonce) else {
      throw .refused("another nonce")
    }
    let expected = first.gs2Header + (isBound ? terms.channelBinding ?? [] : [])
    guard ConstantTime.equal(binding, expected) else {
      throw .refused(isBound ? "bound to another channel" : "another gs2 header than before")
    }
    let said = first.bare + [comma] + Array(serverFirst.utf8) + [comma] + Array(withoutProof)
    let signature = HMACCode.of(said, key: verifier.storedKey, hash.function)
    let clientKey = zip(proof, signature).map { $0 ^ $1 }
    let isRight = ConstantTime.equal(hash.function.digest(clientKey), verifier.storedKey)
    switch owner {
    case .nobody(let detail): throw .refused(detail)
    case .user where !isRight: throw .refused("wrong password")
    case .user(let name):
      state = .proven(name: name)
      let proof = HMACCode.of(said, key: verifier.serverKey, hash.function)
      return .challenge(Array("v=\(Base64.text(proof))".utf8))
    }
  }

  /// `ALPHA "=" value` (RFC 5802 §7), of an extension that may be passed over.
  private static func isAttribute(_ text: ArraySlice<UInt8>) -> Bool {
    text.count >= 3 && text[text.startIndex].isASCIILetter
      && text[text.startIndex + 1] == UInt8(ascii: "=") && !text.contains(0)
  }
}
