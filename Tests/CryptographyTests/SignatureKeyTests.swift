import Bytes
import Cryptography
import Testing

@Suite struct SignatureKeyTests {
  /// Made by `openssl genrsa 1024`, its public half once as SubjectPublicKeyInfo and once as RSAPublicKey.
  private static let info =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDT0CSBz0mSE5XhiNfZ3Zbq8TafIxntm+Rsl/zGVHc55XCjXEqSTx"
    + "K1Y+am2P7ZQFU8wJOkTolh3OsbV1E+U6wmGMVQFPvuyaFygQNcMzcGjdiksHFeQBznZ4KBvalYDStwNA4wRlg09mbS"
    + "zX2WBAVV6zq9VO1ni60UJbbYewoeZQIDAQAB"
  private static let bare =
    "MIGJAoGBANPQJIHPSZITleGI19ndlurxNp8jGe2b5GyX/MZUdznlcKNcSpJPErVj5qbY/tlAVTzAk6ROiWHc6xtXUT"
    + "5TrCYYxVAU++7JoXKBA1wzNwaN2KSwcV5AHOdngoG9qVgNK3A0DjBGWDT2ZtLNfZYEBVXrOr1U7WeLrRQltth7Ch5l"
    + "AgMBAAE="
  /// `openssl dgst -sha256 -sign` and `-sha1 -sign` over `hello`.
  private static let signature256 =
    "QpHWgtrSQ5mXy8efL3f5oi7JB7VdVFA6EVE1Ustx3Vvai8kpIbRwAD85n+3h7sGjp7am5IuOqDFlPMOQo541YNjSu+"
    + "XpPkvXgBGVYgwzRK/XTwbJpIsIASMnuWekzI4jsyvfaAp0/xNqXqNlmkiQm66jHvZVNASR4rFF1EeNDuA="
  private static let signature1 =
    "Ky08r03YOGVJKBs2usMgwbRylc21+CK7vvHa1/DCm78d2LPj96HdMqTxhkyCsM+tJwYMCLEKWeBKMh11KZmM6JD0qu"
    + "lGNnPxUZ3dv7VFcsoL4t9WYpXgTK0VMmnjhG8f5uGl7YpbzhVV44iaJuL8WldB7ZtX7S6TUIZAyCg7pss="

  private static func octets(_ text: String) throws -> [UInt8] { try #require(Base64.decoded(text)) }

  @Test func bothFormsOfAKey() throws {
    let digest = HashFunction.sha256.digest(Array("hello".utf8))
    let signature = try Self.octets(Self.signature256)
    for text in [Self.info, Self.bare] {
      let key = try SignatureKey.rsa(der: Self.octets(text))
      #expect(key.bits == 1024)
      #expect(key.verifies(signature, ofDigest: digest, by: .sha256))
      #expect(
        key.verifies(
          try Self.octets(Self.signature1), ofDigest: HashFunction.sha1.digest(Array("hello".utf8)), by: .sha1
        ))
      #expect(
        !key.verifies(signature, ofDigest: HashFunction.sha256.digest(Array("hallo".utf8)), by: .sha256))
      #expect(!key.verifies(signature, ofDigest: HashFunction.sha1.digest(Array("hello".utf8)), by: .sha1))
      #expect(!key.verifies(Array(signature.dropLast()), ofDigest: digest, by: .sha256))
      #expect(!key.verifies(signature + [0], ofDigest: digest, by: .sha256))
      #expect(!key.verifies([], ofDigest: digest, by: .sha256))
      #expect(!key.verifies(signature, ofDigest: [], by: .sha256))
    }
  }

  @Test func ed25519() throws {
    // RFC 8032 §7.1, TEST 3.
    let hex: (String) -> [UInt8] = { text in
      stride(from: 0, to: text.utf8.count, by: 2).compactMap {
        UInt8(text.dropFirst($0).prefix(2), radix: 16)
      }
    }
    let key = try SignatureKey.ed25519(
      raw: hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"))
    let signature = hex(
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    // The message of that test is no digest: here only what is one is taken.
    #expect(!key.verifies(signature, ofDigest: hex("af82"), by: .sha256))
    #expect(key.bits == 256)
    #expect(throws: SignatureKeyFault.malformed) { try SignatureKey.ed25519(raw: [1, 2, 3]) }
    #expect(throws: SignatureKeyFault.malformed) {
      try SignatureKey.ed25519(raw: [UInt8](repeating: 1, count: 44))
    }
    let digest = HashFunction.sha256.digest([1])
    #expect(!key.verifies([UInt8](repeating: 0, count: 64), ofDigest: digest, by: .sha256))
    #expect(!key.verifies([1], ofDigest: digest, by: .sha256))
    // No point on the curve: refused, not crashed over.
    let wild = try SignatureKey.ed25519(raw: [UInt8](repeating: 0xff, count: 32))
    #expect(!wild.verifies(signature, ofDigest: digest, by: .sha256))
  }

  @Test func hostileKeysAreFaults() throws {
    let whole = try Self.octets(Self.info)
    for end in 0..<whole.count {
      #expect(throws: SignatureKeyFault.self, "\(end)") { try SignatureKey.rsa(der: Array(whole[..<end])) }
    }
    let digest = HashFunction.sha256.digest(Array("hello".utf8))
    let signature = try Self.octets(Self.signature256)
    for index in whole.indices {
      for bit in 0..<8 {
        var changed = whole
        changed[index] ^= 1 << UInt8(bit)
        // Some are keys still; none of them made that signature, but for what no key depends on.
        guard let key = try? SignatureKey.rsa(der: changed) else { continue }
        if key != (try SignatureKey.rsa(der: whole)) {
          #expect(!key.verifies(signature, ofDigest: digest, by: .sha256), "\(index).\(bit)")
        }
      }
    }
  }

  /// A bare RSAPublicKey of these numbers.
  private static func der(_ modulus: [UInt8], _ exponent: [UInt8]) -> [UInt8] {
    func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
      [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }
    return element(0x30, element(2, modulus) + element(2, exponent))
  }

  @Test func boundsOfNumbers() throws {
    let odd: (Int) -> [UInt8] = { [0] + [UInt8](repeating: 0xff, count: $0) }
    let exponent: [UInt8] = [1, 0, 1]
    #expect(try SignatureKey.rsa(der: Self.der(odd(512), exponent)).bits == 4096)
    #expect(throws: SignatureKeyFault.outOfBounds) {
      try SignatureKey.rsa(der: Self.der(odd(513), exponent))
    }
    #expect(throws: SignatureKeyFault.outOfBounds) { try SignatureKey.rsa(der: Self.der(odd(31), exponent)) }
    #expect(throws: SignatureKeyFault.outOfBounds) { try SignatureKey.rsa(der: Self.der(odd(128), odd(9))) }
    #expect(throws: SignatureKeyFault.outOfBounds) { try SignatureKey.rsa(der: Self.der(odd(128), [1])) }
    #expect(throws: SignatureKeyFault.outOfBounds) { try SignatureKey.rsa(der: Self.der(odd(128), [2])) }
    #expect(throws: SignatureKeyFault.malformed) { try SignatureKey.rsa(der: Self.der([0], exponent)) }
    // Negative, as an encoder writes it that forgets the zero in front.
    #expect(throws: SignatureKeyFault.malformed) {
      try SignatureKey.rsa(der: Self.der(Array(odd(128).dropFirst()), exponent))
    }
    #expect(throws: SignatureKeyFault.malformed) { try SignatureKey.rsa(der: []) }
  }

  @Test func digestsInPieces() throws {
    let octets = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for function in HashFunction.allCases where function.isAvailable {
      let hash = try #require(IncrementalHash(function))
      for byte in octets { withUnsafeBytes(of: byte) { hash.update($0) } }
      hash.update([UInt8]().span.bytes)
      #expect(hash.finish() == function.digest(octets))
      // It is over: nothing more comes in or out.
      hash.update(octets.span.bytes)
      #expect(hash.finish().isEmpty)
      let whole = try #require(IncrementalHash(function))
      whole.update(octets.span.bytes)
      #expect(whole.finish() == function.digest(octets))
    }
  }
}
