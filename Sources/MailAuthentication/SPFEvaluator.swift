public import Bytes
public import DNS
public import NetAddress

/// How much asking one SPF check may cost (RFC 7208 §4.6.4).
public struct SPFLimits: Hashable, Sendable {
  /// Mechanisms and modifiers that ask, in all records together.
  public var terms = 10
  /// Terms that find nothing there; a record that the domain's owner left to rot is a `permerror`.
  public var voids = 2
  /// Names behind one `mx`; the next one is a `permerror`.
  public var exchanges = 10
  /// Names of the client's address; the others are left out.
  public var pointers = 10
  /// Octets of an explanation.
  public var explanation = 300

  public init() {}
}

/// `check_host()` of RFC 7208, with all that it may ask.
///
/// A question that DNS could not answer is a `temperror`: neither fail nor pass. The time for all questions is that of
/// the `Lookups`.
public struct SPFEvaluator: Sendable {
  /// Who checks: the `%{r}` of explanations.
  public let hostname: String
  public let limits: SPFLimits

  public init(hostname: String, limits: SPFLimits = SPFLimits()) {
    self.hostname = hostname
    self.limits = limits
  }

  /// Checks the envelope sender (§2.4).
  ///
  /// - Parameters:
  ///   - sender: `local@domain`, without angle brackets and quotes; empty for the null sender, who is
  ///     `postmaster` at the greeting's name. Not ASCII: its domain is made A-labels (RFC 8616 §4).
  ///   - helo: the name of the greeting.
  public func check(
    ip: IPAddress, sender: String, helo: String, now: Timestamp, _ lookups: Lookups
  ) async -> SPFOutcome {
    guard !sender.isEmpty else {
      return await check(.mailFrom, localPart: "", domain: helo, ip: ip, helo: helo, now: now, lookups)
    }
    let at = sender.utf8.lastIndex(of: UInt8(ascii: "@"))
    let localPart = at.map { String(sender[..<$0]) } ?? ""
    let domain = at.map { String(sender[sender.utf8.index(after: $0)...]) } ?? sender
    return await check(.mailFrom, localPart: localPart, domain: domain, ip: ip, helo: helo, now: now, lookups)
  }

  /// Checks the name of the greeting (§2.3).
  public func check(
    ip: IPAddress, helo: String, now: Timestamp, _ lookups: Lookups
  ) async -> SPFOutcome {
    await check(.helo, localPart: "", domain: helo, ip: ip, helo: helo, now: now, lookups)
  }

  private func check(
    _ identity: SPFOutcome.Identity, localPart: String, domain: String, ip: IPAddress, helo: String,
    now: Timestamp, _ lookups: Lookups
  ) async -> SPFOutcome {
    // §4.3: a literal, one label alone, or what is no name at all has nobody to ask.
    guard !domain.utf8.starts(with: "[".utf8), let name = DNSName(domain), name.hasLabels else {
      return SPFOutcome(.none, identity: identity)
    }
    let macros = SPFMacros(
      ip: ip, localPart: localPart.isEmpty ? "postmaster" : localPart,
      senderDomain: domain.utf8.allSatisfy { $0 < 0x80 } ? domain : name.text, helo: helo, hostname: hostname,
      time: now.milliseconds / 1000)
    var run = SPFRun(ip: ip, limits: limits, macros: macros, lookups: lookups)
    let verdict = await run.verdict(on: name)
    return SPFOutcome(
      verdict.result, identity: identity, domain: name, mechanism: verdict.mechanism,
      explanation: await run.explanation(of: verdict), problem: verdict.problem)
  }
}

extension DNSName {
  /// Whether it has more labels than one.
  var hasLabels: Bool { text.utf8.contains(.dot) }
}
