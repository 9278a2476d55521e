import Bytes
import DNS
import Filtering
import MailAuthentication
import MailSyntax
import NetAddress
import RuleLanguage
import SMTPProtocol
import Testing

@testable import Rules

/// A message on its way through rules, without a gateway.
struct Rehearsed {
  var client = "192.0.2.7"
  var helo = "client.outside.example"
  var sender = "ann@outside.example"
  var recipients = ["ada@example.org"]
  var user: String?
  var findings: [WeighedFinding] = []
  var spf: SPFOutcome?
  var dkim: [DKIMVerification]?
  var keepsTrace = false
  var message =
    "From: Ann <ann@outside.example>\r\nTo: ada@example.org\r\nSubject: hello\r\n\r\nHow are you?\r\n"
  var contentLimit = 8 << 20

  static let now = Timestamp(year: 2026, month: 11, day: 20) ?? Timestamp(milliseconds: 0)

  /// A book of these files, which has to be sound.
  static func book(
    _ files: [String: String], _ terms: RuleTerms = RuleTerms(), replacing old: GatewayRuleBook? = nil
  ) throws -> GatewayRuleBook {
    let (book, problems) = read(files, terms, replacing: old)
    let errors = problems.filter(\.isError)
    try #require(errors.isEmpty, "\(problems)")
    return book
  }

  static func read(
    _ files: [String: String], _ terms: RuleTerms = RuleTerms(), replacing old: GatewayRuleBook? = nil
  ) -> (book: GatewayRuleBook, problems: [RuleBookProblem]) {
    var terms = terms
    terms.now = now
    return GatewayRuleBook.read(
      RuleFolder(path: "/rules", files: files.mapValues { Array($0.utf8) }), terms, replacing: old)
  }

  static func path(_ text: String) throws -> Path {
    text.isEmpty ? .null : try #require(PathParser.parse(whole: text))
  }

  private func mail() async throws -> MailFacts {
    var connect = ConnectFacts(
      address: try #require(IPAddress(client)), port: 1, listener: "x", isRelayNetwork: false, time: Self.now)
    connect.user = user.map { AuthenticatedUser(name: $0, mechanism: "PLAIN") }
    let mail = MailFacts(
      connect: connect, hello: Hello(name: helo, isExtended: true), sender: try Self.path(sender),
      parameters: .none, time: Self.now)
    if let spf { _ = await mail.evidence.spf.value { spf } }
    return mail
  }

  /// What the rules say to the first recipient at RCPT.
  func early(_ book: GatewayRuleBook) async throws -> RuleOutcome {
    let path = try Self.path(recipients[0])
    let facts = RecipientFacts(mail: try await mail(), recipient: path, taken: 0)
    return await book.judge(book.set(for: path), facts, findings: findings, keepsTrace: keepsTrace)
  }

  /// What they say at the end of the message, for each recipient; RCPT comes before where a set decides there.
  func outcomes(_ book: GatewayRuleBook) async throws -> [RuleOutcome] {
    let mail = try await mail()
    var ruled: [RuledRecipient] = []
    for (index, recipient) in recipients.enumerated() {
      let path = try Self.path(recipient)
      let set = book.set(for: path)
      let facts = RecipientFacts(mail: mail, recipient: path, taken: index)
      let early =
        set.decidesAtRecipient
        ? await book.judge(set, facts, findings: findings, keepsTrace: keepsTrace) : nil
      ruled.append(RuledRecipient(path: path, set: set, early: early, findings: findings))
    }
    let held = Array(message.utf8)
    let facts = MessageFacts(
      mail: mail, recipients: ruled.map(\.path), header: MessageHeader(held),
      message: HeldMessage(memory: held), contentLimit: contentLimit)
    if let dkim { _ = await facts.evidence.dkim.value { dkim } }
    return await book.judge(facts, for: ruled, keepsTrace: keepsTrace)
  }

  func outcome(_ book: GatewayRuleBook) async throws -> RuleOutcome { try await outcomes(book)[0] }

  /// Whether one condition holds.
  func holds(_ condition: String, decoded: Bool = false, _ terms: RuleTerms = RuleTerms()) async throws
    -> Bool
  {
    let head = decoded ? "# weir: decoded\n" : ""
    let book = try Self.book(["a.rc": "\(head):0\n* \(condition)\nscore +1 IT\n"], terms)
    return try await outcome(book).findings.contains { $0.finding.code == .ruleScore }
  }
}

extension RuleOutcome {
  /// The findings' codes with what they say.
  var told: [String] { findings.map { "\($0.finding.code.name) \($0.finding.evidence)" } }
}
