internal import Bytes

/// The comments of a line that are not about the client's name: encryption, login, envelope.
enum ReceivedNotes {
  /// Whether a comment is one of these.
  static func isNote(_ text: String) -> Bool {
    var line = ReceivedLine()
    return read(text, &line)
  }

  /// Reads a comment into the line.
  ///
  /// - Returns: false where it is about something else.
  @discardableResult
  static func read(_ text: String, _ line: inout ReceivedLine) -> Bool {
    let text = text.utf8.count > 400 ? String(text.unicodeScalars.prefix(400)) : text
    let words = text.pieces { $0 == .space || $0 == UInt8(ascii: ",") }
    guard let first = words.first else { return false }
    let head = first.lowercasedASCII
    if head == "via", words.count == 2, Protocols.named(String(words[1])) != nil {
      // `by … (via HTTP)`.
      line.via = line.via ?? String(words[1])
      line.login = line.login ?? ReceivedLine.Login(manner: String(words[1]).uppercasedASCII)
      return true
    }
    return envelope(head, words, &line) || login(head, words, text, &line)
      || encryption(head, words, text, &line)
      || remark(head, words)
  }

  private static func envelope(_ head: String, _ words: [Substring], _ line: inout ReceivedLine) -> Bool {
    var head = head
    var value: Substring?
    if let equals = head.firstIndex(of: "="), head.hasPrefix("envelope-") {
      value = words[0].dropFirst(head.distance(from: head.startIndex, to: equals) + 1)
      head = String(head[..<equals])
    }
    guard
      ["envelope-from", "envelope-sender", "return-path", "return-path:", "envelope-from:"].contains(head)
    else { return false }
    guard let value = value ?? words.dropFirst().first else { return true }
    line.sender = String(value.filter { $0 != "<" && $0 != ">" }).printable(limit: 320)
    return true
  }

  private static func login(
    _ head: String, _ words: [Substring], _ text: String, _ line: inout ReceivedLine
  ) -> Bool {
    // Hardly a comment is about a login.
    guard
      head == "auth:" || head == "smtp-auth:" || head == "account"
        || words.prefix(3).contains(where: {
          $0.utf8.count <= 14 && $0.lowercasedASCII.hasPrefix("authenticated")
        })
    else { return false }
    let small = words.prefix(8).map { $0.lowercasedASCII }
    if head == "auth:" || head == "smtp-auth:" {
      // Courier: `AUTH: CRAM-MD5 user, TLS: TLS1.3, 128bits, …`.
      let own = small.firstIndex(of: "tls:").map { words[..<$0] } ?? words[...]
      let method = own.dropFirst().first.map(String.init) ?? ""
      line.login = ReceivedLine.Login(
        manner: own.count > 2 ? "AUTH \(method)".printable(limit: 60) : "AUTH",
        user: own.dropFirst().last.map { String($0).printable(limit: 100) })
      if let tls = small.firstIndex(of: "tls:") {
        _ = encryption("tls:", Array(words[tls...]), text, &line)
      }
      return true
    }
    guard let mark = small.firstIndex(where: { $0 == "authenticated" || $0 == "authenticated:" }), mark < 3
    else {
      guard head == "account", words.count == 2 else { return false }
      line.login = ReceivedLine.Login(manner: "account", user: String(words[1]).printable(limit: 100))
      return true
    }
    var rest = words[(mark + 1)...]
    while let word = rest.first?.lowercasedASCII,
      ["sender:", "sender", "as", "user", "user:", "by", "id"].contains(word)
    {
      rest.removeFirst()
    }
    let user = rest.first.flatMap {
      $0.contains(octet: UInt8(ascii: "=")) ? nil : String($0).printable(limit: 100)
    }
    line.login = ReceivedLine.Login(manner: text.printable(limit: 60), user: user)
    return true
  }

  private static func encryption(
    _ head: String, _ words: [Substring], _ text: String, _ line: inout ReceivedLine
  ) -> Bool {
    // Postfix: `using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) …`; Kerio `using TLSv1.2 cipher X`.
    if head == "using", let version = words.dropFirst().first, isVersion(version) {
      let cipher = words.firstIndex { $0.lowercasedASCII == "cipher" }.flatMap { words[safe: $0 + 1] }
      line.tls = ReceivedLine.TLS(version: String(version), cipher: cipher.map(String.init))
      return true
    }
    // Gmail, Exchange, Haraka: `version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128`.
    let pairs = words.filter { $0.contains(octet: UInt8(ascii: "=")) }
    if let version = value("version", pairs) ?? value("tls_version", pairs) {
      line.tls = ReceivedLine.TLS(version: version, cipher: value("cipher", pairs))
      return true
    }
    var words = words[...]
    if ["tls:", "cipher", "tls_cipher", "tls", "ssl:"].contains(head) { words.removeFirst() }
    if head == "tls:" || head == "ssl:" {
      // Courier: `TLS: TLSv1/SSLv3, 168bits, DES-CBC3-SHA`.
      guard let version = words.first else { return true }
      let cipher = words.dropFirst().first {
        !$0.lowercasedASCII.hasSuffix("bits")
          && $0.utf8.contains(where: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
      }
      line.tls = ReceivedLine.TLS(
        version: String(version).printable(limit: 20), cipher: cipher.map { String($0).printable(limit: 80) })
      return true
    }
    // Exim, OpenSMTPD: `TLSv1:AES256-SHA:256`, `TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256`, `TLS1.3`.
    guard words.count == 1, let only = words.first else { return false }
    let parts = only.pieces(by: UInt8(ascii: ":"))
    guard let version = parts.first, isVersion(version) else { return false }
    line.tls = ReceivedLine.TLS(
      version: String(version),
      cipher: parts.count > 1 ? String(parts[1]).printable(limit: 80) : line.tls?.cipher)
    return true
  }

  private static func value(_ key: String, _ pairs: [Substring]) -> String? {
    for pair in pairs {
      let parts = pair.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0].lowercasedASCII == key { return String(parts[1]).printable(limit: 80) }
    }
    return nil
  }

  /// `TLSv1.2`, `TLS1_3`, `TLS-1.0`, `SSLv3`, `TLSv1/SSLv3`.
  private static func isVersion(_ text: Substring) -> Bool {
    let small = text.lowercasedASCII
    guard small.utf8.count <= 20, small.hasPrefix("tls") || small.hasPrefix("ssl") else { return false }
    return small.dropFirst(3).utf8.allSatisfy { $0.isASCIILetterOrDigit || "._-/v".utf8.contains($0) }
      && small.utf8.contains(where: \.isASCIIDigit)
  }

  /// Remarks that say nothing of the client's name.
  private static func remark(_ head: String, _ words: [Substring]) -> Bool {
    if head == "no" || head == "client" || head == "uid" || head == "nullmailer" { return true }
    if head == "not", words.count > 1, words[1].lowercasedASCII == "using" { return true }
    if head == "proxying" || head == "peer" || head == "single-drop" || head == "multi-drop" { return true }
    return false
  }

  /// What other parts of the line say of the login.
  static func finish(_ line: inout ReceivedLine) {
    guard line.login == nil, let spoken = Protocols.named(line.with) else { return }
    // A web mailer's users log in, or they could not write.
    if logins.contains(spoken) || spoken.hasPrefix("HTTP") && spoken != "HTTPREST" {
      line.login = ReceivedLine.Login(manner: spoken)
    } else if let by = line.by, isSubmission(by.lowercasedASCII, line) {
      line.login = ReceivedLine.Login(manner: by)
    }
  }

  /// RFC 3848, RFC 6531, and Exim's of before.
  private static let logins: Set<String> = [
    "ESMTPA", "ESMTPSA", "ASMTP", "ASMTPS", "SMTPA", "SMTPSA", "LMTPA", "LMTPSA", "UTF8SMTPA", "UTF8SMTPSA",
    "UTF8LMTPA", "UTF8LMTPSA",
  ]

  /// Servers that take mail from their users alone and do not say that they logged in.
  private static func isSubmission(_ by: String, _ line: ReceivedLine) -> Bool {
    if by == "mail.gmx.net" || by == "mail.gmx.com" { return line.product != nil && line.helo != line.from }
    guard by == "mx.google.com" || by == "smtp.gmail.com", line.protocolName == "ESMTPS", let id = line.id
    else {
      return false
    }
    // Gmail's ids of submitted mail have `sm` between the first two numbers: `m16sm345129qck.28.…`.
    let head = Array(id.utf8.prefix(7))
    return head.indices.dropLast(2).contains {
      head[$0] == UInt8(ascii: "s") && head[$0 + 1] == UInt8(ascii: "m") && head[$0 + 2].isASCIIDigit
    }
  }
}
