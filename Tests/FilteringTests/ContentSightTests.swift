import Bytes
import Filtering
import Testing

@testable import Checks

/// What the content checks say where they have not seen everything, and of one fault that two of them see.
@Suite struct ContentSightTests {
  private static let header = [
    "From: A. Writer <writer@outside.example>", "To: u@example.org", "Subject: Minutes",
    "Date: Fri, 20 Nov 2026 00:00:00 +0000", "Message-ID: <1.2@outside.example>", "MIME-Version: 1.0",
  ]
  private static let picture = "<a href=\"http://shop.test/\"><img src=\"http://shop.test/a.gif\"></a>"

  // MARK: - Not all was seen

  @Test func aPictureIsOneOnlyWhereAllWasSeen() async throws {
    let run = try ContentRun()
    // Past 64 KiB the bound of the content is looked at.
    let lines =
      Self.header + ["Content-Type: multipart/mixed; boundary=x", "", "--x", "Content-Type: text/html", ""]
      + [Self.picture, "<!--"] + [String](repeating: String(repeating: "y", count: 70), count: 1500) + ["-->"]
    let rest = ["--x", "Content-Type: text/plain", "", "The text that stands behind the picture.", "--x--"]
    let whole = try await run.codes(lines + rest)
    #expect(whole.contains("IMAGE_ONLY") && !whole.contains("CONTENT_UNAVAILABLE"))
    let part = try await run.codes(lines + rest, contentLimit: 80 << 10)
    #expect(part == ["CONTENT_UNAVAILABLE"])
  }

  @Test func moreHiddenThanShownIsSaidOnlyWhereAllWasSeen() async throws {
    let run = try ContentRun()
    let secret = (0..<60).map { "<p style=\"display:none\">a story of the sea, chapter \($0)</p>" }
    let filler = ["<!--"] + [String](repeating: String(repeating: "y", count: 70), count: 1500) + ["-->"]
    let lines = Self.header + ["Content-Type: text/html", ""] + secret + ["<p>Cheap pills</p>"] + filler
    #expect(try await run.codes(lines).contains("HIDDEN_TEXT"))
    let part = try await run.codes(lines, contentLimit: 80 << 10)
    #expect(part == ["CONTENT_UNAVAILABLE"])
  }

  @Test func whatIsMissingMayStandWhereNobodyLooked() async throws {
    let run = try ContentRun()
    let lines =
      Self.header
      + ["Content-Type: multipart/mixed; boundary=x", "", "--x", "Content-Type: text/plain", ""]
      + [String](repeating: String(repeating: "y", count: 70), count: 1500)
    #expect(try await run.codes(lines) == ["MIME_BROKEN"])
    #expect(try await run.codes(lines, contentLimit: 80 << 10) == ["CONTENT_UNAVAILABLE"])
  }

  @Test func whatIsCutIsSaidAndNothingElse() async throws {
    let run = try ContentRun()
    let parts = (0..<1100).flatMap { _ in ["--x", "Content-Type: text/html", "", Self.picture] }
    let lines = Self.header + ["Content-Type: multipart/mixed; boundary=x", ""] + parts + ["--x--"]
    let codes = try await run.codes(lines)
    #expect(codes.contains("MIME_EXCESSIVE") && !codes.contains("IMAGE_ONLY"), "\(codes)")
    let few = Self.header + ["Content-Type: multipart/mixed; boundary=x", ""] + parts.prefix(400) + ["--x--"]
    #expect(try await run.codes(few) == ["IMAGE_ONLY"])
  }

  /// Padding in front of what counts: the bounds of text and of links are said.
  @Test func textAndLinksBeyondTheBoundsAreSaid() async throws {
    let run = try ContentRun()
    let padding = [String](repeating: String(repeating: "word ", count: 14), count: 16_000)
    let text = Self.header + ["Content-Type: text/plain", ""] + padding + ["http://far.test/"]
    #expect(try await run.codes(text) == ["CONTENT_UNAVAILABLE"])
    let links = (0..<600).map { "http://host\($0).test/" }
    let many = Self.header + ["Content-Type: text/plain", ""] + links
    #expect(try await run.codes(many) == ["CONTENT_UNAVAILABLE"])
    #expect(try await run.codes(Self.header + ["Content-Type: text/plain", ""] + links.prefix(400)) == [])
  }

  @Test func levelsBeyondTheBoundAreSaid() async throws {
    let run = try ContentRun()
    func nested(_ levels: Int) -> [String] {
      let open = (0..<levels).flatMap {
        ["Content-Type: multipart/mixed; boundary=\"b\($0)b\"", "", "--b\($0)b"]
      }
      let close = (0..<levels).reversed().map { "--b\($0)b--" }
      return Self.header + open + ["Content-Type: text/plain", "", "The board meets on Monday."] + close
    }
    #expect(try await run.codes(nested(40)).contains("MIME_EXCESSIVE"))
    #expect(try await run.codes(nested(10)) == [])
  }

  @Test func aHeaderThatIsCutLacksNothing() async throws {
    let run = try ContentRun()
    let lines = [String](repeating: "X-Y: z", count: 2100) + ["", "x"]
    let codes = try await run.codes(lines, checks: ["header_shape", "own_from", "bulk"])
    #expect(codes == [])
    let few = try await run.codes(
      [String](repeating: "X-Y: z", count: 5) + ["", "x"], checks: ["header_shape"])
    #expect(few == ["HEADER_MISSING_FROM", "HEADER_MISSING_DATE", "HEADER_MISSING_MESSAGE_ID"])
  }

  // MARK: - One fault, two checks

  private static let faults: [(name: String, from: [String])] = [
    ("missing", []), ("nobody", ["From: The bank"]),
    ("twice", ["From: a@one.example", "From: b@two.example"]),
    ("malformed", ["From: <<a@one.example>"]),
  ]

  /// Whoever speaks of From, it counts once, and never not at all.
  @Test(arguments: faults.indices, ["enforce", "shadow", "off", "none"])
  func oneFaultOfFromCountsOnce(_ index: Int, _ dmarc: String) async throws {
    let fault = Self.faults[index]
    let run = try ContentRun(
      settings: dmarc == "none" ? [:] : ["checks.dmarc.mode": "\"\(dmarc)\""],
      names: dmarc == "none" ? nil : "other.example A 192.0.2.1")
    let lines = fault.from + Self.header.dropFirst() + ["", "The board meets on Monday."]
    let held = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    let counted = try await run.findings(held, checks: ["header_shape", "dmarc"])
      .filter { $0.mode == .enforce && $0.weight.score > 0 }
    #expect(counted.count == 1, "\(fault.name), dmarc \(dmarc): \(counted.map(\.logForm))")
  }

  // MARK: - Bounds

  private static let hostile: [(name: String, body: [UInt8])] = {
    var random: [UInt8] = []
    var seed: UInt64 = 11
    while random.count < 200_000 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      random.append(UInt8(truncatingIfNeeded: seed >> 33))
    }
    func many(_ text: String, _ count: Int = 400_000) -> [UInt8] {
      [UInt8](Array(repeating: Array(text.utf8), count: max(1, count / text.utf8.count)).joined())
    }
    return [
      ("random", random), ("nothing", []), ("references", many("&#")),
      ("zeros", Array("&#".utf8) + many("0")),
      ("quoted", many("=41")), ("equals", many("=")), ("tags", many("<a href=http://x.y>")),
      ("labels", many("<a href=\"http://a.test/\">www.b.com</a>")), ("users", many("<a href=\"//a.b@\">")),
      ("hidden", many("<i style=\"font-size:0\">x</i>")), ("invisible", many("a\u{200b}")),
      ("one word", many("é")), ("stops", many("the und de ")), ("slashes", many("//")),
      ("boundaries", many("--x\r\n")), ("images", many("<img src=\"http://x.test/\">")),
    ]
  }()

  /// Whatever stands in a message, each check answers, and soon.
  @Test(arguments: hostile.indices, ["text/html", "text/plain", "multipart/alternative; boundary=x"])
  func whateverStandsThereIsAnswered(_ index: Int, _ type: String) async throws {
    let run = try ContentRun(settings: ["checks.language.unwanted": "[\"de\"]"])
    let lines =
      Self.header + ["Content-Type: \(type)", "Content-Transfer-Encoding: quoted-printable", "", ""]
    let start = ContinuousClock.now
    let found = try await run.findings(
      Array(lines.joined(separator: "\r\n").utf8) + Self.hostile[index].body)
    #expect(Set(found.map(\.finding.code)).count == found.count)
    // Bound: quadratic work on 400 KB takes minutes in a build for debugging.
    #expect(ContinuousClock.now - start < .seconds(60), "\(Self.hostile[index].name)")
  }

  /// The same octets as every field that is looked at.
  @Test(arguments: hostile.indices)
  func whateverStandsInTheHeaderIsAnswered(_ index: Int) async throws {
    let run = try ContentRun()
    let value = String(
      decoding: Self.hostile[index].body.prefix(20_000).map { $0 < 0x20 ? 0x2e : $0 }, as: UTF8.self)
    let names = [
      "From", "Subject", "Date", "Message-ID", "X-Mailer", "X-MimeOLE", "List-Id", "List-Unsubscribe",
      "List-Unsubscribe-Post", "Precedence", "Reply-To", "Sender", "MIME-Version",
    ]
    let held = Array((names.map { "\($0): \(value)" } + ["", "x", ""]).joined(separator: "\r\n").utf8)
    let found = try await run.findings(held)
    #expect(found.contains { $0.finding.code == "DATE_MALFORMED" })
    #expect(found.allSatisfy { $0.finding.evidence.utf8.count <= 600 })
  }
}
