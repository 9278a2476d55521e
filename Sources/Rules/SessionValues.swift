internal import Bytes
internal import DNS
internal import Filtering
internal import MailAuthentication
internal import MailSyntax
internal import NetAddress
internal import RuleLanguage
internal import SMTPProtocol

/// What connection and envelope say, as variables. What could not be found out nobody knows.
struct SessionValues {
  let mail: MailFacts
  let terms: RuleTerms
  /// What was found about connection and envelope.
  let findings: [WeighedFinding]

  func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    switch variable {
    case .clientIP:
      mail.connect.knownAddress.map { .text($0.description) }
        ?? .unknown("the server in front does not know the client's address")
    case .clientName: clientName
    case .helo: .text(mail.hello.name.oneLine)
    case .sender: .text(mail.sender.mailbox)
    case .authUser: .optional(mail.connect.user?.name.oneLine)
    case .tls: .optional(mail.connect.tls?.version)
    case .spf: spf
    case .dnsbl: dnsbl
    case .country: country
    default: .unknown("it is not of the session")
    }
  }

  /// Why nobody has looked.
  private func unasked(_ variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    .unknown(terms.unasked[variable] ?? "nobody asked for it")
  }

  private var clientName: RuleAnswer<[UInt8]?> {
    if let told = mail.connect.toldName { return .text(told.oneLine) }
    switch mail.connect.evidence.reverseName.known {
    case .confirmed(let name): return .text(name.text)
    case .unconfirmed, .some(.none): return .known(nil)
    case .unknown: return .unknown("DNS gave no answer about the client's name")
    case nil: return mail.connect.isNameSought ? unasked(.clientName) : .known(nil)
    }
  }

  private var spf: RuleAnswer<[UInt8]?> {
    guard let outcome = mail.evidence.spf.known else { return unasked(.spf) }
    if outcome.result == .temperror { return .unknown("DNS gave no answer for SPF") }
    return .text(outcome.result.rawValue)
  }

  /// The lists that have the client's address. One that could not be asked leaves open whether there are any only where
  /// no other has it.
  private var dnsbl: RuleAnswer<[UInt8]?> {
    if let why = terms.unasked[.dnsbl] { return .unknown(why) }
    let found = findings.map(\.finding)
    var names: [String] = []
    for finding in found where finding.code == Self.listed && !names.contains(finding.list) {
      names.append(finding.list)
    }
    if names.isEmpty, found.contains(where: { $0.code == Self.unavailable }) {
      return .unknown("DNS lists could not be asked")
    }
    return .lines(names)
  }

  private static let listed: ReasonCode = "DNSBL_LISTED"
  private static let unavailable: ReasonCode = "DNSBL_UNAVAILABLE"

  private var country: RuleAnswer<[UInt8]?> {
    guard let locations = terms.locations else { return unasked(.country) }
    guard let address = mail.connect.knownAddress else {
      return .unknown("the server in front does not know the client's address")
    }
    return .optional(locations.location(of: address).country)
  }
}

extension RuleAnswer<[UInt8]?> {
  static func text(_ text: String) -> Self { .known(Array(text.utf8)) }

  /// Not set where there is none.
  static func optional(_ text: String?) -> Self { .known(text.map { Array($0.utf8) }) }

  /// A line each; not set where there is none.
  static func lines(_ lines: [String]) -> Self {
    .known(lines.isEmpty ? nil : Array(lines.joined(separator: "\n").utf8))
  }
}

extension String {
  /// A value that is one line among others: line ends and NUL in it are blanks.
  var oneLine: String {
    guard utf8.contains(where: { $0 == .lineFeed || $0 == .carriageReturn || $0 == 0 }) else { return self }
    return ASCIIText.mapped(self) { $0 == .lineFeed || $0 == .carriageReturn || $0 == 0 ? .space : $0 }
  }
}
