import Bytes
import Filtering
import MailAuthentication
import MailSyntax
import SMTPProtocol

/// What was found out about who sent a message, for whoever reads it behind us (RFC 8601).
extension Connection {
  /// The header field; empty where no check of ours authenticates anything. The user who logged in is not named: the
  /// message may go out into the world.
  func results(of matter: MessageFacts) -> [UInt8] {
    let sender = matter.mail.evidence
    let (spf, helo) = (sender.spf.known, sender.heloSPF.known)
    let message = matter.evidence
    let (dkim, arc, dmarc) = (message.dkim.known, message.arc.known, message.dmarc.known)
    guard spf != nil || helo != nil || dkim != nil || arc != nil || dmarc != nil else { return [] }
    return AuthenticationResults.header(
      servid: policy.hostname, spf: spf, helo: helo, sender: matter.mail.sender.text, dkim: dkim,
      dmarc: dmarc, arc: arc, iprev: reverseResult)
  }

  /// RFC 8601 §2.7.3; nil where we have not looked.
  private var reverseResult: ReverseNameResult? {
    guard let known = facts.evidence.reverseName.known else { return nil }
    switch known {
    case .confirmed(let name): return ReverseNameResult(.pass, address: facts.address, name: name.text)
    case .unconfirmed: return ReverseNameResult(.fail, address: facts.address)
    case .none: return ReverseNameResult(.permerror, address: facts.address)
    case .unknown: return ReverseNameResult(.temperror, address: facts.address)
    }
  }
}
