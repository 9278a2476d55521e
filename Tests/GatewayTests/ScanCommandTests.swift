import Foundation
import TestSupport
import Testing

@testable import weir

/// `weir scan`, as it is built.
@Suite struct ScanCommandTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder("scan")
    try folder.write("weir.toml", Self.configuration)
    try folder.write("names", Self.names)
  }

  private static let configuration = """
    hostname = "mx.b.example"
    [dns]
    enabled = false
    [relay]
    domains = ["b.example"]
    [trust]
    networks = ["192.0.2.0/24"]
    [[backend]]
    address = "127.0.0.1:10025"
    """

  private static let names = """
    a.example TXT "v=spf1 ip4:198.51.100.7 -all"
    a.example MX 10 mail.a.example
    mail.a.example A 198.51.100.7
    7.100.51.198.in-addr.arpa PTR mail.a.example
    _dmarc.a.example TXT "v=DMARC1; p=reject"
    """

  private static let trace = """
    Return-Path: <s@a.example>
    X-Spam-Flag: YES
    Received: from mail.a.example (mail.a.example [198.51.100.7])
    \tby mx.b.example (Postfix) with ESMTPS id 4A1B2C3D4F
    \tfor <u@b.example>; Thu, 19 Nov 2026 11:00:03 +0100 (CET)

    """
  private static let header = """
    From: S <s@a.example>
    To: u@b.example
    Subject: t
    Date: Thu, 19 Nov 2026 10:00:00 +0000
    Message-ID: <1@a.example>

    """

  private func scan(_ arguments: [String], input: [UInt8]? = nil, columns: Int? = nil) throws -> CommandResult
  {
    // The configuration of the machine that the tests run on is nobody's here.
    let environment = columns.map { ["COLUMNS": "\($0)"] } ?? [:]
    return try run(Gateway.binary(), ["scan"] + arguments, environment: environment, input: input)
  }

  private var configured: [String] { ["--config", folder.file("weir.toml"), "--dns", folder.file("names")] }

  private func json(_ result: CommandResult) throws -> [String: Any] {
    #expect(result.errors.isEmpty, "\(result.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  private func json(_ message: [UInt8], _ arguments: [String] = []) throws -> [String: Any] {
    try json(scan(["-", "--json"] + configured + arguments, input: message))
  }

  private func codes(_ object: [String: Any]) -> [String] {
    (object["findings"] as? [[String: Any]] ?? []).compactMap { $0["code"] as? String }
  }

  private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
  private func octets(base64: String) throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: base64))) }

  // MARK: The interface that stays

  @Test func jsonIsOfTheShapeThatStays() throws {
    let object = try json(
      octets(Self.header + "\nhello\n"),
      [
        "--client", "198.51.100.7", "--helo", "mail.a.example", "--from", "s@a.example", "--to",
        "u@b.example",
      ])
    #expect(object["verdict"] as? String == "accept", "\(object)")
    #expect(object["score"] is Double)
    #expect((object["rules"] as? [Any])?.isEmpty == true)
    let auth = try #require(object["auth"] as? [String: Any])
    #expect(auth["spf"] as? String == "pass" && auth["dkim"] as? String == "none")
    #expect(auth["dmarc"] as? String == "pass" && auth["arc"] as? String == "none")
    #expect((object["reply"] as? String)?.hasPrefix("250 ") == true)
    let findings = try #require(object["findings"] as? [[String: Any]])
    let spf = try #require(findings.first { $0["code"] as? String == "SPF_PASS" })
    #expect(spf["evidence"] as? String == "a.example ip4:198.51.100.7" && spf["score"] is Double)
    #expect(object["stage"] is NSNull && object["code"] is NSNull)
    #expect((object["text"] as? String)?.contains("hello") == true)
    #expect((object["header"] as? [String: String])?["from"] == "S <s@a.example>")
    #expect(((object["parts"] as? [[String: Any]])?.first?["type"] as? String) == "text/plain")
  }

  @Test func aRefusalIsThatOfItsStage() throws {
    try folder.write("Blocklists/block.cidr", "198.51.100.0/24 open proxies\n")
    let given = ["--client", "198.51.100.7", "--helo", "mail.a.example", "--from", "s@a.example"]
    let message = octets(Self.header + "\nhello\n")
    let object = try json(message, given + ["--to", "u@b.example"])
    #expect(object["verdict"] as? String == "reject" && object["code"] as? String == "CLIENT_LISTED")
    #expect(object["stage"] as? String == "recipient")
    #expect(
      object["reply"] as? String == "554 5.7.1 Client host 198.51.100.7 is refused: open proxies"
        || (object["reply"] as? String)?.contains("open proxies") == true)
    // Behind the refusal all is looked at still.
    #expect(codes(object).contains("CLIENT_LISTED") && codes(object).contains("SPF_PASS"))
    // What is no domain of one's own is not relayed to, of two recipients one is taken.
    let two = try json(message, ["--client", "203.0.113.9", "--to", "u@b.example", "--to", "x@far.example"])
    let recipients = try #require(two["recipients"] as? [[String: Any]])
    #expect(recipients.map { $0["code"] as? String } == [nil, "RELAY_DENIED"])
    #expect(two["code"] as? String != "RELAY_DENIED")
    let far = try json(message, ["--client", "203.0.113.9", "--to", "x@far.example"])
    #expect(far["code"] as? String == "RELAY_DENIED" && far["verdict"] as? String == "reject")
    // A user of one's own is no stranger, and may write to the world.
    let user = try json(
      message,
      [
        "--client", "198.51.100.7", "--from", "s@a.example", "--to", "x@far.example", "--auth-user",
        "s@a.example",
      ])
    #expect(user["verdict"] as? String == "accept", "\(user["reply"] ?? "")")
    #expect(!codes(user).contains("CLIENT_LISTED"))
  }

  @Test func whatIsNotGivenIsTakenFromTheTrace() throws {
    let message = octets(Self.trace + Self.header + "\nhello\n")
    let object = try json(message)
    let client = try #require(object["client"] as? [String: Any])
    #expect(client["ip"] as? String == "198.51.100.7" && client["ptr"] as? String == "mail.a.example")
    #expect(client["helo"] as? String == "mail.a.example" && client["from"] as? String == "s@a.example")
    #expect(client["source"] as? String == "trace")
    #expect((client["time"] as? String)?.hasPrefix("2026-11-19T10:00:03") == true)
    #expect((object["recipients"] as? [[String: Any]])?.first?["address"] as? String == "u@b.example")
    #expect((object["auth"] as? [String: Any])?["spf"] as? String == "pass")
    // An option outweighs the trace.
    let other = try json(message, ["--from", "x@other.example", "--now", "2026-11-20T00:00:00Z"])
    let told = try #require(other["client"] as? [String: Any])
    #expect(told["from"] as? String == "x@other.example" && told["ip"] as? String == "198.51.100.7")
    #expect((told["time"] as? String)?.hasPrefix("2026-11-20T00:00:00") == true)
    // Another client is not the one of SPF's record.
    let another = try json(message, ["--client", "203.0.113.9"])
    #expect((another["auth"] as? [String: Any])?["spf"] as? String == "fail")
  }

  @Test func withoutAClientNothingIsJudgedByIt() throws {
    let object = try json(octets(Self.header + "\nhello\n"))
    #expect((object["client"] as? [String: Any])?["source"] as? String == "unknown")
    #expect((object["auth"] as? [String: Any])?["spf"] is NSNull)
    #expect(
      !codes(object).contains { $0.hasPrefix("SPF_") || $0.hasPrefix("HELO_") || $0.hasPrefix("REVERSE_") })
    #expect((object["notes"] as? [String])?.contains { $0.contains("--client") } == true)
  }

  private func finding(_ object: [String: Any], _ code: String) -> [String: Any]? {
    (object["findings"] as? [[String: Any]] ?? []).first { $0["code"] as? String == code }
  }

  /// Who is not known is not accused: another client, another sender may have been the right one.
  @Test func whatIsNotKnownAccusesNobody() throws {
    let message = octets(Self.header + "\nhello\n")
    let unknown = try json(message)
    let undecided = try #require(finding(unknown, "DMARC_UNDECIDED"))
    #expect(undecided["score"] as? Double == 0 && undecided["ruling"] as? String == "none")
    #expect(undecided["unproven"] as? String == "the client is not known")
    #expect(unknown["verdict"] as? String == "accept" && unknown["score"] as? Double == 0)
    let page = try scan(["-"] + configured, input: message, columns: 200).output
    #expect(page.contains("weighs nothing: the client is not known"))

    // A client that is known, and a sender that is not.
    let assumed = try json(message, ["--client", "203.0.113.9"])
    for code in ["SPF_FAIL", "DMARC_REJECT"] {
      let found = try #require(finding(assumed, code))
      #expect(found["score"] as? Double == 0, "\(code)")
      #expect(found["unproven"] as? String == "the envelope sender is not known", "\(code)")
    }
    let told = try json(message, ["--client", "203.0.113.9", "--from", "s@a.example"])
    for code in ["SPF_FAIL", "DMARC_REJECT"] {
      let found = try #require(finding(told, code))
      #expect((found["score"] as? Double ?? 0) > 0 && found["unproven"] as? String == "", "\(code)")
    }
    #expect(told["verdict"] as? String == "reject")

    // One's own sender is nobody's who is not known.
    let own = octets(Self.header.replacingOccurrences(of: "s@a.example", with: "s@b.example") + "\nhello\n")
    let forged = try #require(finding(try json(own), "OWN_DOMAIN_FORGED"))
    #expect(forged["score"] as? Double == 0)
    let stranger = try json(own, ["--client", "203.0.113.9", "--from", "s@b.example"])
    #expect((finding(stranger, "OWN_DOMAIN_FORGED")?["score"] as? Double ?? 0) > 0)
  }

  @Test func nobodyIsAskedOffline() throws {
    let result = try scan(
      ["-", "--json", "--offline", "--config", folder.file("weir.toml")],
      input: octets(Self.trace + Self.header + "\nhello\n"))
    let auth = try #require(try json(result)["auth"] as? [String: Any])
    #expect(auth["spf"] is NSNull && auth["dkim"] is NSNull)
  }

  // MARK: What it says

  /// The same words on a page and in JSON, whatever the charset.
  @Test(arguments: [
    ("gb2312", "t6LGsc2o1qo=", "发票通知", "t6LGsdLRvq2/qrrDo6zH67LpytW4vbz+oaM=", "发票已经开好，请查收附件。", "GB18030"),
    (
      "iso-2022-jp", "GyRCMnE1RCROJCpDTiRpJDsbKEI=", "会議のお知らせ",
      "GyRCTEBGfCROMnE1RCRPOzAzLCROSXQyMCRHJDkhIxsoQg==", "明日の会議は三階の部屋です。", "ISO-2022-JP"
    ),
    (
      "koi8-r", "896j1CDOwSDP0MzB1NU=", "Счёт на оплату", "8M/Tzc/U0snUxSwg0M/WwczVytPUwSwg0NLJzM/Wxc7JxS4=",
      "Посмотрите, пожалуйста, приложение.", "KOI8-R"
    ),
  ])
  func legacyCharsets(
    charset: String, subject: String, subjectText: String, body: String, bodyText: String, real: String
  ) throws {
    let head =
      "From: =?\(charset)?B?\(subject)?= <s@a.example>\nSubject: =?\(charset)?B?\(subject)?=\n"
      + "MIME-Version: 1.0\nContent-Type: text/plain; charset=\(charset)\nContent-Transfer-Encoding: 8bit\n\n"
    let message = octets(head) + (try octets(base64: body)) + octets("\n")
    let object = try json(message)
    #expect((object["header"] as? [String: String])?["subject"] == subjectText)
    #expect((object["text"] as? String)?.contains(bodyText) == true)
    let part = try #require((object["parts"] as? [[String: Any]])?.first)
    #expect(part["charset"] as? String == real && part["charset_declared"] as? String == charset)
    let page = try scan(["-"] + configured, input: message)
    #expect(page.succeeded, "\(page.errors)")
    #expect(page.output.contains("Subject   \(subjectText)\n"), "\(page.output)")
    #expect(page.output.contains("  │ \(bodyText)\n"), "\(page.output)")
    for line in page.output.split(separator: "\n") {
      #expect(TextWidth.of(String(line)) <= 80, "\(line)")
    }
  }

  @Test func nothingOfTheMessageSteersTheTerminal() throws {
    let message = octets(
      "From: \u{1b}]0;owned\u{7} <s@a.example>\nSubject: =?utf-8?B?G1sySuKArmV4ZQ==?=\n"
        + "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
        + "<p>a&#27;[31m&#8238;b</p><a href=\"https://evil.example/\u{202e}x\">www.bank.example</a>\n")
    let page = try scan(["-"] + configured, input: message).output
    #expect(
      page.contains("Links (1)") && page.contains("leads to evil.example, not to"), "\(page)"
    )
    for scalar in page.unicodeScalars where scalar != "\n" {
      let isUnfit =
        scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) || scalar.properties.isBidiControl
      #expect(!isUnfit, "U+\(String(scalar.value, radix: 16))")
    }
    #expect(page.contains("\\x1b]0;owned\\x07"))
  }

  @Test func attachmentsAreWhatTheyAre() throws {
    let message = octets(
      Self.header.replacing("Subject: t\n", with: "Subject: t\nMIME-Version: 1.0\n")
        + """
        Content-Type: multipart/mixed; boundary=x

        --x
        Content-Type: text/plain

        see
        --x
        Content-Type: image/png
        Content-Disposition: attachment; filename="photo.png"
        Content-Transfer-Encoding: base64

        UEsDBBQAAAAAAAAAIQCGphA2BQAAAAUAAAALAAAAaW52b2ljZS50eHRoZWxsb1BLAQIUAxQAAAAA
        AAAAIQCGphA2BQAAAAUAAAALAAAAAAAAAAAAAACAAQAAAABpbnZvaWNlLnR4dFBLBQYAAAAAAQAB
        ADkAAAAuAAAAAAA=
        --x--

        """)
    let object = try json(message)
    let file = try #require((object["attachments"] as? [[String: Any]])?.first)
    #expect(file["name"] as? String == "photo.png" && file["type"] as? String == "image/png")
    #expect(file["size"] as? Int == 126 || (file["size"] as? Int ?? 0) > 100)
    let page = try scan(["-"] + configured, input: message).output
    #expect(page.contains("“photo.png”") && page.contains("said to be image/png"), "\(page)")
    // Where it is built in, it says what it is.
    if let real = file["real_type"] as? String, !real.isEmpty {
      #expect(real == "application/zip", "\(real)")
    }
  }

  @Test func brokenFormIsShownAsItIs() throws {
    let message = octets(
      "From: s@a.example\nSubject: one\nSubject: two\nContent-Type: multipart/mixed; boundary=x\n\n"
        + "--x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!\n--y\nnever ended\n")
    let object = try json(message)
    let kinds = (object["faults"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
    #expect(kinds.contains("duplicateField") && kinds.contains("unclosedMultipart"), "\(kinds)")
    #expect(kinds.contains("malformedBase64"), "\(kinds)")
    let page = try scan(["-"] + configured, input: message)
    #expect(page.succeeded && page.output.contains("Faults ("), "\(page.output)")
    // No message at all is one still, to a gateway.
    for text in ["x", "\n\n", "no header here\nnor here\n", "\0\0\0"] {
      #expect(
        try scan(["-"] + configured, input: octets(text)).ending == .exited(0), "\(text.debugDescription)")
    }
    // What the gateway would not take.
    let bare = try json(octets("From: s@a.example\n\na\rb\n"))
    #expect(bare["verdict"] as? String == "reject" && bare["stage"] as? String == "message")
  }

  @Test func whatOneClientShowsAndAnotherDoesNotIsShown() throws {
    let message = octets(
      "From: s@a.example\nSubject: t\nonly some show this\nTo: u@b.example\n"
        + "Content-Type: multipart/mixed; boundary=x\n\nno part is here\n")
    let page = try scan(["-"] + configured, input: message).output
    #expect(page.contains("Text among the header's fields") && page.contains("│ only some show this"))
    #expect(page.contains("│ no part is here"), "\(page)")
    let text = try #require(try json(message)["text"] as? String)
    #expect(text == "t\nonly some show this\nno part is here\n", "\(text)")
    let images = octets(
      "From: s@a.example\nContent-Type: text/html\n\n<img src=http://a.example/1.png><img src=2.png>\n")
    #expect(try scan(["-"] + configured, input: images).output.contains("(HTML): no text, but 2 images"))
    let empty = octets("From: s@a.example\nSubject: t\n\n \n")
    #expect(try scan(["-"] + configured, input: empty).output.contains("(text): nothing to be seen"))
  }

  @Test func longTextsAreCutUnlessAllIsAskedFor() throws {
    let message = octets(Self.header + "\n" + (1...50).map { "line \($0)\n" }.joined())
    let short = try scan(["-"] + configured, input: message).output
    #expect(short.contains("│ line 16\n") && !short.contains("line 17\n"))
    #expect(short.contains("… 34 more lines; --text shows all"), "\(short)")
    #expect(try scan(["-", "--text"] + configured, input: message).output.contains("│ line 50\n"))
  }

  // MARK: Many messages

  private static let mailbox = """
    From s@a.example Thu Nov 19 10:00:00 2026
    \(header)
    first
    >From here on it is text

    From s@a.example Thu Nov 19 10:00:01 2026
    From: other@a.example
    Subject: second

    last

    """

  @Test func aMailboxIsALineEach() throws {
    let file = try folder.write("box", Self.mailbox)
    let page = try scan([file] + configured, columns: 100)
    #expect(page.succeeded, "\(page.errors)")
    let lines = page.output.split(separator: "\n")
    #expect(
      lines.contains { $0.contains("box#1") && $0.contains("accept") && $0.contains("S <s@a.example>") })
    #expect(lines.contains { $0.contains("box#2") && $0.contains("second") }, "\(page.output)")
    #expect(lines.last?.hasPrefix("2 messages: ") == true)
    let objects = try scan([file, "--json"] + configured).output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.count == 2)
    // The mark of the mailbox is not the message's.
    #expect((objects.first?["text"] as? String)?.contains("\nFrom here on") == true, "\(objects)")
    let second = try scan([file, "--message", "2"] + configured)
    #expect(
      second.output.contains("Subject   second\n") && second.output.contains("│ last\n"), "\(second.output)")
    #expect(try scan([file, "--message", "3"] + configured).ending == .exited(1))
    // A separator in front of one message makes no mailbox of it.
    let single = try json(octets("From s@a.example Thu Nov 19 10:00:00 2026\n" + Self.header + "\nx\n"))
    #expect(single["name"] as? String == "-" && (single["text"] as? String)?.contains("x") == true)
    // The same from standard input, and each as by itself.
    let piped = try scan(["-", "--json"] + configured, input: octets(Self.mailbox)).output
    #expect(piped.split(separator: "\n").count == 2)
    let alone = try json(octets("From: other@a.example\nSubject: second\n\nlast\n"))
    #expect(alone["verdict"] as? String == objects.last?["verdict"] as? String)
    #expect(codes(alone) == codes(objects.last ?? [:]))
  }

  @Test func aFolderIsGoneThrough() throws {
    try folder.write("mail/b/2.eml", Self.header.replacing("Subject: t", with: "Subject: deep") + "\nx\n")
    try folder.write("mail/1", Self.header + "\nx\n")
    try folder.write("mail/box", Self.mailbox)
    try folder.write("mail/notes.txt", "no message: at all\n\nreally\n")
    try folder.write("mail/empty.eml", "")
    let page = try scan([folder.file("mail")] + configured, columns: 100)
    #expect(page.ending == .exited(1), "\(page.errors)")
    #expect(
      page.output.contains("4 messages: ") && page.output.contains("; 1 could not be read"), "\(page.output)")
    #expect(page.output.contains("b/2.eml") && page.output.contains("deep"))
    #expect(!page.output.contains("notes.txt") && page.output.contains("empty.eml: it is empty"))
    for line in page.output.split(separator: "\n") { #expect(TextWidth.of(String(line)) <= 100, "\(line)") }
    let objects = try scan([folder.file("mail"), "--json"] + configured).output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let names = objects.compactMap {
      ($0["name"] as? String).map { String($0.dropFirst(folder.file("mail/").count)) }
    }
    #expect(names == ["1", "box#1", "box#2", "empty.eml", "b/2.eml"])
    #expect(objects.dropFirst(3).first?["error"] as? String == "it is empty")
  }

  @Test func exitCodesAreAsTheManualSays() throws {
    #expect(try scan([folder.file("none")] + configured).ending == .exited(1))
    #expect(try scan(["-", "--config", folder.file("none.toml")], input: octets("x")).ending == .exited(2))
    try folder.write("broken", "a.example NONSENSE\n")
    #expect(try scan(["-", "--dns", folder.file("broken")], input: octets("x")).ending == .exited(2))
    for wrong in [
      ["--client", "x"], ["--to", "a b"], ["--from", "a b"], ["--now", "x"], ["--offline", "--dns", "x"],
    ] {
      #expect(try scan(["-"] + wrong, input: octets("x")).ending == .exited(64), "\(wrong)")
    }
  }
}
