import Bytes
import Cryptography
import SASL
import Testing

@Suite struct ScramTests {
  /// RFC 5802 §5 and RFC 7677 §3. The server's nonces there are none that ours makes; the client of these tests
  /// comes to their proofs, which shows that the two speak the RFCs' SCRAM.
  @Test func clientsOfTheRFCsAreUnderstood() throws {
    var client = ScramClient(hash: .sha1, nonce: "fyko+d2lbbFgONRv9qkxdawL")
    let one = client.final("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")
    #expect(
      one.message
        == "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    #expect(one.expected == "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")
    client = ScramClient(hash: .sha256)
    let two = client.final(
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    #expect(
      two.message
        == "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    #expect(two.expected == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
  }

  /// RFC 5802 §5, RFC 7677 §3: the keys that a server keeps of `pencil`.
  @Test func verifiersOfTheRFCs() throws {
    let sha1 = try #require(
      ScramVerifier(
        password: bytes("pencil"), hash: .sha1, iterations: 4096,
        salt: Base64.decoded("QSXCR+Q6sek8bf92") ?? []))
    #expect(Base64.text(sha1.storedKey) == "6dlGYMOdZcOPutkcNY8U2g7vK9Y=")
    #expect(Base64.text(sha1.serverKey) == "D+CSWLOshSulAsxiupA+qs2/fTE=")
    let sha256 = try #require(
      ScramVerifier(
        password: bytes("pencil"), hash: .sha256, iterations: 4096,
        salt: Base64.decoded("W22ZaJ0SNY7soEsUEjb6gQ==") ?? []))
    #expect(
      sha256.text
        == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    #expect(sha256.fits(password: bytes("pencil")))
    #expect(!sha256.fits(password: bytes("pencils")))
    #expect(ScramVerifier(.sha256, text: sha256.text.dropFirst("SCRAM-SHA-256$".count)) == sha256)
  }

  @Test(arguments: ScramHash.allCases) func aLogin(_ hash: ScramHash) {
    let client = ScramClient(hash: hash)
    var server = exchange(hash == .sha1 ? .scramSHA1 : .scramSHA256)
    #expect(server.received(nil) == .challenge([]))
    #expect(server.received(bytes(client.first)) == .verifier(user: "user", hash))
    let first = server.answered(.verifier(verifier(hash), .user(name: "user@example.org")))
    let final = client.final(first.said ?? "")
    #expect(server.received(bytes(final.message)).said == final.expected)
    #expect(server.received([]) == .success(name: "user@example.org"))
    #expect(server.received([]).isMalformed)
  }

  @Test func failures() {
    // A wrong password, nobody with the decoy's, and nobody with a right one are told apart by the log alone.
    for (password, owner, detail) in [
      ("pencils", SecretOwner.user(name: "user"), "wrong password"),
      ("pencil", .nobody(detail: "no such user"), "no such user"),
    ] {
      let client = ScramClient(password: password)
      var server = exchange(.scramSHA256)
      _ = server.received(bytes(client.first))
      let first = server.answered(.verifier(verifier(), owner)).said ?? ""
      #expect(
        server.received(bytes(client.final(first).message)) == .failure(user: "user", detail: detail))
    }
  }

  @Test func boundToTheChannel() {
    let hash: [UInt8] = Array(40..<72)
    var client = ScramClient()
    client.header = "p=tls-server-end-point,,"
    client.binding = hash
    func login(_ client: ScramClient, _ mechanism: Mechanism, _ binding: [UInt8]?) -> ServerStep {
      var server = exchange(mechanism, binding: binding, offersBinding: binding != nil)
      let asked = server.received(bytes(client.first))
      guard case .verifier = asked else { return asked }
      let first = server.answered(.verifier(verifier(), .user(name: "user"))).said ?? ""
      let final = client.final(first)
      let step = server.received(bytes(final.message))
      return step.said == final.expected ? server.received([]) : step
    }
    #expect(login(client, .scramSHA256Plus, hash) == .success(name: "user"))
    #expect(login(client, .scramSHA256Plus, Array(hash.reversed())).failure == "bound to another channel")
    #expect(login(client, .scramSHA256Plus, nil) == .malformed("there is no channel to be bound to"))
    #expect(
      login(client, .scramSHA256, hash)
        == .malformed("a binding of the channel without a -PLUS mechanism"))
    for other in ["tls-unique", "tls-exporter", "tls-server-end-poin", ""] {
      client.header = "p=\(other),,"
      #expect(
        login(client, .scramSHA256Plus, hash)
          == .malformed("a binding other than tls-server-end-point, which alone is served"))
    }
    client.binding = []
    for header in ["n,,", "y,,"] {
      client.header = header
      #expect(
        login(client, .scramSHA256Plus, hash).failure == "a -PLUS mechanism without the channel's binding")
    }
    // y says: I could, and you could not. Where we could, somebody has cut it out of our list.
    client.header = "y,,"
    #expect(login(client, .scramSHA256, hash).failure?.contains("in between") == true)
    #expect(login(client, .scramSHA256, nil) == .success(name: "user"))
    client.header = "n,,"
    #expect(login(client, .scramSHA256, hash) == .success(name: "user"))
    // The header that is proven is another than the one that was sent.
    var server = exchange(.scramSHA256)
    _ = server.received(bytes(client.first))
    let first = server.answered(.verifier(verifier(), .user(name: "user"))).said ?? ""
    client.header = "y,,"
    #expect(server.received(bytes(client.final(first).message)).failure == "another gs2 header than before")
  }

  @Test(arguments: [
    "", "n", "n,", "n,,", "n,,n=user", "n,,n=user,", "n,,r=abc,n=user", "n,,n=user,r=", "x,,n=user,r=abc",
    "n,user,n=user,r=abc", "n,,n=us=2Der,r=abc", "n,,n=user=,r=abc", "n,,n=user,r=a\u{7f}",
    "n,,n=user,r=abc,x", "n,,n=user,r=abc,1=x", "n,,n=user,r=\u{1}", "N,,n=user,r=abc",
    "n,,n=user,r=abc,", "n,a=,,n=user,r=abc",
  ]) func firstMessagesThatAreNone(_ message: String) {
    var server = exchange(.scramSHA256)
    #expect(server.received(bytes(message)).isMalformed)
    #expect(server.received(bytes(ScramClient().first)).isMalformed)
  }

  @Test(arguments: [
    ("n,,m=1,n=user,r=abc", "asks for an extension that does not exist"),
    ("n,a=other,n=user,r=abc", "asks to act as somebody else"), ("n,,n=,r=abc", "an empty name"),
    ("n,,n=us\u{7}er,r=abc", "a name that holds a control character"),
  ]) func firstMessagesThatAreRefused(_ message: String, _ detail: String) {
    var server = exchange(.scramSHA256)
    #expect(server.received(bytes(message)).failure == detail)
  }

  @Test func namesAreDecodedAndPrepared() {
    for (written, name) in [
      ("a=2Cb=3Dc", "a,b=c"), ("\u{ff55}ser", "user"), ("e\u{301}", "\u{e9}"), ("=3D2C", "=2C"),
    ] {
      var server = exchange(.scramSHA1)
      #expect(server.received(bytes("n,a=\(written),n=\(written),r=abc,x=y")) == .verifier(user: name, .sha1))
    }
  }

  @Test func finalMessagesThatAreNone() {
    let client = ScramClient()
    let started: () -> (ServerExchange, String) = {
      var server = exchange(.scramSHA256)
      _ = server.received(bytes(client.first))
      let first = server.answered(.verifier(verifier(), .user(name: "user"))).said ?? ""
      return (server, client.final(first).message)
    }
    let (_, right) = started()
    for cut in 0..<right.utf8.count {
      var (server, _) = started()
      #expect(server.received(Array(bytes(right).prefix(cut))).isMalformed, "cut at \(cut)")
    }
    for index in 0..<right.utf8.count {
      var (server, _) = started()
      var message = bytes(right)
      message[index] ^= 1
      let step = server.received(message)
      #expect(step.isMalformed || step.isFailure, "changed at \(index)")
    }
    for message in [
      right + "\u{0}", right + ",x=y", "c=biws,\(right)", right.replacing("c=biws", with: "c=biw"),
    ] {
      var (server, _) = started()
      let step = server.received(bytes(message))
      #expect(step.isMalformed || step.isFailure)
    }
    var (server, _) = started()
    let extended = right.replacing(",p=", with: ",x=y,p=")
    // An extension that is not proven changes what is signed.
    #expect(server.received(bytes(extended)).failure == "wrong password")
    var (silent, _) = started()
    #expect(silent.received(nil).isMalformed)
  }

  @Test func decoysAreAlwaysTheSame() {
    let key = Array(repeating: UInt8(9), count: 32)
    let one = ScramVerifier(decoyFor: "ann", hash: .sha256, key: key)
    #expect(one == ScramVerifier(decoyFor: "ann", hash: .sha256, key: key))
    #expect(one.salt.count == 16 && one.iterations == 4096)
    #expect(one.salt != ScramVerifier(decoyFor: "bob", hash: .sha256, key: key).salt)
    #expect(one.salt != ScramVerifier(decoyFor: "ann", hash: .sha1, key: key).salt)
    #expect(one.salt != ScramVerifier(decoyFor: "ann", hash: .sha256, key: [1]).salt)
  }

  @Test(arguments: [
    "", "$", "4096:AAAAAAAAAAA=", "4096:AAAAAAAAAAA=$a:b", "4095:AAAAAAAAAAA=$K:K",
    "1000001:AAAAAAAAAAA=$K:K",
    "99999999999999999999:AAAAAAAAAAA=$K:K", "+4096:AAAAAAAAAAA=$K:K", "4096:AAAA$K:K", "4096:AAAAAAAAAAA=$K",
    "4096:AAAAAAAAAAA=$K:K:K", "4096:AAAAAAAAAAA$K:K", "4096:AAAAAAAAAAA=$K:K$", "4096:AAAAAAAAAAA=$K:AAAA",
  ]) func verifiersThatAreNone(_ text: String) {
    let key = Base64.text(Array(repeating: 1, count: 32))
    #expect(ScramVerifier(.sha256, text: text.replacing("K", with: key)) == nil)
    #expect(ScramVerifier(.sha256, text: "4096:AAAAAAAAAAA=$\(key):\(key)") != nil)
    #expect(ScramVerifier(.sha1, text: "4096:AAAAAAAAAAA=$\(key):\(key)") == nil)
  }
}
