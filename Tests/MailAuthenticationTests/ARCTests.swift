import Bytes
import Cryptography
import DNS
import Foundation
import MailAuthentication
import Synchronization
import TestSupport
import Testing

@Suite struct ARCTests {
  private static func name(_ text: String) throws -> DNSName { try #require(DNSName(text)) }

  @Test func chainsThatAnotherImplementationSealed() async throws {
    let one = await SignedMessage(try Vectors.text("chain of one")).validated(try Vectors.table())
    #expect(one.status == .pass && one.oldestPass == 0)
    #expect(one.sealers.map(\.text) == ["first.example"])
    let two = await SignedMessage(try Vectors.text("chain of two")).validated(try Vectors.table())
    #expect(two.status == .pass && two.oldestPass == 0)
    #expect(two.sealers.map(\.text) == ["second.example", "first.example"])
    #expect(two.results.count == 2 && two.results[1].contains("mx.first.example"))
  }

  @Test(arguments: [
    // Gone, there twice, out of order, or not what was sealed.
    ("ARC-Seal: i=2", "X-Seal: i=2", "ARC set 2 is not whole"),
    ("ARC-Authentication-Results: i=1", "X-Results: i=1", "ARC set 1 is not whole"),
    ("i=2; cv=pass", "i=3; cv=pass", "ARC set 2 is not whole"),
    ("i=2; cv=pass", "i=1; cv=pass", "ARC-Seal 1 stands twice"),
    ("i=2; cv=pass", "i=2; cv=none", "ARC-Seal 2: cv=none"),
    ("i=2; cv=pass", "i=2; cv=fail", "ARC-Seal 2 says cv=fail"),
    ("i=2; cv=pass", "i=2; h=from; cv=pass", "ARC-Seal 2 has h="),
    ("i=2; cv=pass", "i=51; cv=pass", "ARC-Seal without an instance of 1 to 50"),
    ("i=2; cv=pass", "i=02; cv=pass", "ARC-Seal without an instance of 1 to 50"),
    ("i=1; cv=none", "i=1; cv=none; t2=1", "ARC-Seal 2: signature does not match"),
    ("Subject: A", "Subject: B", "ARC-Message-Signature 2: signature does not match"),
    ("Hello", "Hallo", "ARC-Message-Signature 2: body hash does not match"),
    ("spf=pass", "spf=none", "ARC-Seal 2: signature does not match"),
  ])
  func brokenChains(old: String, new: String, reason: String) async throws {
    let text = try Vectors.text("chain of two")
    let place = try #require(text.range(of: old), "\(old) is not there")
    let outcome = await SignedMessage(text.replacingCharacters(in: place, with: new)).validated(
      try Vectors.table())
    #expect(outcome.status == .fail && outcome.reason == reason, "\(outcome)")
    #expect(outcome.oldestPass == nil)
  }

  @Test func unknownIsNotBroken() async throws {
    var table = try Vectors.table()
    table.set(DNSQuestion(try Self.name("spki._domainkey.first.example"), .txt), .failed(.timeout))
    let outcome = await SignedMessage(try Vectors.text("chain of two")).validated(table)
    #expect(outcome.status == .none && outcome.isUnavailable)
    let plain = await SignedMessage("From: a@b.example\r\n\r\n").validated(table)
    #expect(plain == ARCOutcome(.none))
  }

  /// Counts what it is asked.
  private final class Counting: Resolver {
    let table: DNSTable
    private let asked = Mutex<[String]>([])
    var names: [String] { asked.withLock { $0 } }

    init(_ table: DNSTable) { self.table = table }

    func remembered(_ question: DNSQuestion) -> DNSAnswer? { nil }

    func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
      asked.withLock { $0.append(question.name.text) }
      return table.answers[question] ?? .failed(.timeout)
    }
  }

  /// A stranger writes fifty sets whose keys are in domains that never answer.
  @Test func aChainOfSilentDomainsIsFewQuestions() async throws {
    var text = "From: a@b.example\r\n\r\nx\r\n"
    for instance in 1...50 {
      let place = "d=d\(instance).example; s=s"
      text = """
        ARC-Seal: i=\(instance); a=rsa-sha256; cv=\(instance == 1 ? "none" : "pass"); \(place); b=AAAA\r
        ARC-Message-Signature: i=\(instance); a=rsa-sha256; h=from; \(place); bh=BODYHASH; b=AAAA\r
        ARC-Authentication-Results: i=\(instance); x.example; none\r\n
        """.replacing("\n        ", with: "\n") + text
    }
    let other = Counting(DNSTable())
    let wrong = await SignedMessage(text.replacing("BODYHASH", with: "AAAA")).validated(other)
    #expect(wrong.status == .fail && other.names.isEmpty, "\(wrong) \(other.names)")
    let digest = Data(HashFunction.sha256.digest(Array("x\r\n".utf8))).base64EncodedString()
    let resolver = Counting(DNSTable())
    let silent = await SignedMessage(text.replacing("BODYHASH", with: digest)).validated(resolver)
    #expect(silent.isUnavailable, "\(silent.reason)")
    #expect(resolver.names == ["s._domainkey.d50.example"])
  }

  @Test func whoVouches() async throws {
    let outcome = await SignedMessage(try Vectors.text("chain of two")).validated(try Vectors.table())
    let author = try Self.name("author.example")
    func voucher(_ trusted: String..., oldest: Int? = 0, author: DNSName) -> ARCVoucher? {
      var outcome = outcome
      outcome.oldestPass = oldest
      return outcome.voucher(
        for: author, isTrusted: { trusted.contains($0.text) }, isAligned: { $0 == author })
    }
    // The second saw DMARC fail; the first saw it pass, and its signature still holds.
    #expect(voucher("second.example", author: author) == nil)
    #expect(voucher("first.example", author: author)?.result == "dmarc=pass")
    #expect(voucher("first.example", author: author)?.instance == 1)
    #expect(voucher("first.example", author: try Self.name("other.example")) == nil)
    #expect(voucher(author: author) == nil)
    // Somebody not trusted changed the message since: what was true of it then is not of this one.
    #expect(voucher("first.example", oldest: 2, author: author) == nil)
    // Somebody trusted did.
    #expect(voucher("first.example", "second.example", oldest: 2, author: author)?.instance == 1)
  }

  @Test func withoutDMARCTheProofsCount() throws {
    let author = try Self.name("author.example")
    func voucher(_ results: String) throws -> String? {
      ARCOutcome(
        .pass, sealers: [try Self.name("s.example")], results: [results], oldestPass: 0
      ).voucher(for: author, isTrusted: { _ in true }, isAligned: { $0.isWithin(author) })?.result
    }
    #expect(
      try voucher(" i=1; s; spf=pass smtp.mailfrom=x@mail.author.example") == "spf=pass mail.author.example")
    #expect(try voucher(" i=1; s; dkim=pass header.i=@author.example") == "dkim=pass author.example")
    #expect(try voucher(" i=1; s; dkim=fail header.d=author.example") == nil)
    #expect(try voucher(" i=1; s; spf=pass smtp.mailfrom=x@other.example") == nil)
    #expect(try voucher(" i=1; s; dmarc=pass header.from=author.example") == "dmarc=pass")
    #expect(try voucher(" i=1; s; dmarc=pass header.from=x@Author.example") == "dmarc=pass")
    // A pass of nobody in particular proves nobody, and one of somebody beside it does not either.
    #expect(try voucher(" i=1; s; dmarc=pass") == nil)
    #expect(try voucher(" i=1; s; dmarc=pass; spf=pass smtp.mailfrom=author.example") == nil)
    #expect(try voucher(" i=1; s; dmarc=pass header.from=author.example; dmarc=pass") == nil)
    #expect(try voucher(" i=1; s; dmarc=fail; spf=pass smtp.mailfrom=author.example") == nil)
    #expect(try voucher(" i=1; s; dmarc=pass header.from=other.example") == nil)
    #expect(try voucher(" no results at all") == nil)
  }

  @Test func soManyInstancesAndNoMore() async throws {
    let many = (1...60).map {
      "ARC-Seal: i=\($0); a=rsa-sha256; b=AAAA; cv=pass; d=a.example; s=s\r\n"
    }.joined()
    let outcome = await SignedMessage(many + "\r\n").validated(DNSTable())
    #expect(outcome.status == .fail && outcome.reason.hasPrefix("ARC-Seal without an instance"))
  }
}
