internal import Bytes

/// Names of hosts in text that mail clients make links of though nothing says so: `bad.com/x`.
enum BareHost {
  /// Top-level domains of which names are written so, and that are no endings of files or words.
  private static let topLevels: Set<String> = [
    "com", "net", "org", "info", "biz", "cn", "hk", "tw", "mo", "jp", "kr", "ru", "su", "ua", "de", "uk",
    "fr", "eu", "nl",
    "us", "ca", "au", "in", "br", "cc", "tv", "me", "io", "co", "ly", "gd", "gl", "gg", "to", "ws", "pw",
    "tk", "ml", "ga",
    "cf", "gq", "top", "xyz", "vip", "shop", "site", "online", "club", "icu", "live", "store", "link",
    "click", "work",
    "fun", "app", "dev", "win", "bid", "loan", "men", "date", "wang", "ltd", "ink", "mobi", "asia", "pro",
    "space",
    "website", "tech", "today", "world", "life", "buzz", "cyou", "sbs", "cfd", "rest", "bond",
  ]

  /// What the run of letters, digits, dots and hyphens around a dot is.
  ///
  /// - Parameters:
  ///   - dot: the first dot of the run.
  ///   - floor: before it nothing is looked at.
  /// - Returns: where it begins and ends, and whether it is a host.
  static func read(_ text: [UInt8], dot: Int, floor: Int) -> (start: Int, end: Int, isHost: Bool) {
    var start = dot
    while start > floor, dot - start < 64 {
      if isHostOctet(text[start - 1]) {
        start -= 1
      } else {
        // Characters without width between letters are passed over.
        let length = invisible(text, before: start, floor: floor)
        guard length > 0 else { break }
        start -= length
      }
    }
    var end = dot
    while end < text.count, end - start < 254 {
      if isHostOctet(text[end]) {
        end += 1
      } else {
        let length = text[end] < 0x80 ? 0 : LinkFinder.ignored(text, end)
        guard length > 0 else { break }
        end += length
      }
    }
    let isPlain = text[start..<end].allSatisfy { $0 < 0x80 }
    let name = isPlain ? text[start..<end] : plain(text, start..<end)
    let dot = isPlain ? dot : name.firstIndex(of: .dot) ?? name.endIndex
    guard let first = name.first, first != .dot, end - start < 254, first != 0x2d, !bars(text, before: start),
      !bars(text, behind: end)
    else { return (start, end, false) }
    var host = name
    while let last = host.last, last == .dot || last == 0x2d { host.removeLast() }
    guard let lastDot = host.lastIndex(of: .dot), lastDot >= dot, DomainName.validated(host) != nil else {
      return (start, end, false)
    }
    let topLevel = String(decoding: host[(lastDot + 1)...].map(\.lowercasedASCII), as: UTF8.self)
    return (start, end, topLevels.contains(topLevel))
  }

  private static func isHostOctet(_ octet: UInt8) -> Bool {
    octet.isASCIILetterOrDigit || octet == .dot || octet == 0x2d
  }

  /// Whether a label of a host may end in front of a place.
  static func mayEnd(_ text: [UInt8], at place: Int, floor: Int) -> Bool {
    text[place - 1].isASCIILetterOrDigit || invisible(text, before: place, floor: floor) > 0
  }

  /// Without characters that have no width.
  private static func plain(_ text: [UInt8], _ range: Range<Int>) -> ArraySlice<UInt8> {
    text[range].filter { $0 < 0x80 }[...]
  }

  /// How long the character without width is that ends in front of a place; 0 where there is none.
  private static func invisible(_ text: [UInt8], before place: Int, floor: Int) -> Int {
    guard text[place - 1] >= 0x80 else { return 0 }
    for length in 2...3 where place - length >= floor && LinkFinder.ignored(text, place - length) == length {
      return length
    }
    return 0
  }

  /// Part of something else: a mail address, a path, a variable.
  private static func bars(_ text: [UInt8], before start: Int) -> Bool {
    guard start > 0 else { return false }
    switch text[start - 1] {
    case UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "_"), UInt8(ascii: "="),
      UInt8(ascii: "%"),
      UInt8(ascii: "&"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "+"), .dot, 0x2d:
      return true
    default: return text[start - 1].isASCIILetterOrDigit
    }
  }

  private static func bars(_ text: [UInt8], behind end: Int) -> Bool {
    end < text.count && (text[end] == UInt8(ascii: "@") || text[end] == UInt8(ascii: "_"))
  }
}
