/// Which module may import which: the levels of the design, spelt out. A new edge is a decision, and stands
/// here and in `Package.swift`.
struct Edges {
  /// Modules that only compute: no NIO, no Foundation, no C library, no clock; time is an argument. Cryptography
  /// computes as well, with libcrypto, and is not among them for that alone.
  let pure: Set<String>
  /// What each module may import, of this repository and of others.
  let allowed: [String: Set<String>]

  /// What every module may import.
  static let everywhere: Set<String> = ["Synchronization"]
  /// What every module that is not pure may import besides.
  static let impure: Set<String> = ["Foundation", "Glibc", "Dispatch"]

  static let ofWeir = Edges(
    pure: [
      "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "SASL", "Filtering", "Checks",
      "DNS", "MailAuthentication", "TraceAnalysis", "MessageViews", "RuleLanguage", "RuleImport", "Rules",
    ],
    allowed: [
      "Bytes": [],
      "NetAddress": ["Bytes"],
      // On the same level, yet settings hold addresses.
      "Settings": ["Bytes", "NetAddress", "TOMLKit"],
      "MailSyntax": ["Bytes", "NetAddress"],
      "SMTPProtocol": ["Bytes", "NetAddress", "MailSyntax"],
      "Cryptography": ["Bytes", "COpenSSL"],
      "SASL": ["Bytes", "Cryptography"],
      "InternationalDomains": ["CICU"],
      "Turns": [],
      "Patterns": ["Bytes", "CPCRE2", "CHyperscan"],
      "Charsets": ["Bytes", "CIconv", "CICU"],
      "MessageViews": ["Bytes", "NetAddress", "MailSyntax", "Charsets"],
      "RuleLanguage": ["Bytes", "Settings"],
      "ContentInspection": ["Bytes", "Turns", "Charsets", "MessageViews", "Filtering", "CMagic", "CArchive"],
      "RuleImport": ["Bytes", "NetAddress"],
      "DNS": ["Bytes", "NetAddress", "InternationalDomains"],
      "DNSClient": ["Bytes", "NetAddress", "DNS", "CUnbound"],
      "MailAuthentication": ["Bytes", "NetAddress", "MailSyntax", "DNS", "Cryptography"],
      "TraceAnalysis": ["Bytes", "NetAddress", "MailSyntax", "DNS"],
      "EventLoops": ["NIOCore"],
      "Locations": ["NetAddress", "Filtering", "CMaxMindDB"],
      "Filtering": toProtocol.union(origins).union(["Cryptography"]),
      "TransportSecurity": Set(["Bytes", "NetAddress", "Cryptography"]).union(nio).union(tls),
      "Checks": toFiltering.union(["Patterns", "Cryptography"]),
      "Rules": toFiltering.union(["Patterns"]),
      "SMTPRelay": toFiltering.union(nio).union(["TransportSecurity", "EventLoops", "NIOSSL"]),
      "Authentication": toFiltering.union(nio).union([
        "Cryptography", "TransportSecurity", "NIOSSL", "AsyncHTTPClient", "CLDAP",
      ]),
      "Storage": toFiltering.union(nio),
      "Programs": ["Turns", "Filtering", "CSpawn"],
      "MessageStore": Set([
        "Bytes", "NetAddress", "MailSyntax", "SMTPProtocol", "Filtering", "NIOPosix", "GRDB",
      ]),
      "Telemetry": toFiltering,
      "SMTPServer": toFiltering.union(nio).union(tls).union([
        "Storage", "Telemetry", "TransportSecurity", "EventLoops",
      ]),
      "MaildirServer": Set(["Bytes", "MailSyntax", "SMTPProtocol"]).union(nio),
      "weir": toFiltering.union(nio).union([
        "Checks", "SMTPRelay", "Storage", "Telemetry", "SMTPServer", "MaildirServer", "Authentication",
        "Cryptography", "TransportSecurity", "CPCRE2", "COpenSSL", "DNSClient", "Patterns", "Locations",
        "ContentInspection", "RuleImport", "Rules", "MessageStore", "Programs", "NIOHTTP1", "ArgumentParser",
        "AsyncHTTPClient",
      ]),
    ])

  private static let toProtocol: Set<String> = [
    "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "SASL",
  ]
  private static let toFiltering: Set<String> = toProtocol.union(origins).union(["Filtering"])
  private static let origins: Set<String> = [
    "DNS", "MailAuthentication", "TraceAnalysis", "Charsets", "MessageViews", "RuleLanguage",
  ]
  private static let tls: Set<String> = ["NIOTLS", "NIOSSL"]
  private static let nio: Set<String> = ["NIOCore", "NIOPosix"]
}
