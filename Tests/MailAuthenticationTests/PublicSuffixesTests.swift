import DNS
import MailAuthentication
import TestSupport
import Testing

@Suite struct PublicSuffixesTests {
  private static let list = PublicSuffixes.parse(
    Array(
      """
      // A list as short as can be.
      // ===BEGIN ICANN DOMAINS===
      com
      *.ck
      !www.ck
      jp
      kobe.jp second word
      *.kobe.jp
      !city.kobe.jp
      公司.cn
      cn
      // ===BEGIN PRIVATE DOMAINS===
      blogspot.com

      """.utf8))

  @Test(
    arguments: [
      ("com", nil), ("example.com", "example.com"), ("a.b.example.com", "example.com"),
      ("blogspot.com", nil), ("mine.blogspot.com", "mine.blogspot.com"),
      ("a.mine.blogspot.com", "mine.blogspot.com"),
      ("ck", nil), ("test.ck", nil), ("b.test.ck", "b.test.ck"), ("www.ck", "www.ck"), ("a.www.ck", "www.ck"),
      ("c.kobe.jp", nil), ("b.c.kobe.jp", "b.c.kobe.jp"), ("x.city.kobe.jp", "city.kobe.jp"),
      ("kobe.jp", nil),
      ("example", nil), ("b.example.example", "example.example"),
      ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"), ("公司.cn", nil), ("xn--55qx5d.cn", nil),
    ] as [(String, String?)])
  func theOrganisationIsOneLabelMore(_ name: String, _ organization: String?) throws {
    let name = try #require(DNSName(name))
    #expect(Self.list.organizationalDomain(of: name)?.text == organization)
    #expect(Self.list.isSuffix(name) == (organization == nil))
  }

  @Test func withoutAListTheLastLabelIsTheSuffix() throws {
    let none = PublicSuffixes()
    #expect(none.isEmpty)
    let name = try #require(DNSName("a.b.co.uk"))
    #expect(none.organizationalDomain(of: name)?.text == "co.uk")
    #expect(none.suffix(of: name)?.text == "uk")
    #expect(none.organizationalDomain(of: .root) == nil)
    #expect(none.suffix(of: .root) == nil && !none.isSuffix(.root))
  }

  @Test func whatIsNoRuleIsCountedAndLeftOut() {
    let list = PublicSuffixes.parse(Array("com\na..b\n*\nx.*.y\n\u{1}\nnet // two\r\n".utf8) + [0xff, 0x0a])
    #expect(list.rules == 2)
    #expect(list.faultyLines == 5)
  }

  @Test func aListPastItsBoundIsCut() throws {
    var text: [UInt8] = []
    for number in 0..<100_001 { text += Array("n\(number).example\n".utf8) }
    let list = PublicSuffixes.parse(text)
    #expect(list.rules == 100_000 && list.faultyLines == 1)
    #expect(list.isSuffix(try #require(DNSName("n99999.example"))))
    #expect(!list.isSuffix(try #require(DNSName("n100000.example"))))
  }

  /// A line of `psl/tests/test_psl.txt`.
  private struct Case: CustomStringConvertible {
    let line: Int
    let name: String
    let expected: String?
    var description: String { "\(line)" }
  }

  @Test(needsMaterial("psl")) func thePublishedListAndItsTests() throws {
    let list = PublicSuffixes.parse(try readBytes(atPath: Material.folder + "/psl/public_suffix_list.dat"))
    #expect(list.rules > 8000 && list.faultyLines == 0)
    let text = String(
      decoding: try readBytes(atPath: Material.folder + "/psl/tests/test_psl.txt"), as: UTF8.self)
    let cases = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
      index, line -> Case? in
      let parts = line.split(separator: "'", omittingEmptySubsequences: false)
      guard line.hasPrefix("checkPublicSuffix("), parts.count >= 3 else { return nil }
      return Case(line: index + 1, name: String(parts[1]), expected: parts.count > 3 ? String(parts[3]) : nil)
    }
    #expect(cases.count > 10)
    let short = Material.judge("psl/test_psl", cases) { one in
      let found = DNSName(one.name).flatMap(list.organizationalDomain)
      let expected = one.expected.flatMap { DNSName($0) }
      return found == expected
        ? nil : "\(one.name): \(found?.text ?? "null"), not \(expected?.text ?? "null")"
    }
    #expect(short.isEmpty)
  }
}
