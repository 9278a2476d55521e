import Filtering
import SASL
import SMTPProtocol

/// What a session may do and is offered: by the client's network, by the listener, by how it is encrypted.
struct SessionTerms {
  let session: ServerSession.Terms
  let offer: Offer

  init(
    _ facts: ConnectFacts, _ listener: ListenerTerms, _ policy: Policy, _ context: GatewayContext,
    channelBinding: [UInt8]? = nil, isEncrypted: Bool, isTold: Bool = false, isTrustedClient: Bool
  ) {
    let terms = policy.terms(for: facts.knownAddress)
    let capabilities = policy.backends.capabilities()
    var session = terms.session
    session.requiresEncryption = listener.tls == .required
    // A certificate that may relay is a login as good as any.
    session.requiresAuthentication = listener.profile == .submission && !facts.isRelayCertificate
    var offer = Offer(
      common: capabilities, size: terms.messageSize, mostRecipients: session.mostRecipients,
      mostTransactions: session.mostTransactions)
    offer.repliesEach = policy.repliesEach
    if isEncrypted {
      offer.requireTLS = !capabilities.isEmpty && capabilities.allSatisfy(\.requireTLS)
    } else if !isTold, listener.tls == .optional || listener.tls == .required {
      // Behind XCLIENT it would be the TLS of the server in front, with its certificate, told as the client's.
      offer.startTLS = context.certificates != nil
    }
    if listener.authenticates, let authenticator = policy.authenticator {
      Self.offer(
        authenticator.mechanisms, isEncrypted: isEncrypted, on: listener, isBindable: channelBinding != nil,
        in: &offer)
    }
    if isTrustedClient {
      offer.clientAttributes = ClientAttributes.Name.forClient
      offer.forwardAttributes = ClientAttributes.Name.forForward
    }
    self.session = session
    self.offer = offer
  }

  /// Which mechanisms may be used now, and which with TLS only.
  private static func offer(
    _ mechanisms: [Mechanism], isEncrypted: Bool, on listener: ListenerTerms, isBindable: Bool,
    in offer: inout Offer
  ) {
    let isPrivate = isEncrypted || listener.tls != .required
    for mechanism in mechanisms {
      let isFree =
        mechanism.isBoundToChannel
        ? isBindable : isEncrypted || listener.allowsPlaintext || !mechanism.sendsSecret
      if isPrivate, isFree {
        offer.mechanisms.append(mechanism.rawValue)
      } else if offer.startTLS {
        offer.mechanismsWithTLS.append(mechanism.rawValue)
      }
    }
    offer.legacyAuthLine = listener.offersLegacyAuthLine
  }
}

extension Connection {
  /// The terms as things stand now.
  var terms: SessionTerms {
    SessionTerms(
      facts, listener, policy, context, channelBinding: channelBinding, isEncrypted: isEncrypted,
      isTold: told != nil && told?.peer == nil, isTrustedClient: isTrustedClient)
  }
}
