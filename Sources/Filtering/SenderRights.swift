internal import Bytes
public import MailSyntax
public import SMTPProtocol
public import Settings

/// Which sender addresses a user may use, in MAIL and in the header.
public struct SenderRights: Sendable {
  public enum Rule: Sendable {
    /// The address that is the user's name.
    case own
    case mapped(SendersMap)
    case any
  }

  private let rule: Rule
  /// Completes the name of a user that has no domain.
  private let userDomain: String?
  /// Completes a bare name in From or Sender, as the header will be.
  private let headerDomain: String?

  /// - Parameters:
  ///   - userDomain: `auth.domain`; nil: a user's name without a domain is completed with `headerDomain`.
  ///   - headerDomain: `submission.domain`.
  public init(_ rule: Rule = .own, userDomain: String? = nil, headerDomain: String? = nil) {
    self.rule = rule
    self.userDomain = userDomain ?? headerDomain
    self.headerDomain = headerDomain
  }

  /// Whether the user may say this sender in MAIL. The null sender may be said by everyone: then From decides.
  public func mayUse(_ user: AuthenticatedUser, sender: Path) -> Bool {
    if case .any = rule { return true }
    if sender.isNull { return true }
    // A route leads elsewhere, and where it leads is nobody's address.
    guard sender.route.isEmpty else { return false }
    guard let domain = sender.domain?.description ?? headerDomain else { return false }
    return mayUse(user.name, sender.localPart, domain)
  }

  /// What is wrong with From and Sender of a user's message.
  public struct HeaderFault: Hashable, Sendable {
    public let reason: ReasonCode
    /// What the peer reads as `{reason}`: the address, or why there is none.
    public let address: String
  }

  /// The first thing in From and Sender, all of them should there be more, that the user may not say; nil where there
  /// is none. A message without From says nothing false; what cannot be read may say anything.
  public func fault(in header: MessageHeader, of message: [UInt8], user: AuthenticatedUser) -> HeaderFault? {
    if case .any = rule { return nil }
    for field in header.fields where field.isNamed("From") || field.isNamed("Sender") {
      let list: AddressList
      do throws(AddressFault) {
        list = try AddressList(message, in: field.body)
      } catch {
        return HeaderFault(
          reason: .fromNotYours,
          address: "\(field.name) cannot be read (octet \(error.offset - field.body.lowerBound))")
      }
      guard !list.mailboxes.isEmpty else {
        return HeaderFault(reason: .fromNotYours, address: "\(field.name) names nobody")
      }
      for mailbox in list.mailboxes {
        guard !mailbox.hasRoute, let domain = mailbox.domain ?? headerDomain,
          mayUse(user.name, mailbox.localPart, domain)
        else { return HeaderFault(reason: .fromNotYours, address: mailbox.text.printable(limit: 254)) }
      }
    }
    return nil
  }

  private func mayUse(_ user: String, _ localPart: String, _ domain: String) -> Bool {
    let (local, domain) = (localPart.lowercasedASCII, domain.lowercasedASCII)
    switch rule {
    case .any: return true
    case .own:
      let own = fullName(of: user)
      return own == "\(local)@\(domain)" || Self.untagged(local).map { own == "\($0)@\(domain)" } ?? false
    case .mapped(let map):
      let full = fullName(of: user)
      let patterns = map.senders(of: user) + (full == user.lowercasedASCII ? [] : map.senders(of: full))
      return patterns.contains { pattern in
        pattern.matches(localPart: local, domain: domain)
          || Self.untagged(local).map { pattern.matches(localPart: $0, domain: domain) } ?? false
      }
    }
  }

  /// The user's name as an address, in small letters.
  private func fullName(of user: String) -> String {
    let name = user.lowercasedASCII
    guard !name.utf8.contains(UInt8(ascii: "@")), let userDomain else { return name }
    return "\(name)@\(userDomain)"
  }

  /// `user` of `user+tag` (RFC 5233); nil for a name without a tag.
  private static func untagged(_ local: String) -> String? {
    guard let plus = local.utf8.firstIndex(of: UInt8(ascii: "+")), plus != local.utf8.startIndex else {
      return nil
    }
    return String(local[..<plus])
  }
}
