import Testing

@testable import Charsets

@Suite struct SingleByteTableTests {
  /// A process without descriptors cannot open iconv: what it makes then holds ASCII and nothing else, for that once.
  @Test func whatCouldNotBeMadeIsMadeAgain() {
    // iconv has it and no message may ask for it, so no other test does.
    let name = "IBM1130"
    let broken = SingleByteTable.named(name) { _ in nil }
    #expect(broken.scalars[0x41] == 0x41 && broken.scalars[0xa4] == 0xffff_ffff && broken.holdsASCII)
    let mended = SingleByteTable.named(name)
    #expect(mended.scalars[0xa4] == 0x75 && !mended.holdsASCII)
    // And that is kept.
    #expect(SingleByteTable.named(name) { _ in nil }.scalars == mended.scalars)
  }
}
