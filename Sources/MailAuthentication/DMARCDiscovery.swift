internal import Bytes
internal import DNS

/// Where the DMARC record of a domain stands, and who its organisation is.
struct DMARCDiscovery: Sendable {
  struct Found: Sendable {
    let record: DMARCRecord
    let domain: DNSName
  }

  enum Policy: Sendable {
    case found(Found)
    case nothing(String)
    /// DNS did not say.
    case failed(DNSName, String)
    /// There is a record that cannot be read (RFC 7489 §11.2).
    case broken(DNSName, String)
  }

  /// What stands at one name.
  private enum Answer {
    case record(DMARCRecord)
    case none
    case several
    case unreadable(String)
    case failed(DNSFailure)
  }

  private let suffixes: PublicSuffixes
  private let discovery: DMARCEvaluator.Discovery
  private let lookups: Lookups
  /// Organisations found by walking.
  private var organizations: [DNSName: Walked] = [:]

  init(_ suffixes: PublicSuffixes, _ discovery: DMARCEvaluator.Discovery, _ lookups: Lookups) {
    self.suffixes = suffixes
    self.discovery = discovery
    self.lookups = lookups
  }

  /// §6.6.3: at the author's domain, then at its organisation's.
  mutating func policy(for author: DNSName) async -> Policy {
    switch await record(at: author) {
    case .record(let record): return usable(record, author)
    case .unreadable(let reason): return .broken(author, reason)
    case .failed(let failure): return .failed(author, "_dmarc.\(author): \(failure.words)")
    case .several: return .nothing("_dmarc.\(author) has more than one record")
    case .none: break
    }
    let above: DNSName
    switch discovery {
    case .suffixes:
      guard let organization = suffixes.organizationalDomain(of: author), organization != author else {
        return .nothing("no record")
      }
      above = organization
    case .tree:
      let walked = await walk(from: author)
      if let failure = walked.failure {
        return .failed(failure.0, "_dmarc.\(failure.0): \(failure.1.words)")
      }
      guard let name = walked.policyDomain, name != author else { return .nothing("no record") }
      above = name
    }
    switch await record(at: above) {
    case .record(let record): return usable(record, above)
    case .unreadable(let reason): return .broken(above, reason)
    case .failed(let failure): return .failed(above, "_dmarc.\(above): \(failure.words)")
    case .several: return .nothing("_dmarc.\(above) has more than one record")
    case .none: return .nothing("no record")
    }
  }

  /// Finds now what alignment with an author will ask for.
  mutating func prepare(for author: DNSName) async {
    if discovery == .tree { _ = await walk(from: author) }
  }

  /// Whether an identifier speaks for the author's domain (§3.1); nil where DNS did not say.
  mutating func isAligned(
    _ identifier: DNSName, _ author: DNSName, _ alignment: DMARCRecord.Alignment
  ) async -> Bool? {
    if identifier == author { return true }
    guard alignment == .relaxed else { return false }
    switch discovery {
    case .suffixes:
      guard let organization = suffixes.organizationalDomain(of: author) else { return false }
      return suffixes.organizationalDomain(of: identifier) == organization
    case .tree:
      // Neither can be of the other's organisation where the last labels already differ.
      guard identifier.text.hasSuffixLabel(of: author.text) else { return false }
      let mine = await walk(from: author)
      if mine.failure != nil { return nil }
      // Abuse: who is not within the author's organisation is not asked, lest it keep silent to be in doubt.
      guard identifier.isWithin(mine.organization) else { return false }
      let its = await walk(from: identifier)
      return its.failure == nil ? mine.organization == its.organization : nil
    }
  }

  /// The organisation of a domain by this way of finding it; nil where it has none, or DNS did not say.
  mutating func organization(of domain: DNSName) async -> DNSName? {
    switch discovery {
    case .suffixes: return suffixes.organizationalDomain(of: domain)
    case .tree:
      let walked = await walk(from: domain)
      return walked.failure == nil ? walked.organization : nil
    }
  }

  /// Whether there is no such domain (RFC 9091 §2.7): none of A, AAAA, MX. Unknown is there.
  func isMissing(_ domain: DNSName) async -> Bool {
    for type in [RecordType.mx, .a, .aaaa] {
      let answer = await lookups.resolve(domain, type)
      if answer == .noName { return true }
      guard answer == .noData else { return false }
    }
    return true
  }

  private func usable(_ record: DMARCRecord, _ domain: DNSName) -> Policy {
    guard record.effectivePolicy != nil else {
      // §6.6.3: a record without a proper policy that nobody wants reports by is none.
      return .nothing("the record of \(domain) has no policy: \(record.faults.joined(separator: ", "))")
    }
    return .found(Found(record: record, domain: domain))
  }

  /// Those of this version; several are as none.
  private func record(at domain: DNSName) async -> Answer {
    guard let name = domain.prefixed("_dmarc") else { return .none }
    switch await lookups.resolve(name, .txt) {
    case .noName, .noData: return .none
    case .failed(let failure): return .failed(failure)
    case .records(let records):
      var found: Answer?
      for case .text(let text) in records {
        let answer: Answer
        do throws(DMARCRecord.Fault) {
          answer = .record(try DMARCRecord(text))
        } catch {
          guard case .unreadable(let reason) = error else { continue }
          answer = .unreadable(reason)
        }
        guard found == nil else { return .several }
        found = answer
      }
      return found ?? .none
    }
  }
}

// MARK: - The tree walk

extension DMARCDiscovery {
  /// What walking up from a name showed.
  private struct Walked: Sendable {
    var organization: DNSName
    /// Whose record is applied to names without one: the organisation's, else that of the suffix above it.
    var policyDomain: DNSName?
    var failure: (DNSName, DNSFailure)?
  }

  /// Bound: names asked in one walk. One with more labels is asked itself, then as its last seven.
  private static let mostSteps = 8

  /// Asks a name and those above it for their records: `psd=n` says “I am the organisation”, `psd=y` that it is the
  /// name one label below; else it is the highest name that has a record.
  private mutating func walk(from start: DNSName) async -> Walked {
    if let known = organizations[start] { return known }
    var walked = Walked(organization: start)
    var name = start
    var below: DNSName?
    for _ in 0..<Self.mostSteps {
      switch await record(at: name) {
      case .failed(let failure): walked.failure = (name, failure)
      case .record(let record) where record.suffixClaim == .organization:
        walked.organization = name
        walked.policyDomain = name
        organizations[start] = walked
        return walked
      case .record(let record) where record.suffixClaim == .suffix && below != nil:
        // The suffix speaks for a registered name only where that has no record itself.
        walked.organization = below ?? name
        if walked.policyDomain != walked.organization { walked.policyDomain = name }
        organizations[start] = walked
        return walked
      case .record:
        walked.organization = name
        walked.policyDomain = name
      case .none, .several, .unreadable: break
      }
      if walked.failure != nil { break }
      guard let above = Self.above(name, isFirst: below == nil), above != .root else { break }
      below = name
      name = above
    }
    organizations[start] = walked
    return walked
  }

  private static func above(_ name: DNSName, isFirst: Bool) -> DNSName? {
    guard isFirst, name.labels.count > mostSteps else { return name.parent }
    var name = name
    while name.labels.count > mostSteps - 1 { name = name.parent ?? .root }
    return name
  }
}

extension String {
  /// Whether the last labels of both names are the same.
  fileprivate func hasSuffixLabel(of other: String) -> Bool {
    utf8.reversed().prefix { $0 != .dot }.elementsEqual(other.utf8.reversed().prefix { $0 != .dot })
  }
}
