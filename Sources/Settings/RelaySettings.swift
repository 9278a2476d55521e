internal import Bytes
public import NetAddress

/// For whom the gateway takes mail (`[relay]`).
public struct RelaySettings: Sendable, Hashable {
  /// The word that `relay.open` takes.
  static let openWord = "yes-i-run-an-open-relay"

  /// The domains that mail is taken for from anyone.
  public let domains: DomainSet
  /// The first of them that is a name, not a parent, in small letters: a bare `postmaster` is there.
  public let firstDomain: String?
  /// The networks that may send anywhere. Empty by default, loopback included: behind a balancer on the same
  /// host every stranger is 127.0.0.1.
  public let networks: IPPrefixSet
  /// Networks that may send only with these senders, the longest prefix first.
  public let senders: [SenderRestriction]
  /// The client certificates that may send anywhere.
  public let certificates: [RelayCertificate]
  /// The domain that completes a bare local part; nil: such a recipient is refused.
  public let completeDomain: String?
  /// True when the operator wrote the one word that allows relay networks as wide as the internet.
  public let isOpen: Bool
  /// A map file of routes, as written.
  public let routes: String?

  /// What a client of the relay networks may use as its sender; nil: anything. The longest prefix that holds
  /// the client counts.
  public func restriction(for client: IPAddress) -> SenderRestriction? {
    senders.first { $0.network.contains(client) }
  }
}

/// A relay network that is narrowed to some senders (`relay.senders`).
public struct SenderRestriction: Sendable, Hashable {
  public let network: IPPrefix
  public let senders: [SenderPattern]

  /// Whether mail from this sender may pass; an empty local part and domain is the null sender.
  public func allows(localPart: String, domain: String) -> Bool {
    senders.contains { $0.matches(localPart: localPart, domain: domain) }
  }
}

/// One sender, or many, as the operator writes them. Letters are compared without regard to case.
public enum SenderPattern: Sendable, Hashable {
  /// `user@domain`, in small letters.
  case address(localPart: String, domain: String)
  /// `@domain`: anyone there.
  case domain(String)
  /// `.domain`: anyone in a sub-domain.
  case subdomains(String)
  /// `<>`: the null sender, for bounces.
  case null

  public func matches(localPart: String, domain: String) -> Bool {
    let domain = domain.lowercasedASCII
    return switch self {
    case .address(let local, let own): own == domain && local == localPart.lowercasedASCII
    case .domain(let own): !domain.isEmpty && own == domain
    case .subdomains(let parent):
      domain.hasSuffix("." + parent) && domain.utf8.count > parent.utf8.count + 1
    case .null: localPart.isEmpty && domain.isEmpty
    }
  }

  /// The pattern as written, or why it is none.
  static func parse(_ text: String) throws(DomainFault) -> SenderPattern {
    if text == "<>" { return .null }
    if text.hasPrefix(".") { return .subdomains(try DomainName.checked(String(text.dropFirst()))) }
    guard let at = text.lastIndex(of: "@") else {
      throw DomainFault(reason: "is no sender: write user@example.org, @example.org, .example.org or <>")
    }
    let domain = try DomainName.checked(String(text[text.index(after: at)...]))
    let local = text[..<at]
    return local.isEmpty ? .domain(domain) : .address(localPart: local.lowercasedASCII, domain: domain)
  }
}

extension RelaySettings {
  init(_ section: Section) {
    domains = section.domains("domains")
    let names = domains.names
    firstDomain = section.texts("domains").lazy.map(\.lowercasedASCII).first { names.contains($0) }
    networks = IPPrefixSet(section.networks("networks"))
    certificates = RelayCertificate.all(section)
    completeDomain = section.hostname("complete_domain")
    isOpen = section.word("open", of: OpenWord.self) != nil
    routes = section.text("routes")
    senders = Self.senders(section.section("senders"), within: networks)
  }

  private static func senders(_ section: Section, within networks: IPPrefixSet) -> [SenderRestriction] {
    var restrictions: [SenderRestriction] = []
    for key in section.values.keys.sorted() {
      _ = section.reference("*")
      let network: IPPrefix
      do throws(ValueError) {
        network = try Convert.network(.string(key), .network)
      } catch {
        let reason = if case .reason(let reason, _) = error { reason } else { "not a network" }
        section.report(key, at: .key, "relay.senders: \(reason)")
        continue
      }
      if !networks.prefixes.contains(where: { $0.contains(network) }) {
        section.report(
          key, at: .key,
          "relay.senders: \(network) is not within relay.networks: add it there, or nobody in it may send")
      }
      restrictions.append(SenderRestriction(network: network, senders: senderList(section, key)))
    }
    return restrictions.sorted {
      ($1.network.length, $0.network.address) < ($0.network.length, $1.network.address)
    }
  }

  private static func senderList(_ section: Section, _ key: String) -> [SenderPattern] {
    guard case .array(let elements)? = section.values[key] else {
      section.report(
        key,
        "relay.senders: expected a list of senders, such as [\"@example.org\"]; found"
          + " \(section.values[key]?.found ?? "nothing")")
      return []
    }
    var senders: [SenderPattern] = []
    for (index, element) in elements.enumerated() {
      let path = SettingPath.element(section.path(of: key), index)
      guard case .string(let text) = element else {
        section.reading.report(path, "relay.senders: expected a sender in quotes; found \(element.found)")
        continue
      }
      do throws(DomainFault) {
        senders.append(try SenderPattern.parse(text))
      } catch {
        section.reading.report(path, "relay.senders: \(quoted(text)) \(error.reason)")
      }
    }
    return senders
  }

  private enum OpenWord: String, WordEnum {
    case yes = "yes-i-run-an-open-relay"
  }
}
