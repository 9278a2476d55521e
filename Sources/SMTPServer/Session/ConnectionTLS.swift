import Filtering
import NIOCore
import SMTPProtocol
import TransportSecurity

/// TLS of our own: from the first octet, or behind STARTTLS (RFC 3207, RFC 8314).
extension Connection {
  /// May the handshake begin?
  func considerTLS() -> Answer? {
    if context.isDraining { return .close(Response(.shuttingDown)) }
    guard context.certificates != nil else { return .refuse(Response(.tlsUnavailable, variables())) }
    return .encrypt(octetsBehind: inbound.readableBytes)
  }

  /// Lets the client's next octet be the handshake's. What was said in the clear has left.
  func beginTLS() {
    phase = .handshaking
    guard let certificates = context.certificates else {
      return handshakeFailed("there is no certificate any more")
    }
    do {
      try ServerTLS.begin(on: channel.pipeline.syncOperations, store: certificates)
    } catch {
      handshakeFailed("\(error)")
    }
    adjustReading()
  }

  /// The handshake is done.
  func established(_ tls: TLSEstablished) {
    guard case .handshaking = phase else { return }
    let certificate = tls.certificate.map {
      ClientCertificate(fingerprint: $0.fingerprint, subject: $0.subject, isVerified: $0.isVerified)
    }
    facts.tls = TLSFacts(
      version: tls.version, cipher: tls.cipher, serverName: tls.serverName, certificate: certificate)
    isEncrypted = true
    // What was said in the clear, logins above all, somebody in between may have said (RFC 3207 §4.2).
    abandonLogin()
    facts.user = nil
    facts.isRelayCertificate = certificate.map(policy.relay.isRelayCertificate) ?? false
    channelBinding = tls.channelBinding.isEmpty ? nil : tls.channelBinding
    phase = .open
    clock.answered(Clock.monotonic)
    let terms = terms
    if case .handshake = session.need {
      // What was said and found in the clear is forgotten (RFC 3207 §4.2).
      forgetHello()
      lastHello = nil
      session.encrypted(terms: terms.session, offer: terms.offer)
    } else if case .answer = session.need, listener.tls == .implicit {
      session = ServerSession(terms: terms.session, offer: terms.offer, isEncrypted: true)
      perform(session.opened(), isLogged: true)
    } else {
      // It ended before the handshake did.
      return hangUp()
    }
    pump()
  }

  /// There will be no TLS, and in the clear nothing more is said.
  func handshakeFailed(_ words: String) {
    guard case .handshaking = phase else { return }
    noteTLS(.tlsHandshakeFailed, words)
    session.disconnected()
    hangUp()
  }

  /// Octets in the clear where the handshake should begin: read in the same go as STARTTLS, so they were sent
  /// before its answer.
  func injected(octets: Int) {
    noteTLS(.tlsInjection, "\(octets) octets in the clear behind STARTTLS")
    session.disconnected()
    hangUp()
  }

  private func noteTLS(_ reason: ReasonCode, _ words: String) {
    var event = event(.session, stage: nil, nil)
    event.code = reason
    event.detail = words
    context.events.record(event)
  }
}
