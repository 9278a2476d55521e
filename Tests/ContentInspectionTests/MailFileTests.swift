import Bytes
import ContentInspection
import Filtering
import TestSupport
import Testing

/// Mails that are attached as files.
@Suite struct MailFileTests {
  let inspector = MagicArchiveInspector()

  private func mail(_ name: String, _ content: [UInt8]) -> [UInt8] {
    Array(
      """
      From: a@example.net\r
      MIME-Version: 1.0\r
      Content-Type: application/octet-stream; name="\(name)"\r
      Content-Transfer-Encoding: base64\r
      \r
      \(Base64.text(content))\r

      """.utf8)
  }

  @Test(arguments: ["a.eml", "Forwarded.EML", "page.mht"]) func attachedToAMail(_ name: String) async {
    let found = await inspector.inspect(mail("a.exe", Making.exe), name)
    #expect(found.isArchive && !found.isExecutable && found.faults.isEmpty, "\(found)")
    #expect(found.paths == ["a.exe"])
    #expect(found.entries.first?.isExecutable == true && found.entries.first?.size == 512)
  }

  /// Nothing opens it as a mail; and one that brings nothing is a text.
  @Test func noneOfThese() async {
    #expect(await !inspector.inspect(mail("a.exe", Making.exe), "a.txt").isArchive)
    #expect(await !inspector.inspect(Array("From: a@example.net\r\n\r\nhello\r\n".utf8), "a.eml").isArchive)
    #expect(await !inspector.inspect([], "a.eml").isArchive)
    #expect(await inspector.inspect(Making.exe, "a.eml").isExecutable)
  }

  @Test func mailsInMails() async {
    let inner = mail("b.eml", mail("a.exe/", Making.exe))
    #expect(await inspector.inspect(inner, "c.eml").paths == ["b.eml", "b.eml/a.exe"])
    var deep = mail("a.exe", Making.exe)
    for _ in 0..<8 { deep = mail("x.eml", deep) }
    let found = await inspector.inspect(deep, "x.eml")
    #expect(found.faults.contains(.tooDeep) && found.entries.count == 5, "\(found)")
  }

  /// What is attached to a message within it is found once.
  @Test func messageWithin() async {
    let outer =
      Array("From: a@example.net\r\nContent-Type: message/rfc822; name=b.eml\r\n\r\n".utf8)
      + mail("a.exe", Making.exe)
    #expect(await inspector.inspect(outer, "c.eml").paths == ["b.eml", "a.exe"])
  }

  @Test func allNames() async {
    let twice = Array(
      "Content-Type: text/x; name=a.txt\r\nContent-Disposition: attachment; filename=b.js\r\n\r\nx\r\n".utf8)
    #expect(await inspector.inspect(twice, "a.eml").paths == ["b.js", "a.txt"])
  }

  @Test func cut() async {
    let whole = mail("a.exe", Making.exe)
    for end in stride(from: 0, to: whole.count, by: 7) {
      let found = await inspector.inspect(Array(whole[..<end]), "a.eml", isWhole: false)
      #expect(!found.isArchive || found.faults.contains(.unread))
    }
  }

  #if Archives
    @Test(needs(.python3)) func mailInAnArchive() async throws {
      let made = try Making.python(
        """
        import base64
        mail = b'Content-Type: application/octet-stream; name=a.exe\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n'
        mail += base64.encodebytes(exe * 20)
        out = z(('a.eml', mail), ('b.eml', b'MIME-Version: 1.0\\r\\n' + mail))
        """)
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.paths == ["a.eml", "a.eml/a.exe", "b.eml", "b.eml/a.exe"], "\(found)")
      #expect(found.entries.map(\.isExecutable) == [false, true, false, true])
    }

    @Test(needs(.python3)) func archiveInAMail() async throws {
      let archive = try Making.python("out = z(('a.exe', exe))")
      #expect(await inspector.inspect(mail("a.zip", archive), "a.eml").paths == ["a.zip", "a.zip/a.exe"])
    }
  #endif
}
