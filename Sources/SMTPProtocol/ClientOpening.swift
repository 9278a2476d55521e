internal import Bytes

/// What a session with a backend says between the greeting and its first transaction.
public struct ClientOpening: Hashable, Sendable {
  /// What becomes of STARTTLS (RFC 3207).
  public enum Encryption: Hashable, Sendable {
    /// It is not said.
    case none
    /// It is said where it is offered; where it is refused the session goes on in the clear.
    case whereOffered
    /// Without it there is no session.
    case always
  }

  public var encryption: Encryption
  /// The one client that the session is for.
  public var client: ClientIdentity?
  /// Whether the client is told by XCLIENT; where not, the connection has told it already (PROXY).
  public var tellsClient: Bool

  public init(
    encryption: Encryption = .none, client: ClientIdentity? = nil, tellsClient: Bool = false
  ) {
    self.encryption = encryption
    self.client = client
    self.tellsClient = tellsClient
  }
}

/// The opening, reply by reply.
extension ClientSession {
  // MARK: TLS

  /// The handshake is done: what was said before counts no more (RFC 3207 §4.2).
  public mutating func encrypted() -> ClientAction {
    guard case .handshaking = state else { preconditionFailure("TLS begun without the word for it") }
    isEncrypted = true
    parser = ReplyParser()
    sendHello()
    return .wait
  }

  /// The handshake failed, in words for the operator.
  public mutating func handshakeFailed(_ words: String) -> ClientAction { end(.unencrypted(words)) }

  /// Octets came behind the word to begin TLS, in the clear: they are not of the backend, or it is broken.
  public mutating func spokeBeforeHandshake() -> ClientAction { end(.injected) }

  // MARK: Replies

  mutating func received(opening reply: Reply) -> ClientAction {
    switch state {
    case .greeting:
      guard reply.code == 220 else { return end(.refused(reply)) }
      sendHello()
      return .wait
    case .hello: return answeredHello(reply)
    case .plainHello:
      guard reply.code / 100 == 2 else { return end(.refused(reply)) }
      state = .ready
      return .open
    case .startingTLS:
      if reply.code == 220 {
        capabilities = Capabilities()
        state = .handshaking
        return .startTLS
      }
      guard reply.code >= 400, reply.code != 421, opening.encryption == .whereOffered else {
        return end(.unencrypted("STARTTLS was refused: \(reply.summary)"))
      }
      refusalOfTLS = reply
      return goOn()
    case .handshaking: return end(.injected)
    case .identifying:
      guard reply.code == 220 else { return end(.identity("XCLIENT was refused: \(reply.summary)")) }
      isIdentified = true
      sendHello()
      return .wait
    case .ready: return end(reply.code == 421 ? .closing(reply) : .unexpected(reply))
    case .quitting: return end(.ended)
    case .over, .transacting, .resetting, .loggingIn: return .wait
    }
  }

  private mutating func answeredHello(_ reply: Reply) -> ClientAction {
    if reply.code / 100 == 2 {
      capabilities = Capabilities(ehlo: reply.lines)
      if !isIdentified { ownCapabilities = capabilities }
      if !isEncrypted, !isIdentified, opening.encryption != .none {
        if capabilities.startTLS {
          output.append(contentsOf: "STARTTLS\r\n".utf8)
          state = .startingTLS
          return .wait
        }
        guard opening.encryption == .whereOffered else {
          return end(.unencrypted("it does not offer STARTTLS"))
        }
      }
      return goOn()
    }
    if isIdentified, reply.code != 421 {
      return end(.identity("EHLO in the client's name was refused: \(reply.summary)"))
    }
    let isPlain = opening.encryption != .always && !isEncrypted && opening.client == nil
    guard reply.isPermanent, dialect == .smtp, isPlain else { return end(.refused(reply)) }
    output.append(contentsOf: "HELO ".utf8)
    output.append(contentsOf: hostname.utf8)
    ClientCommands.endLine(&output)
    state = .plainHello
    return .wait
  }

  /// TLS is settled: the client is named, if it is to be.
  private mutating func goOn() -> ClientAction {
    guard let client = opening.client, opening.tellsClient, !isIdentified else {
      state = .ready
      return .open
    }
    guard capabilities.clientAttributes.contains("ADDR") else {
      return end(
        .identity(
          "it does not offer XCLIENT with ADDR to this gateway (Postfix: smtpd_authorized_xclient_hosts)"))
    }
    ClientCommands(capabilities: capabilities).writeClient(client, into: &output)
    state = .identifying
    return .wait
  }

  /// EHLO in the gateway's name; once the backend takes it for the client, in the client's: Postfix logs and traces
  /// the name of the last EHLO, whatever XCLIENT said.
  private mutating func sendHello() {
    output.append(contentsOf: (dialect == .lmtp ? "LHLO " : "EHLO ").utf8)
    var name = hostname
    if let client = opening.client, isIdentified || !opening.tellsClient, Self.isSayable(client.helo) {
      name = client.helo
    }
    output.append(contentsOf: name.utf8)
    ClientCommands.endLine(&output)
    state = .hello
  }

  /// One printable ASCII word that fits a line.
  private static func isSayable(_ name: String) -> Bool {
    (1...255).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }
}
