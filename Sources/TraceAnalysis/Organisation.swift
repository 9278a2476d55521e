internal import Bytes
internal import NetAddress

/// Whom a host name belongs to, by its form.
///
/// The public suffix list would know better; here it is only asked whether two hosts may be of one house, and a wrong
/// answer makes a doubt more or less, never a verdict.
enum Organisation {
  /// Labels under a country's domain below which names are given out.
  private static let seconds: Set<String> = [
    "ac", "co", "com", "edu", "gob", "gouv", "gov", "go", "gv", "info", "ltd", "me", "mil", "ne", "net",
    "nhs", "nom",
    "or", "org", "plc", "sch", "school", "web",
  ]

  /// Houses with more than one name.
  private static let families: [String: String] = [
    "gmail.com": "google.com", "googlemail.com": "google.com", "1e100.net": "google.com",
    "hotmail.com": "microsoft.com", "outlook.com": "microsoft.com", "office365.com": "microsoft.com",
    "msn.com": "microsoft.com", "live.com": "microsoft.com", "exchangelabs.com": "microsoft.com",
    "yahoodns.net": "yahoo.com", "yahoogroups.com": "yahoo.com", "ymail.com": "yahoo.com",
    "yahoo.net": "yahoo.com",
    "foxmail.com": "qq.com", "126.com": "163.com", "yeah.net": "163.com", "netease.com": "163.com",
    "aliyun-inc.com": "aliyun.com", "alibaba.com": "aliyun.com", "amazonaws.com": "amazon.com",
    "amazonses.com": "amazon.com", "icloud.com": "apple.com", "me.com": "apple.com", "mac.com": "apple.com",
    "aol.net": "aol.com", "gmx.com": "gmx.net", "kundenserver.de": "1and1.com", "web.de": "gmx.net",
    "sf.net": "sourceforge.net", "vasoftware.com": "sourceforge.net", "osdn.com": "sourceforge.net",
  ]

  /// The organisational domain, small letters; nil for what is no full name.
  static func of(_ name: String?) -> String? {
    guard let name, HostText.isFullName(name) else { return nil }
    let labels = name.lowercasedASCII.pieces(by: .dot)
    guard labels.count >= 2 else { return nil }
    let last = labels[labels.count - 1]
    let isCountry = last.utf8.count == 2
    let count = isCountry && labels.count > 2 && seconds.contains(String(labels[labels.count - 2])) ? 3 : 2
    let domain = labels.suffix(count).joined(separator: ".")
    return families[domain] ?? domain
  }

  /// Whether the names may be of one house: nil where one of them tells none.
  static func isShared(_ one: String?, _ other: String?) -> Bool? {
    guard let one = of(one), let other = of(other) else { return nil }
    return one == other
  }

  /// Mailbox providers, each with a network of its own that no other has a host in.
  private static let providers: Set<String> = [
    "google.com", "microsoft.com", "yahoo.com", "qq.com", "163.com", "apple.com", "gmx.net",
  ]

  /// Whether both are of such providers, and not of the same one.
  static func areProviders(_ one: String?, _ other: String?) -> Bool {
    guard let one = of(one), let other = of(other), one != other else { return false }
    return providers.contains(one) && providers.contains(other)
  }
}

extension IPAddress {
  /// Whether no host on the Internet can have it, and no private network either: unspecified, multicast, reserved.
  var isImpossible: Bool {
    if let v4 { return v4 >> 24 == 0 || v4 >> 28 >= 0xE }
    return !isLoopback && !isPrivate && high >> 61 != 1 && !(high == 0x0064_FF9B_0000_0000)
  }

  /// Whether it is one for examples (RFC 5737, RFC 3849) or tests (RFC 2544).
  var isForDocumentation: Bool {
    if let v4 { return [0xC00002, 0xC63364, 0xCB0071].contains(v4 >> 8) || v4 >> 17 == 0xC612 >> 1 }
    return high >> 32 == 0x2001_0DB8
  }

  /// Whether it means something in the whole Internet.
  var isPublic: Bool {
    // 100.64/10 is the providers' own (RFC 6598).
    let isShared = v4.map { $0 >> 22 == 0x6440 >> 6 } ?? false
    if high >> 48 == 0x2002 {
      // 6to4 (RFC 3056): as public as the IPv4 address in it. Gmail's servers sign with 10/8 written so.
      return IPAddress(v4: UInt32(truncatingIfNeeded: high >> 16)).isPublic
    }
    return !isPrivate && !isLoopback && !isUnspecified && !isImpossible && !isShared
  }
}
