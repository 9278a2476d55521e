import Bytes
import Filtering
import Foundation
import NetAddress
import Patterns
import RuleImport
import TestSupport
import Testing

/// Postfix's own answers, by `postmap -q`, beside those of what was brought over.
@Suite(needs(.postfix)) struct PostfixPeerTests {
  private static let now = Timestamp(milliseconds: 1_781_524_800_000)

  /// Postfix's answers for keys that have one.
  private func postmap(_ type: String, _ text: String, _ keys: [String]) throws -> [String: String] {
    let folder = try ScratchFolder("postmap")
    let path = try folder.write("table", text)
    let result = try run(
      "/usr/sbin/postmap", ["-q", "-", "\(type):\(path)"],
      input: Array((keys.joined(separator: "\n") + "\n").utf8))
    var answers: [String: String] = [:]
    for line in result.output.split(separator: "\n") {
      let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
      if parts.count == 2 { answers[parts[0]] = parts[1] }
    }
    return answers
  }

  private func lists(_ result: ImportResult) -> ListSnapshot {
    let files = result.files.filter { $0.role == .list }
    return ListSnapshot.parse(
      files.map { ListSource(file: $0.name, text: Array($0.text.utf8)) }, at: Self.now
    )
    .snapshot
  }

  private func verdict(_ answer: String?) -> ListVerdict? {
    switch answer.map({ $0.prefix { $0 != " " } }) {
    case "OK": .allow
    case "REJECT", "554": .block
    default: nil
    }
  }

  @Test func cidrTables() throws {
    let table = """
      10.1.0.0/16 OK
      10.1.2.0/24 REJECT dead
      if 10.0.0.0/8
      !10.128.0.0/9 DUNNO
      10.0.0.0/8 REJECT ten
      endif
      if !192.168.0.0/16
      !172.16.0.0/12 554 others
      endif
      2001:db8::/32 REJECT six
      ::/0 OK

      """
    let addresses = [
      "10.1.2.3", "10.2.0.1", "10.127.255.255", "10.128.0.0", "10.255.1.1", "192.168.3.3", "192.169.0.1",
      "172.16.0.1", "172.32.0.0", "8.8.8.8", "2001:db8::1", "2001:db9::1", "0.0.0.0", "255.255.255.255",
    ]
    let answers = try postmap("cidr", table, addresses)
    let result = imported(.postfixCIDR, table)
    #expect(result.isComplete)
    let lists = lists(result)
    #expect(answers.count > 6)
    for text in addresses {
      let address = try #require(IPAddress(text))
      #expect(lists.client(address, at: Self.now)?.verdict == verdict(answers[text]), "\(text)")
    }
  }

  /// As smtpd(8) asks: the mailbox, its domain and each parent, then `user@`.
  @Test func accessTables() throws {
    let table = """
      friend@bad.example OK
      bad.example REJECT all
      good.bad.example OK
      worse@good.bad.example 554 not you
      10.1 REJECT
      10.1.2 OK
      10.1.2.9 REJECT

      """
    let mailboxes = [
      "friend@bad.example", "x@bad.example", "x@sub.bad.example", "x@good.bad.example",
      "worse@good.bad.example",
      "x@deep.good.bad.example", "x@other.example", "friend@x.example",
    ]
    func keys(mailbox: String) -> [String] {
      let parts = mailbox.split(separator: "@").map(String.init)
      var keys = [mailbox]
      var labels = parts[1].split(separator: ".")
      while !labels.isEmpty {
        keys.append(labels.joined(separator: "."))
        labels.removeFirst()
      }
      return keys + [parts[0] + "@"]
    }
    func keys(address: String) -> [String] {
      var parts = address.split(separator: ".")
      var keys: [String] = []
      while !parts.isEmpty {
        keys.append(parts.joined(separator: "."))
        parts.removeLast()
      }
      return keys
    }
    let addresses = ["10.1.2.3", "10.1.2.9", "10.1.3.1", "10.2.1.1"]
    let all = mailboxes.flatMap { keys(mailbox: $0) } + addresses.flatMap { keys(address: $0) }
    let answers = try postmap("texthash", table, all)
    let lists = lists(imported(.postfixAccess, table, name: "sender_access", role: "sender"))
    for mailbox in mailboxes {
      let parts = mailbox.split(separator: "@").map(String.init)
      let expected = keys(mailbox: mailbox).lazy.compactMap { answers[$0] }.first
      let found = lists.sender(local: parts[0], domain: parts[1], at: Self.now)?.verdict
      #expect(found == verdict(expected), "\(mailbox): \(expected ?? "-")")
    }
    let clients = self.lists(imported(.postfixAccess, table, name: "client_access", role: "client"))
    for address in addresses {
      let expected = keys(address: address).lazy.compactMap { answers[$0] }.first
      let found = clients.client(try #require(IPAddress(address)), at: Self.now)?.verdict
      #expect(found == verdict(expected), "\(address): \(expected ?? "-")")
    }
  }

  private static let lines = [
    "Subject: cheap viagra now", "Subject: CHEAP", "subject: hello world", "Subject:", "Subject: a+b=c",
    "From: <>", "From: \"X\" <x@bad.example>", "To: undisclosed-recipients:;", "To: <Undisclosed Recipient>",
    "X-Num: 12345", "X-Num: 1 2", "X-Num: aaab", "X-Mailer: The Bat!", "Received: from x (y [10.1.2.3])",
    "Content-Type: text/plain; charset=gb2312", "Subject: =?gb2312?B?xxx?=", "Date: Mon, 1 Jan 2005 00:00:00",
    "X-A: tab  here", "X-A: [1](2){3}", "X-A: $5 #1 \\x", "X: abab", "X: abba", "X: wordy", "X: word y",
    "List-Unsubscribe: <mailto:x>", "Subject: foo {2} bar", "X-Caf: caf\u{e9}", "To: TO_me", "TO: x",
  ]

  private static let expressions = [
    "^Subject:.*viagra", "^subject: cheap$", "CHEAP", "^From:.*<>", "^To: undisclosed-recipients:;$",
    "^To: <?Undisclosed Recipients?>?$", "^X-Num: [0-9]{5}$", "^X-Num: [0-9]{2,3}", "^X-Num: a{2,}b",
    "^X-Num: a+b?$",
    "a\\+b=c", "(foo|bar) ", "^(To|From): ", "^X-A: .*\\$5", "#1", "\\{3\\}", "^X-A: \\[1\\]\\(2\\)",
    "[[:digit:]]{4}",
    "^X: (ab)+$", "^X: (a|b){4}$", "^[^:]+: word[^a-z]", "^TO: x", "^TO_", "TO_me", "tab..here",
    "^X-Mailer: .*!$",
    "charset=.*(big5|gb2312)", "^Subject:.*=\\?(big5|gb2312)\\?", "^Date:.*200[0-7]", "^Subject:$",
    "caf\u{e9}", "x y",
    "[]a]", "[^]a]b", "[a-c-]=c", "^.*$", "a|^", "()", "^List-Unsubscribe *", " $", "y$|^X-A",
    "^Received:.*\\[10\\.",
  ]

  private static let perl = [
    "^X: (ab)\\1", "^Subject:\\s+hello", "\\bword\\b", "^X: (?!abab)a", "^(?i)subject: (?-i:CHEAP)", "\\d{5}",
    "^X-A: \\S+\\t", "[\\w]+@bad", "^\\S+:\\s*$", "\\x41", "a*+b", "(?<=cheap )viagra", "\\Qa+b\\E",
    "^To:(?:\\s|<)+und",
    "[^\\d\\s:]+!$",
  ]

  @Test func expressionsOfPOSIX() throws { try compare("regexp", Self.expressions) }

  /// A package of its own beside Postfix.
  private static func absenceOfPCRE() -> String? {
    let folders = ["/usr/lib/postfix", "/usr/lib/postfix/lib", "/usr/libexec/postfix"]
    return folders.contains { FileManager.default.fileExists(atPath: "\($0)/postfix-pcre.so") }
      ? nil : "postfix-pcre is not installed (Scripts/install gets it)"
  }

  @Test(needs { absenceOfPCRE() }) func expressionsOfPCRE() throws {
    try compare("pcre", Self.expressions + Self.perl)
  }

  /// Each expression over each line: Postfix beside our condition, by procmail itself or by PCRE2.
  private func compare(_ type: String, _ expressions: [String]) throws {
    var procmail: [(index: Int, head: String, condition: String)] = []
    var expected: [Int: Set<String>] = [:]
    var asked = 0
    for (index, expression) in expressions.enumerated() {
      // Both cases: with the flag case counts.
      for flag in ["", "i"] {
        let number = index * 2 + (flag.isEmpty ? 0 : 1)
        let table = "/\(expression)/\(flag) REJECT\n"
        let answers = try postmap(type, table, Self.lines)
        let result = imported(.postfixChecks, table, name: "header_checks", syntax: type)
        let recipe = try #require(result.recipes.first, "\(table)\(result.lines)")
        let condition = String(recipe[1].dropFirst(2))
        asked += 1
        expected[number] = Set(answers.keys)
        if let pattern = condition.split(separator: "??", maxSplits: 2).last, condition.hasPrefix("PCRE ??") {
          let compiled = try Patterns.Pattern(String(pattern.dropFirst()))
          let neighbours = ("X-Before: 1\n", "X-After: 2\n")
          let isNeighbours = compiled.firstMatch(in: neighbours.0 + neighbours.1).isFound
          for line in Self.lines {
            let isMatch = answers[line] != nil
            #expect(compiled.firstMatch(in: line + "\n").isFound == isMatch, "\(type) \(table) on \(line)")
            // Nothing reaches over into the header beside it.
            let among = compiled.firstMatch(in: neighbours.0 + line + "\n" + neighbours.1).isFound
            #expect(among == (isMatch || isNeighbours), "\(type) \(table) among others on \(line)")
          }
        } else {
          procmail.append((number, recipe[0], condition))
        }
      }
    }
    try compareByProcmail(procmail, expected, type)
    print(
      "postfix-checks/\(type): \(asked) expressions over \(Self.lines.count) headers, \(procmail.count) of them procmail's"
    )
  }

  /// Headers of parts, folded: `postmap -hmq` beside procmail over header and body.
  @Test(
    needs {
      FileManager.default.isExecutableFile(atPath: "/usr/bin/procmail") ? nil : "procmail is not installed"
    })
  func headersOfParts() throws {
    let message = """
      From: a@b.example
      MIME-Version: 1.0
      Content-Type: multipart/mixed;
       boundary=x

      --x
      Content-Type: application/octet-stream;
       name="evil.exe"
      Content-Disposition: attachment;
      \tfilename=report.pdf

      Content-Type: text/plain; name="no header.scr"
       is here
      --x--

      """
    let expressions = [
      "name=\"?.*\\.(exe|scr)\"?$", "^Content-Type:.*name=.*\\.exe",
      "^Content-Disposition:.*filename=.*\\.pdf$",
      "^Content-Disposition:.*attachment;$", "^[[:space:]]*Content-Type: .*octet-stream",
      "content-[^:]*: app[^\"]*\"evil",
      "filename=[^;]*\\.doc", "boundary=x$",
    ]
    let folder = try ScratchFolder("parts")
    let text = try folder.write("message", message)
    var rc = "MAILDIR=\(folder.path)\nLOGFILE=\(folder.path)/log\nLOGABSTRACT=no\n"
    var expected: [Bool] = []
    for (index, expression) in expressions.enumerated() {
      let table = "/\(expression)/ REJECT\n"
      let path = try folder.write("table", table)
      let answer = try run(
        "/usr/sbin/postmap", ["-hmq", "-", "regexp:\(path)"], input: try readBytes(atPath: text))
      expected.append(!answer.output.isEmpty)
      let result = imported(.postfixChecks, table, name: "header_checks", syntax: "regexp")
      let recipe = try #require(result.recipes.first)
      #expect(!recipe[1].hasPrefix("* PCRE"))
      #expect(recipe[0] == ":0 HB" || !expression.lowercased().contains("name"), "\(recipe)")
      rc += "\n:0 HB\n\(recipe[1])\n{ LOG=\"<\(index)>\" }\n"
    }
    rc += "\n:0\n/dev/null\n"
    try folder.write("log", "")
    _ = try run("/usr/bin/procmail", ["-m", try folder.write("rc", rc)], input: try readBytes(atPath: text))
    let log = String(decoding: try readBytes(atPath: folder.file("log")), as: UTF8.self)
    let found = expressions.indices.map { log.contains("<\($0)>") }
    #expect(expected.contains(true) && expected.contains(false))
    #expect(found == expected, "\(expressions)")
  }

  /// One run of procmail for each line, with all conditions in one file.
  private func compareByProcmail(
    _ conditions: [(index: Int, head: String, condition: String)], _ expected: [Int: Set<String>],
    _ type: String
  ) throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/procmail") else {
      print("SKIPPED: procmail is not installed")
      return
    }
    let folder = try ScratchFolder("procmail")
    var rc =
      "MAILDIR=\(folder.path)\nLINEBUF=65536\nSHELL=/bin/sh\nLOGFILE=\(folder.path)/log\nLOGABSTRACT=no\n"
    for one in conditions { rc += "\n\(one.head)\n* \(one.condition)\n{ LOG=\"<\(one.index)>\" }\n" }
    rc += "\n:0\n/dev/null\n"
    let path = try folder.write("rc", rc)
    for line in Self.lines {
      try folder.write("log", "")
      _ = try run("/usr/bin/procmail", ["-m", path], input: Array("\(line)\n\nbody\n".utf8))
      let log = String(decoding: try readBytes(atPath: folder.file("log")), as: UTF8.self)
      for one in conditions {
        let isFound = log.contains("<\(one.index)>")
        #expect(
          isFound == expected[one.index]?.contains(line), "\(type) \(one.condition) on \(line)")
      }
    }
  }
}
