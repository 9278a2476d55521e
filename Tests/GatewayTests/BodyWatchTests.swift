import Foundation
import MailAuthentication
import MailSyntax
import Testing

@testable import SMTPServer

/// Digests of bodies that do not stay in memory are those of the whole body, however it comes.
@Suite struct BodyWatchTests {
  private static let header =
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
    + "From: a@a.example\r\n\r\n"

  private static let message = Array(
    (header + (0..<3000).map { "line \($0)  with   spaces \t\r\n" }.joined() + "..stuffed\r\n\r\n\r\n").utf8)

  @Test(arguments: [1, 7, 1000, 65_536]) func inPiecesOfAnySize(_ piece: Int) throws {
    let limit = 1000
    var watch = BodyWatch(memoryLimit: limit, isBinary: false)
    var buffer: [UInt8] = []
    var position = 0
    while position < Self.message.count {
      let end = min(position + piece, Self.message.count)
      let start = buffer.count
      buffer += Self.message[position..<end]
      watch.saw(buffer, from: start)
      position = end
      // The intake puts away what is past the limit.
      if buffer.count > 5000 { buffer = [] }
    }
    let whole = BodyDigests.of(Self.message, header: MessageHeader(Self.message))
    #expect(whole.digests.count == 1)
    #expect(watch.finish() == whole)
  }

  @Test func whatStaysInMemoryIsLeftAlone() {
    var watch = BodyWatch(memoryLimit: 1 << 20, isBinary: false)
    watch.saw(Self.message, from: 0)
    #expect(watch.finish() == nil)
    let plain = Array("From: a@a.example\r\n\r\n".utf8) + [UInt8](repeating: 0x78, count: 5000)
    var unsigned = BodyWatch(memoryLimit: 1000, isBinary: false)
    unsigned.saw(plain, from: 0)
    #expect(unsigned.finish() == BodyDigests())
  }
}
