import Bytes
import MailSyntax
import Testing

/// Each kind of fault, found where it is and not found beside it.
@Suite struct MIMEFaultTests {
  private static let body = "Content-Type: multipart/mixed; boundary=a\n\n--a\n"

  private static func long(_ count: Int) -> String { String(repeating: "x", count: count) }

  /// Of each kind a message that has it, and one close to it that does not. Line feeds stand for CRLF, ␊ for a line feed
  /// alone, ␍ for a carriage return alone.
  private static let cases: [(kind: MIMEFault.Kind, with: String, without: String)] = [
    (.duplicateField, "From: a\nfrom: b\n\n", "X-From: a\nX-From: b\n\n"),
    (.duplicateField, "Content-ID: <a>\nContent-ID: <a>\n\n", "Received: a\nReceived: a\n\n"),
    (
      .conflictingType, "Content-Type: text/plain\nContent-Type: text/html\n\n",
      "Content-Type: text/plain\nContent-Type: TEXT/plain\n\n"
    ),
    (
      .conflictingType, "Content-Type: text/plain; charset=a; charset=b\n\n",
      "Content-Type: text/plain; charset=a; x=b\n\n"
    ),
    (
      .conflictingEncoding, "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\n",
      "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: BASE64\n\n"
    ),
    (
      .encodedMultipart, "Content-Transfer-Encoding: base64\nContent-Type: message/rfc822\n\nQQ==",
      "Content-Transfer-Encoding: base64\nContent-Type: message/partial\n\nQQ=="
    ),
    (
      .unknownEncoding, "Content-Transfer-Encoding: base-64\n\n",
      "Content-Transfer-Encoding: (a) Base64 (b)\n\n"
    ),
    (.malformedType, "Content-Type: text\n\n", "Content-Type: text/x-y\n\n"),
    (.malformedType, "Content-Type: /html\n\n", "Content-Type: (x) text / html\n\n"),
    (.malformedParameter, "Content-Type: a/b; name=\"x\n\n", "Content-Type: a/b; name=\"x\"\n\n"),
    (.malformedParameter, "Content-Type: a/b charset=utf-8\n\n", "Content-Type: a/b;; charset=utf-8;\n\n"),
    (
      .malformedParameter, "Content-Disposition: x; filename*0=a; filename*2=b\n\n",
      "Content-Disposition: x; filename*1=b; filename*0=a\n\n"
    ),
    (.missingBoundary, "Content-Type: multipart/mixed\n\nx", "Content-Type: text/plain\n\nx"),
    (.missingBoundary, "Content-Type: multipart/mixed; boundary=a\n\n--b\n\nx", body + "\nx\n--a--\n"),
    (.unclosedMultipart, body + "\nx", body + "\nx\n--a--"),
    (
      .nestedBoundary, body + "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\n--ab--\n--a--\n",
      body + "Content-Type: multipart/mixed; boundary=ba\n\n--ba\n\n--ba--\n--a--\n"
    ),
    (.boundaryAfterEnd, body + "\nx\n--a--\n\n--a\n\nmore\n", body + "\nx\n--a--\n\n--b\n\nmore\n"),
    (
      .conflictingName, "Content-Type: a/b; name=x.exe\nContent-Disposition: x; filename=x.txt\n\n",
      "Content-Type: a/b; name=x.txt\nContent-Disposition: x; filename=x.txt\n\n"
    ),
    (
      .conflictingName, "Content-Disposition: x; filename=x.txt; filename*=utf-8''x.exe\n\n",
      "Content-Disposition: x; filename=x.txt; filename*=utf-8''x.txt\n\n"
    ),
    (
      .longName, "Content-Disposition: x; filename=\(long(256))\n\n",
      "Content-Disposition: x; filename=\(long(255))\n\n"
    ),
    (.nul, "A: b\n\nx\0y", "A: b\n\nxy"),
    (.nul, "A: b\0\n\nx", "A: b\nContent-Transfer-Encoding: binary\n\nx\0y"),
    (.bareCarriageReturn, "A: b\n\nx␍y\n", "A: b\n\nx\ny\n"),
    (.bareCarriageReturn, "A: b␍c\n\nx", "A: b\nContent-Transfer-Encoding: binary\n\nx␍y"),
    (.bareLineFeed, "A: b\n\nx\ny␊z", "A: b␊␊x␊y␊"),
    (.eightBitHeader, "Subject: für\n\n", "Subject: fur\n\nfür"),
    (.malformedHeaderLine, "A: b\nthe colon is missing\n\n", "A: b\n the colon is missing\n\n"),
    (.missingHeaderEnd, "A: b\n", "A: b\n\n"),
    (.missingHeaderEnd, body + "A: b\n--a--\n", body + "A: b\n\n--a--\n"),
    (.spaceBeforeColon, "A : b\n\n", "A: :b\n\n"),
    (.longLine, "A: b\n\n\(long(999))\n", "A: b\n\n\(long(998))\n"),
    (.longLine, "A: \(long(996))\n\n", "A: \(long(995))\n\n"),
  ]

  private func octets(_ text: String) -> [UInt8] {
    Array(text.replacing("\n", with: "\r\n").replacing("␊", with: "\n").replacing("␍", with: "\r").utf8)
  }

  @Test func eachIsFoundWhereItIs() {
    for one in Self.cases {
      let found = MIMETree.parse(octets(one.with)).faults.map(\.kind)
      #expect(found.contains(one.kind), "\(one.kind): \(one.with.debugDescription.prefix(90)): \(found)")
      let other = MIMETree.parse(octets(one.without)).faults.map(\.kind)
      #expect(!other.contains(one.kind), "\(one.kind): \(one.without.debugDescription.prefix(90)): \(other)")
    }
  }

  /// Those of bounds, and of transfer encodings, which are only read when somebody asks.
  @Test func eachIsFoundInABoundOrAnEncoding() {
    let limits = {
      var limits = MIMELimits()
      (limits.parts, limits.levels, limits.header, limits.fields) = (3, 3, 100, 5)
      return limits
    }()
    func faults(_ text: String) -> [MIMEFault.Kind] {
      MIMETree.parse(octets(text), limits: limits).faults.map(\.kind)
    }
    #expect(!faults(Self.body + "\n--a\n\n--a--\n").contains(.tooManyParts))
    #expect(faults(Self.body + "\n--a\n\n--a\n\n--a--\n").contains(.tooManyParts))
    let nested = Self.body + "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    #expect(!faults(nested + "\n--b--\n--a--\n").contains(.tooDeep))
    #expect(faults(nested + "Content-Type: multipart/mixed; boundary=c\n\n--c\n\n--c--\n").contains(.tooDeep))
    #expect(!faults("A: \(Self.long(95))\n\n").contains(.longHeader))
    #expect(faults("A: \(Self.long(96))\n\n").contains(.longHeader))
    #expect(!faults(String(repeating: "A: b\n", count: 5) + "\n").contains(.longHeader))
    #expect(faults(String(repeating: "A: b\n", count: 6) + "\n").contains(.longHeader))

    func encoding(_ name: String, _ body: String) -> [MIMEFault.Kind] {
      let tree = MIMETree.parse(octets("Content-Transfer-Encoding: \(name)\n\n\(body)"))
      return tree.decoding(of: tree.parts[0]).faults
    }
    #expect(encoding("base64", "QUJD\nRA==\n") == [] && encoding("base64", "QU!JD") == [.malformedBase64])
    #expect(encoding("base64", "QUJDR") == [.malformedBase64])
    #expect(encoding("quoted-printable", "a=3D=\nb") == [])
    #expect(encoding("quoted-printable", "a=b") == [.malformedQuotedPrintable])
    #expect(encoding("x-uuencode", "begin 644 a\n#0V%T\n`\nend\n") == [])
    #expect(encoding("x-uuencode", "begin 644 a\n#0V%T\n") == [.malformedUuencode])
  }

  @Test func everyKindIsTested() {
    let elsewhere: Set<MIMEFault.Kind> = [
      .tooManyParts, .tooDeep, .longHeader, .malformedBase64, .malformedQuotedPrintable, .malformedUuencode,
    ]
    #expect(elsewhere.union(Self.cases.map(\.kind)) == Set(MIMEFault.Kind.allCases))
  }

  @Test func evidenceIsFitForALogLine() {
    let tree = MIMETree.parse(octets("Content-Type: ␍\u{1b}[31m\(Self.long(200))\n\n"))
    #expect(tree.faults.contains { $0.kind == .malformedType })
    for fault in tree.faults {
      #expect(fault.evidence.utf8.count <= 80 && fault.evidence.utf8.allSatisfy { $0 > 0x1f && $0 < 0x7f })
    }
  }
}
