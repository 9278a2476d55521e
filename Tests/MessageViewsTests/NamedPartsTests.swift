import Bytes
import MailSyntax
import MessageViews
import Testing

/// What is a file besides being a text, or a holder of parts.
@Suite struct NamedPartsTests {
  private func views(_ message: String) -> MessageViews {
    MessageViews(Array(message.replacing("\n", with: "\r\n").utf8))
  }

  private func files(_ message: String) -> [String] {
    views(message).attachments.map { "\($0.name) \($0.role)" }
  }

  private func encoded(_ octets: [UInt8]) -> String {
    "Content-Transfer-Encoding: base64\n\n\(Base64.text(octets))\n"
  }

  private static let program: [UInt8] = [0x4d, 0x5a, 0x90, 0, 3, 0, 0, 0] + [UInt8](repeating: 7, count: 60)

  @Test func aTextWithANameIsAFileToo() {
    let text = "hello\n"
    #expect(files("Content-Type: text/plain; name=\"invoice.exe\"\n\n\(text)") == ["invoice.exe shownText"])
    #expect(
      files("Content-Type: text/html\nContent-Disposition: inline; filename=a.js\n\n\(text)") == [
        "a.js shownText"
      ])
    #expect(
      files("Content-Type: text/plain\nContent-Disposition: attachment; filename=a.js\n\n\(text)") == [
        "a.js file"
      ])
    #expect(files("Content-Type: text/plain\n\n\(text)") == [])
    #expect(files("Content-Type: text/html\n\n\(text)") == [])
    let views = views("Content-Type: text/plain; name=a.hta\n\nhello\n")
    #expect(views.texts.map(\.visible) == ["hello\n"])
    #expect(views.content(of: 0) == Array("hello\r\n".utf8))
  }

  /// Which of two fields counts, each client decides for itself.
  @Test func fieldsThatStandThereTwice() {
    for twice in [
      "Content-Disposition: attachment; filename=a.txt\nContent-disposition: attachment; filename=a.exe",
      "Content-Type: application/pdf; name=a.txt\nContent-Type: application/pdf; name*=utf-8''a.exe",
      "Content-Disposition: attachment; filename=a.txt\nContent-Type: text/x\nContent-Type: text/y; name=a.exe",
    ] {
      let file = views("\(twice)\n\nhello\n").attachments.first
      #expect(file?.name == "a.txt" && file?.otherNames == ["a.exe"], "\(twice)")
    }
    let late = views("Content-Type: text/plain\nContent-Type: text/plain; name=a.exe\n\nhello\n").attachments
    #expect(late.map(\.name) == ["a.exe"])
  }

  @Test func aTextThatIsNoneIsAFile() {
    #expect(files("Content-Type: text/plain\n\(encoded(Self.program))") == [" shownText"])
    #expect(
      files("Content-Type: text/plain\nContent-Disposition: attachment\n\(encoded(Self.program))") == [
        " shownText"
      ])
    for start in [
      [0x7f, 0x45, 0x4c, 0x46], [0x50, 0x4b, 3, 4], [0x1f, 0x8b, 8, 1], Array("%PDF-1.4".utf8),
    ] as [[UInt8]] {
      #expect(
        files("Content-Type: text/html\n\(encoded(start + Array("xxxxxxxx".utf8)))") == [" shownText"],
        "\(start)")
    }
    #expect(files("Content-Type: text/plain\n\(encoded(Array("a".utf8) + [0, 0, 0x62]))") == [" shownText"])
    // NUL is a part of these letters.
    let wide = "hi".utf16.flatMap { unit -> [UInt8] in [UInt8(unit), 0] }
    #expect(files("Content-Type: text/plain; charset=UTF-16LE\n\(encoded(wide))") == [])
    #expect(files("Content-Type: text/plain\n\(encoded([0xff, 0xfe] + wide))") == [])
    #expect(files("Content-Type: text/plain; charset=utf-16\n\(encoded(Self.program))") == [" shownText"])
    #expect(files("Content-Type: text/plain\n\(encoded(Array("Mz, and PK".utf8)))") == [])
  }

  @Test func whatHoldsPartsIsJudgedByItsName() {
    let parts = "--x\n\nhello\n--x--\n"
    #expect(files("Content-Type: multipart/mixed; boundary=x\n\n\(parts)") == [])
    #expect(files("Content-Type: multipart/mixed; boundary=x; name=a.exe\n\n\(parts)") == ["a.exe container"])
    // One that has none is shown as text.
    #expect(
      files(
        "Content-Type: multipart/mixed; boundary=zz\nContent-Disposition: attachment; filename=a.exe\n\(encoded(Self.program))"
      ) == ["a.exe shownText"])
    #expect(files("Content-Type: multipart/mixed; boundary=zz\n\(encoded(Self.program))") == [" shownText"])
    #expect(files("Content-Type: message/rfc822; name=a.exe\n\nSubject: x\n\ny\n") == ["a.exe file"])
    #expect(files("Content-Type: message/partial; name=a.exe\n\ny\n") == ["a.exe file"])
  }

  /// Wherever a text shows a uuencoded file, one program or another makes it an attachment.
  @Test func filesInTextsOfAnyKind() {
    let file = "see\nbegin 644 a.exe\n#0V%T\n`\nend\n"
    #expect(files("Content-Type: text/html\n\n<p>\n\(file)") == ["a.exe file"])
    #expect(files("Content-Type: multipart/mixed; boundary=zz\n\n\(file)") == ["a.exe file"])
    #expect(files("Content-Type: text/plain\n\(encoded(Array(file.utf8)))") == ["a.exe file"])
    #expect(
      files("Content-Type: text/plain\nContent-Disposition: attachment; filename=b.txt\n\n\(file)")
        == ["a.exe file", "b.txt file"])
    #expect(files("Content-Type: text/plain\n\nbegin with this\nbegin 644\n begin 644 a.exe\n#0V%T\n") == [])
  }

  @Test func aWrappingIsAFileOnlyByAnotherName() {
    let tnef: [UInt8] =
      [0x78, 0x9f, 0x3e, 0x22, 1, 0, 2, 2, 0x90, 6, 0, 0, 0, 0, 0, 0, 0, 2, 0x10, 0x80, 1, 0, 6, 0, 0, 0]
      + Array("b.exe\0".utf8) + [0, 0]
    #expect(files("Content-Type: application/ms-tnef\n\(encoded(tnef))") == ["b.exe file"])
    #expect(files("Content-Type: application/x; name=winmail.dat\n\(encoded(tnef))") == ["b.exe file"])
    #expect(
      files(
        "Content-Type: application/x; name=winmail.dat\nContent-Disposition: attachment; filename=a.exe\n\(encoded(tnef))"
      ) == ["b.exe file", "a.exe file"])
  }
}
