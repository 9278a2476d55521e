internal import Bytes
public import MailSyntax
public import SMTPProtocol
public import Settings

/// Which backends take which recipient.
public struct RouteTable: Sendable {
  /// A line of the routes map.
  public struct Entry: Sendable {
    /// In small letters: `user@domain`, `domain`, or `.domain` for its sub-domains.
    public let key: String
    public let backend: String
    public let rewritten: Path?
    public init(key: String, backend: String, rewritten: Path? = nil) {
      self.key = key.lowercasedASCII
      self.backend = backend
      self.rewritten = rewritten
    }
  }

  private let entries: [String: Entry]
  private let restricted: [(domains: DomainSet, backend: String)]
  /// The backends without `domains`, in the order of the configuration.
  private let general: Route?
  /// The domain that a bare postmaster gets on the way out.
  private let ownDomain: PathDomain?

  /// - Parameters:
  ///   - backends: name and `domains` of each backend, in the order of the configuration; an empty set: any domain.
  ///   - entries: the routes map; a later line for the same key wins nowhere, the first does.
  ///   - ownDomain: what completes a bare `postmaster` on its way to the backend; nil: it goes out bare.
  public init(
    backends: [(name: String, domains: DomainSet)], entries: [Entry] = [], ownDomain: PathDomain? = nil
  ) {
    self.ownDomain = ownDomain
    self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    restricted = backends.filter { !$0.domains.isEmpty }.map { ($0.domains, $0.name) }
    let names = backends.filter(\.domains.isEmpty).map(\.name)
    general = names.isEmpty ? nil : Route(backends: names)
  }

  /// The way of a recipient; nil where no backend takes its domain.
  public func route(_ recipient: Envelope.Recipient) -> RoutedRecipient? {
    let path = recipient.path
    guard path.domain != nil else {
      // The bare postmaster belongs to the gateway's own domain, and not every server takes it without one.
      if let ownDomain {
        let whole = Path(
          text: "\(path.text)@\(ownDomain)", localPart: path.localPart, domain: ownDomain)
        if let routed = way(of: recipient, as: whole) {
          return RoutedRecipient(recipient, route: routed.route, rewritten: routed.rewritten ?? whole)
        }
      }
      // Without a domain of our own: the first backend's.
      guard let route = general ?? restricted.first.map({ Route(backends: [$0.backend]) }) else { return nil }
      return RoutedRecipient(recipient, route: route)
    }
    return way(of: recipient, as: path)
  }

  /// The way of a recipient with the address `path`, which has a domain.
  private func way(of recipient: Envelope.Recipient, as path: Path) -> RoutedRecipient? {
    let domain = path.domain?.description.lowercasedASCII ?? ""
    if !entries.isEmpty, let entry = entry(path.localPart.lowercasedASCII, domain) {
      return RoutedRecipient(recipient, route: Route(backends: [entry.backend]), rewritten: entry.rewritten)
    }
    let special = restricted.filter { $0.domains.contains(domain) }.map(\.backend)
    if !special.isEmpty { return RoutedRecipient(recipient, route: Route(backends: special)) }
    return general.map { RoutedRecipient(recipient, route: $0) }
  }

  /// The way of mail to the outside, for relay networks.
  public var outward: Route? { general ?? restricted.first.map { Route(backends: [$0.backend]) } }

  private func entry(_ localPart: String, _ domain: String) -> Entry? {
    if let exact = entries["\(localPart)@\(domain)"] { return exact }
    if let whole = entries[domain] { return whole }
    var rest = domain[...]
    while let dot = rest.utf8.firstIndex(of: .dot) {
      let suffix = rest[dot...]
      if let parent = entries[String(suffix)] { return parent }
      rest = rest[rest.utf8.index(after: dot)...]
    }
    return nil
  }
}
