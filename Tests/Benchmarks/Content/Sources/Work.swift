import Bytes
import CMalloc
import Charsets
import Filtering
import MailSyntax
import MessageViews
import NetAddress
import SMTPProtocol

/// What was done with a round of messages, so that nothing of it can be left out.
struct Done {
  var parts = 0
  var octets = 0
}

/// What is measured.
enum Work: String, CaseIterable {
  case parse, decode, views, header, texts, folded, links, attachments, facts, unasked

  func on(_ message: [UInt8], _ done: inout Done) async throws {
    switch self {
    case .parse: done.parts += MIMETree.parse(message).parts.count
    case .decode: decode(MIMETree.parse(message), &done)
    case .views:
      let views = MessageViews(message)
      views.prepare()
      done.parts += views.tree.parts.count
    case .header: done.octets += MessageViews(message).header.count
    case .texts: done.octets += MessageViews(message).texts.count
    case .folded: done.octets += MessageViews(message).folded.utf8.count
    case .links: done.octets += MessageViews(message).links.count
    case .attachments: done.octets += MessageViews(message).attachments.count
    case .facts: done.octets += try Known.of(message).message.memory.count
    case .unasked: done.octets += try await Known.of(message).views().isWhole ? 1 : 0
    }
  }

  private func decode(_ tree: MIMETree, _ done: inout Done) {
    done.parts += tree.parts.count
    for part in tree.parts where part.children.isEmpty && !part.isMultipart {
      let octets = tree.decoded(part).octets
      guard part.isText else {
        done.octets += octets.count
        continue
      }
      done.octets += Charset.decode(octets[...], declared: part.type["charset"]?.text).text.utf8.count
    }
  }

  /// Octets of memory that are held for each message by what this makes of it; -1 where it makes nothing that stays.
  func held(_ messages: [[UInt8]]) async throws -> Int {
    guard self == .facts || self == .unasked, let message = messages.first else { return -1 }
    let count = 2000
    var kept: [MessageFacts] = []
    kept.reserveCapacity(count)
    let header = MessageHeader(message)
    let before = mallinfo2().uordblks
    for _ in 0..<count {
      let facts = try Known.of(message, header: header)
      if self == .unasked { _ = await facts.views() }
      kept.append(facts)
    }
    let after = mallinfo2().uordblks
    return kept.count == count ? Int(after - before) / count : -1
  }
}

/// What a session knows when a message has come.
enum Known {
  private struct Unread: Error {}

  private static let mail: MailFacts? = {
    guard let address = IPAddress("203.0.113.66"), let sender = PathParser.parse(whole: "anna@corp.example")
    else { return nil }
    let now = Timestamp(milliseconds: 1_700_000_000_000)
    let connect = ConnectFacts(
      address: address, port: 1, listener: "x", isRelayNetwork: false, time: now)
    return MailFacts(
      connect: connect, hello: Hello(name: "mail.corp.example", isExtended: true), sender: sender,
      parameters: .none, time: now)
  }()

  private static let header = MessageHeader([])

  static func of(_ message: [UInt8], header: MessageHeader = Self.header) throws -> MessageFacts {
    guard let mail else { throw Unread() }
    return MessageFacts(
      mail: mail, recipients: [], header: header, message: HeldMessage(memory: message))
  }
}
