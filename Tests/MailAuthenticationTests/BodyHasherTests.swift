import Bytes
import Cryptography
import MailAuthentication
import MailSyntax
import Testing

@Suite struct BodyHasherTests {
  private static func digests(_ body: [UInt8], pieces: Int? = nil, isBinary: Bool = false) -> BodyDigests {
    let header = """
      DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple\r
      DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed\r
      DKIM-Signature: v=1; a=rsa-sha1; c=relaxed/relaxed\r
      DKIM-Signature: v=1; a=ed25519-sha256; l=5; c=relaxed\r
      \r

      """
    let whole = Array(header.utf8) + body
    let parsed = MessageHeader(whole)
    guard var hasher = BodyHasher(header: parsed, of: whole, isBinary: isBinary) else { return BodyDigests() }
    let start = BodyHasher.bodyStart(of: parsed)
    guard let pieces else {
      hasher.update(whole.span.bytes.extracting(start..<whole.count))
      return hasher.finish()
    }
    var position = start
    while position < whole.count {
      let end = min(position + pieces, whole.count)
      hasher.update(whole.span.bytes.extracting(position..<end))
      position = end
    }
    return hasher.finish()
  }

  /// Canonical forms written down by the letter of RFC 6376 §3.4.3 and §3.4.4, one octet at a time.
  private static func simple(_ body: [UInt8]) -> [UInt8] {
    var result = body
    while ends(result, with: [13, 10]) { result.removeLast(2) }
    return result + [13, 10]
  }

  private static func ends(_ octets: [UInt8], with end: [UInt8]) -> Bool {
    octets.count >= end.count && octets[(octets.count - end.count)...].elementsEqual(end)
  }

  private static func relaxed(_ body: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var line: [UInt8] = []
    func reduced() -> [UInt8] {
      var out: [UInt8] = []
      for byte in line {
        if byte == 32 || byte == 9 {
          if out.last != 32 { out.append(32) }
        } else {
          out.append(byte)
        }
      }
      if out.last == 32 { out.removeLast() }
      return out
    }
    var index = 0
    while index < body.count {
      if body[index] == 13, index + 1 < body.count, body[index + 1] == 10 {
        result += reduced() + [13, 10]
        line = []
        index += 2
      } else {
        line.append(body[index])
        index += 1
      }
    }
    let rest = reduced()
    if !rest.isEmpty { result += rest + [13, 10] }
    while ends(result, with: [13, 10, 13, 10]) { result.removeLast(2) }
    return result == [13, 10] ? [] : result
  }

  private static func unstuffed(_ held: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for (index, byte) in held.enumerated() {
      let startsLine = index == 0 || index > 1 && held[index - 1] == 10 && held[index - 2] == 13
      if startsLine, byte == 0x2e { continue }
      result.append(byte)
    }
    return result
  }

  private static func expectRight(_ held: [UInt8], _ digests: BodyDigests, isBinary: Bool = false) {
    let body = isBinary ? held : unstuffed(held)
    let forms = [BodyCanonicalization.simple: simple(body), .relaxed: relaxed(body)]
    for (form, text) in forms {
      #expect(digests.lengths[form] == UInt64(text.count))
      #expect(digests.digests[BodyDigestKey(form)] == HashFunction.sha256.digest(text), "\(form): \(held)")
    }
    let relaxed = forms[.relaxed] ?? []
    #expect(digests.digests[BodyDigestKey(.relaxed, isSHA1: true)] == HashFunction.sha1.digest(relaxed))
    #expect(
      digests.digests[BodyDigestKey(.simple, length: 5)]
        == HashFunction.sha256.digest(Array((forms[.simple] ?? []).prefix(5))))
  }

  @Test(arguments: [
    "", "\r\n", "\r\n\r\n", " \r\n", " \t \r\n\r\n", "a", "a\r\n", "a\r\n\r\n\r\n", "a \r\n", " a\tb  c \r\n",
    "\r\n\r\na", "..a\r\n..\r\n....b\r\n", "a\r\n..", "a\rb\nc\r\n", "a\r", "\r", "a\r\r\n", "a \r b\r\n",
    " C \r\nD \t E\r\n\r\n\r\n", "a\n..b\r\n", "x\r\n \r\n\t\r\ny", "end with space ", "end with tab\t",
  ])
  func canonicalForms(body: String) {
    let held = Array(body.utf8)
    let whole = Self.digests(held)
    Self.expectRight(held, whole)
    for size in 1...5 { #expect(Self.digests(held, pieces: size) == whole, "pieces of \(size)") }
    Self.expectRight(held, Self.digests(held, isBinary: true), isBinary: true)
  }

  @Test func examplesOfTheRFC() {
    // RFC 6376 §3.4.3, §3.4.4: the digests of an empty body.
    let empty = Self.digests([])
    #expect(
      empty.digests[BodyDigestKey(.simple)].map(Base64.text) == "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
    )
    #expect(
      empty.digests[BodyDigestKey(.relaxed)].map(Base64.text)
        == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    #expect(
      empty.digests[BodyDigestKey(.relaxed, isSHA1: true)].map(Base64.text) == "2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
  }

  @Test func anyPiecesOfAnything() {
    var generator = SystemRandomNumberGenerator()
    let alphabet: [UInt8] = [0x20, 0x09, 0x0d, 0x0a, 0x0d, 0x0a, 0x2e, 0x61, 0x62]
    for _ in 0..<300 {
      let length = Int.random(in: 0...80, using: &generator)
      let held = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0x61 }
      let whole = Self.digests(held)
      Self.expectRight(held, whole)
      #expect(Self.digests(held, pieces: Int.random(in: 1...20, using: &generator)) == whole, "\(held)")
    }
  }

  @Test func largeBodies() {
    // Line ends that count only because something follows, across every buffer.
    let ends = [UInt8](repeating: 0, count: 20_000).enumerated().map { UInt8($0.offset % 2 == 0 ? 13 : 10) }
    let lines = (0..<1500).flatMap { Array("..line \($0)  with\tspace \r\n".utf8) }
    let held = lines + ends + Array("last".utf8) + ends
    let whole = Self.digests(held)
    Self.expectRight(held, whole)
    #expect(Self.digests(held, pieces: 1) == whole)
    #expect(Self.digests(held, pieces: 4099) == whole)
  }

  @Test func nothingWantedNothingComputed() {
    let plain = Array("From: a@b.example\r\nDKIM-Signature: v=1; a=rsa-md5; c=relaxed\r\n\r\nbody".utf8)
    #expect(BodyHasher(header: MessageHeader(plain), of: plain) == nil)
    #expect(BodyDigests.of(plain, header: MessageHeader(plain)) == BodyDigests())
  }

  @Test func soManyDigestsAndNoMore() {
    var text = ""
    for length in 0..<40 {
      text += "ARC-Message-Signature: i=\(length + 1); a=rsa-sha256; c=relaxed/relaxed; l=\(length)\r\n"
    }
    let message = Array((text + "\r\nbody\r\n").utf8)
    #expect(
      BodyDigests.of(message, header: MessageHeader(message)).digests.count == BodyHasher.mostDigests)
  }
}
