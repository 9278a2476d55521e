import Foundation
import TestSupport
import Testing

/// `weir trace`, as it is built.
@Suite struct TraceCommandTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder("trace")
    try folder.write("weir.toml", Self.configuration)
    try folder.write("names", Self.names)
    try folder.write("message", Self.message)
  }

  private static let configuration = """
    hostname = "mx.b.example"
    [dns]
    enabled = false
    [relay]
    domains = ["b.example"]
    [trust]
    networks = ["192.0.2.0/24"]
    [trace]
    abuse_zone = "abuse.test"
    rdap = "-"
    whois = "-"
    [[backend]]
    address = "127.0.0.1:10025"
    """

  private static let names = """
    7.100.51.198.abuse.test TXT "abuse@isp.example"
    7.100.51.198.in-addr.arpa PTR mail.a.example
    mail.a.example A 198.51.100.7
    100.51.198.in-addr.arpa SOA ns.isp.example hostmaster.isp.example 1 2 3 4 5
    """

  private static let header = """
    Return-Path: <s@a.example>
    Received: from mx.b.example (mx.b.example [192.0.2.10])
    \tby store.b.example (Postfix) with ESMTPS id 4A1B2C3D4E
    \tfor <u@b.example>; Thu, 19 Nov 2026 10:00:05 +0000 (UTC)
    Received: from mail.a.example (mail.a.example [198.51.100.7])
    \tby mx.b.example (Postfix) with ESMTPS id 4A1B2C3D4F
    \tfor <u@b.example>; Thu, 19 Nov 2026 11:00:03 +0100 (CET)
    Received: from 62.57.1.71 ([62.90.8.146]) by mail.a.example
    \twith SMTP id x; Thu, 19 Nov 2026 10:00:01 +0000
    X-Originating-IP: [203.0.113.77]
    From: <s@a.example>
    Subject: t

    """
  private static let message = header + "\ntext of the message\n"

  private func trace(_ arguments: String..., input: String? = nil, columns: Int = 120) throws -> CommandResult
  {
    try run(
      Gateway.binary(), ["trace"] + arguments, environment: ["COLUMNS": "\(columns)"],
      input: input.map { Array($0.utf8) })
  }

  private func json(_ result: CommandResult) throws -> [String: Any] {
    #expect(result.errors.isEmpty, "\(result.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  private func hops(_ object: [String: Any]) throws -> [[String: Any]] {
    try #require(object["hops"] as? [[String: Any]])
  }

  private var configured: [String] { ["--config", folder.file("weir.toml"), "--dns", folder.file("names")] }

  @Test func jsonIsOfTheShapeThatStays() throws {
    let result = try run(
      Gateway.binary(), ["trace", folder.file("message"), "--json"] + configured)
    #expect(result.succeeded, "\(result.errors)")
    let object = try json(result)
    let hops = try hops(object)
    #expect(hops.count == 3)
    for hop in hops {
      for key in ["from", "helo", "ip", "by", "with", "id", "date", "delay", "trusted", "faults"] {
        #expect(hop[key] != nil, "\(key)")
      }
    }
    #expect(hops.map { $0["trusted"] as? Bool } == [true, false, false])
    #expect(hops.map { $0["ip"] as? String } == ["192.0.2.10", "198.51.100.7", "62.90.8.146"])
    #expect(hops.map { $0["by"] as? String } == ["store.b.example", "mx.b.example", "mail.a.example"])
    #expect(hops.map { $0["delay"] as? Int } == [2, 2, nil])
    #expect(hops[0]["date"] as? String == "2026-11-19T10:00:05Z")
    #expect(hops[2]["faults"] as? [String] == ["helo-other-address"])
    let origin = try #require(object["origin"] as? [String: Any])
    #expect(origin["ip"] as? String == "198.51.100.7")
    #expect(origin["contact"] as? String == "abuse@isp.example")
    let contacts = try #require(origin["contacts"] as? [[String: Any]])
    #expect(
      contacts.map { $0["address"] as? String } == [
        "abuse@isp.example", "abuse@a.example", "hostmaster@isp.example",
      ])
  }

  @Test(arguments: [200, 120, 100, 80, 60, 40]) func theTableFitsTheTerminal(_ columns: Int) throws {
    let result = try run(
      Gateway.binary(), ["trace", folder.file("message")] + configured, environment: ["COLUMNS": "\(columns)"]
    )
    #expect(result.succeeded, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    for line in lines { #expect(line.count <= columns, "\(line)") }
    let text = result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for word in [
      "198.51.100.7", "mx.b.example", "outside", "claimed", "2026-11-19 10:00:03", "cannot be forged",
    ] {
      #expect(text.contains(word), "\(word): \(text)")
    }
    #expect(text.contains("! greeted with 62.57.1.71, but came from 62.90.8.146"))
    #expect(text.contains("abuse@isp.example"))
    #expect(text.contains("X-Originating-IP says 203.0.113.77"))
    #expect(!result.output.contains("\u{1b}"))
  }

  @Test func wideCharactersStandInTheirColumns() throws {
    let text = Self.message.replacing("from 62.57.1.71 ([62.90.8.146])", with: "from 邮件服务器 ([62.90.8.146])")
    let result = try trace("-", "--offline", input: text)
    let rows = result.output.split(separator: "\n").filter { $0.hasPrefix("3 ") || $0.hasPrefix("2 ") }
    try #require(rows.count == 2, "\(result.output)")
    func columns(before word: String, in row: Substring) throws -> Int {
      let range = try #require(row.range(of: word))
      return row[..<range.lowerBound].unicodeScalars.reduce(0) { $0 + ($1.value > 0x2e80 ? 2 : 1) }
    }
    #expect(try columns(before: "198.51.100.7", in: rows[0]) == columns(before: "62.90.8.146", in: rows[1]))
  }

  /// The header as mail clients and people show it; what is read is always the same.
  @Test(arguments: [
    "quoted", "indented", "rewrapped", "spaced", "each line spaced", "message spaced", "quoted and spaced",
    "prose",
    "crlf", "mac",
  ])
  func pastedHeaders(_ form: String) throws {
    let lines = Self.header.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let text =
      switch form {
      case "quoted": "You wrote:\n\n" + lines.map { "> " + $0 }.joined(separator: "\n")
      case "indented": lines.map { "    " + $0 }.joined(separator: "\n")
      case "rewrapped":
        lines.joined(separator: "\n").replacing("\n\t", with: " ").split(separator: "\n").map { line in
          var wrapped = ""
          var width = 0
          for word in line.split(separator: " ") {
            if width + word.count > 40 {
              wrapped += "\n"
              width = 0
            } else if width > 0 {
              wrapped += " "
            }
            wrapped += word
            width += word.count + 1
          }
          return wrapped
        }.joined(separator: "\n")
      case "spaced": lines.joined(separator: "\n").replacing("\n\t", with: " ").replacing("\n", with: "\n\n")
      case "each line spaced": lines.joined(separator: "\n\n")
      case "message spaced": "\n" + Self.message.replacing("\n", with: "\r\n\r\n")
      case "quoted and spaced": "You wrote:\n\n" + lines.map { "> " + $0 + "\n>" }.joined(separator: "\n")
      case "prose":
        "Hello,\nhere is the header of that message:\n\n" + lines.joined(separator: "\n") + "\n\nBye: me\n"
      case "crlf": lines.joined(separator: "\r\n")
      default: lines.joined(separator: "\r")
      }
    let object = try json(try trace("-", "--json", "--offline", "--trust", "192.0.2.0/24", input: text))
    let hops = try hops(object)
    #expect(hops.map { $0["ip"] as? String } == ["192.0.2.10", "198.51.100.7", "62.90.8.146"], "\(text)")
    #expect(hops.map { $0["id"] as? String } == ["4A1B2C3D4E", "4A1B2C3D4F", "x"], "\(text)")
    #expect((object["origin"] as? [String: Any])?["ip"] as? String == "198.51.100.7")
  }

  @Test(arguments: ["7bit", "base64"]) func anAttachedMessageIsTheOneInQuestion(_ encoding: String) throws {
    let inner =
      encoding == "base64"
      ? Data(Self.message.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
      : Self.message
    let text = """
      Received: from u.example (u.example [192.0.2.99]) by mx.b.example with SMTP id 1; Thu, 19 Nov 2026 12:00:00 +0000
      Subject: Fwd: spam
      Content-Type: multipart/mixed; boundary="=_b"

      --=_b
      Content-Type: text/plain

      see below
      --=_b
      Content-Type: message/rfc822
      Content-Transfer-Encoding: \(encoding)

      \(inner)
      --=_b--

      """
    let object = try json(try trace("-", "--json", "--offline", input: text))
    #expect(try hops(object).count == 3)
    #expect((object["notes"] as? [String])?.first?.contains("attached") == true)
    #expect(try hops(try json(try trace("-", "--json", "--offline", "--outer", input: text))).count == 1)
  }

  /// How mail clients attach a message that do not know what it is, or keep it in a mailbox.
  @Test(arguments: [
    ["Content-Type: message/rfc822", "", "From s@a.example Thu Nov 19 10:00:00 2026"],
    ["Content-Type: message/rfc822", "", ""],
    ["Content-Type: application/octet-stream; name=\"x.eml\"", ""],
    [
      "Content-Type: application/octet-stream",
      "Content-Disposition: attachment; filename*=utf-8''spam%20.eml", "",
    ],
    ["Content-Type: text/plain", "Content-Disposition: attachment; filename=header.txt", ""],
  ]) func attachedAnyhow(_ head: [String]) throws {
    func enclosing(_ head: [String], _ inner: String) -> String {
      """
      Subject: Fwd: spam
      Content-Type: multipart/mixed; boundary=bb
      Received: from u.example (u.example [192.0.2.99]) by mx.b.example with SMTP id 1; Thu, 19 Nov 2026 12:00:00 +0000

      --bb
      Content-Type: text/plain

      see below
      --bb
      \(head.joined(separator: "\n"))
      \(inner)
      --bb--

      """
    }
    let object = try json(try trace("-", "--json", "--offline", input: enclosing(head, Self.message)))
    #expect(try hops(object).count == 3, "\(head)")
    let inner = head.dropFirst(1 + (head.firstIndex(of: "") ?? 0)).map { $0 + "\n" }.joined() + Self.message
    let encoded = Data(inner.utf8).base64EncodedString(options: [
      .lineLength76Characters, .endLineWithLineFeed,
    ])
    let fields = head.prefix { !$0.isEmpty } + ["Content-Transfer-Encoding: base64", ""]
    #expect(
      try hops(json(try trace("-", "--json", "--offline", input: enclosing(Array(fields), encoded)))).count
        == 3)
    // What is attached and no message is none.
    let other = try json(try trace("-", "--json", "--offline", input: enclosing(Array(fields), "AAAA")))
    #expect(try hops(other).count == 1)
  }

  @Test func aDigestHoldsMessages() throws {
    let text =
      "Subject: d\nContent-Type: multipart/digest; boundary=b\n\n"
      + String(repeating: "--b\n\n" + Self.message, count: 2) + "--b--\n"
    let object = try json(try trace("-", "--json", "--offline", input: text))
    #expect(try hops(object).count == 3)
    #expect((object["notes"] as? [String])?.first?.contains("first with Received lines of 2") == true)
  }

  @Test func aHeaderPastItsBoundIsSaid() throws {
    let long =
      "X-Long: " + String(repeating: "x", count: 250_000) + "\n" + "X-More: "
      + String(repeating: "x", count: 20_000) + "\n"
    let first =
      "Received: from mx.b.example (mx.b.example [192.0.2.10]) by store.b.example; 19 Nov 2026 10:00:05 +0000\n"
    let object = try json(try trace("-", "--json", "--offline", input: first + long + Self.message))
    #expect((object["notes"] as? [String])?.contains { $0.contains("longer than 256 KiB") } == true)
    #expect(try hops(object).count == 1)
  }

  @Test(arguments: [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian])
  func whatWindowsKeeps(_ encoding: String.Encoding) throws {
    let octets = [UInt8](try #require(Self.message.replacing("\n", with: "\r\n").data(using: encoding)))
    let object = try json(try run(Gateway.binary(), ["trace", "-", "--json", "--offline"], input: octets))
    #expect(try hops(object).count == 3)
  }

  @Test func whatIsLeftOutIsSaid() throws {
    let lines = Self.header.replacing("\n\t", with: " ").replacing(
      "\nReceived: from 62", with: "\n\nand then, further down:\n\nReceived: from 62")
    let object = try json(try trace("-", "--json", "--offline", input: "Look:\n\n" + lines))
    #expect(try hops(object).count == 2)
    #expect((object["notes"] as? [String])?.contains { $0.contains("1 Received line further down") } == true)
    let text =
      "Content-Type: multipart/mixed; boundary=b\n" + Self.header + "\n--b\n"
      + "Content-Type: application/octet-stream; name=x.msg\n\nx\n--b--\n"
    let item = try json(try trace("-", "--json", "--offline", input: text))
    #expect((item["notes"] as? [String])?.contains { $0.contains("Outlook") } == true)
  }

  /// Where nobody said which networks are one's own, all that is written says so.
  @Test func aGuessIsCalledOne() throws {
    for columns in [140, 60] {
      let table = try trace("-", "--offline", input: Self.message, columns: columns)
      let text = table.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(
        text.contains("cannot be forged if store.b.example and mx.b.example are servers of yours"), "\(text)")
      #expect(text.contains("is a guess") && text.contains("--trust") && text.contains("trust.networks"))
    }
    let object = try json(try trace("-", "--json", "--offline", input: Self.message))
    #expect(object["guessed"] as? Bool == true)
    #expect(
      (object["notes"] as? [String])?.contains { $0.contains("guess") && $0.contains("--trust") } == true)
    let options = ["--report", "--offline", "--from", "me@b.example", "--to", "you@a.example"]
    func report(_ more: [String]) throws -> (text: String, errors: String) {
      let result = try run(Gateway.binary(), ["trace", folder.file("message")] + options + more)
      return (result.output.split(whereSeparator: \.isWhitespace).joined(separator: " "), result.errors)
    }
    let guessed = try report([])
    #expect(
      guessed.text.contains("came from 198.51.100.7, if store.b.example and mx.b.example are servers of ours")
    )
    #expect(guessed.text.contains("guess") && guessed.errors.contains("guess"))
    // And where somebody did, none does.
    let known = ["--trust", "192.0.2.0/24"]
    let table = try run(Gateway.binary(), ["trace", folder.file("message"), "--offline"] + known).output
    let certain = try json(
      try run(Gateway.binary(), ["trace", folder.file("message"), "--offline", "--json"] + known))
    let sure = try report(known)
    #expect(!table.contains("guess") && table.contains("cannot be forged") && !table.contains("forged if"))
    #expect(certain["guessed"] as? Bool == false && certain["notes"] as? [String] == [])
    #expect(
      sure.errors.isEmpty && !sure.text.contains("guess") && sure.text.contains("came from 198.51.100.7. The")
    )
  }

  @Test func anAddressTranslatorIsNoOrigin() throws {
    let text = """
      Received: from fw (unknown [10.0.0.1]) by mx.b.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:03 +0000
      Received: from victim.test (victim.test [203.0.113.5]) by mail.innocent.test (Postfix) with ESMTP id 4A1B2C3D4F; Thu, 19 Nov 2026 10:00:01 +0000
      Subject: t

      """
    let guessed = try trace("-", "--offline", input: text)
    let words = guessed.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("likely origin 10.0.0.1") && words.contains("address translator"))
    #expect(words.contains("hop 2 says mail.innocent.test wrote it") && words.contains("--trust 10.0.0.1"))
    let known = try trace("-", "--offline", "--trust", "10.0.0.1", input: text)
    let told = known.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(told.contains("likely origin 203.0.113.5"))
    #expect(
      told.contains("cannot be forged if mail.innocent.test, whose name hop 2 bears, is a server of yours"))
  }

  @Test func mailboxes() throws {
    let text =
      "From a@b Thu Nov 19 10:00:00 2026\nSubject: none\n\nx\n\nFrom a@b Thu Nov 19 10:00:01 2026\n"
      + Self.message
    #expect(try trace("-", "--offline", input: text).ending == .exited(1))
    let object = try json(try trace("-", "--json", "--offline", "--message", "2", input: text))
    #expect(try hops(object).count == 3)
    #expect(try trace("-", "--message", "3", input: text).ending == .exited(2))
  }

  @Test func howItEnds() throws {
    #expect(try trace("-", "--offline", input: Self.message).ending == .exited(0))
    #expect(try trace("-", "--offline", input: "Subject: t\n\nx\n").ending == .exited(1))
    #expect(try trace("-", "--offline", input: "no header at all\n").ending == .exited(2))
    #expect(try trace("-", "--offline", input: "").ending == .exited(2))
    #expect(try trace(folder.file("absent")).ending == .exited(2))
    #expect(try trace("-", "--trust", "x", input: Self.message).ending == .exited(64))
    #expect(try trace("-", "--online", "--offline", input: Self.message).ending == .exited(64))
    let bad = try trace("-", "--config", folder.file("absent.toml"), input: Self.message)
    #expect(bad.ending == .exited(2) && bad.errors.contains("absent.toml"))
  }

  @Test func timeIsAnArgument() throws {
    let late = try json(
      try trace("-", "--json", "--offline", "--now", "2026-11-20T12:00:00Z", input: Self.message))
    #expect(try hops(late).allSatisfy { ($0["faults"] as? [String])?.contains("in-future") == false })
    let early = try json(
      try trace("-", "--json", "--offline", "--now", "2026-11-18T12:00:00Z", input: Self.message))
    #expect(try hops(early).allSatisfy { ($0["faults"] as? [String])?.contains("in-future") == true })
  }

  @Test func whatAStrangerWroteReachesNoTerminal() throws {
    let text = Self.message.replacing("from 62.57.1.71 (", with: "from a\u{1b}[2J\u{7}\u{202e}b (")
    for form in [["--json"], []] {
      let result = try run(Gateway.binary(), ["trace", "-", "--offline"] + form, input: Array(text.utf8))
      #expect(!result.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202e })
    }
  }

  @Test(needs(.python3)) func theReportIsOne() throws {
    let report = try run(
      Gateway.binary(),
      ["trace", folder.file("message"), "--report", "--whole", "--now", "2026-11-20T12:00:00Z"] + configured)
    #expect(report.succeeded, "\(report.errors)")
    #expect(!report.output.replacing("\r\n", with: "").contains("\n"))
    try folder.write("report", report.output)
    let program = """
      import email, email.policy, json, sys
      m = email.message_from_bytes(open(sys.argv[1], "rb").read(), policy=email.policy.default)
      parts = list(m.iter_parts())
      fields = email.message_from_string(parts[1].get_payload(0).as_string() if parts[1].is_multipart() else parts[1].get_payload())
      inner = parts[2].get_payload(0)
      print(json.dumps({"type": m.get_content_type(), "report": m.get_param("report-type"), "from": m["From"],
        "to": m["To"], "types": [p.get_content_type() for p in parts], "fields": dict(fields.items()),
        "inner": inner["Subject"], "text": parts[0].get_content(), "defects": len(m.defects), "date": m["Date"]}))
      """
    let result = try run("python3", ["-c", program, folder.file("report")])
    #expect(result.succeeded, "\(result.errors)")
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(read["type"] as? String == "multipart/report")
    #expect(read["report"] as? String == "feedback-report")
    #expect(read["types"] as? [String] == ["text/plain", "message/feedback-report", "message/rfc822"])
    #expect(read["from"] as? String == "postmaster@mx.b.example")
    #expect(read["to"] as? String == "abuse@isp.example")
    #expect(read["inner"] as? String == "t")
    #expect(read["defects"] as? Int == 0)
    #expect((read["date"] as? String)?.hasPrefix("Fri, 20 Nov 2026 12:00:00") == true)
    let fields = try #require(read["fields"] as? [String: String])
    #expect(fields["Feedback-Type"] == "abuse" && fields["Version"] == "1")
    #expect(fields["User-Agent"]?.wholeMatch(of: /Weir\/[0-9]+\.[0-9]+\.[0-9]+/) != nil)
    #expect(fields["Source-IP"] == "198.51.100.7")
    #expect(fields["Original-Mail-From"] == "<s@a.example>")
    #expect(fields["Arrival-Date"] == "Thu, 19 Nov 2026 10:00:03 +0000")
    #expect(fields["Reporting-MTA"] == "dns; mx.b.example")
    #expect((read["text"] as? String)?.contains("198.51.100.7") == true)
  }

  @Test func theReportNeedsSomebody() throws {
    #expect(
      try trace("-", "--report", "--offline", "--from", "me@b.example", input: Self.message).ending
        == .exited(2))
    #expect(
      try trace("-", "--report", "--offline", "--to", "you@b.example", input: Self.message).ending
        == .exited(2))
    #expect(
      try trace(
        "-", "--report", "--offline", "--from", "me@b.example\nBcc: x@y.example", "--to", "you@b.example",
        input: Self.message
      )
      .ending == .exited(2))
    let report = try trace(
      "-", "--report", "--offline", "--from", "me@b.example", "--to", "you@b.example", input: Self.message)
    #expect(report.succeeded)
    #expect(report.output.contains("Content-Type: text/rfc822-headers\r\n"))
    #expect(!report.output.contains("text of the message"))
    // A report says what host it comes from, never what domain its author writes from.
    let name = try #require(report.output.split(separator: "\r\n").first { $0.hasPrefix("Reporting-MTA: ") })
    #expect(name.hasPrefix("Reporting-MTA: dns; ") && name.contains(".") && !name.hasSuffix(" b.example"))
    let nameless = Self.message.replacing("mx.b.example", with: "mx").replacing(
      "store.b.example", with: "store")
    let other = try trace(
      "-", "--report", "--offline", "--from", "me@b.example", "--to", "you@b.example", input: nameless)
    #expect(other.succeeded && !other.output.contains("Reporting-MTA: dns; mx\r"))
  }

  @Test(needs(.python3)) func onlineTheRegistriesAreAsked() throws {
    let registries = try Registries()
    let text = Self.configuration.replacing("rdap = \"-\"", with: "rdap = \"\(registries.url)\"")
      .replacing("whois = \"-\"", with: "whois = \"127.0.0.1:\(registries.whoisPort)\"")
      .replacing("abuse_zone = \"abuse.test\"", with: "abuse_zone = \"-\"")
    try folder.write("online.toml", text)
    let options = [
      "trace", folder.file("message"), "--config", folder.file("online.toml"), "--dns", folder.file("names"),
    ]
    let object = try json(try run(Gateway.binary(), options + ["--online", "--json"]))
    let origin = try #require(object["origin"] as? [String: Any])
    #expect(origin["contact"] as? String == "abuse@rdap.example")
    let registrations = try #require(origin["registrations"] as? [String])
    #expect(registrations.count == 2)
    #expect(registrations[0].contains("RDAP-NET") && registrations[0].contains("DE"))
    #expect(registrations[1].contains("WHOIS-NET") && registrations[1].contains("abuse@whois.example"))
    // Nobody is asked without the word.
    let quiet = try json(try run(Gateway.binary(), options + ["--json"]))
    #expect((quiet["origin"] as? [String: Any])?["registrations"] as? [String] == [])
    registries.stop()
    let gone = try json(try run(Gateway.binary(), options + ["--online", "--json"]))
    let unknown = (gone["origin"] as? [String: Any])?["unknown"] as? [String] ?? []
    #expect(unknown.count == 2, "\(unknown)")
    #expect((gone["origin"] as? [String: Any])?["contact"] as? String == "abuse@a.example")
  }
}

/// An RDAP server that leads on to another address of its own, and a whois server that leads on to a second.
private final class Registries: Sendable {
  let url: String
  let whoisPort: UInt16
  private let process: RunningProcess

  init() throws {
    let ports = try (0..<3).map { _ in try FreePort.take() }
    url = "http://127.0.0.1:\(ports[0])"
    whoisPort = ports[1]
    process = try RunningProcess("python3", ["-c", Self.program] + ports.map { "\($0)" }, joined: true)
    for port in ports { try process.waitForPort(port) }
  }

  deinit { stop() }

  func stop() { process.kill() }

  private static let program = """
    import json, socketserver, sys, threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    ports = [int(p) for p in sys.argv[1:]]
    answer = {"objectClassName": "ip network", "name": "RDAP-NET", "country": "DE", "startAddress": "198.51.100.0",
      "endAddress": "198.51.100.255", "entities": [{"roles": ["registrant"], "entities": [{"roles": ["abuse"],
      "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["email", {}, "text", "abuse@rdap.example"]]]}]}]}
    class Web(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/ip/198.51.100.7":
                self.send_response(302); self.send_header("Location", "/found/198.51.100.7"); self.end_headers(); return
            body = json.dumps(answer).encode() if self.path == "/found/198.51.100.7" else b"{}"
            self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
            self.wfile.write(body)
    class First(socketserver.StreamRequestHandler):
        def handle(self):
            if self.rfile.readline(): self.wfile.write(b"%% IANA\\r\\nrefer: 127.0.0.1:" + str(ports[2]).encode() + b"\\r\\n")
    class Second(socketserver.StreamRequestHandler):
        def handle(self):
            if self.rfile.readline() == b"198.51.100.7\\r\\n":
                self.wfile.write(b"% Abuse contact for '198.51.100.0 - 198.51.100.255' is 'abuse@whois.example'\\n"
                  b"inetnum: 198.51.100.0 - 198.51.100.255\\nnetname: WHOIS-NET\\ncountry: DE\\n")
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    for port, handler in ((ports[1], First), (ports[2], Second)):
        threading.Thread(target=socketserver.ThreadingTCPServer(("127.0.0.1", port), handler).serve_forever).start()
    ThreadingHTTPServer(("127.0.0.1", ports[0]), Web).serve_forever()
    """
}
