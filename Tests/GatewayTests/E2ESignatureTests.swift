import TestSupport
import Testing

/// DKIM and ARC at the built gateway, keys from a text file: what the backend reads in `Authentication-Results`, what
/// the peer reads where nothing proves From, whichever way the message came in.
@Suite(.apart) struct E2ESignatureTests {
  private func front(_ settings: [String: String] = [:]) throws -> Front {
    var all = ["dns.fixture": "\"names.txt\""]
    for check in [
      "reverse_name", "helo", "sender_domain", "from_domain", "dnsbl", "rhsbl", "urls", "address_hashes",
    ] { all["checks.\(check).mode"] = "\"off\"" }
    return try Front(all.merging(settings) { $1 }, files: ["names.txt": SignedMail.names])
  }

  /// DMARC gives no verdict here, so that what is broken arrives as well.
  private static let watching = ["checks.dmarc.mode": "\"shadow\""]

  /// What the backend reads of it: the field with a space for each fold, and the message below it as it was sent.
  private func results(_ front: Front, of message: String, chunked: Bool = false) throws -> String {
    let before = front.backend.messages.count
    let client = try front.session(patience: .seconds(30))
    let reply =
      chunked
      ? try chunks(message, client)
      : try client.deliver(from: "anna@signed.example", to: ["user@example.org"], message)
    #expect(reply.code == 250, "\(reply)")
    let received = try #require(front.backend.messages.dropFirst(before).first)
    let isWhole = received.text.hasSuffix("\r\n" + message)
    #expect(isWhole)
    let fields = received.header("Authentication-Results").filter { $0.hasPrefix("mx.example.org") }
    #expect(fields.count == 1, "\(fields)")
    return fields.first?.replacing("\t", with: " ") ?? ""
  }

  /// In pieces that end anywhere.
  private func chunks(_ message: String, _ client: RawClient) throws -> RawReply {
    for line in ["MAIL FROM:<anna@signed.example>", "RCPT TO:<user@example.org>"] {
      #expect(try client.command(line).code == 250)
    }
    var rest = Array(message.utf8)[...]
    while rest.count > 7 {
      let piece = rest.prefix(max(7, rest.count / 3))
      rest = rest.dropFirst(piece.count)
      try client.send("BDAT \(piece.count)\r\n")
      try client.send(Array(piece))
      #expect(try client.reply().code == 250)
    }
    try client.send("BDAT \(rest.count) LAST\r\n")
    try client.send(Array(rest))
    return try client.reply()
  }

  @Test func aSignatureIsVerifiedHoweverTheMessageComes() throws {
    let front = try front(Self.watching)
    for signature in [SignedMail.relaxed, SignedMail.simple] {
      let changed = SignedMail.body.replacing("Dear user", with: "Dear loser")
      for isChunked in [false, true] {
        let good = try results(front, of: SignedMail.message(signature), chunked: isChunked)
        #expect(good.contains("; dkim=pass") && good.contains("header.d=signed.example"), "\(good)")
        #expect(good.contains("dmarc=pass"), "\(good)")
        let bad = try results(
          front, of: SignedMail.message(signature, SignedMail.header, changed), chunked: isChunked)
        #expect(bad.contains("; dkim=fail") && bad.contains("dmarc=fail"), "\(bad)")
        #expect(!bad.contains("=pass"), "\(bad)")
      }
    }
    // What a signed header says counts as well, and a missing key is not a broken signature.
    let forged = SignedMail.header.replacing("signed words", with: "other words")
    let bad = try results(front, of: SignedMail.message(SignedMail.relaxed, forged))
    #expect(bad.contains("; dkim=fail"), "\(bad)")
    let keyless = SignedMail.relaxed.replacing("s=s1", with: "s=s2")
    let unknown = try results(front, of: SignedMail.message(keyless))
    #expect(unknown.contains("; dkim=permerror"), "\(unknown)")
    // The log has the same.
    let line = try front.gateway.waitForLog { $0["findings"]?.contains("DKIM_PASS(signed.example)") == true }
    #expect(line["findings"]?.contains("DMARC_PASS") == true, "\(line)")
    try front.gateway.waitForLog {
      $0["findings"]?.contains("DKIM_FAIL(s1._domainkey.signed.example") == true
    }
  }

  /// More than is kept in memory: the digest is computed while the message goes to the disk.
  @Test func aLargeMessageIsVerifiedOnItsWayToTheDisk() throws {
    let front = try front(Self.watching.merging(["limits.memory_per_message": "\"64KiB\""]) { $1 })
    let message = SignedMail.message(SignedMail.large, SignedMail.header, SignedMail.largeBody)
    #expect(message.utf8.count > 2 << 20)
    for isChunked in [false, true] {
      let good = try results(front, of: message, chunked: isChunked)
      #expect(good.contains("; dkim=pass") && good.contains("dmarc=pass"), "\(good)")
    }
    // One letter, far behind what memory holds.
    let changed = SignedMail.largeBody.replacing("line 35999 of a", with: "line 35999 of A")
    let bad = try results(front, of: SignedMail.message(SignedMail.large, SignedMail.header, changed))
    #expect(bad.contains("; dkim=fail") && !bad.contains("=pass"), "\(bad)")
  }

  /// A mailing list broke the signature. With the policy in force that is a refusal in DMARC's own words, by weight
  /// alone; who trusts the list's seal takes it.
  @Test func aTrustedSealRescuesWhatAListChanged() throws {
    let listed = SignedMail.header.replacing("Subject: ", with: "Subject: [list] ")
    let message = SignedMail.message(SignedMail.arc, listed)
    let strict = try front()
    let client = try strict.session()
    let reply = try client.deliver(from: "list@lists.example", to: ["user@example.org"], message)
    #expect(
      "\(reply)".hasPrefix(
        "550 5.7.26 Neither SPF nor DKIM proves the domain in From, whose DMARC policy is reject: signed.example [DMARC_REJECT "
      ), "\(reply)")
    let line = try strict.gateway.waitForLog { $0.event == "reject" }
    #expect(line["code"] == "DMARC_REJECT" && line["found"] == "message", "\(line)")
    #expect(line["findings"]?.contains("ARC_PASS(lists.example)") == true, "\(line)")

    let trusting = try front(["checks.arc.trusted": "[\"lists.example\"]"])
    let good = try results(trusting, of: message)
    #expect(good.contains("arc=pass") && good.contains("dmarc=fail"), "\(good)")
    let taken = try trusting.gateway.waitForLog { $0.event == "accept" }
    #expect(taken["findings"]?.contains("DMARC_OVERRIDDEN(lists.example (i=1) saw ") == true, "\(taken)")
    // A seal over other words is none.
    let broken = SignedMail.message(SignedMail.arc, listed.replacing("[list]", with: "[last]"))
    let refused = try trusting.session().deliver(
      from: "list@lists.example", to: ["user@example.org"], broken)
    #expect(refused.code == 550 && refused.text.contains("[DMARC_REJECT "), "\(refused)")
  }
}
