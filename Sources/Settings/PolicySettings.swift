internal import Bytes

/// Other thresholds, modes, sizes and rates for some recipients or logins (`[[policy]]`). What is not written there is as
/// for everybody. Of several that name somebody the most specific counts: an address before its domain, a domain before
/// those above it.
public struct PolicySettings: Sendable, Hashable {
  /// What the log calls it: its `name`, else `policy[1]` by its place.
  public let name: String
  /// `policy[0]`: where to point when something is wrong.
  public let path: String
  /// Addresses, domains, and domains with a leading dot for those below them, in small letters.
  public let recipients: [String]
  public let logins: [String]
  /// The thresholds, marks included; nil where none of their keys is written.
  public let actions: ActionSettings
  public let modes: [String: CheckSettings.Mode]
  /// Nil: as for everybody.
  public let messageSize: Bound?
  /// How often one client's address may write to these recipients.
  public let messageRatePerAddress: RateBound?
  /// How much these logins may send.
  public let messageRatePerUser: RateBound?
  public let recipientRatePerUser: RateBound?
  /// Whether rules concern them.
  public let followsRules: Bool
}

extension PolicySettings {
  static func all(_ root: Section, _ common: ActionSettings) -> [PolicySettings] {
    var owners: [String: String] = [:]
    return root.sections("policy").enumerated().map { place, section in
      let policy = PolicySettings(section, place: place, common)
      let named = [("recipients", policy.recipients), ("logins", policy.logins)]
      for (key, names) in named {
        for name in names {
          if let owner = owners["\(key) \(name)"] {
            section.report(
              key, "policy.\(key): \(quoted(name)) stands in \(owner) already: leave it in one of them")
          }
          owners["\(key) \(name)"] = policy.name
        }
      }
      if policy.recipients.isEmpty, policy.logins.isEmpty {
        section.requireKey(
          "recipients", "write recipients = [\"example.org\"] or logins = [\"anna\"]: it concerns nobody")
      }
      return policy
    }
  }

  private init(_ section: Section, place: Int, _ common: ActionSettings) {
    name = section.text("name") ?? "policy[\(place + 1)]"
    path = section.path
    recipients = section.texts("recipients").enumerated().compactMap { index, text in
      Self.recipient(text) { fault in
        section.reading.report(
          SettingPath.element(section.path(of: "recipients"), index),
          "policy.recipients: \(quoted(text)) \(fault)")
      }
    }
    logins = section.texts("logins")
    for (index, login) in logins.enumerated() where login.isEmpty || login.contains(where: \.isWhitespace) {
      section.reading.report(
        SettingPath.element(section.path(of: "logins"), index),
        "policy.logins: \(quoted(login)) \(login.isEmpty ? "is empty" : "holds a blank, which no login does")"
      )
    }
    actions = ActionSettings(section, over: common)
    let checks = section.section("checks")
    var modes: [String: CheckSettings.Mode] = [:]
    for name in checks.values.keys.sorted() {
      let mode: CheckSettings.Mode? = checks.word(name)
      if let mode { modes[name] = mode }
    }
    _ = checks.reference("*")
    self.modes = modes
    messageSize = section.sizeBound("message_size")
    messageRatePerAddress = section.rate("message_rate_per_address")
    messageRatePerUser = section.rate("message_rate_per_user")
    recipientRatePerUser = section.rate("recipient_rate_per_user")
    followsRules = section.optionalFlag("rules") ?? true
  }

  /// `ada@example.org`, `example.org` or `.example.org`.
  private static func recipient(_ text: String, _ complain: (String) -> Void) -> String? {
    let at = text.utf8.lastIndex(of: UInt8(ascii: "@"))
    var name = at.map { text[text.utf8.index(after: $0)...] } ?? text[...]
    if at == nil, name.hasPrefix(".") { name = name.dropFirst() }
    do throws(DomainFault) {
      if let at {
        try checkLocalPart(text[..<at])
        if name.isEmpty { throw DomainFault(reason: "has no domain behind the @") }
        // It would be compared as it stands, and nobody has it.
        if text[..<at] == "*" {
          let domain = try DomainName.checked(String(name))
          throw DomainFault(reason: "names nobody: write the domain alone: \(domain)")
        }
      }
      _ = try DomainName.checked(String(name))
      return text.lowercased()
    } catch {
      complain(error.reason)
      return nil
    }
  }

  /// What stands in front of an `@`: no quotes, for addresses are compared without them.
  private static func checkLocalPart(_ part: Substring) throws(DomainFault) {
    if part.isEmpty {
      throw DomainFault(reason: "has nothing in front of the @: write the domain alone")
    }
    if part.utf8.contains(UInt8(ascii: "@")) { throw DomainFault(reason: "has more than one @") }
    guard part.utf8.count <= 64 else {
      throw DomainFault(reason: "has more than 64 bytes in front of the @")
    }
    if let wrong = part.unicodeScalars.first(where: { !isOfLocalPart($0) }) {
      throw DomainFault(
        reason: "holds \(quoted(String(wrong))) in front of the @, which no plain address does")
    }
    if part.split(separator: ".", omittingEmptySubsequences: false).contains(where: \.isEmpty) {
      throw DomainFault(reason: "has a dot at an end of what is in front of the @, or two in a row")
    }
  }

  /// RFC 5321 §4.1.2, dot-string, and what RFC 6531 adds.
  private static func isOfLocalPart(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.isASCII else { return scalar.value > 0x9f && !scalar.properties.isWhitespace }
    return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
      || ".!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar)
  }
}

extension Settings {
  static let policyReference: [KeyReference] = [
    .tables(
      "policy",
      "Other thresholds, modes, sizes and rates for some recipients or logins; the most specific counts."),
    .key("policy[].name", .text, "", "What logs call it; if not given, by its place."),
    .key(
      "policy[].recipients", .texts, "",
      "Whom it concerns: addresses, domains, and domains with a leading dot for those below them."),
    .key("policy[].logins", .texts, "", "Users whose own mail it concerns, as they log in."),
    .key("policy[].tag", .threshold, "", "As actions.tag, for them."),
    .key("policy[].defer", .threshold, "", "As actions.defer, for them."),
    .key("policy[].quarantine", .threshold, "", "As actions.quarantine, for them."),
    .key("policy[].reject", .threshold, "", "As actions.reject, for them."),
    .key("policy[].subject_prefix", .text, "", "As actions.subject_prefix, for them."),
    .key("policy[].tag_headers", .flag, "", "As actions.tag_headers, for them."),
    .table("policy[].checks", "Modes of checks that differ, by the check's name."),
    .key(
      "policy[].checks.*", .choice(CheckSettings.Mode.words), "",
      "off; shadow: counted and logged without effect; enforce."),
    .key("policy[].message_size", .sizeBound, "", "Largest message for them, where it is less than for all."),
    .key(
      "policy[].message_rate_per_address", .rate, "",
      "How often one client's address may write to these recipients; past it 450."),
    .key("policy[].message_rate_per_user", .rate, "", "As limits.message_rate_per_user, for these logins."),
    .key(
      "policy[].recipient_rate_per_user", .rate, "", "As limits.recipient_rate_per_user, for these logins."),
    .key("policy[].rules", .flag, "", "Whether rules concern them; if not given, they do."),
  ]
}
