import Bytes
import MailSyntax
import Testing

@Suite struct TNEFTests {
  private func number(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private func attribute(_ level: UInt8, _ id: Int, _ value: [UInt8]) -> [UInt8] {
    let sum = value.reduce(0) { $0 + Int($1) }
    return [level] + number(id, 4) + number(value.count, 4) + value + number(sum, 2)
  }

  private func padded(_ octets: [UInt8]) -> [UInt8] {
    octets + [UInt8](repeating: 0, count: (4 - octets.count % 4) % 4)
  }

  private func text(_ id: Int, _ octets: [UInt8], isWide: Bool) -> [UInt8] {
    number(isWide ? 0x1f : 0x1e, 2) + number(id, 2) + number(1, 4) + number(octets.count, 4) + padded(octets)
  }

  private func wide(_ text: String) -> [UInt8] { (text.utf16 + [0]).flatMap { number(Int($0), 2) } }

  /// Two attachments: one with a short name only, one with a long name among other properties.
  private var sample: [UInt8] {
    let guid = [UInt8](repeating: 7, count: 16)
    let properties =
      number(5, 4)
      + number(0x0003, 2) + number(0x3705, 2) + number(1, 4)
      + number(0x0003, 2) + number(0x8001, 2) + guid + number(1, 4) + number(4, 4) + padded([1, 0, 2, 0])
      + number(9, 4)
      + number(0x1002, 2) + number(0x6000, 2) + number(3, 4) + number(0, 12)
      + text(0x3704, Array("LONGNA~1.EXE\0".utf8), isWide: false)
      + text(0x3707, wide("长名字.exe"), isWide: true)
    return number(0x223e_9f78, 4) + number(1, 2)
      + attribute(1, 0x0006_9007, number(936, 4) + number(0, 4))
      + attribute(1, 0x0002_800c, Array("body".utf8))
      + attribute(2, 0x0006_9002, [UInt8](repeating: 0, count: 14))
      + attribute(2, 0x0001_8010, [0xc4, 0xe3, 0x2e, 0x7a, 0x69, 0x70, 0])
      + attribute(2, 0x0006_800f, Array("PK".utf8))
      + attribute(2, 0x0006_9002, [UInt8](repeating: 0, count: 14))
      + attribute(2, 0x0001_8010, Array("LONGNA~1.EXE\0".utf8))
      + attribute(2, 0x0006_800f, Array("MZ-".utf8))
      + attribute(2, 0x0006_9005, properties)
  }

  @Test func theNamesOfItsAttachments() {
    let files = TNEF.attachments(sample)
    #expect(files.count == 2)
    #expect(files.first?.name == [0xc4, 0xe3, 0x2e, 0x7a, 0x69, 0x70])
    #expect(files.first?.charset == "windows-936" && files.first?.octets == Array("PK".utf8))
    #expect(files.last?.name == Array(wide("长名字.exe").dropLast(2)) && files.last?.charset == "UTF-16LE")
    #expect(files.last?.octets == Array("MZ-".utf8))
    #expect(TNEF.attachments(sample, files: 1).count == 1)
  }

  @Test func insideAMessage() {
    for head in [
      "application/ms-tnef", "application/octet-stream; name=WINMAIL.dat", "text/plain; name=winmail.dat",
    ] {
      let message =
        "Content-Type: \(head)\r\nContent-Transfer-Encoding: base64\r\n\r\n\(Base64.text(sample))\r\n"
      let tree = MIMETree.parse(Array(message.utf8))
      #expect(tree.embeddedFiles(in: tree.parts[0]) == TNEF.attachments(sample))
    }
  }

  @Test func brokenOnesEndWhereTheyBreak() {
    for count in 0..<sample.count {
      let files = TNEF.attachments(Array(sample.prefix(count)))
      #expect(files.count <= 2 && files.allSatisfy { $0.octets.count <= 3 })
    }
    for place in 0..<sample.count {
      for value in [0, 0x7f, 0xff] as [UInt8] {
        var broken = sample
        broken[place] = value
        #expect(TNEF.attachments(broken).count <= 20)
      }
    }
    #expect(TNEF.attachments([]) == [] && TNEF.attachments(Array("PK\u{3}\u{4}".utf8)) == [])
  }
}
