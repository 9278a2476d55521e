public import MailSyntax

/// What of the policy differs by recipient or login (`[[policy]]`): thresholds, modes of checks, marks, size. One object
/// for all whom it concerns.
public final class RecipientPolicy: Sendable {
  /// 0 for everybody's, else the place of its table, from 1.
  public let id: Int
  /// For people: `policy "sales"`; empty for everybody's.
  public let name: String
  public let thresholds: Thresholds
  /// Modes by the name of the check, where they differ from everybody's.
  public let modes: [String: CheckMode]
  public let tagging: Tagging
  /// Octets of a message; nil: as for everybody.
  public let messageSize: UInt64?
  /// Messages and recipients that a login of this policy may send, where that differs.
  public let rates: UserRates.Overrides?
  /// How often one client's address may write to recipients of this policy; nil: as often as it may at all.
  public let arrivals: AdmissionLimits.Rate?
  /// Whether rules concern it.
  public let followsRules: Bool

  public init(
    id: Int = 0, name: String = "", thresholds: Thresholds, modes: [String: CheckMode] = [:],
    tagging: Tagging = Tagging(), messageSize: UInt64? = nil, rates: UserRates.Overrides? = nil,
    arrivals: AdmissionLimits.Rate? = nil, followsRules: Bool = true
  ) {
    self.id = id
    self.name = name
    self.thresholds = thresholds
    self.modes = modes
    self.tagging = tagging
    self.messageSize = messageSize
    self.rates = rates
    self.arrivals = arrivals
    self.followsRules = followsRules
  }
}

/// Who goes by which policy; of several tables that name somebody the most specific.
public struct RecipientPolicies: Sendable {
  public let standard: RecipientPolicy
  /// By address in lower case, by domain, by domain with a leading dot for those below it, by login.
  private let addresses: [String: RecipientPolicy]
  private let domains: [String: RecipientPolicy]
  private let logins: [String: RecipientPolicy]

  /// - Parameters:
  ///   - recipients: `ada@example.org`, `example.org`, `.example.org` (those below it), in lower case.
  ///   - logins: names of users as they log in.
  public init(
    standard: RecipientPolicy, recipients: [String: RecipientPolicy] = [:],
    logins: [String: RecipientPolicy] = [:]
  ) {
    self.standard = standard
    addresses = recipients.filter { $0.key.contains("@") }
    domains = recipients.filter { !$0.key.contains("@") }
    self.logins = logins
  }

  /// Whether everybody goes by the same.
  public var isUniform: Bool { addresses.isEmpty && domains.isEmpty && logins.isEmpty }

  /// The policy of a recipient: of its address, its address without what stands behind a `+`, its domain, or the next
  /// domain above that is named.
  public func policy(for recipient: Path) -> RecipientPolicy {
    if addresses.isEmpty, domains.isEmpty { return standard }
    let mailbox = recipient.mailbox.lowercased()
    if let own = addresses[mailbox] { return own }
    guard let at = mailbox.lastIndex(of: "@") else { return standard }
    let domain = String(mailbox[mailbox.index(after: at)...])
    if let plus = mailbox[..<at].firstIndex(of: "+"), let own = addresses["\(mailbox[..<plus])@\(domain)"] {
      return own
    }
    if let own = domains[domain] { return own }
    var rest = domain[...]
    while let dot = rest.firstIndex(of: ".") {
      if let above = domains[String(rest[dot...])] { return above }
      rest = rest[rest.index(after: dot)...]
    }
    return standard
  }

  /// The policy of somebody who logged in.
  public func policy(forLogin name: String) -> RecipientPolicy { logins[name] ?? standard }

  /// All policies, everybody's first.
  public var all: [RecipientPolicy] {
    var seen: [Int: RecipientPolicy] = [standard.id: standard]
    for policy in addresses.values { seen[policy.id] = policy }
    for policy in domains.values { seen[policy.id] = policy }
    for policy in logins.values { seen[policy.id] = policy }
    return seen.values.sorted { $0.id < $1.id }
  }
}

extension [WeighedFinding] {
  /// The same in the modes of a policy; what is off there is left out.
  public func under(_ policy: RecipientPolicy) -> [WeighedFinding] {
    if policy.modes.isEmpty, allSatisfy({ $0.mode != .off }) { return self }
    return compactMap { finding in
      let mode = policy.modes[finding.check] ?? finding.mode
      if mode == .off { return nil }
      // A list in shadow stays in shadow where its check acts.
      let isShadow = finding.finding.isShadow && mode == .enforce
      return mode == finding.mode ? finding : finding.inMode(isShadow ? .shadow : mode)
    }
  }
}

extension Examined {
  /// The same in the modes of a policy.
  public func under(_ policy: RecipientPolicy) -> Examined {
    switch self {
    case .found(let findings): return .found(findings.under(policy))
    case .open(let open):
      guard let mode = policy.modes[open.check], mode != open.mode else { return self }
      return .open(
        OpenExamination(
          check: open.check, mode: mode, enforceAt: open.enforceAt, audience: open.audience,
          prospect: open.prospect))
    }
  }
}
