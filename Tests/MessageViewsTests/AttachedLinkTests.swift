import Bytes
import MailSyntax
import MessageViews
import Testing

/// Links in what is attached: one click more than those of the message.
@Suite struct AttachedLinkTests {
  private func views(_ head: String, _ octets: [UInt8]) -> MessageViews {
    let message = "\(head)\nContent-Transfer-Encoding: base64\n\n\(Base64.text(octets))\n"
    return MessageViews(Array(message.replacing("\n", with: "\r\n").utf8))
  }

  private func links(_ head: String, _ text: String) -> [String] {
    views(head, Array(text.utf8)).links.map { "\($0.place) \($0.target.host) \($0.label)" }
  }

  private static let page = "<p><a href=\"http&#58;//phish.test/x\">Log in</a></p>"

  @Test(arguments: [
    "application/octet-stream; name=a.html", "application/octet-stream; name=\"a.HTM .\"",
    "application/octet-stream; name=\"=?utf-8?b?YS5zaHRtbA==?=\"", "application/x; name=a.xht",
    "application/xhtml+xml", "image/svg+xml", "text/plain; name=a.html",
    "text/plain\nContent-Disposition: attachment; filename=a.htm", "text/xml; name=x.svg",
  ]) func whatIsHTMLByItsTypeOrName(_ type: String) {
    let views = views("Content-Type: \(type)", Array(Self.page.utf8))
    #expect(views.links.contains { $0.target.host == "phish.test" && $0.label == "Log in" }, "\(views.links)")
  }

  @Test(arguments: [
    "<html>", "<!DOCTYPE html>", "\u{feff}<HTML>", "\r\n <!-- x -->\n<!doctype html>",
    "<?xml version='1.0'?><svg>",
    "<script></script>",
  ]) func whatBeginsAsHTML(_ start: String) {
    #expect(
      links("Content-Type: application/octet-stream; name=a.bin", start + Self.page) == [
        "anchor phish.test Log in"
      ])
    #expect(links("Content-Type: application/pdf", start + Self.page) == ["anchor phish.test Log in"])
  }

  @Test func htmlInOtherCharsets() {
    let wide = "<html>\(Self.page)".utf16.flatMap { unit -> [UInt8] in [UInt8(unit), 0] }
    let found = views("Content-Type: application/octet-stream", [0xff, 0xfe] + wide)
    #expect(found.links.map(\.target.host) == ["phish.test"])
  }

  /// What is attached is not what the message says.
  @Test func itIsNotInTheText() {
    let views = views(
      "Subject: s\nContent-Type: application/octet-stream; name=a.html", Array(Self.page.utf8))
    #expect(views.text == "s\n" || views.text == "s")
    #expect(views.texts.isEmpty && views.attachments.map(\.name) == ["a.html"])
  }

  @Test func plainTexts() {
    let text = "see http://far.test/x"
    for type in [
      "application/octet-stream; name=a.txt", "application/rtf", "text/csv; name=a.csv",
      "message/partial; id=1",
    ] {
      #expect(links("Content-Type: \(type)", text) == ["text far.test "], "\(type)")
    }
    for type in ["application/octet-stream; name=a.bin", "image/png", "message/delivery-status"] {
      #expect(links("Content-Type: \(type)", text) == [], "\(type)")
    }
    #expect(
      links("Content-Type: message/external-body; access-type=URL;\n URL=\"http://far.\n test/x\"", "x")
        == ["other far.test "])
  }

  /// Bound: no more of attached texts is read than of the message's own.
  @Test func itIsBounded() {
    var limits = ViewLimits()
    limits.text = 8
    let message = "Content-Type: application/octet-stream; name=a.txt\r\n\r\nxxxxxxx http://far.test/\r\n"
    let views = MessageViews(Array(message.utf8), limits: limits)
    #expect(views.links.isEmpty && views.omitted == .links)
  }
}
