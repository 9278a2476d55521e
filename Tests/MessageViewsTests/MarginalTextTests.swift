import MailSyntax
import Testing

@testable import MessageViews

/// Text in places that one mail client shows and another does not.
@Suite struct MarginalTextTests {
  private func views(_ message: String, limits: ViewLimits = ViewLimits()) -> MessageViews {
    MessageViews(Array(message.replacing("\n", with: "\r\n").utf8), limits: limits)
  }

  private func hosts(_ views: MessageViews) -> [String] {
    views.links.map { "\($0.place) \($0.target.host)" }
  }

  @Test func linesAmongTheFieldsAreText() {
    let views = views(
      """
      From: a@a.test
      Subject: s
      Buy now at http://stray.test/ 代开发票
      =?utf-8?b?5Y+R56Wo?= here
      X-Field: see http://field.test/
      To: b@b.test

      the text
      """)
    #expect(views.strayText == "Buy now at http://stray.test/ 代开发票\n发票 here")
    #expect(views.text == "s\nBuy now at http://stray.test/ 代开发票\n发票 here\nthe text")
    #expect(views.folded.contains("buy now at http://stray.test/代开发票"))
    // To whom the body begins there the fields behind are text too.
    #expect(hosts(views) == ["text stray.test", "other field.test"])
    #expect(views.texts.map(\.visible) == ["the text"])
  }

  @Test func linesAmongThePartsFieldsToo() {
    let views = views(
      """
      Subject: s
      Content-Type: multipart/mixed; boundary=b

      --b
      Content-Type: text/plain
      call www.stray.test
      Content-Disposition: inline

      x
      --b--
      """)
    #expect(views.text == "s\ncall www.stray.test\nx")
    #expect(hosts(views) == ["text www.stray.test"])
  }

  /// What mailboxes put in front of a message is no text, wherever it comes to stand.
  @Test func separatorsOfMailboxesAreNoText() {
    let views = views("Subject: s\nFrom a@b.test Mon Jan  1 00:00:00 2024\n>From c\nTo: x\n\nbody")
    #expect(views.strayText.isEmpty && views.text == "s\nbody")
    // Without any field it is no header at all, and all of it is text.
    #expect(self.views("no field\nhere\n").text == "\nno field\nhere\n")
  }

  @Test(arguments: [
    (
      "Content-Type: multipart/mixed; boundary=b\n\nonly this http://body.test/\n",
      "only this http://body.test/\n"
    ),
    (
      "Content-Type: multipart/mixed; boundary=b\n\nonly this http://body.test/\n--b--\nafter",
      "only this http://body.test/"
    ),
    (
      "Content-Type: multipart/alternative; boundary=b\nContent-Transfer-Encoding: quoted-printable\n\nonly=20this http:=\n//body.test/",
      "only this http://body.test/"
    ),
    (
      "Content-Type: multipart/mixed; boundary=b; charset=gb2312\nContent-Transfer-Encoding: base64\n\nxOO6wyBodHRwOi8vYm9keS50ZXN0Lw==\n",
      "你好 http://body.test/"
    ),
    ("Content-Type: multipart/mixed\n\nonly this http://body.test/", "only this http://body.test/"),
  ])
  func aMultipartWithoutAPartIsText(_ message: String, _ text: String) {
    let views = views(message)
    #expect(views.texts.map(\.visible) == [text] && views.text == "\n" + text)
    #expect(hosts(views) == ["text body.test"])
    #expect(views.attachments.isEmpty)
  }

  /// Nobody shows what stands around the parts; but who reads no MIME does, and links are followed by him.
  @Test func linksAroundThePartsAreFound() {
    let message = """
      Subject: s
      Content-Type: multipart/mixed; boundary=b

      before: http://preamble.test/
      --b
      Content-Type: multipart/alternative; boundary=c

      http://inner.test/
      --c

      shown
      --c--
      http://inner-end.test/
      --b--
      after: http://epilogue.test/
      """
    #expect(views(message).text == "s\nshown")
    #expect(
      hosts(views(message)) == [
        "other preamble.test", "other epilogue.test", "other inner.test", "other inner-end.test",
      ])
    // Where it was encoded as a whole they stand in what it holds.
    let encoded = """
      Content-Type: multipart/mixed; boundary=b
      Content-Transfer-Encoding: base64

      aHR0cDovL3ByZWFtYmxlLnRlc3QvDQotLWINCg0Kc2hvd24NCi0tYi0tDQpodHRwOi8vZXBpbG9n
      dWUudGVzdC8NCg==
      """
    #expect(views(encoded).text == "\nshown")
    #expect(hosts(views(encoded)) == ["other preamble.test", "other epilogue.test"])
  }

  @Test func itIsBounded() {
    var limits = ViewLimits()
    limits.headerText = 10
    limits.text = 40
    let stray = String(repeating: "stray line\n", count: 90)
    #expect(views("Subject: s\n\(stray)\nx", limits: limits).strayText.utf8.count <= 10)
    let epilogue = (0..<50).map { "http://h\($0).test/\n" }.joined()
    let message = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n\(epilogue)"
    #expect(views(message, limits: limits).links.count <= 3)
    #expect(views(message).links.count == 50)
  }
}
