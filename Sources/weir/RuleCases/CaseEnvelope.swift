import Bytes
import DNS
import MailSyntax
import NetAddress
import Settings
import TraceAnalysis

/// What a case says of client, envelope, time and DNS, checked.
struct CaseEnvelope {
  private(set) var given = ScanEnvelope.Given()
  /// nil where the case does not say.
  private(set) var now: Timestamp?
  /// What DNS says; nil: nobody is asked.
  private(set) var table: DNSTable?
  private(set) var problems: [SettingsProblem] = []
  private let file: String

  /// - Parameter home: `users/ada@example.org` where the case stands beside the rules of a recipient, and so on.
  init(_ one: RuleCase, home: String?) {
    file = one.file
    for option in one.options where option.word != .dns { take(option) }
    readRecords(one.values(.dns))
    if given.recipients.isEmpty, let home { given.recipients = Self.recipients(of: home) }
  }

  private mutating func fail(_ option: RuleCase.Option, _ message: String) {
    problems.append(SettingsProblem(file: file, position: option.position, message: message))
  }

  private mutating func take(_ option: RuleCase.Option) {
    switch option.word {
    case .client:
      given.client = IPAddress(option.value)
      if given.client == nil { fail(option, "client takes an address such as 192.0.2.1") }
    case .ptr: given.name = option.value
    case .helo: given.helo = option.value
    case .user: given.user = option.value
    case .from:
      given.sender = PathParser.parse(whole: option.value.isEmpty ? "<>" : option.value, limits: .sender)
      if given.sender == nil { fail(option, "from takes an address such as user@example.org, or <>") }
    case .to:
      guard let path = PathParser.parse(whole: option.value) else {
        return fail(option, "to takes an address such as user@example.org")
      }
      given.recipients.append(path)
    case .now:
      now = MailDate(option.value)?.moment
      if now == nil { fail(option, "now takes a time such as 2026-11-20T12:00:00Z") }
    case .dns: break
    }
  }

  /// The records, a line of a DNS table each; `dns nothing` is a DNS in which nothing is.
  private mutating func readRecords(_ options: [RuleCase.Option]) {
    guard !options.isEmpty else { return }
    let records = options.filter { $0.value != "nothing" }
    let (table, found) = DNSTable.parse(Array(records.map(\.value).joined(separator: "\n").utf8), file: file)
    for problem in found where records.indices.contains(problem.line - 1) {
      fail(records[problem.line - 1], problem.reason)
    }
    self.table = table
  }

  /// Whom the rules of a folder concern.
  private static func recipients(of home: String) -> [Path] {
    guard let slash = home.firstIndex(of: "/") else { return [] }
    let name = home[home.index(after: slash)...]
    let address = home.hasPrefix("users/") ? String(name) : "somebody@\(name)"
    return PathParser.parse(whole: address).map { [$0] } ?? []
  }
}
