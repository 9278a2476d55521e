/// A cipher suite of TLS.
public struct CipherSuite: Hashable, Sendable {
  /// The number on the wire.
  public let number: UInt16
  /// The name that OpenSSL and other servers' logs use.
  public let name: String
  /// The name in the registry.
  public let standardName: String
  /// Whether the TLS library speaks it, and the operator may choose it (the suites of TLS 1.3 are always all on).
  public let isChoosable: Bool

  /// The name of a suite that was chosen on the wire, `0xC0FF` for one without a name here.
  public static func name(of number: UInt16) -> String {
    if let suite = byNumber[number] { return suite.name }
    let digits = String(number, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// What is offered where the operator says nothing: forward secrecy always, AEAD first. The ones with CBC at the
  /// end are for the mail servers of Windows 2012 R2, which have no other that serves an RSA certificate; without
  /// them such a sender falls back to no encryption at all.
  static let standard = [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA",
  ]

  /// What is offered besides where the operator lets versions before 1.2 in.
  static let ancient = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES256-SHA", "AES128-SHA"]

  /// Reads a list as the setting `tls.ciphers` writes it: names of OpenSSL or of the registry with `:` between.
  ///
  /// - Returns: the suites, and the names that the TLS library cannot speak (DHE, and what is too weak).
  /// - Throws: what is no name at all, or that nothing remains.
  public static func list(_ text: String) throws(TLSFault) -> (suites: [CipherSuite], ignored: [String]) {
    var suites: [CipherSuite] = []
    var ignored: [String] = []
    for name in text.split(whereSeparator: { ":, ".contains($0) }).map({ $0.uppercased() }) {
      guard let suite = byName[name] else {
        throw TLSFault(
          .configuration,
          "there is no cipher suite “\(name.prefix(60))”; write the names one by one, such as"
            + " “ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256”")
      }
      if suite.isChoosable { suites.append(suite) } else { ignored.append(suite.name) }
    }
    guard !suites.isEmpty else {
      throw TLSFault(.configuration, "it names no cipher suite for TLS 1.2 that this TLS library speaks")
    }
    return (suites, ignored)
  }

  private static let byNumber = Dictionary(
    all.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
  private static let byName = Dictionary(
    all.flatMap { [($0.name, $0), ($0.standardName, $0)] }, uniquingKeysWith: { first, _ in first })

  private init(_ number: UInt16, _ name: String, _ standardName: String, _ isChoosable: Bool) {
    self.number = number
    self.name = name
    self.standardName = standardName
    self.isChoosable = isChoosable
  }
}

extension CipherSuite {
  /// Those that the library speaks, and those of common advice that it does not.
  private static let all: [CipherSuite] = [
    CipherSuite(0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", false),
    CipherSuite(0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", false),
    CipherSuite(0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", false),
    CipherSuite(0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true),
    CipherSuite(0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true),
    CipherSuite(0xC02F, "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true),
    CipherSuite(0xC030, "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true),
    CipherSuite(
      0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true),
    CipherSuite(0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true),
    CipherSuite(0xC009, "ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", true),
    CipherSuite(0xC00A, "ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", true),
    CipherSuite(0xC013, "ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", true),
    CipherSuite(0xC014, "ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", true),
    CipherSuite(0x009C, "AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", true),
    CipherSuite(0x009D, "AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384", true),
    CipherSuite(0x002F, "AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", true),
    CipherSuite(0x0035, "AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", true),
    CipherSuite(0xC027, "ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", false),
    CipherSuite(0xC028, "ECDHE-RSA-AES256-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", false),
    CipherSuite(0xC023, "ECDHE-ECDSA-AES128-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", false),
    CipherSuite(0xC024, "ECDHE-ECDSA-AES256-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", false),
    CipherSuite(0x009E, "DHE-RSA-AES128-GCM-SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", false),
    CipherSuite(0x009F, "DHE-RSA-AES256-GCM-SHA384", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", false),
    CipherSuite(0xCCAA, "DHE-RSA-CHACHA20-POLY1305", "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false),
    CipherSuite(0x0033, "DHE-RSA-AES128-SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", false),
    CipherSuite(0x0039, "DHE-RSA-AES256-SHA", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", false),
    CipherSuite(0x0067, "DHE-RSA-AES128-SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", false),
    CipherSuite(0x006B, "DHE-RSA-AES256-SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", false),
    CipherSuite(0x003C, "AES128-SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256", false),
    CipherSuite(0x003D, "AES256-SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256", false),
    CipherSuite(0x000A, "DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", false),
    CipherSuite(0xC012, "ECDHE-RSA-DES-CBC3-SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", false),
  ]
}
