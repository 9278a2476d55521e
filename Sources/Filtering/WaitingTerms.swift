internal import Bytes
public import MailSyntax

/// How long mail waits, and how often it may be handed on.
public struct WaitingTerms: Hashable, Sendable {
  /// Of what is held from now on: `QuarantineOrder.expires` is so much later.
  public var quarantineLifetime: Duration
  /// Of redirects, copies and releases: `OutboxOrder.expires` is so much later.
  public var outboxLifetime: Duration

  public init(
    quarantineLifetime: Duration = .seconds(30 * 86_400), outboxLifetime: Duration = .seconds(5 * 86_400)
  ) {
    self.quarantineLifetime = quarantineLifetime
    self.outboxLifetime = outboxLifetime
  }
}

/// The header lines by which mail that the gateway sent itself is known.
public enum WaitingMark {
  /// Stands in mail that somebody released from the quarantine. One that a stranger brought is forged.
  public static let released = "X-Weir-Released"
  /// Stands in mail that was redirected or copied, once for each time. One that a stranger brought stays: it comes
  /// back with those, and who forges it has his own mail handed on less often.
  public static let handedOn = "X-Weir-Handed-On"

  /// `X-Weir-Released: by mx.example.org id 01J8…; DATE`, for `ReleaseTerms.header`.
  ///
  /// - Parameters:
  ///   - id: of the entry.
  ///   - date: in the form of RFC 5322.
  public static func released(by hostname: String, id: String, date: String) -> [UInt8] {
    Array("\(released): by \(hostname) id \(id);\r\n\t\(date)\r\n".utf8)
  }

  /// `X-Weir-Handed-On: redirect by mx.example.org id 01J8…; DATE`, for `OutboxOrder.header`.
  ///
  /// - Parameters:
  ///   - id: of the message.
  ///   - date: in the form of RFC 5322.
  public static func handedOn(_ kind: LegKind, by hostname: String, id: String, date: String) -> [UInt8] {
    Array("\(handedOn): \(kind.rawValue) by \(hostname) id \(id);\r\n\t\(date)\r\n".utf8)
  }

  /// How far a message has come, for `OutboxOrder.hops`: the servers that received it, and five for each time that it
  /// was handed on before, so that a circle of such rules ends before it has gone round many times.
  public static func hops(in header: MessageHeader) -> Int {
    header.count("Received") + 5 * header.count(handedOn)
  }
}
