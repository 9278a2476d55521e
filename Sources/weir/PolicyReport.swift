import Filtering
import MailSyntax
import Settings

/// Who goes by what: the thresholds, modes and rules of somebody's mail, for `weir check --who` and `--policies`.
struct PolicyReport {
  let configuration: Configuration
  private let policies: RecipientPolicies

  init(_ configuration: Configuration) {
    self.configuration = configuration
    policies = Wiring.recipients(configuration.settings)
  }

  /// One paragraph for a recipient, or for a login (a name without an `@`).
  func lines(for name: String) throws(PolicyQuestionFault) -> [String] {
    if name.utf8.contains(UInt8(ascii: "@")) {
      guard let path = PathParser.parse(whole: name) else { throw PolicyQuestionFault(name: name) }
      let policy = policies.policy(for: path)
      let set = policy.followsRules ? configuration.rules.set(for: path) : nil
      let note = configuration.relay.isOurs(path) ? [] : ["  not ours: none of relay.domains"]
      return ["\(name): \(title(policy))"] + note + lines(policy)
        + ["  rules    \(set.map { $0.isEmpty ? "none" : $0.name } ?? "none, by the policy")"]
    }
    let policy = policies.policy(forLogin: name)
    let rules = policy.followsRules ? configuration.rules.general : nil
    return ["login \(name): \(title(policy))"] + lines(policy) + rateLines(policy)
      + ["  rules    \(rules.map { $0.isEmpty ? "none" : $0.name } ?? "none, by the policy")"]
  }

  /// All policies, with whom they name.
  func all() -> [String] {
    let settings = configuration.settings
    var lines = ["everybody else:"] + self.lines(policies.standard)
    for (place, own) in settings.policies.enumerated() {
      guard let policy = policies.all.first(where: { $0.id == place + 1 }) else { continue }
      lines.append("")
      lines.append("\(title(policy)):")
      if !own.recipients.isEmpty { lines.append("  for      \(own.recipients.joined(separator: " "))") }
      if !own.logins.isEmpty { lines.append("  logins   \(own.logins.joined(separator: " "))") }
      lines += self.lines(policy) + rateLines(policy)
      if !policy.followsRules { lines.append("  rules    none") }
    }
    return lines
  }

  private func title(_ policy: RecipientPolicy) -> String {
    guard policy.id > 0 else { return "as for everybody" }
    let line = configuration.settings.position(of: configuration.settings.policies[policy.id - 1].path).line
    return "policy \(policy.name) (\(configuration.settings.file):\(line))"
  }

  private func lines(_ policy: RecipientPolicy) -> [String] {
    let thresholds = policy.thresholds
    let steps = [
      ("tag", thresholds.tag), ("defer", thresholds.deferral), ("quarantine", thresholds.quarantine),
      ("reject", thresholds.reject),
    ].compactMap { name, score in score.map { "\(name) \(Score.text($0))" } }
    var lines = ["  score    \(steps.isEmpty ? "nothing is done" : steps.joined(separator: ", "))"]
    if !policy.tagging.subjectPrefix.isEmpty { lines.append("  subject  \(policy.tagging.subjectPrefix)") }
    if !policy.modes.isEmpty {
      let modes = policy.modes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.rawValue)" }
      lines.append("  checks   \(modes.joined(separator: ", "))")
    }
    if let size = policy.messageSize { lines.append("  size     \(size) octets") }
    return lines
  }

  private func rateLines(_ policy: RecipientPolicy) -> [String] {
    guard policy.id > 0 else { return [] }
    let own = configuration.settings.policies[policy.id - 1]
    let rates = [
      ("messages by a client's address", own.messageRatePerAddress),
      ("messages by a user", own.messageRatePerUser),
      ("recipients by a user", own.recipientRatePerUser),
    ].compactMap { name, bound in bound.map { "\($0.words) \(name)" } }
    return rates.isEmpty ? [] : ["  rates    \(rates.joined(separator: ", "))"]
  }
}

/// What was asked about is nobody's address.
struct PolicyQuestionFault: Error, CustomStringConvertible {
  let name: String
  var description: String {
    "\(name.printable(limit: 200)) is no address; write --who ada@example.org or --who LOGIN"
  }
}

extension RateBound {
  fileprivate var words: String {
    switch self {
    case .atMost(let rate): "\(rate.count) in \(rate.window)"
    case .unlimited: "unlimited"
    }
  }
}
