internal import Bytes
public import DNS

/// DMARC for a message (RFC 7489 §6.6): whether its author's domain answers for it, and what the domain asks for
/// where not.
public struct DMARCEvaluator: Sendable {
  /// How the organisation of a domain is found.
  public enum Discovery: String, Hashable, Sendable, CaseIterable {
    /// By the public suffix list (RFC 7489 §3.2).
    case suffixes
    /// By asking the domain and those above it (the tree walk of RFC 7489's successor).
    case tree
  }

  public let suffixes: PublicSuffixes
  public let discovery: Discovery

  public init(_ suffixes: PublicSuffixes, discovery: Discovery = .suffixes) {
    self.suffixes = suffixes
    self.discovery = discovery
  }

  /// Judges a message by each of its authors' domains; where several fail, the strictest policy counts (§6.6.1).
  ///
  /// - Parameters:
  ///   - spf: of the envelope sender (§3.1.2), the greeting's name standing in for a null one.
  ///   - sample: what is the message's own and no other's: `pct=` picks by its digest, the same message always alike.
  public func check(
    _ authors: DMARCAuthors, spf: SPFOutcome?, dkim: [DKIMVerification], sample: [UInt8], _ lookups: Lookups
  ) async -> DMARCOutcome {
    guard !authors.domains.isEmpty else {
      return DMARCOutcome(.none, reason: authors.fields == 0 ? "no From" : "From has no domain")
    }
    guard !authors.isCut else {
      return DMARCOutcome(.permerror, reason: "From has more than \(DMARCAuthors.mostDomains) domains")
    }
    var worst: DMARCOutcome?
    for domain in authors.domains {
      let outcome = await check(domain, spf: spf, dkim: dkim, sample: sample, lookups)
      if worst.map({ $0.severity < outcome.severity }) ?? true { worst = outcome }
    }
    return worst ?? DMARCOutcome(.none)
  }

  /// Judges a message by one author's domain.
  public func check(
    _ author: DNSName, spf: SPFOutcome?, dkim: [DKIMVerification], sample: [UInt8], _ lookups: Lookups
  ) async -> DMARCOutcome {
    let found: DMARCDiscovery.Found
    var walk = DMARCDiscovery(suffixes, discovery, lookups)
    switch await walk.policy(for: author) {
    case .found(let policy): found = policy
    case .nothing(let reason): return DMARCOutcome(.none, fromDomain: author, reason: reason)
    case .failed(let domain, let reason):
      return DMARCOutcome(.temperror, fromDomain: author, policyDomain: domain, reason: reason)
    case .broken(let domain, let reason):
      return DMARCOutcome(.permerror, fromDomain: author, policyDomain: domain, reason: reason)
    }
    var outcome = DMARCOutcome(.fail, fromDomain: author, policyDomain: found.domain)
    var isUnknown = false
    if let domain = spf?.domain, let result = spf?.result, result == .pass || result == .temperror {
      let isAligned = await walk.isAligned(domain, author, found.record.spfAlignment)
      if isAligned == true, result == .pass { outcome.aligned.append("spf") }
      if isAligned == nil || isAligned == true && result == .temperror { isUnknown = true }
    }
    for signature in dkim where signature.status == .pass || signature.status == .temperror {
      guard let domain = signature.domain, !outcome.aligned.contains("dkim") else { continue }
      let isAligned = await walk.isAligned(domain, author, found.record.dkimAlignment)
      if isAligned == true, signature.status == .pass { outcome.aligned.append("dkim") }
      if isAligned == nil || isAligned == true && signature.status == .temperror { isUnknown = true }
    }
    await decide(&outcome, found, isUnknown: isUnknown, sample, walk)
    return outcome
  }

  /// Who is answerable for a domain by the way of discovery; nil where nobody is, or DNS did not say.
  public func organizationalDomain(of domain: DNSName, _ lookups: Lookups) async -> DNSName? {
    var walk = DMARCDiscovery(suffixes, discovery, lookups)
    return await walk.organization(of: domain)
  }

  private func decide(
    _ outcome: inout DMARCOutcome, _ found: DMARCDiscovery.Found, isUnknown: Bool, _ sample: [UInt8],
    _ walk: DMARCDiscovery
  ) async {
    guard let author = outcome.fromDomain else { return }
    let isBelow = author != found.domain
    var isMissing = false
    let passes = !outcome.aligned.isEmpty
    if !passes, isBelow, found.record.missingNamePolicy != nil { isMissing = await walk.isMissing(author) }
    let asked = found.record.policy(below: isBelow, isMissing: isMissing)
    outcome.requested = asked
    outcome.policy = asked.map { Self.applied($0, found.record, sample) }
    if passes {
      outcome.result = .pass
      outcome.reason = "\(outcome.aligned.joined(separator: " and ")) aligned"
    } else if isUnknown {
      // An aligned pass may be what DNS did not tell.
      outcome.result = .temperror
      outcome.reason = "neither SPF nor DKIM could be told for \(author)"
    } else {
      outcome.reason = "neither SPF nor DKIM passes for \(author)"
      if let policy = outcome.policy, let asked, policy != asked {
        outcome.reason += found.record.isTesting ? ", t=y" : ", pct=\(found.record.percent)"
      }
    }
    if let fault = found.record.faults.first {
      outcome.reason += "; the record of \(found.domain) is faulty: \(fault)"
    }
  }

  /// One step less for who tests (`t=y`), and for those whom `pct=` spares (§6.6.4).
  private static func applied(
    _ policy: DMARCPolicy, _ record: DMARCRecord, _ sample: [UInt8]
  ) -> DMARCPolicy {
    var policy = policy
    if record.isTesting { policy = policy.lower }
    if record.percent < 100, draw(sample) >= record.percent { policy = policy.lower }
    return policy
  }

  /// 0 to 99, by the digest of the sample (FNV-1a, its upper half, which every octet reaches).
  static func draw(_ sample: [UInt8]) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in sample { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash ^= hash >> 32
    hash = hash &* 0x9e37_79b9_7f4a_7c15
    return Int((hash >> 32) % 100)
  }
}

extension DMARCPolicy {
  fileprivate var lower: DMARCPolicy { self == .reject ? .quarantine : .none }
}

extension DMARCOutcome {
  /// Which of several counts.
  fileprivate var severity: Int {
    switch (result, policy) {
    case (.fail, .reject?): 6
    case (.fail, .quarantine?): 5
    case (.fail, _): 4
    case (.temperror, _): 3
    case (.permerror, _): 2
    case (.none, _): 1
    case (.pass, _): 0
    }
  }
}
