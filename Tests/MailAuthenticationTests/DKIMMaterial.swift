import Bytes
import DNS
import Foundation
import MailAuthentication
import MailSyntax
import TestSupport

/// A message as the gateway would hold it, and as the third-party cases write it.
struct SignedMessage {
  let held: [UInt8]
  let header: MessageHeader

  /// From text whose lines end as they like, or from octets.
  init(_ text: [UInt8]) {
    var held: [UInt8] = []
    var isAtLineStart = true
    for (index, byte) in text.enumerated() {
      if isAtLineStart, byte == 0x2e { held.append(0x2e) }
      if byte == 0x0a, index == 0 || text[index - 1] != 0x0d { held.append(0x0d) }
      held.append(byte)
      isAtLineStart = byte == 0x0a
    }
    self.held = held
    header = MessageHeader(held)
  }

  init(_ text: String) { self.init(Array(text.utf8)) }

  /// What its DKIM signatures come to.
  func verified(_ resolver: some Resolver, now: Timestamp = SignedMessage.now) async -> [DKIMVerification] {
    await DKIMVerifier.verify(
      header: header, in: held, bodyDigests: BodyDigests.of(held, header: header),
      Lookups(resolver, until: .now + .seconds(5)), now: now)
  }

  /// What its chain comes to.
  func validated(_ resolver: some Resolver) async -> ARCOutcome {
    await ARCValidator.validate(
      header: header, in: held, bodyDigests: BodyDigests.of(held, header: header),
      Lookups(resolver, until: .now + .seconds(5)))
  }

  /// 2027-01-15: behind every case, and before those who sign in the future.
  static let now = Timestamp(milliseconds: 1_800_000_000_000)
}

extension DKIMVerification {
  /// Whether the signature is the domain's own, be it by means that RFC 8301 does not accept any more: the cases are
  /// older than it.
  var isGenuine: Bool { status == .pass || status == .policy && reason.hasSuffix("(RFC 8301)") }
}

extension DNSTable {
  mutating func addText(_ name: String, _ text: String) throws {
    guard let name = DNSName(name) else { throw HarnessFault("no name: \(name)") }
    add(name, .txt, .text(Array(text.utf8)))
  }
}
