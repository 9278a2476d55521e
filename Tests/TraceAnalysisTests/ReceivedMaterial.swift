import Foundation
import NetAddress
import TraceAnalysis

/// A case of `received/lines.json`: what SpamAssassin's parser makes of a line.
struct LineCase: Decodable, CustomStringConvertible {
  let id: String
  let received: String
  let expect: Expectation
  var description: String { id }

  enum Expectation: Decodable {
    /// A word: `skip` for a line that tells of no hop between hosts.
    case word(String)
    case parts(RelayParts)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let word = try? value.decode(String.self) {
        self = .word(word)
      } else {
        self = .parts(try value.decode(RelayParts.self))
      }
    }
  }

  /// What falls short; nil where all is as it should be.
  func fallsShort() -> String? {
    let line = ReceivedLine(received)
    switch expect {
    case .word: return line.isRelay ? "read as a hop from \(line.address?.description ?? "-")" : nil
    case .parts(let parts): return line.isRelay ? parts.difference(from: line) : "read as no hop"
    }
  }
}

/// The parts of a relay, as SpamAssassin writes them.
struct RelayParts: Decodable {
  let ip, rdns, helo, by, ident, envfrom, id, auth: String
  let intl, msa: String?

  func difference(from line: ReceivedLine) -> String? {
    var found: [String] = []
    func compare(_ name: String, _ expected: String, _ own: String?) {
      if marked(own ?? "") != expected { found.append("\(name) is “\(own ?? "")”, not “\(expected)”") }
    }
    if line.address != IPAddress(ip) {
      found.append("ip is \(line.address?.description ?? "none"), not \(ip)")
    }
    compare("by", by.plain, line.byText?.plain)
    // The version that Exchange writes behind `id` is none to SpamAssassin, nor is one without the word.
    let isVersion = line.with == "mapi" || line.with?.hasPrefix("Microsoft SMTP Server") == true
    if !(id.isEmpty && (isVersion || line.id?.contains("@") == true)) { compare("id", id, line.id) }
    // A user that logged in may stand where others write the ident.
    if line.login?.user != ident { compare("ident", ident.plain, line.ident?.plain) }
    compare("envfrom", envfrom, line.sender)
    // An address alone says nothing of the greeting; there, the greeting and the `from` word are one text.
    let isLiteral = line.from.map { $0.hasPrefix("[") } ?? false
    if !(isLiteral
      && [helo, marked(line.helo ?? "")].allSatisfy { $0.isEmpty || $0 == marked(line.from ?? "") })
    {
      compare("helo", helo, line.helo)
    }
    // An address or a word is no name; and where there is one name alone, SpamAssassin takes it for both.
    let isNoName = IPAddress(rdns) != nil || !rdns.isEmpty && !rdns.contains(".")
    if !(line.reverseName == nil && (isNoName || rdns == helo)) { compare("rdns", rdns, line.reverseName) }
    // Yahoo's login is none to SpamAssassin.
    if auth.isEmpty != (line.login == nil), line.login?.manner != "with login" {
      found.append("auth is \(line.login?.manner ?? "none"), not \(auth)")
    }
    return found.isEmpty ? nil : found.joined(separator: "; ")
  }

  /// The text with the signs marked that SpamAssassin takes out.
  private func marked(_ text: String) -> String {
    String(text.map { " #[]()<>|".contains($0) ? "!" : $0 })
  }
}

extension String {
  /// Without brackets and SpamAssassin's marks for them.
  fileprivate var plain: String { filter { !"![]<>".contains($0) } }
}

extension ReceivedLine {
  /// Whether it tells of a hop from one host to another, by address.
  var isRelay: Bool { kind == .handover && address != nil }
}

/// A case of `received/mail_parser.json`: what mail-parser makes of a line, in its own terms.
struct MailParserCase: Decodable, CustomStringConvertible {
  let header: String
  let expected: Parts
  /// The cases have no names: eight digits of the FNV-1a hash of the line.
  var description: String {
    let hash = header.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  private enum CodingKeys: String, CodingKey { case header, expected }

  struct Host: Decodable {
    let Name: String?
    let IpAddr: String?
    var text: String { Name ?? IpAddr ?? "" }
  }

  struct Moment: Decodable {
    let year, month, day, hour, minute, second, tz_hour, tz_minute: Int
    let tz_before_gmt: Bool

    /// nil where there is no such moment.
    var text: String? {
      guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else {
        return nil
      }
      func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
      // It takes all years of two digits for those of 1900: RFC 5322 §4.3 says that those to 49 are of 2000.
      let year = (1900..<1950).contains(year) ? year + 100 : year
      return
        "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)):\(two(second)) \(tz_before_gmt ? "-" : "+")\(two(tz_hour))\(two(tz_minute))"
    }
  }

  struct Parts: Decodable {
    let from, by, helo: Host?
    let from_ip, from_iprev, ident, with, via, id, for_, tls_version, tls_cipher: String?
    let date: Moment?
  }

  func fallsShort() -> String? {
    let line = ReceivedLine(header)
    var found: [String] = []
    func compare(
      _ name: String, _ expected: String?, _ own: String?, _ isSame: (String, String) -> Bool = { $0 == $1 }
    ) {
      let (expected, own) = (expected ?? "", own ?? "")
      if !isSame(expected, own) { found.append("\(name) is “\(own)”, not “\(expected)”") }
    }
    compare("from", expected.from?.text, line.from) { $0 == bare($1) }
    compare("by", expected.by?.text, line.byText)
    // There, a recipient is one with an @.
    compare("for", expected.for_, line.recipient.flatMap { $0.contains("@") ? $0 : nil })
    compare("via", expected.via, line.via)
    // Its tokens end at a slash, and an id is one only behind the word.
    if let id = expected.id { compare("id", id, line.id) { $0 == $1 || $1.hasPrefix($0 + "/") } }
    if let helo = expected.helo { compare("helo", helo.text, line.helo) { $0 == bare($1) } }
    if let address = expected.from_ip, line.address != IPAddress(address) {
      found.append("from_ip is \(line.address?.description ?? "none"), not \(address)")
    }
    if let name = expected.from_iprev { compare("from_iprev", name, line.reverseName) }
    if let with = expected.with {
      // Its protocols have neither of these.
      let own = ["BSMTP": "SMTP", "HTTPREST": "HTTP"][line.protocolName ?? ""] ?? line.protocolName
      compare("with", with.uppercased(), own)
    }
    if let ident = expected.ident { compareIdent(ident, line, &found) }
    if let version = expected.tls_version {
      compare("tls", digits(version), line.tls.map { digits($0.version) }) { $0.hasPrefix($1) && !$1.isEmpty }
    }
    if let cipher = expected.tls_cipher { compare("cipher", cipher, line.tls?.cipher) }
    // Where its own date is none, ours need only be one.
    if let date = expected.date {
      if let text = date.text { compare("date", text, line.date?.text) { same($0, $1) } }
      if line.date == nil { found.append("no date") }
    }
    return found.isEmpty ? nil : found.joined(separator: "; ")
  }

  /// There, the user is written with the host or the address behind it, or is who logged in.
  private func compareIdent(_ ident: String, _ line: ReceivedLine, _ found: inout [String]) {
    let own = [line.ident, line.login?.user].compactMap { $0 }
    let isTold = own.contains { one in
      one == ident || one.hasPrefix(ident + "/") || ident.hasPrefix(one + "@")
    }
    if !isTold { found.append("ident is \(own), not “\(ident)”") }
  }

  private func bare(_ text: String) -> String {
    text.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
  }

  /// The digits of the first version: `TLSv1/SSLv3` is 1.
  private func digits(_ text: String) -> String { text.prefix { $0 != "/" }.filter(\.isNumber) }

  /// A zone of -0000 and one of +0000 are the same moment, and a fraction of a second is a part of it.
  private func same(_ expected: String, _ own: String) -> Bool {
    expected.replacing("-0000", with: "+0000") == own.replacing("-0000", with: "+0000")
  }
}
