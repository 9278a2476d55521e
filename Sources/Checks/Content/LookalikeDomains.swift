internal import Bytes
internal import Charsets
internal import DNS
internal import MailAuthentication

/// Names that somebody could take for one's own.
struct LookalikeDomains: Sendable {
  /// How a name resembles one's own.
  enum Likeness: Hashable {
    /// It is drawn alike, or the whole name stands in front of another's.
    case deceptive(own: String)
    /// One letter is wrong: that may be somebody's good name.
    case misspelt(own: String)
    /// The same label under another suffix, or with a word added: what one may have registered oneself.
    case variant(own: String)
  }

  private struct Own {
    let name: DNSName
    let labels: [Substring]
    /// What was registered, without its suffix.
    let label: String
    let skeleton: String
  }

  /// Shorter labels resemble others by chance.
  private static let shortestEdited = 6
  private static let shortestExtended = 5
  private static let shortestMoved = 4
  /// Bound: one's own names that are compared.
  private static let most = 500

  private let owns: [Own]
  private let names: HostNames

  var isEmpty: Bool { owns.isEmpty }

  /// - Parameter domains: one's own, at any depth.
  init(_ domains: [String], _ names: HostNames) {
    self.names = names
    var owns: [Own] = []
    for domain in domains {
      guard owns.count < Self.most, let name = names.organisation(of: domain),
        !owns.contains(where: { $0.name == name })
      else { continue }
      let labels = name.labels
      guard let first = labels.first else { continue }
      let label = HostNames.shown(label: first)
      owns.append(Own(name: name, labels: labels, label: label, skeleton: TextFolding.skeleton(label)))
    }
    self.owns = owns
  }

  /// How a host resembles one of the own domains; nil where it is one of them, or nothing like them.
  func likeness(of host: String) -> Likeness? {
    guard let name = DNSName(host), let organisation = names.organisation(of: name),
      !owns.contains(where: { $0.name == organisation })
    else { return nil }
    let labels = name.labels
    // What is registered is the name, or stands behind all the labels that it has more.
    let depth = organisation.text.utf8.count { $0 == .dot } + 1
    guard let first = labels.suffix(depth).first else { return nil }
    let label = HostNames.shown(label: first)
    let skeleton = TextFolding.skeleton(label)
    for own in owns {
      if label != own.label, skeleton == own.skeleton { return .deceptive(own: own.name.text) }
      if Self.isEmbedded(own.labels, in: labels) { return .deceptive(own: own.name.text) }
    }
    for own in owns where label != own.label && Self.isEdited(label, own.label) {
      return .misspelt(own: own.name.text)
    }
    for own in owns where isVariant(label, skeleton, organisation, of: own) {
      return .variant(own: own.name.text)
    }
    return nil
  }

  private func isVariant(_ label: String, _ skeleton: String, _ organisation: DNSName, of own: Own) -> Bool {
    if label == own.label { return own.label.unicodeScalars.count >= Self.shortestMoved }
    guard own.label.unicodeScalars.count >= Self.shortestExtended else { return false }
    let words = skeleton.split(separator: "-")
    if words.count > 1, words.contains(Substring(own.skeleton)) { return true }
    // `example-org.com`, `example-com-login.net`
    return label.hasPrefix(own.name.text.replacingDots + "-") || label == own.name.text.replacingDots
  }

  /// `example.org.login.test`: the whole own name, and more behind it.
  private static func isEmbedded(_ inner: [Substring], in outer: [Substring]) -> Bool {
    guard inner.count > 1, outer.count > inner.count else { return false }
    return (0..<(outer.count - inner.count)).contains { outer[$0..<($0 + inner.count)].elementsEqual(inner) }
  }

  /// Whether one letter was put in, left out or changed, or two beside each other changed places.
  static func isEdited(_ one: String, _ other: String) -> Bool {
    let a = Array(one.unicodeScalars)
    let b = Array(other.unicodeScalars)
    guard b.count >= shortestEdited, abs(a.count - b.count) <= 1 else { return false }
    let front = zip(a, b).prefix { $0 == $1 }.count
    let restA = a[front...]
    let restB = b[front...]
    if restA.isEmpty && restB.isEmpty { return false }
    if restA.dropFirst().elementsEqual(restB) || restA.elementsEqual(restB.dropFirst())
      || restA.dropFirst().elementsEqual(restB.dropFirst())
    {
      return true
    }
    guard restA.count == restB.count, restA.count >= 2 else { return false }
    return restA[front] == restB[front + 1] && restA[front + 1] == restB[front]
      && restA.dropFirst(2).elementsEqual(restB.dropFirst(2))
  }
}

extension String {
  fileprivate var replacingDots: String { ASCIIText.mapped(self) { $0 == .dot ? 0x2d : $0 } }
}
