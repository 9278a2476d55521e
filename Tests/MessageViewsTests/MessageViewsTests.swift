import Bytes
import MailSyntax
import Testing

@testable import MessageViews

@Suite struct MessageViewsTests {
  private func views(_ message: String, limits: ViewLimits = ViewLimits()) -> MessageViews {
    MessageViews(Array(message.replacing("\n", with: "\r\n").utf8), limits: limits)
  }

  private static let alternative = """
    From: =?utf-8?b?5ZWG5Z+O?= <a@shop.example>
    Subject: =?GB2312?B?xPq1xLap?=
     =?GB2312?B?taXS0bei?= now
    subject: second
    Content-Type: multipart/mixed; boundary=m

    --m
    Content-Type: multipart/alternative; boundary=a

    --a
    Content-Type: text/plain; charset=utf-8; format=flowed
    Content-Transfer-Encoding: quoted-printable

    One line that =
    flows=20
    on. http://plain.test/x?to=3Dhttp%3A%2F%2Fnested.test%2F
    --a
    Content-Type: text/html

    <meta charset=gbk><p>Two <a href="http://anchor.test/">http://claim.test/</a></p>
    <div style="display:none">www.hidden.test <b>ask@mail.test</b></div><a href="mailto:Me@Mail.test">m</a>
    --a--
    --m
    Content-Type: application/zip; name="=?utf-8?q?=E4=BD=A0.zip?="
    Content-Disposition: attachment; filename*=utf-8''%E5%A5%BD.exe
    Content-Transfer-Encoding: base64

    AAECAwQ=
    --m
    Content-Type: text/html; name=page.html
    Content-Disposition: attachment

    <a href="http://attached.test/">x</a> not shown
    --m--
    """

  @Test func whatAMessageSays() {
    let views = views(Self.alternative)
    #expect(views.header.map(\.name) == ["From", "Subject", "subject", "Content-Type"])
    #expect(views.header("SUBJECT").map(\.text) == ["您的订单已发 now", "second"])
    #expect(views.header("from").first?.text == "商城 <a@shop.example>")
    #expect(views.texts.map(\.isHTML) == [false, true])
    #expect(views.texts.map(\.declared) == ["utf-8", nil])
    #expect(
      views.text == """
        您的订单已发 now
        One line that flows on. http://plain.test/x?to=http%3A%2F%2Fnested.test%2F
        Two http://claim.test/

        m
        """)
    #expect(views.folded.contains("您的订单已发 now"))
    #expect(views.texts.last?.html?.hidden.map(\.text) == ["www.hidden.test ask@mail.test"])
  }

  @Test func whereItsLinksLead() {
    let links = views(Self.alternative).links.map { "\($0.place) \($0.target.host) \($0.part) \($0.label)" }
    #expect(
      links == [
        "text plain.test 2 ", "text nested.test 2 ", "anchor anchor.test 3 http://claim.test/",
        "other www.hidden.test 3 ", "anchor attached.test 5 x",
      ])
    #expect(views(Self.alternative).addresses == ["me@mail.test", "ask@mail.test"])
  }

  @Test func whatIsAttached() {
    let views = views(Self.alternative)
    #expect(
      views.attachments == [
        AttachmentView(
          part: 4, name: "好.exe", otherNames: ["你.zip"], type: "application/zip", size: 5, isInline: false),
        AttachmentView(part: 5, name: "page.html", type: "text/html", size: 47, isInline: false),
      ])
    #expect(views.content(of: views.attachments[0].part) == [0, 1, 2, 3, 4])
    #expect(views.content(of: 4, most: 2) == [0, 1])
    #expect(views.content(of: 99).isEmpty)
  }

  @Test func namesOfFilesAsTheyCome() {
    func name(_ disposition: String) -> [String] {
      views("Content-Type: application/octet-stream\nContent-Disposition: attachment; \(disposition)\n\nx\n")
        .attachments.map(\.name)
    }
    #expect(name("filename=\"a b.exe\"") == ["a b.exe"])
    #expect(name("filename=\"=?GB2312?B?xOPLwy5leGU=?=\"") == ["你嗣.exe"])
    #expect(name("filename*0*=gbk''%C4%E3; filename*1*=%BA%C3; filename*2=.exe") == ["你好.exe"])
    #expect(name("filename=\"你好.exe\"") == ["你好.exe"])
    #expect(name("filename=\"a\u{202e}gpj.exe\"") == ["a\u{202e}gpj.exe"])
    #expect(name("") == [""])
  }

  @Test func filesInTexts() {
    let views = views("Subject: x\n\nsee:\nbegin 644 a.exe\n#0V%T\n`\nend\nbye\n")
    #expect(views.attachments.map(\.name) == ["a.exe"])
    #expect(views.attachments.first.map { views.embeddedContents(of: $0.part) } == [Array("Cat".utf8)])
    #expect(views.texts.count == 1)
  }

  /// What is not asked for is not computed, and what was is not computed again.
  @Test func eachViewIsComputedOnceAndWhenAskedFor() {
    func known(_ views: MessageViews) -> [String] {
      [
        ("octets", views.plainView.isKnown), ("tree", views.treeView.isKnown),
        ("stray", views.strayView.isKnown),
        ("header", views.headerView.isKnown),
        ("texts", views.readingsView.isKnown), ("text", views.textView.isKnown),
        ("folded", views.foldedView.isKnown), ("links", views.linksView.isKnown),
        ("attachments", views.attachmentsView.isKnown),
      ].filter(\.1).map(\.0)
    }
    func asked(_ ask: (MessageViews) -> Void) -> [String] {
      let views = MessageViews(stuffed: Array("Subject: x\r\n\r\n..y\r\n".utf8))
      #expect(known(views).isEmpty)
      ask(views)
      return known(views)
    }
    #expect(asked { _ = $0.octets } == ["octets"])
    #expect(asked { _ = $0.tree } == ["octets", "tree"])
    #expect(asked { _ = $0.header("Subject") } == ["octets", "tree", "header"])
    #expect(asked { _ = $0.texts } == ["octets", "tree", "texts"])
    #expect(asked { _ = $0.text } == ["octets", "tree", "stray", "header", "texts", "text"])
    #expect(asked { _ = $0.folded } == ["octets", "tree", "stray", "header", "texts", "text", "folded"])
    #expect(asked { _ = $0.links } == ["octets", "tree", "stray", "header", "texts", "links"])
    #expect(asked { _ = $0.strayText } == ["octets", "tree", "stray"])
    #expect(asked { $0.prepare() }.count == 9)

    let view = LazyView<Int>()
    var computed = 0
    for _ in 0..<3 {
      _ = view.value {
        computed += 1
        return computed
      }
    }
    #expect(computed == 1)
  }

  @Test func manyMayAskAtOnce() async {
    let views = views(Self.alternative)
    let texts = await withTaskGroup(of: String.self) { group in
      for index in 0..<16 {
        group.addTask { index.isMultiple(of: 2) ? views.text : views.texts.isEmpty ? "" : views.text }
      }
      return await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(texts.count == 1)
  }

  @Test func stuffedLinesAreTheirOwn() {
    func plain(_ text: String) -> String {
      String(decoding: MessageViews(stuffed: Array(text.utf8)).octets, as: UTF8.self)
    }
    #expect(plain("a\r\n..b\r\n.c\r\n...\r\nd.\r\n") == "a\r\n.b\r\nc\r\n..\r\nd.\r\n")
    #expect(plain("..a\r\n.") == ".a\r\n")
    #expect(plain("") == "")
    #expect(plain("a\n..b") == "a\n.b")
    #expect(String(decoding: MessageViews(Array("..a".utf8)).octets, as: UTF8.self) == "..a")
  }

  @Test func textIsBounded() {
    var limits = ViewLimits()
    limits.text = 10
    limits.links = 2
    limits.addresses = 1
    #expect(views("Subject: s\n\n0123456789abc\n", limits: limits).text == "s\n0123456789")
    let many = (0..<100).map { "http://h\($0).test a\($0)@b.test" }.joined(separator: " ")
    limits.text = 1 << 20
    let bounded = views("Subject: s\n\n\(many)\n", limits: limits)
    #expect(bounded.links.count == 2)
    #expect(bounded.addresses == ["a0@b.test"])
  }

  @Test func encodingsAreUndone() {
    func text(_ message: String) -> String { views(message).texts.map(\.visible).joined(separator: "|") }
    #expect(text("Content-Transfer-Encoding: Quoted-Printable\n\na=3Db=\nc =\nd=ZZ=4\n") == "a=bc d=ZZ=4\n")
    #expect(text("Content-Transfer-Encoding: BASE64\n\naGVs\nbG8=\nIQ==\n") == "hello!")
    #expect(
      text("Content-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: base64\n\nxOO6ww==\n")
        == "你好")
    #expect(text("Content-Type: image/png\n\nx\n") == "")
    #expect(
      text("Content-Type: text/html; charset=big5\nContent-Transfer-Encoding: base64\n\nPHA+p0GmbjwvcD4=\n")
        == "你好")
  }

  /// What is left out is said, each kind by itself; of a whole message nothing is.
  @Test func whatIsLeftOut() {
    func omitted(_ text: String, isWhole: Bool = true, _ configure: (inout ViewLimits) -> Void = { _ in })
      -> Omissions
    {
      var limits = ViewLimits()
      configure(&limits)
      return MessageViews(Array(text.utf8), isWhole: isWhole, limits: limits).omitted
    }
    #expect(omitted(Self.alternative) == [])
    #expect(omitted(Self.alternative, isWhole: false) == .octets)
    #expect(omitted(Self.alternative) { $0.mime.parts = 3 } == .parts)
    #expect(omitted(Self.alternative) { $0.links = 4 } == .links)
    #expect(omitted(Self.alternative) { $0.addresses = 1 } == .links)
    #expect(omitted("Subject: x\n\n12345") { $0.text = 5 } == [])
    #expect(omitted("Subject: x\n\n123456") { $0.text = 5 } == .text)
    // An attached text that nobody searched any more; its links would be among them.
    let attached = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a\n\n123456"
    #expect(omitted(attached) { $0.text = 5 } == .links)
    #expect(Omissions([.octets, .links]).description == "octets+links")
  }

  /// One address a thousand times hides no other.
  @Test func addressesAreCountedOnce() {
    let text = String(repeating: "a@one.test ", count: 1000) + "b@two.test"
    #expect(views("Subject: x\n\n\(text)\n").addresses == ["a@one.test", "b@two.test"])
  }

  /// Of a message that was cut some parts are whole all the same.
  @Test func partsOfACutMessage() throws {
    let inner = "Content-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i\n\ntwo\n"
    let encoded = Base64.encoded(Array(inner.utf8))
    let text = """
      Content-Type: multipart/mixed; boundary=o

      --o

      first
      --o
      Content-Type: message/rfc822
      Content-Transfer-Encoding: base64

      \(String(decoding: encoded, as: UTF8.self))
      --o

      last
      """
    let cut = MessageViews(Array(text.utf8), isWhole: false)
    func part(_ views: MessageViews, _ said: String) -> Int {
      let leaves = views.tree.parts.filter { !$0.isMultipart && !$0.isMessage }
      return leaves.first { views.tree.body(of: $0).elementsEqual(said.utf8) }?.index ?? -1
    }
    #expect(cut.isWhole(part(cut, "first")))
    #expect(cut.isWhole(part(cut, "one")))
    // It ends with what it was decoded from, and that was whole.
    #expect(cut.isWhole(part(cut, "two\n")))
    #expect(part(cut, "last") > 0)
    #expect(!cut.isWhole(part(cut, "last")))
    #expect(!cut.isWhole(0))
    #expect(!cut.isWhole(99))
    #expect(views(text).isWhole(0))
    // Cut within the message that was encoded: what ends with it is not whole, what stands before is.
    let all = Array(text.utf8)
    let place = encoded.count - 4
    let start = all.indices.first { all[$0...].starts(with: encoded) } ?? 0
    let shorter = MessageViews(Array(all[..<(start + place)]), isWhole: false)
    #expect(shorter.isWhole(part(shorter, "one")))
    let last = shorter.tree.parts.last { $0.source == 1 }?.index ?? -1
    #expect(last > part(shorter, "one"))
    #expect(!shorter.isWhole(last))
  }

  /// Each beginning of a message is a message.
  @Test func everyBeginning() {
    let octets = Array(Self.alternative.replacing("\n", with: "\r\n").utf8)
    for end in stride(from: 0, through: octets.count, by: 7) {
      let views = MessageViews(Array(octets[..<end]), isWhole: false)
      views.prepare()
      #expect(views.links.count <= 5)
    }
  }
}
