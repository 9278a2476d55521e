import Bytes
import MailSyntax
import Testing

@Suite struct MIMETreeTests {
  private func tree(_ text: String, _ limits: MIMELimits = MIMELimits()) -> MIMETree {
    MIMETree.parse(Array(text.replacing("\n", with: "\r\n").utf8), limits: limits)
  }

  private func text(_ tree: MIMETree, _ part: Int) -> String {
    String(decoding: tree.decoded(tree.parts[part]).octets, as: UTF8.self)
  }

  @Test func aMessageWithoutMIMEIsPlainText() {
    let tree = tree("From: a@b.example\nSubject: x\n\nHello\n")
    #expect(tree.parts.count == 1 && tree.faults.isEmpty && !tree.isCut)
    #expect(tree.parts[0].type == .plainText && tree.parts[0].encoding == .sevenBit)
    #expect(tree.parts[0].fields.map(\.name) == ["From", "Subject"])
    #expect(text(tree, 0) == "Hello\r\n")
    let subject = tree.parts[0].first("SUBJECT")
    #expect(subject.map { Array(tree.value(of: $0, in: tree.parts[0])) } == Array(" x".utf8))
  }

  @Test func partsStandInTheirOrder() {
    let tree = tree(
      """
      Content-Type: multipart/mixed; boundary=a

      before
      --a
      Content-Type: multipart/alternative; boundary="b b"

      --b b
      Content-Type: text/plain

      one
      --b b
      Content-Type: text/html; charset=utf-8
      Content-Transfer-Encoding: quoted-printable

      <p>zw=C3=B6lf=
       x</p>
      --b b--
      --a
      Content-Type: application/zip
      Content-Disposition: attachment; filename=x.zip
      Content-Transfer-Encoding: base64

      UEsD
      BA==
      --a--
      after

      """)
    #expect(
      tree.parts.map(\.type.name) == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/zip",
      ])
    #expect(tree.parts.map(\.level) == [0, 1, 2, 2, 1])
    #expect(tree.parts.map(\.parent) == [nil, 0, 1, 1, 0])
    #expect(tree.parts[0].children == [1, 4] && tree.parts[1].children == [2, 3])
    #expect(text(tree, 2) == "one" && text(tree, 3) == "<p>zwölf x</p>" && text(tree, 4) == "PK\u{3}\u{4}")
    #expect(tree.parts[4].fileNames.map(\.text) == ["x.zip"])
    #expect(tree.faults.isEmpty)
    func piece(_ range: Range<Int>) -> String { String(decoding: tree.sources[0][range], as: UTF8.self) }
    #expect(piece(tree.parts[0].preamble) == "before" && piece(tree.parts[0].epilogue) == "after\r\n")
  }

  @Test func lineFeedsAloneAreLinesToo() {
    let octets = Array("Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n\n--a\n\ntwo\n--a--\n".utf8)
    let tree = MIMETree.parse(octets)
    #expect(tree.parts.count == 3 && text(tree, 1) == "one\n" && text(tree, 2) == "two")
    // All of them are: then it is how the file is kept.
    #expect(tree.faults.isEmpty)
  }

  @Test func theLongestBoundaryThatFitsIsMeant() {
    for (outer, inner) in [("a", "a-1"), ("a", "ab"), ("a--", "a----"), ("=_x", "=_x y")] {
      let tree = tree(
        """
        Content-Type: multipart/mixed; boundary="\(outer)"

        --\(outer)
        Content-Type: multipart/mixed; boundary="\(inner)"

        --\(inner)

        one
        --\(inner)--
        --\(outer)

        two
        --\(outer)--

        """)
      #expect(tree.parts.map(\.parent) == [nil, 0, 1, 0], "\(outer) and \(inner)")
      #expect(text(tree, 2) == "one" && text(tree, 3) == "two")
      #expect(tree.faults.map(\.kind) == [.nestedBoundary])
    }
  }

  @Test func whatStandsBehindABoundaryDecidesWhetherItIsOne() {
    func count(_ line: String) -> Int {
      tree("Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n\(line)\n\ntwo\n--a--\n").parts.count
    }
    #expect(count("--a") == 3 && count("--a \t") == 3 && count("--a words") == 3)
    #expect(count("--aa") == 2 && count("--a-") == 2 && count(" --a") == 2 && count("-a") == 2)
    // The last one: what follows is nobody's.
    #expect(count("--a--") == 2 && count("--a-- words") == 2)
  }

  @Test func anOuterBoundaryEndsWhatIsInIt() {
    let tree = tree(
      """
      Content-Type: multipart/mixed; boundary=a

      --a
      Content-Type: multipart/mixed; boundary=b

      --b
      Content-Type: message/rfc822

      Subject: inner
      Content-Type: multipart/mixed; boundary=c

      --c

      deep
      --a

      two
      """)
    #expect(tree.parts.map(\.parent) == [nil, 0, 1, 2, 3, 0])
    #expect(text(tree, 4) == "deep" && text(tree, 5) == "two")
    #expect(tree.faults.map(\.kind) == [.unclosedMultipart, .unclosedMultipart, .unclosedMultipart])
    #expect(Set(tree.faults.map(\.part)) == [0, 1, 3])
  }

  @Test func aDigestHoldsMessages() {
    let tree = tree(
      """
      Content-Type: multipart/digest; boundary=a

      --a

      Subject: one

      1
      --a
      Content-Type: text/plain

      none
      --a--

      """)
    #expect(
      tree.parts.map(\.type.name) == ["multipart/digest", "message/rfc822", "text/plain", "text/plain"])
    #expect(tree.parts.map(\.parent) == [nil, 0, 1, 0])
    #expect(!tree.parts[1].type.isDeclared && tree.parts[1].isMessage)
  }

  @Test func anEncodedMessageIsLookedInto() {
    // Subject: in␍␊Content-Type: multipart/mixed; boundary=x␍␊␍␊--x␍␊␍␊hello␍␊--x--␍␊
    let inner =
      "Subject: in\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n"
    let tree = tree(
      """
      Content-Type: multipart/mixed; boundary=a

      --a
      Content-Type: message/rfc822
      Content-Transfer-Encoding: base64

      \(Base64.text(Array(inner.utf8)))
      --a

      behind
      --a--

      """)
    #expect(tree.sources.count == 2 && tree.sources[1] == Array(inner.utf8))
    #expect(tree.parts.map(\.source) == [0, 0, 1, 1, 0])
    #expect(tree.parts.map(\.parent) == [nil, 0, 1, 2, 0])
    #expect(text(tree, 3) == "hello" && text(tree, 4) == "behind")
    #expect(tree.faults == [MIMEFault(.encodedMultipart, part: 1, evidence: "base64")])
  }

  @Test func anEncodedMultipartIsLookedInto() {
    let inner = "--x\r\n\r\nhello\r\n--x--\r\n"
    let tree = tree(
      """
      Content-Type: multipart/mixed; boundary=x
      Content-Transfer-Encoding: base64

      \(Base64.text(Array(inner.utf8)))

      """)
    #expect(tree.parts.count == 2 && tree.parts[1].source == 1 && text(tree, 1) == "hello")
    #expect(tree.faults == [MIMEFault(.encodedMultipart, part: 0, evidence: "base64")])
    // Where the boundary stands as it is, nothing is encoded in truth.
    let plain = self.tree(
      "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n--x\n\nhello\n--x--\n")
    #expect(plain.parts.count == 2 && plain.sources.count == 1 && text(plain, 1) == "hello")
  }

  @Test func namesOfAFileAreToldOnceEach() {
    func names(_ type: String, _ disposition: String) -> [String] {
      tree("Content-Type: \(type)\nContent-Disposition: \(disposition)\n\n").parts[0].fileNames.map(\.text)
    }
    #expect(names("a/b; name=x.zip", "attachment; filename=x.zip") == ["x.zip"])
    #expect(names("a/b; name=y.exe", "attachment; filename=x.zip") == ["x.zip", "y.exe"])
    #expect(names("a/b; name=y.exe", "attachment") == ["y.exe"])
    #expect(names("a/b; name=\"\"", "attachment") == [])
    // The same name in two forms is one name.
    #expect(
      names("a/b; name=\"=?utf-8?B?ZsO8\r\n ci50eHQ=?=\"", "x; filename*=utf-8''f%C3%BCr.txt") == ["für.txt"])
    #expect(names("a/b; name=\"=?utf-8?Q?f=C3=BCr.exe?=\"", "x; filename*=utf-8''f%C3%BCr.txt").count == 2)
    // An attachment without the word, and a word in the wrong place.
    #expect(names("a/b", "; filename=x.zip") == ["x.zip"])
    #expect(names("a/b; filename=x.zip", "attachment") == ["x.zip"])
  }

  @Test func aHeaderIsReadAsClientsReadIt() {
    // A mailbox's line in front, a line that is none, white space before the colon, no empty line before the boundary.
    let tree = tree(
      """
      From someone Sat Nov 21 09:00:00 2026
      From: a@b.example
      what is this
      Subject : x
      Content-Type: multipart/mixed; boundary=a
      --a
      Content-Type: text/plain
      --a
      no header at all
      --a--

      """)
    #expect(tree.parts[0].fields.map(\.name) == ["From", "Subject", "Content-Type"])
    #expect(tree.parts[0].strayLines.count == 1)
    #expect(tree.parts.count == 3 && text(tree, 1) == "" && text(tree, 2) == "no header at all")
    #expect(
      tree.faults.filter { $0.part == 0 } == [
        MIMEFault(.spaceBeforeColon, part: 0, evidence: "Subject"),
        MIMEFault(.malformedHeaderLine, part: 0, evidence: "what is this"),
        MIMEFault(.missingHeaderEnd, part: 0),
      ])
  }
}
