internal import Bytes
internal import Filtering
internal import MailSyntax

/// What well-known mail programs always write, against what a header shows: few rules, and each of them certain.
enum MailerMarks {
  /// Programs that never give a message an id of Outlook's form. In small letters.
  private static let others = [
    "alpine", "aol ", "apple mail", "claws mail", "egroups", "evolution", "gnus", "ipad mail", "iphone mail",
    "kmail", "mozilla", "mutt", "pine", "qualcomm", "roundcube", "squirrelmail", "sylpheed", "the bat!",
    "thunderbird", "ximian",
  ]

  /// What contradicts what, in words; nil where all fits.
  static func contradiction(in facts: MessageFacts, date: Timestamp) -> String? {
    let mailer = facts.headerText("X-Mailer") ?? facts.headerText("User-Agent") ?? ""
    let time = facts.headerText("Message-ID").flatMap(OutlookID.time)
    if let time {
      let days = (time - date).milliseconds / 86_400_000
      // The id holds the clock's time, and Date the same clock's.
      if abs(days) > 366 { return "Message-ID tells year \(time.civil.year)" }
      let small = mailer.lowercasedASCII
      if let program = others.first(where: { small.hasPrefix($0) }) {
        return "Message-ID of Outlook's form, written by \(program.trimmingSpace)"
      }
    }
    return contradiction(ofOutlook: mailer, hasOwnID: time != nil, facts)
      ?? contradiction(ofOthers: mailer, facts)
  }

  private static func contradiction(ofOthers mailer: String, _ facts: MessageFacts) -> String? {
    // It names itself in User-Agent.
    if facts.headerText("X-Mailer")?.lowercasedASCII.contains("thunderbird") == true {
      return "Thunderbird in X-Mailer"
    }
    // Servers may write ids of their own; not so the comment behind the version.
    if ["Apple Mail (", "iPhone Mail (", "iPad Mail ("].contains(where: mailer.hasPrefix),
      !(facts.headerText("Message-ID").map(isUUID) ?? false),
      !(facts.headerText("MIME-Version")?.contains("(") ?? false)
    {
      return "\(mailer.prefix { $0 != "(" })without its id and its MIME-Version"
    }
    return nil
  }

  /// `<0B8A4B3B-7C2D-4E5F-8A9B-0C1D2E3F4A5B@host>`
  private static func isUUID(_ id: String) -> Bool {
    let groups = id.utf8.dropFirst().prefix { $0 != UInt8(ascii: "@") }
      .split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isASCIIHexDigit) }
  }

  private static func contradiction(
    ofOutlook mailer: String, hasOwnID: Bool, _ facts: MessageFacts
  ) -> String? {
    let maker = facts.headerText("X-MimeOLE")
    let express = "Microsoft Outlook Express"
    if mailer.hasPrefix(express), !mailer.contains("Macintosh") {
      guard let maker else { return "\(express) without X-MimeOLE" }
      let own = version(mailer.dropFirst(express.count))
      guard let made = version(maker.drop { $0 != "V" }.dropFirst()) else {
        return "X-MimeOLE without a version"
      }
      if let own, own != made { return "\(express) \(own.major).\(own.minor) with another X-MimeOLE" }
      return nil
    }
    if ["Microsoft Outlook IMO", "Microsoft Outlook CWS", "Microsoft Outlook, Build"].contains(
      where: mailer.hasPrefix)
    {
      return maker == nil ? "\(mailer.prefix(28)) without X-MimeOLE" : nil
    }
    // Since 2010 it is the thread's index that it always writes.
    if ["14.", "15.", "16."].contains(where: { mailer.hasPrefix("Microsoft Outlook \($0)") }), !hasOwnID,
      !facts.header.contains("Thread-Index")
    {
      return "\(mailer.prefix(20)) without Thread-Index"
    }
    return nil
  }

  private struct Version: Hashable {
    let major: Int
    let minor: Int
  }

  /// The first two numbers of ` 6.00.2900.2180`.
  private static func version(_ text: Substring) -> Version? {
    let parts = text.drop { $0 == " " }.split(separator: ".", maxSplits: 2)
    guard parts.count > 1, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
    return Version(major: major, minor: minor)
  }
}

/// Ids of Outlook, Outlook Express and CDO: `<000601c24d2d$3e0b9d70$0100007f@host>`, a counter, then the upper half of
/// the time in units of 2³² × 100 ns since 1601, its lower half, and the address of the host.
enum OutlookID {
  /// The time in an id of that form; nil for others.
  static func time(_ id: String) -> Timestamp? {
    guard id.utf8.first == UInt8(ascii: "<") else { return nil }
    let groups = id.utf8.dropFirst().prefix { $0 != UInt8(ascii: "@") }
      .split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    guard groups.count == 3, (11...16).contains(groups[0].count), groups[1].count == 8, groups[2].count == 8,
      groups.allSatisfy({ $0.allSatisfy(\.isASCIIHexDigit) }),
      let high = UInt32(String(decoding: groups[0].suffix(8), as: UTF8.self), radix: 16)
    else { return nil }
    let seconds = Int64((UInt64(high) << 32) / 10_000_000) - 11_644_473_600
    return Timestamp(milliseconds: seconds * 1000)
  }
}
