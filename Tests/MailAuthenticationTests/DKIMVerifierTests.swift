import Bytes
import DNS
import Foundation
@testable import MailAuthentication
import MailSyntax
import TestSupport
import Testing

/// The vectors of `SignedVectors`, read.
struct Vectors: Decodable {
  let keys: [String: String]
  let messages: [String: [String]]

  static let all = Result { try JSONDecoder().decode(Vectors.self, from: Data(SignedVectors.json.utf8)) }

  static func text(_ name: String) throws -> String {
    guard let lines = try all.get().messages[name] else { throw HarnessFault("no vector \(name)") }
    return lines.joined(separator: "\r\n")
  }

  /// The keys of all selectors under the domains that sign.
  static func table(changing selector: String = "", to record: String = "") throws -> DNSTable {
    var table = DNSTable()
    for domain in ["author.example", "first.example", "second.example"] {
      for (name, text) in try all.get().keys {
        try table.addText("\(name)._domainkey.\(domain)", name == selector ? record : text)
      }
    }
    return table
  }
}

@Suite struct DKIMVerifierTests {
  private static func verify(_ text: String, _ table: DNSTable? = nil) async throws -> DKIMVerification {
    let results = await SignedMessage(text).verified(try table ?? Vectors.table())
    #expect(results.count == 1)
    return try #require(results.first)
  }

  @Test(arguments: try Vectors.all.get().messages.keys.sorted().filter { !$0.hasPrefix("chain") })
  func whatAnotherImplementationSigned(name: String) async throws {
    let text = try Vectors.text(name)
    let result = try await Self.verify(text)
    #expect(result.isGenuine, "\(result)")
    #expect(result.domain?.text == "author.example")
    #expect(result.identity == "@author.example")
    #expect(result.signsPartOfBody == (name == "length"))
    let bits = ["spki": 2048, "bare": 2048, "small": 1024, "tiny": 512, "ed": 0, "length": 2048]
    #expect(result.keyBits == bits[name.split(separator: " ").last.map(String.init) ?? ""])
    // A pass by a short key is none (RFC 8301 §3.2).
    #expect(result.status == (name.hasSuffix("tiny") ? .policy : .pass))
    for (old, new) in [
      ("Subject: A", "Subject: B"), ("X-Twice: first", "X-Twice: firsts"), ("From: Anna", "From: Annas"),
      ("bh=", "bh=A"), ("t=1", "t=2"),
    ] where name != "length" || old != "X-Twice: first" && old != "Subject: A" {
      let changed = text.replacingOccurrences(of: old, with: new)
      #expect(changed != text)
      #expect(try await Self.verify(changed).status == .fail || old == "bh=", "\(old)")
      #expect(!(try await Self.verify(changed).isGenuine), "\(old)")
    }
    if name != "length" {
      let result = try await Self.verify(text + "more")
      #expect(result.status == .fail && result.reason == "body hash does not match")
      // What is signed twice and there once cannot be added.
      #expect(try await Self.verify("Subject: another\r\n" + text).status == .fail)
      #expect(try await Self.verify("From: <another@author.example>\r\n" + text).status == .fail)
      #expect(try await Self.verify("X-Absent: here\r\n" + text).status == .fail)
    }
    // A field that is not signed may come.
    #expect(try await Self.verify("Received: from here\r\n\tby there\r\n" + text).isGenuine)
  }

  @Test func bodiesShorterThanTheirLength() async throws {
    let text = try Vectors.text("length")
    let cut = String(text.prefix(upTo: try #require(text.range(of: "dots")).lowerBound))
    let result = try await Self.verify(cut)
    #expect(result.status == .fail && result.reason == "body is shorter than l=")
  }

  @Test(arguments: [
    ("v=DKIM1; p=", DKIMStatus.permerror, "key is revoked"),
    ("v=DKIM1; k=rsa", .permerror, "key record without p="),
    ("v=DKIM2; {p}", .permerror, "key record is of another version"),
    ("{p}; v=DKIM1", .permerror, "key record is of another version"),
    ("v=DKIM1; k=dsa; {p}", .permerror, "unknown key type"),
    ("v=DKIM1; k=ed25519; {p}", .permerror, "p= is no ed25519 key"),
    ("v=DKIM1; h=sha1; {p}", .permerror, "key does not allow the hash of a="),
    ("v=DKIM1; s=other; {p}", .permerror, "key is not for mail"),
    ("v=DKIM1; p=!!!", .permerror, "p= is not base64"),
    ("v=DKIM1; p=AAAA", .permerror, "p= is no rsa key"),
    ("v=DKIM1; {p}; {p}", .permerror, "key record: p= stands twice"),
    ("v=DKIM1;; {p}", .permerror, "key record: tag without a name or a value"),
    ("v=spf1 -all", .permerror, "key record is of another version"),
    ("{p}", .pass, ""), ("v=DKIM1;{p};", .pass, ""),
    (" v = DKIM1 ; h = sha256 : sha1 ; s = email ; {p} ", .pass, ""),
    ("v=DKIM1; s=*; t=s; n=a note; x_other=1; g=*; {p}", .pass, ""),
  ])
  func keyRecords(record: String, status: DKIMStatus, reason: String) async throws {
    let key = try #require(try Vectors.all.get().keys["spki"]?.split(separator: " ").last)
    let table = try Vectors.table(changing: "spki", to: record.replacingOccurrences(of: "{p}", with: key))
    let result = try await Self.verify(try Vectors.text("plain simple/simple spki"), table)
    #expect(result.status == status && result.reason == reason, "\(result)")
  }

  @Test func whatDNSAnswers() async throws {
    let text = try Vectors.text("plain simple/simple spki")
    let question = DNSQuestion(try #require(DNSName("spki._domainkey.author.example")), .txt)
    var table = try Vectors.table()
    for failure in [DNSFailure.timeout, .server(code: 2), .bogus, .unavailable] {
      table.set(question, .failed(failure))
      #expect(try await Self.verify(text, table).status == .temperror)
    }
    for answer in [DNSAnswer.noName, .noData] {
      table.set(question, answer)
      let result = try await Self.verify(text, table)
      #expect(result.status == .permerror && result.reason == "no key record")
    }
    // Several records: the one that fits counts, in whatever order they come.
    let keys = try Vectors.all.get().keys
    let right = RecordData.text(Array((keys["spki"] ?? "").utf8))
    let others = [RecordData.text(Array("v=spf1 -all".utf8)), .text(Array((keys["small"] ?? "").utf8))]
    for records in [[right] + others, others + [right]] {
      table.set(question, .records(records))
      #expect(try await Self.verify(text, table).status == .pass)
    }
    table.set(question, .records(others))
    #expect(try await Self.verify(text, table).status == .fail)
    table.set(question, .records([.text([UInt8](repeating: 0x61, count: 70_000))]))
    #expect(try await Self.verify(text, table).status == .permerror)
  }

  @Test func testingAndStrictKeys() async throws {
    let keys = try Vectors.all.get().keys
    let text = try Vectors.text("plain relaxed/relaxed ed")
    let key = try #require(keys["ed"])
    #expect(try await Self.verify(text, try Vectors.table(changing: "ed", to: key + "; t=y:s")).isTesting)
    #expect(!(try await Self.verify(text)).isTesting)
    // t=s with an i= below d=: no pass, whatever the signature is worth.
    let below = text.replacingOccurrences(of: "i=@author.example", with: "i=@sub.author.example")
    #expect(below != text)
    let strict = try await Self.verify(below, try Vectors.table(changing: "ed", to: key + "; t=s"))
    #expect(strict.status == .permerror && strict.identity == "@sub.author.example")
    #expect(try await Self.verify(below).status == .fail)
  }

  @Test(arguments: [
    ("v=1;", "v=2;", DKIMStatus.neutral, "unknown version"), ("v=1;", "", .permerror, "v= is missing"),
    ("a=rsa-sha256;", "a=rsa-md5;", .neutral, "unknown algorithm"),
    ("a=rsa-sha256;", "", .permerror, "a= is missing"),
    ("a=rsa-sha256;", "a=ed25519-sha256;", .permerror, "key is of another type than a="),
    ("c=simple/simple;", "c=nofws;", .neutral, "unknown canonicalization"),
    ("c=simple/simple;", "c=Simple/simple;", .neutral, "unknown canonicalization"),
    ("d=author.example;", "d=author..example;", .neutral, "d= is no domain name"),
    ("d=author.example;", "", .permerror, "d= is missing"), ("s=spki;", "", .permerror, "s= is missing"),
    ("s=spki;", "s=none;", .permerror, "no key record"),
    ("i=@author.example;", "i=@other.example;", .permerror, "i= is not within d="),
    ("i=@author.example;", "i=anna;", .neutral, "i= has no domain"),
    ("i=@author.example;", "i=@notauthor.example;", .permerror, "i= is not within d="),
    ("q=dns/txt;", "q=dns/txt; q=dns/txt;", .neutral, "q= stands twice"),
    ("q=dns/txt;", "q=http;", .neutral, "no known query method in q="),
    ("q=dns/txt;", "q=http:dns/txt;", .fail, "signature does not match"),
    ("q=dns/txt;", "q=dns/txt; l=many;", .neutral, "l= is no number"),
    ("q=dns/txt;", "q=dns/txt; l=-1;", .neutral, "l= is no number"),
    ("q=dns/txt;", "q=dns/txt; x=1;", .permerror, "x= is not later than t="),
    ("q=dns/txt;", "q=dns/txt;;", .neutral, "tag without a name or a value"),
    ("q=dns/txt;", "q=dns/txt; \u{1}=2;", .neutral, "tag without a name or a value"),
    ("q=dns/txt;", "q=dns/txt; u=\u{1};", .neutral, "control character in a tag"),
    ("q=dns/txt;", "q=dns/txt; unknown=ä;", .fail, "signature does not match"),
    ("bh=", "hb=", .permerror, "bh= is missing"), ("bh=", "bh=!", .neutral, "bh= is not base64"),
    (" b=", " b=!", .neutral, "b= is not base64"), (" b=", " bb=", .permerror, "b= is missing"),
    ("h=from", "h=form", .fail, "signature does not match"), ("h=", "hh=", .permerror, "h= is missing"),
  ])
  func malformedSignatures(old: String, new: String, status: DKIMStatus, reason: String) async throws {
    let text = try Vectors.text("plain simple/simple spki")
    let place = try #require(text.range(of: old))
    let result = try await Self.verify(text.replacingCharacters(in: place, with: new))
    #expect(result.status == status && result.reason == reason, "\(old) → \(new): \(result)")
  }

  @Test func fromHasToBeSigned() async throws {
    let text = try Vectors.text("plain simple/simple spki")
    let result = try await Self.verify(text.replacingOccurrences(of: "from", with: "form"))
    #expect(result.status == .permerror && result.reason == "From is not signed")
  }

  @Test func timesOfASignature() async throws {
    let message = SignedMessage(try Vectors.text("plain simple/simple spki"))
    let before = Timestamp(milliseconds: 1_000_000_000_000)
    let result = await message.verified(try Vectors.table(), now: before)
    #expect(result.map(\.status) == [.policy] && result.map(\.reason) == ["signed in the future"])
  }

  /// RFC 6376 §5.4: a signature may sign others, and cannot have signed itself.
  @Test func signaturesInHeaders() async throws {
    let message = SignedMessage(
      "DKIM-Signature: c=3\r\nA: 1\r\nDKIM-Signature: c=2\r\nA: 2\r\nDKIM-Signature: c=1\r\n\r\n")
    let header = CanonicalHeader(message.header, of: message.held, isBinary: false)
    func picked(_ names: [String], except own: Int) -> String {
      var text: [UInt8] = []
      header.append(names, except: own, .relaxed, to: &text)
      return String(decoding: text, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "|")
    }
    let four = [String](repeating: "dkim-signature", count: 4)
    #expect(picked(four, except: 0) == "dkim-signature:c=1|dkim-signature:c=2|")
    #expect(picked(four, except: 2) == "dkim-signature:c=1|dkim-signature:c=3|")
    #expect(picked(four, except: 4) == "dkim-signature:c=2|dkim-signature:c=3|")
    #expect(picked(["a", "b", "a", "a"], except: 0) == "a:2|a:1|")
  }

  @Test func soManySignaturesAndNoMore() async throws {
    let text = try Vectors.text("plain simple/simple spki")
    let end = try #require(text.range(of: "\r\nReceived:")).lowerBound
    let signature = String(text[..<end]) + "\r\n"
    let none = String(text[end...].dropFirst(2))
    #expect(await SignedMessage(none).verified(try Vectors.table()).isEmpty)
    let many = String(repeating: signature, count: 25) + none
    let results = await SignedMessage(many).verified(try Vectors.table())
    #expect(results.count == 11)
    #expect(results.prefix(10).allSatisfy { $0.status == .pass })
    #expect(results.last?.status == .neutral && results.last?.reason == "15 more signatures ignored")
  }

  @Test func sizesOfASignature() async throws {
    let text = try Vectors.text("plain simple/simple spki")
    let long = text.replacingOccurrences(
      of: "q=dns/txt;", with: "q=dns/txt; z=\(String(repeating: "a", count: 40_000));")
    #expect(try await Self.verify(long).reason == "signature is longer than 32768 octets")
    let names = text.replacingOccurrences(of: "h=from", with: "h=\(String(repeating: "a:", count: 300))from")
    #expect(try await Self.verify(names).reason == "more than 256 names in h=")
    let tags = (0..<100).map { "x\($0)=1;" }.joined()
    #expect(
      try await Self.verify(text.replacingOccurrences(of: "q=dns/txt;", with: "q=dns/txt;" + tags)).reason
        == "more than 64 tags")
  }

  @Test func dotsThatTheTransferAdds() async throws {
    // Held without stuffing (BINARYMIME) it is the same message.
    let text = Array(try Vectors.text("plain relaxed/relaxed ed").utf8)
    let header = MessageHeader(text)
    let digests = BodyDigests.of(text, header: header, isBinary: true)
    let results = await DKIMVerifier.verify(
      header: header, in: text, isBinary: true, bodyDigests: digests,
      Lookups(try Vectors.table(), until: .now + .seconds(5)), now: SignedMessage.now)
    #expect(results.map(\.status) == [.pass])
    #expect(digests != BodyDigests.of(text, header: header))
  }
}
