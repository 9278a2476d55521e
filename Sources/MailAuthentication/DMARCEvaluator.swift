internal import Bytes
public import DNS

/// What the domains of a message's authors ask for.
public struct DMARCPolicies: Sendable {
  struct Author: Sendable {
    let domain: DNSName
    let policy: DMARCDiscovery.Policy
    /// With what it has found already.
    let walk: DMARCDiscovery
    /// Whether there is no such domain, where that makes a difference.
    let isMissing: Bool
  }

  let authors: [Author]
}

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

  /// What the domains of all authors ask for, asked side by side: before it is known what proves them, so that whoever
  /// holds up the proofs takes no time from this.
  public func policies(of authors: DMARCAuthors, _ lookups: Lookups) async -> DMARCPolicies {
    await policies(of: authors.domains, lookups)
  }

  private func policies(of domains: [DNSName], _ lookups: Lookups) async -> DMARCPolicies {
    var found: [DMARCPolicies.Author?] = Array(repeating: nil, count: domains.count)
    if let domain = domains.first, domains.count == 1 {
      found[0] = await policy(of: domain, lookups)
    } else {
      await withTaskGroup(of: (Int, DMARCPolicies.Author).self) { group in
        for (index, domain) in domains.enumerated() {
          group.addTask { (index, await policy(of: domain, lookups)) }
        }
        for await (index, one) in group { found[index] = one }
      }
    }
    return DMARCPolicies(authors: found.compactMap { $0 })
  }

  private func policy(of author: DNSName, _ lookups: Lookups) async -> DMARCPolicies.Author {
    var walk = DMARCDiscovery(suffixes, discovery, lookups)
    let policy = await walk.policy(for: author)
    var isMissing = false
    if case .found(let found) = policy {
      await walk.prepare(for: author)
      if author != found.domain, found.record.missingNamePolicy != nil {
        isMissing = await walk.isMissing(author)
      }
    }
    return DMARCPolicies.Author(domain: author, policy: policy, walk: walk, isMissing: isMissing)
  }

  /// Whether nobody has to be asked for the policies of a message's authors.
  public func remembers(_ authors: DMARCAuthors, _ resolver: any Resolver) -> Bool {
    guard discovery == .suffixes else { return false }
    return authors.domains.allSatisfy { author in
      let owners = [author, suffixes.organizationalDomain(of: author) ?? author]
      return owners.allSatisfy { owner in
        owner.prefixed("_dmarc").map { resolver.remembered(DNSQuestion($0, .txt)) != nil } ?? true
      }
    }
  }

  /// Judges a message by each of its authors' domains; where several fail, the strictest policy counts (§6.6.1). What
  /// the bounds left out might be another author's: such a message never passes.
  ///
  /// - Parameters:
  ///   - policies: those of these authors; nil: they are asked for.
  ///   - spf: of the envelope sender (§3.1.2), the greeting's name standing in for a null one.
  ///   - sample: what is the message's own and no other's: `pct=` picks by its digest, the same message always alike.
  public func check(
    _ authors: DMARCAuthors, _ policies: DMARCPolicies? = nil, spf: SPFOutcome?, dkim: [DKIMVerification],
    sample: [UInt8], _ lookups: Lookups
  ) async -> DMARCOutcome {
    var worst: DMARCOutcome?
    if authors.isCut { worst = DMARCOutcome(.permerror, reason: "From names more than anybody writes for") }
    let found: DMARCPolicies
    if let policies { found = policies } else { found = await self.policies(of: authors, lookups) }
    for author in found.authors {
      let outcome = await outcome(author, spf: spf, dkim: dkim, sample: sample)
      if worst.map({ $0.severity < outcome.severity }) ?? true { worst = outcome }
    }
    return worst ?? DMARCOutcome(.none, reason: authors.fields == 0 ? "no From" : "From has no domain")
  }

  /// Judges a message by one author's domain.
  public func check(
    _ author: DNSName, spf: SPFOutcome?, dkim: [DKIMVerification], sample: [UInt8], _ lookups: Lookups
  ) async -> DMARCOutcome {
    await outcome(await policy(of: author, lookups), spf: spf, dkim: dkim, sample: sample)
  }

  private func outcome(
    _ one: DMARCPolicies.Author, spf: SPFOutcome?, dkim: [DKIMVerification], sample: [UInt8]
  ) async -> DMARCOutcome {
    let found: DMARCDiscovery.Found
    let author = one.domain
    switch one.policy {
    case .found(let policy): found = policy
    case .nothing(let reason): return DMARCOutcome(.none, fromDomain: author, reason: reason)
    case .failed(let domain, let reason):
      return DMARCOutcome(.temperror, fromDomain: author, policyDomain: domain, reason: reason)
    case .broken(let domain, let reason):
      return DMARCOutcome(.permerror, fromDomain: author, policyDomain: domain, reason: reason)
    }
    var walk = one.walk
    var outcome = DMARCOutcome(.fail, fromDomain: author, policyDomain: found.domain)
    var doubts: [String] = []
    if let domain = spf?.domain, let result = spf?.result, result == .pass || result == .temperror {
      let isAligned = await walk.isAligned(domain, author, found.record.spfAlignment)
      if isAligned == true, result == .pass { outcome.aligned.append("spf") }
      if isAligned == nil || isAligned == true && result == .temperror { doubts.append("SPF of \(domain)") }
    }
    var reserve = ""
    for signature in dkim where signature.status == .pass || signature.status == .temperror {
      guard let domain = signature.domain, !outcome.aligned.contains("dkim") else { continue }
      let isAligned = await walk.isAligned(domain, author, found.record.dkimAlignment)
      if isAligned == false { continue }
      if signature.status == .pass, !signature.isProof {
        reserve =
          "; the signature of \(domain) \(signature.isTesting ? "is a test" : "leaves out a part of the body")"
      } else if isAligned == true, signature.status == .pass {
        outcome.aligned.append("dkim")
      } else {
        doubts.append("DKIM of \(domain)")
      }
    }
    decide(&outcome, found, one, doubts: doubts, sample)
    if outcome.aligned.isEmpty { outcome.reason += reserve }
    return outcome
  }

  /// Who is answerable for a domain by the way of discovery; nil where nobody is, or DNS did not say.
  public func organizationalDomain(of domain: DNSName, _ lookups: Lookups) async -> DNSName? {
    var walk = DMARCDiscovery(suffixes, discovery, lookups)
    return await walk.organization(of: domain)
  }

  private func decide(
    _ outcome: inout DMARCOutcome, _ found: DMARCDiscovery.Found, _ one: DMARCPolicies.Author,
    doubts: [String],
    _ sample: [UInt8]
  ) {
    let author = one.domain
    let isBelow = author != found.domain
    let isMissing = one.isMissing
    let asked = found.record.policy(below: isBelow, isMissing: isMissing)
    outcome.requested = asked
    outcome.policy = asked.map { Self.applied($0, found.record, sample) }
    if !outcome.aligned.isEmpty {
      outcome.result = .pass
      outcome.reason = "\(outcome.aligned.joined(separator: " and ")) aligned"
    } else if !doubts.isEmpty {
      // An aligned pass may be what DNS did not tell; of a domain that is not aligned nothing could have come.
      outcome.result = .temperror
      outcome.reason = "\(doubts.prefix(3).joined(separator: " and ")) could not be told for \(author)"
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
    case (.fail, .reject?): 7
    case (.fail, .quarantine?): 6
    case (.temperror, .reject?), (.temperror, .quarantine?): 5
    case (.fail, _): 4
    case (.temperror, _): 3
    case (.permerror, _): 2
    case (.none, _): 1
    case (.pass, _): 0
    }
  }
}
