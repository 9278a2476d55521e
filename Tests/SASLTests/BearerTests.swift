import SASL
import Testing

@Suite struct BearerTests {
  /// RFC 7628 §4.1 and §4.2.
  @Test func examplesOfTheRFC() {
    let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    let message =
      "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer \(token)\u{1}\u{1}"
    var server = exchange(.oauthBearer)
    #expect(server.received(nil) == .challenge([]))
    #expect(server.received(bytes(message)) == .token(TokenClaim(user: "user@example.com", token: token)))
    #expect(server.answered(.accepted(name: "user")) == .success(name: "user"))

    server = exchange(.oauthBearer)
    _ = server.received(bytes(message))
    #expect(
      server.answered(.refused("inactive")).said
        == #"{"status":"invalid_token","schemes":"bearer","scope":""}"#)
    // RFC 7628 §3.2.3: the dummy response, or any other.
    #expect(server.received([1]) == .failure(user: "user@example.com", detail: "inactive"))
  }

  @Test func withoutAName() {
    var server = exchange(.oauthBearer)
    #expect(
      server.received(bytes("n,,\u{1}auth=bearer  abc\u{1}\u{1}"))
        == .token(TokenClaim(user: "", token: "abc")))
    server = exchange(.oauthBearer)
    #expect(
      server.received(bytes("y,a=a=2Cb,\u{1}auth=Bearer abc\u{1}\u{1}"))
        == .token(TokenClaim(user: "a,b", token: "abc")))
  }

  @Test func whatIsWantedIsTold() {
    var server = exchange(.oauthBearer)
    #expect(server.received(bytes("n,a=ann,\u{1}auth=\u{1}\u{1}")).said?.contains("bearer") == true)
    #expect(server.received([1]) == .failure(user: "ann", detail: "no token"))
  }

  @Test func xoauth2() {
    var server = exchange(.xoauth2)
    let message = "user=ann@example.org\u{1}auth=Bearer ya29.vF9dft4\u{1}\u{1}"
    #expect(ClientMessages.xoauth2(user: "ann@example.org", token: "ya29.vF9dft4") == bytes(message))
    #expect(
      server.received(bytes(message)) == .token(TokenClaim(user: "ann@example.org", token: "ya29.vF9dft4")))
    #expect(server.answered(.refused("inactive")).said == #"{"status":"401","schemes":"bearer","scope":""}"#)
    #expect(server.received([]) == .failure(user: "ann@example.org", detail: "inactive"))
  }

  @Test func ownMessagesAreRead() {
    var server = exchange(.oauthBearer)
    let message = ClientMessages.oauthBearer(user: "a,b=c", token: "t")
    #expect(server.received(message) == .token(TokenClaim(user: "a,b=c", token: "t")))
  }

  @Test(arguments: [
    "", "\u{1}", "n,,", "n,,\u{1}", "n,,\u{1}\u{1}", "n,,\u{1}auth=Bearer abc",
    "n,,\u{1}auth=Bearer abc\u{1}",
    "n,,x\u{1}auth=Bearer abc\u{1}\u{1}", "n,b=ann,\u{1}auth=Bearer abc\u{1}\u{1}",
    "n,,\u{1}auth=Basic abc\u{1}\u{1}", "n,,\u{1}auth=Bearer \u{1}\u{1}", "n,,\u{1}auth=Bearer a b\u{1}\u{1}",
    "n,,\u{1}auth=Bearer a&b\u{1}\u{1}", "n,,\u{1}auth=Bearer ==\u{1}\u{1}",
    "n,,\u{1}auth=Bearer a=b\u{1}\u{1}",
    "n,,\u{1}auth=Bearer abc\u{1}auth=Bearer abd\u{1}\u{1}", "n,,\u{1}au-th=Bearer abc\u{1}\u{1}",
    "n,,\u{1}=x\u{1}auth=Bearer abc\u{1}\u{1}", "n,,\u{1}auth=Bearer abc\u{1}\u{1}x",
    "n,,\u{1}auth=Bearer abc\u{1}\u{1}\u{1}", "n,,\u{1}host=\u{0}\u{1}auth=Bearer abc\u{1}\u{1}",
    "n,,\u{1}auth=Bearerabc\u{1}\u{1}",
  ]) func whatIsNot(_ message: String) {
    var server = exchange(.oauthBearer)
    #expect(server.received(bytes(message)).isMalformed)
  }

  @Test func bounds() {
    func step(_ octets: Int) -> ServerStep {
      var server = exchange(.oauthBearer)
      return server.received(
        bytes("n,,\u{1}auth=Bearer ") + Array(repeating: 97, count: octets) + [1, 1])
    }
    guard case .token = step(8192) else { Issue.record("the longest is too long"); return }
    #expect(step(8193).isMalformed)
    #expect(step(20_000).isMalformed)
    var server = exchange(.oauthBearer)
    let pairs = String(repeating: "\u{1}", count: 200)
    #expect(server.received(bytes("n,,\u{1}auth=Bearer abc\(pairs)")).isMalformed)
  }

  @Test func noBindingOfTheChannel() {
    var server = exchange(.oauthBearer)
    #expect(server.received(bytes("p=tls-server-end-point,,\u{1}auth=Bearer abc\u{1}\u{1}")).isFailure)
  }
}

@Suite struct GarbageTests {
  /// Whatever comes, at whatever step, ends in a step; nobody gets in without an answer that lets him in.
  @Test(arguments: Mechanism.allCases) func chance(_ mechanism: Mechanism) {
    var state: UInt64 = 88_172_645_463_325_252
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let grammar = bytes("n,y=ap,,\u{1}\0=r2C3Dabc 0ff")
    for _ in 0..<3000 {
      var server = exchange(mechanism, binding: next() % 2 == 0 ? [1, 2, 3] : nil, offersBinding: true)
      for _ in 0..<4 {
        let length = Int(next() % 40)
        let message = (0..<length).map { _ in
          next() % 4 == 0 ? UInt8(truncatingIfNeeded: next()) : grammar[Int(next() % UInt64(grammar.count))]
        }
        switch server.received(next() % 8 == 0 ? nil : message) {
        case .success: Issue.record("in without an answer")
        case .password, .token: _ = server.answered(.refused("no"))
        case .secret: _ = server.answered(.secret([1], .nobody(detail: "no")))
        case .verifier(let user, let hash):
          #expect(!user.isEmpty)
          _ = server.answered(
            .verifier(ScramVerifier(decoyFor: user, hash: hash, key: [1]), .nobody(detail: "no")))
        case .challenge, .failure, .malformed: break
        }
      }
    }
  }
}
