internal import Bytes
public import DNS

/// What a trusted sealer says of a message that was changed or redirected since it left its author's domain.
public struct ARCVoucher: Hashable, Sendable {
  /// `d=` of the seal.
  public let sealer: DNSName
  public let instance: Int
  /// The result it rests on, for the operator: `dmarc=pass`.
  public let result: String

  public init(sealer: DNSName, instance: Int, result: String) {
    self.sealer = sealer
    self.instance = instance
    self.result = result
  }
}

extension ARCOutcome {
  /// The newest trusted sealer who saw the author's domain proved (RFC 8617 §7.2.1); nil where there is none, or the
  /// chain does not pass.
  ///
  /// A chain that passes says only who touched the message, so what a sealer saw counts where nobody else could have
  /// changed it since: each newer sealer is trusted too, or the sealer's own signature over the message still holds.
  /// - Parameters:
  ///   - author: the domain of From.
  ///   - isTrusted: whether the operator trusts a sealer.
  ///   - isAligned: whether a domain that SPF or DKIM proved speaks for the author's, asked where the sealer reports no
  ///     DMARC.
  public func voucher(
    for author: DNSName, isTrusted: (DNSName) -> Bool, isAligned: (DNSName) -> Bool
  ) -> ARCVoucher? {
    guard status == .pass, sealers.count == results.count else { return nil }
    var isOpen = true
    for (index, sealer) in sealers.enumerated() {
      let instance = sealers.count - index
      guard isTrusted(sealer) else {
        isOpen = false
        continue
      }
      guard isOpen || instance >= (oldestPass ?? sealers.count),
        let seen = AuthenticationResults(Array(results[index].utf8)[...], isSealed: true),
        let result = seen.proof(of: author, isAligned)
      else { continue }
      return ARCVoucher(sealer: sealer, instance: instance, result: result)
    }
    return nil
  }
}

extension AuthenticationResults {
  /// The result that proves an author's domain: DMARC, or without any, SPF or DKIM of an aligned domain.
  fileprivate func proof(of author: DNSName, _ isAligned: (DNSName) -> Bool) -> String? {
    let dmarc = results.filter { $0.method == "dmarc" }
    guard dmarc.isEmpty else {
      // Abuse: a pass that does not say of whom may be that of any author the sealer saw.
      let passes = dmarc.allSatisfy { one in
        one.result == "pass" && one.value("header", "from").flatMap(Self.domain) == author
      }
      return passes ? "dmarc=pass" : nil
    }
    for one in results where one.result == "pass" {
      let said: String?
      switch one.method {
      case "dkim": said = one.value("header", "d") ?? one.value("header", "i")
      case "spf": said = one.value("smtp", "mailfrom")
      default: continue
      }
      if let domain = said.flatMap(Self.domain), isAligned(domain) { return "\(one.method)=pass \(domain)" }
    }
    return nil
  }

  /// Of a domain, or of an address.
  private static func domain(_ said: String) -> DNSName? {
    said.split(separator: "@").last.flatMap { DNSName($0) }
  }
}
