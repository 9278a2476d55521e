internal import Bytes
internal import Cryptography
internal import Foundation
public import NIOCore
internal import NIOSSL
internal import NIOTLS

/// TLS with a client.
public enum ServerTLS {
  /// Begins the handshake: from the first octet of a connection, or, behind STARTTLS, when the reply to it has been
  /// written and flushed. The handlers that stand in the pipeline get the user event ``TLSEstablished``, or an error
  /// ``TLSFault``, after which the channel closes; until then they get no octets, and what they write is dropped.
  /// Nothing here limits the time that it takes.
  ///
  /// - Precondition: on the channel's event loop.
  public static func begin(
    on pipeline: ChannelPipeline.SynchronousOperations, store: CertificateStore
  ) throws {
    let certificates = store.certificates
    let handshake = ServerHandshake(certificates)
    let gate = HandshakeGate(isServer: true)
    let end = HandshakeEnd(gate) { handshake.established($0) }
    let loop = pipeline.eventLoop
    let name = ByteToMessageHandler(
      SNIHandler { result in
        do {
          // The SNIHandler stands right behind the gate and is about to go.
          try pipeline.addHandler(handshake.handler(for: result), position: .before(end))
          return loop.makeSucceededVoidFuture()
        } catch {
          return loop.makeFailedFuture(error)
        }
      })
    try pipeline.addHandlers([gate, name, end], position: .first)
  }
}

/// What is known of one handshake with a client; on the channel's event loop.
private final class ServerHandshake {
  private let certificates: CertificateSet
  private var serverName: String?
  private var choice: ServerCertificate
  private var handler: NIOSSLServerHandler?
  /// The client's certificates, in DER form.
  private var chain: [[UInt8]] = []

  init(_ certificates: CertificateSet) {
    self.certificates = certificates
    choice = certificates.standard
  }

  func handler(for result: SNIResult) -> NIOSSLServerHandler {
    if case .hostname(let name) = result { serverName = Self.hostName(name) }
    choice = certificates.choose(serverName)
    let handler: NIOSSLServerHandler
    switch certificates.configuration.clientCertificates {
    case .off: handler = NIOSSLServerHandler(context: choice.context)
    case .ask:
      // Whoever it is may come in; who it is, is judged when the handshake is done.
      handler = NIOSSLServerHandler(context: choice.context) { [weak self] chain, verdict in
        self?.chain = chain.prefix(Certificate.longestChain).compactMap { try? $0.toDERBytes() }
        verdict.succeed(.certificateVerified)
      }
      self.handler = handler
    }
    return handler
  }

  func established(_ hello: ServerHello?) -> TLSEstablished {
    // A resumed session brings the client's certificate along, and nobody was asked to verify it.
    if chain.isEmpty, let own = try? handler?.peerCertificate?.toDERBytes() { chain = [own] }
    let certificate = chain.first.flatMap { try? Certificate(der: $0) }.map { own in
      let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
      return TLSEstablished.PeerCertificate(
        fingerprint: own.fingerprint.hexadecimal, subject: own.subject,
        isVerified: certificates.clientAuthorities.map { $0.fault(in: chain, for: .client, at: now) == nil }
          ?? false)
    }
    handler = nil
    return TLSEstablished(
      version: hello?.versionName ?? "TLS", cipher: hello.map { CipherSuite.name(of: $0.cipher) } ?? "",
      serverName: serverName, certificate: certificate, channelBinding: choice.certificate.channelBinding)
  }

  /// In small letters and without the final dot; nil for what is no name of a host: it goes into the log.
  private static func hostName(_ name: String) -> String? {
    let name = name.hasSuffix(".") ? name.dropLast() : name[...]
    let isName = name.utf8.allSatisfy { octet in
      switch octet {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return isName && (1...253).contains(name.utf8.count) ? name.lowercased() : nil
  }
}

extension [UInt8] {
  /// In small hexadecimal digits.
  var hexadecimal: String {
    reduce(into: "") { text, octet in
      if octet < 16 { text += "0" }
      text += String(octet, radix: 16)
    }
  }
}
