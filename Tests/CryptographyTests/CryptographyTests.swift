import Bytes
import Cryptography
import Testing

func octets(_ hex: String) -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace && $0 != ":" }
  return stride(from: 0, to: digits.count, by: 2).compactMap { index in
    UInt8(digits.dropFirst(index).prefix(2), radix: 16)
  }
}

@Suite struct HashTests {
  /// "abc": RFC 1321 A.5, FIPS 180-4.
  @Test(arguments: [
    (HashFunction.md5, "900150983cd24fb0d6963f7d28e17f72"),
    (.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      .sha384,
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
    ),
    (
      .sha512,
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
  ]) func digests(_ hash: HashFunction, _ expected: String) {
    #expect(hash.isAvailable)
    #expect(hash.digest(Array("abc".utf8)) == octets(expected))
    #expect(hash.digest([]).count == hash.length)
  }

  /// RFC 2202 §2 and §3, RFC 4231 §4.3: the second case of each.
  @Test(arguments: [
    (HashFunction.md5, "750c783e6ab0b503eaa86e310a5db738"),
    (.sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    (.sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
  ]) func codes(_ hash: HashFunction, _ expected: String) {
    #expect(
      HMACCode.of(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8), hash)
        == octets(expected))
  }

  @Test func anEmptyKeyIsAKey() {
    #expect(
      HMACCode.of([], key: [], .sha256)
        == octets("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"))
  }
}

@Suite struct KeyDerivationTests {
  /// RFC 6070 §2.
  @Test(arguments: [
    ("password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
    ("password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
    ("password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
    ("pass\0word", "sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
  ]) func pbkdf2(_ password: String, _ salt: String, _ iterations: Int, _ expected: String) {
    let expected = octets(expected)
    #expect(
      KeyDerivation.pbkdf2(
        password: Array(password.utf8), salt: Array(salt.utf8), iterations: iterations,
        length: expected.count, .sha1) == expected)
  }

  /// RFC 7914 §11.
  @Test func pbkdf2SHA256() {
    #expect(
      KeyDerivation.pbkdf2(
        password: Array("Password".utf8), salt: Array("NaCl".utf8), iterations: 80000, length: 64, .sha256)
        == octets(
          """
          4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a27\
          2bdebba1d078478f62b397f33c8d
          """))
  }

  /// RFC 7914 §12.
  @Test func scrypt() throws {
    let small = try #require(ScryptCost(logN: 10, r: 8, p: 16))
    #expect(
      KeyDerivation.scrypt(
        password: Array("password".utf8), salt: Array("NaCl".utf8), cost: small, length: 64)
        == octets(
          """
          fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727\
          afb94a83ee6d8360cbdfa2cc0640
          """))
    #expect(
      KeyDerivation.scrypt(
        password: Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8), cost: .standard, length: 64
      )
        == octets(
          """
          7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e\
          85dc0d651e40dfcf017b45575887
          """))
  }

  @Test func costsAreBounded() throws {
    #expect(ScryptCost(logN: 14, r: 8, p: 1) == .standard)
    #expect(ScryptCost.standard.memory >= 16 << 20)
    #expect(ScryptCost.standard.memory < 17 << 20)
    #expect(ScryptCost(logN: 18, r: 8, p: 1) != nil)
    #expect(ScryptCost(logN: 19, r: 8, p: 1) == nil)
    #expect(ScryptCost(logN: 0, r: 8, p: 1) == nil)
    #expect(ScryptCost(logN: 14, r: 0, p: 1) == nil)
    #expect(ScryptCost(logN: 14, r: 8, p: 0) == nil)
    #expect(ScryptCost(logN: Int.max, r: Int.max, p: Int.max) == nil)
    // RFC 7914 §2: N is less than 2^(128 * r / 8).
    #expect(ScryptCost(logN: 16, r: 1, p: 1) == nil)
    #expect(ScryptCost(logN: 15, r: 1, p: 1) != nil)
    let dearest = try #require(ScryptCost(logN: 17, r: 16, p: 1))
    #expect(KeyDerivation.scrypt(password: [1], salt: [2], cost: dearest, length: 8)?.count == 8)
  }
}

@Suite struct ChanceTests {
  @Test func randomOctetsDiffer() {
    #expect(RandomOctets.next(0) == [])
    #expect(RandomOctets.next(32).count == 32)
    #expect(Set((0..<100).map { _ in RandomOctets.next(16) }).count == 100)
  }

  @Test func comparison() {
    #expect(ConstantTime.equal([], []))
    #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
    #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
    #expect(!ConstantTime.equal([0, 2, 3], [1, 2, 3]))
    #expect(!ConstantTime.equal([1, 2], [1, 2, 3]))
    #expect(!ConstantTime.equal([], [0]))
  }

  @Test func keyedDigests() {
    let one = KeyedDigest(key: Array(repeating: 1, count: 32))
    let other = KeyedDigest.random()
    #expect(one.of([1]) == one.of([1]))
    #expect(one.of([1]) != one.of([2]))
    #expect(one.of([1]) != other.of([1]))
    #expect(KeyedDigest.random().of([1]) != other.of([1]))
  }
}
