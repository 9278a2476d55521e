import Bytes
import NetAddress

/// Postfix's access(5) tables, as text: `pattern action`.
struct PostfixAccess {
  private let subject: PostfixAction.Subject
  private var networks = NetworkTable(.longest)
  private var names: [NameTable]

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var reader = PostfixAccess(Self.subject(desk.source.name, options))
    if reader.subject == .any {
      desk.note(
        "the table does not say what it is asked about: mailboxes are taken for senders, names for clients and "
          + "senders; --as client|helo|sender|recipient says it")
    }
    for line in desk.source.continuedLines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      let text = desk.source.text(line.octets)
      let (key, value) = text.trimmed.firstWord
      guard !value.isEmpty else {
        desk.wrong(id, column: line.octets.count + 1, "a pattern without an action")
        continue
      }
      guard let verdict = PostfixAction.verdict(String(value), reader.subject, id, &desk) else { continue }
      reader.take(key.lowercasedASCII, verdict, id, &desk)
    }
    reader.networks.write(&desk)
    for table in reader.names { table.write(&desk) }
  }

  private init(_ subject: PostfixAction.Subject) {
    self.subject = subject
    names = [NameSubject.clientName, .sender, .recipient, .helo, .domain].map { NameTable($0) }
  }

  /// By option, or by the file's name: `sender_access`, `rcpt_checks`.
  static func subject(_ name: String, _ options: ImportOptions) -> PostfixAction.Subject {
    if let role = options.role { return PostfixAction.Subject(rawValue: role) ?? .any }
    let name = name.lowercasedASCII
    if name.contains("helo") { return .helo }
    if name.contains("sender") || name.contains("from") { return .sender }
    if name.contains("recipient") || name.contains("rcpt") { return .recipient }
    if name.contains("client") { return .client }
    return .any
  }

  private mutating func take(
    _ key: String, _ verdict: TableVerdict, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    if let network = Self.network(key) {
      guard subject == .client || subject == .any else {
        desk.left(line, "an address where a \(subject.rawValue) is asked for")
        return
      }
      networks.add([network], verdict, for: line, &desk)
      return
    }
    guard let name = SendmailAccess.mailbox(key) else {
      desk.left(line, "no address, name or mailbox that a list can hold: \(key.printable(limit: 80))")
      return
    }
    let table: NameSubject
    switch (name, subject) {
    case (.domain, .client): table = .clientName
    case (.domain, .helo): table = .helo
    case (.domain, .any): table = .domain
    case (_, .recipient): table = .recipient
    case (_, .sender), (_, .any): table = .sender
    default:
      desk.left(line, "a mailbox where a \(subject.rawValue)'s name is asked for")
      return
    }
    if case .domain(_, itself: false, _) = name {
      desk.changed(
        line, "Postfix asks for it only where parent_domain_matches_subdomains lacks smtpd_access_maps")
    }
    if let index = names.firstIndex(where: { $0.subject == table }) {
      names[index].add(name, verdict, for: line, &desk)
    }
  }

  /// `192.0.2`, `192.0.2.1`, `2001:db8`, `2001:db8::1`.
  private static func network(_ key: String) -> IPPrefix? {
    if let network = SendmailAccess.v4(key[...]) { return network }
    return key.contains(":") ? SendmailAccess.v6(key) : nil
  }
}
