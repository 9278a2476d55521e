internal import Bytes
internal import Cryptography

/// CRAM-MD5 (RFC 2195): `name SP HMAC-MD5(challenge, password)`. The server speaks first.
struct CramMD5Server: ServerMachine {
  private enum State {
    case new
    case challenged
    case asked(user: String, digest: [UInt8])
  }

  private let challenge: [UInt8]
  private var state = State.new

  init(_ terms: ServerTerms) {
    // RFC 2195 §2: a message id that never comes again; the time of day in it would be no more than that.
    let nonce = terms.nonce.map { byte in
      let hex = String(byte, radix: 16)
      return byte < 16 ? "0" + hex : hex
    }
    challenge = Array("<\(nonce.joined())@\(terms.hostname)>".utf8)
  }

  mutating func received(_ response: [UInt8]?) -> ServerStep {
    switch state {
    case .new:
      // RFC 4954 §4: no initial response where the server speaks first.
      guard response == nil else { return .malformed("CRAM-MD5 has no initial response") }
      state = .challenged
      return .challenge(challenge)
    case .challenged:
      guard let response, let space = response.lastIndex(of: .space) else {
        return .malformed("CRAM-MD5 wants a name and a digest")
      }
      guard let digest = Self.octets(response[(space + 1)...]) else {
        return .malformed("a digest that is not 32 hexadecimal digits")
      }
      do throws(ClaimFault) {
        let user = try Claims.name(response[..<space])
        state = .asked(user: user, digest: digest)
        return .secret(user: user)
      } catch {
        return error.step()
      }
    case .asked: return .malformed("an answer is awaited, not the client")
    }
  }

  mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    guard case .asked(let user, let digest) = state else {
      return .malformed("an answer that nobody asked for")
    }
    switch answer {
    case .secret(let secret, let owner):
      let isRight = ConstantTime.equal(HMACCode.of(challenge, key: secret, .md5), digest)
      switch owner {
      case .user(let name) where isRight: return .success(name: name)
      case .user: return .failure(user: user, detail: "wrong password")
      case .nobody(let detail): return .failure(user: user, detail: detail)
      }
    case .refused(let detail): return .failure(user: user, detail: detail)
    case .accepted, .verifier: return .malformed("an answer to another question")
    }
  }

  /// The 16 octets of 32 hexadecimal digits.
  private static func octets(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
    guard digits.count == 32 else { return nil }
    var octets: [UInt8] = []
    var high: UInt8?
    for digit in digits {
      let value: UInt8
      switch digit.lowercasedASCII {
      case 0x30...0x39: value = digit - 0x30
      case 0x61...0x66: value = digit.lowercasedASCII - 0x61 + 10
      default: return nil
      }
      if let first = high {
        octets.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return octets
  }
}
