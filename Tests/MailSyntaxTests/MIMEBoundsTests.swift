import Bytes
import MailSyntax
import Testing

/// What hostile messages cost: linear time, and no more than the limits.
@Suite struct MIMEBoundsTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func seconds(_ work: () -> Void) -> Double {
    let time = ContinuousClock().measure(work).components
    return Double(time.seconds) + Double(time.attoseconds) / 1e18
  }

  @Test func tenThousandParts() {
    let part = "--a\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    let message = bytes(
      "Content-Type: multipart/mixed; boundary=a\r\n\r\n" + String(repeating: part, count: 10_000)
        + "--a--\r\n")
    let tree = MIMETree.parse(message)
    #expect(tree.parts.count == 1000 && tree.isCut && tree.faults.map(\.kind).contains(.tooManyParts))
    #expect(MIMEShape(tree).fault == nil)
    var limits = MIMELimits()
    limits.parts = 20_000
    #expect(MIMETree.parse(message, limits: limits).parts.count == 10_001)
  }

  private func nested(_ levels: Int, isMessage: Bool) -> [UInt8] {
    var text = ""
    for level in 0..<levels {
      text +=
        isMessage
        ? "Content-Type: message/rfc822\r\n\r\n"
        : "Content-Type: multipart/mixed; boundary=b\(level)\r\n\r\n--b\(level)\r\n"
    }
    return bytes(text + "\r\nx\r\n")
  }

  @Test func aThousandLevels() {
    for isMessage in [true, false] {
      let tree = MIMETree.parse(nested(1000, isMessage: isMessage))
      #expect(tree.parts.count == 20 && tree.isCut && tree.faults.map(\.kind).contains(.tooDeep))
      #expect(MIMEShape(tree).fault == nil)
      // Without the bound it is still read, and no stack ends.
      var limits = MIMELimits()
      (limits.levels, limits.parts) = (100_000, 100_000)
      let whole = MIMETree.parse(nested(1000, isMessage: isMessage), limits: limits)
      #expect(whole.parts.count == 1001 && MIMEShape(whole, limits: limits).fault == nil)
    }
  }

  @Test func messagesEncodedInsideEachOther() {
    var message = bytes("Subject: innermost\r\n\r\nx\r\n")
    for _ in 0..<25 {
      message =
        bytes("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        + Base64.encoded(message)
    }
    let tree = MIMETree.parse(message)
    #expect(tree.parts.count == 20 && tree.isCut && MIMEShape(tree).fault == nil)
    // Quoted-printable does not even shrink: what is decoded is bounded.
    let deep = nested(15, isMessage: true).map { $0 }
    let quoted = String(decoding: deep, as: UTF8.self).replacing(
      "rfc822\r\n", with: "rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n")
    let long = bytes(quoted + String(repeating: "y", count: 1 << 20))
    let cut = MIMETree.parse(long)
    #expect(cut.isCut && MIMEShape(cut).fault == nil)
  }

  @Test func aHeaderOfAHundredMegabytes() {
    let line = bytes("X: " + String(repeating: "y", count: 997) + "\r\n")
    var many: [UInt8] = []
    many.reserveCapacity(101 << 20)
    while many.count < 100 << 20 { many += line }
    let one =
      bytes("X: ") + [UInt8](repeating: 0x79, count: 100 << 20) + bytes("\r\nTo: a@b.example\r\n\r\nbody")
    for message in [many + bytes("\r\nbody"), one] {
      let tree = MIMETree.parse(message)
      #expect(tree.isCut && tree.faults.map(\.kind).contains(.longHeader))
      #expect(tree.parts.count == 1 && tree.body(of: tree.parts[0]).elementsEqual("body".utf8))
      #expect(tree.parts[0].fields.allSatisfy { $0.range.upperBound <= 256 << 10 })
    }
  }

  @Test func aHeaderOfManyFields() {
    let tree = MIMETree.parse(bytes(String(repeating: "A: b\r\n", count: 100_000) + "\r\nbody"))
    #expect(tree.parts[0].fields.count == 2000 && tree.isCut)
    #expect(tree.body(of: tree.parts[0]).elementsEqual("body".utf8))
    let stray = MIMETree.parse(bytes("A: b\r\n" + String(repeating: "none\r\n", count: 100_000) + "\r\nbody"))
    #expect(stray.parts[0].strayLines.count == 100)
    #expect(stray.body(of: stray.parts[0]).elementsEqual("body".utf8))
  }

  /// Comments in a value, none of which ends it: seconds for 16 KiB where each is gone over again.
  @Test func aValueOfComments() {
    let value = String(repeating: " (c)", count: 50_000) + " z"
    let tree = MIMETree.parse(bytes("Content-Type: text/plain; a=x\(value)\r\n\r\nbody"))
    #expect(tree.parts[0].type["a"]?.text.hasSuffix("z") == true)
    #expect(seconds { _ = MIMETree.parse(bytes("Content-Type: text/plain; a=x\(value)\r\n\r\nbody")) } < 10)
  }

  @Test func faultsAreBounded() {
    let part = "--a\r\nContent-Type: \u{1}; x\r\nContent-Type: y\r\nA : b\r\nü\r\n\r\nx\0\r\n"
    let message = "Content-Type: multipart/mixed; boundary=a\r\n\r\n" + String(repeating: part, count: 900)
    let tree = MIMETree.parse(bytes(message))
    #expect(tree.faults.count == 400 && MIMEShape(tree).fault == nil)
  }

  /// Twice the octets may take twice the time, not four times; with room for a busy machine.
  @Test func timeGrowsWithTheOctetsOnly() {
    let opened = (0..<19).map {
      "Content-Type: multipart/mixed; boundary=\"\(String(repeating: "-", count: 200 + $0))\""
    }
    .enumerated().map { $1 + "\r\n\r\n--" + String(repeating: "-", count: 200 + $0) + "\r\n" }.joined()
    let samples: [(String, String)] = [
      (opened, String(repeating: "-", count: 230) + "x\r\n"),
      (opened, "--\r\n"),
      ("Content-Type: multipart/mixed; boundary=a\r\n\r\n", "--a\r\nb\r\n"),
      // A boundary with line ends in it, of which each line is the beginning.
      (
        "Content-Type: multipart/mixed; boundary*=''"
          + String(repeating: "%0D%0A--", count: 8000) + "x\r\n\r\n", "--\r\n"
      ),
      ("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", "--\r\n"),
      ("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a--\r\n", "--a\r\n"),
      ("A: b\r\n\r\n", "\r\0\n"),
      ("A: b\r\n", " \r\n"),
      ("A: b\r\n", ":\r\n"),
      ("", "--\r\n"),
      ("", "begin 644 a\r\n"),
      ("Content-Type: text/plain", ";(\"\\"),
      ("Content-Disposition: a", ";x*0*=a"),
    ]
    for (head, repeated) in samples {
      func time(_ octets: Int) -> Double {
        let message = bytes(head + String(repeating: repeated, count: octets / repeated.utf8.count))
        return seconds {
          let tree = MIMETree.parse(message)
          _ = tree.embeddedFiles(in: tree.parts[tree.parts.count - 1])
        }
      }
      let (short, long) = (time(50_000), time(400_000))
      #expect(
        long < max(short, 0.05) * 8 * 4, "\(head.prefix(40)) \(repeated.debugDescription): \(short), \(long)"
      )
    }
  }

  /// Every beginning of a message is a message; the whole is read as it is whatever came before.
  @Test func everyBeginningIsRead() {
    let message = bytes(
      """
      From x Sat Nov 21 09:00:00 2026
      Subject: =?utf-8?b?w7w=?= für
      Content-Type: multipart/mixed;
       boundary="a b"

      before
      --a b
      Content-Type: message/rfc822; name*0*=utf-8''%C3; name*1*=%BC
      Content-Transfer-Encoding: base64

      \(Base64.text(bytes("Content-Type: multipart/digest; boundary=c\r\n\r\n--c\r\n\r\nA: b\r\n\r\nx\r\n--c--\r\n")))
      --a b
      broken line
      Content-Disposition: attachment; filename="x.exe

      begin 644 a.exe
      #0V%T
      `
      end
      --a b--
      behind
      """.replacing("\n", with: "\r\n"))
    for count in 0...message.count {
      let tree = MIMETree.parse(Array(message.prefix(count)))
      #expect(MIMEShape(tree).fault == nil, "\(count): \(MIMEShape(tree).fault ?? "")")
      for part in tree.parts {
        _ = tree.decoded(part)
        _ = tree.embeddedFiles(in: part)
        _ = part.fileNames
      }
    }
    // And with each octet replaced by one that means something.
    for place in message.indices {
      for octet in [0, 0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x3a, 0x3d, 0xff] as [UInt8] {
        var changed = message
        changed[place] = octet
        let tree = MIMETree.parse(changed)
        #expect(MIMEShape(tree).fault == nil, "\(place) \(octet): \(MIMEShape(tree).fault ?? "")")
      }
    }
  }
}
