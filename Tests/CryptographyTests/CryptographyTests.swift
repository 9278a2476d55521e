import Cryptography
import Testing

@Suite struct CryptographyTests {
  @Test func aDigestOfNothing() {
    #expect(SHA256Digest.of([]).prefix(4) == [0xe3, 0xb0, 0xc4, 0x42])
  }
}
