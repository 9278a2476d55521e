internal import Bytes
internal import Cryptography
internal import Foundation
public import NIOCore
internal import NIOSSL

/// How TLS is spoken with a server.
public struct ClientTLSConfiguration: Hashable, Sendable {
  /// Whom one believes.
  public enum Authorities: Hashable, Sendable {
    case system
    /// A file in PEM form.
    case file(String)
  }

  public enum Verification: Hashable, Sendable {
    /// Encryption against those who only listen.
    case none
    /// The chain must lead to an authority and the certificate be for `serverName`, or, where that is nil, for the
    /// address that one is connected to.
    case full
    /// The server's key must be one of these: SHA-256 of the SubjectPublicKeyInfo, whatever the certificate says.
    case pins([[UInt8]])
  }

  /// Asked for by SNI, and verified where `verification` is full; an address or nil asks for none.
  public var serverName: String?
  public var authorities: Authorities
  public var verification: Verification
  public var minimumVersion: TLSProtocolVersion

  public init(
    serverName: String?, authorities: Authorities = .system, verification: Verification = .none,
    minimumVersion: TLSProtocolVersion = .v1_2
  ) {
    self.serverName = serverName
    self.authorities = authorities
    self.verification = verification
    self.minimumVersion = minimumVersion
  }
}

/// TLS with a server: a configuration and the files that it names, as they stood when it was made.
public struct ClientTLS: Sendable {
  private let configuration: ClientTLSConfiguration
  private let material: ClientMaterial

  /// Reads what the configuration names; blocks, so not on an event loop.
  ///
  /// - Throws: what is wrong with the file of authorities.
  public init(_ configuration: ClientTLSConfiguration) throws(TLSFault) {
    self.configuration = configuration
    material = try ClientMaterial(configuration)
  }

  /// Begins the handshake, as ``ServerTLS/begin(on:store:)`` does; ``TLSEstablished`` tells of the server's
  /// certificate.
  ///
  /// - Precondition: on the channel's event loop.
  public func begin(on pipeline: ChannelPipeline.SynchronousOperations) throws {
    let handshake = ClientHandshake(configuration, material)
    let gate = HandshakeGate(isServer: false)
    let end = HandshakeEnd(gate) { handshake.established($0) }
    handshake.end = end
    // In this order, for the client's handler begins to speak as soon as it is added.
    try pipeline.addHandlers([gate, end], position: .first)
    try pipeline.addHandler(try handshake.makeHandler(), position: .after(gate))
  }
}

/// What all its connections share.
private struct ClientMaterial: Sendable {
  let context: NIOSSLContext
  /// nil where none are asked.
  let authorities: CertificateAuthorities?

  init(_ configuration: ClientTLSConfiguration) throws(TLSFault) {
    authorities = try Self.authorities(configuration)
    var settings = TLSConfiguration.makeClientConfiguration()
    settings.minimumTLSVersion = configuration.minimumVersion.library
    settings.cipherSuites = (CipherSuite.standard + CipherSuite.ancient).joined(separator: ":")
    settings.renegotiationSupport = .none
    settings.trustRoots = .certificates([])
    settings.shutdownTimeout = .seconds(3)
    switch configuration.verification {
    case .none: settings.certificateVerification = .none
    case .pins: settings.certificateVerification = .noHostnameVerification
    case .full: settings.certificateVerification = .fullVerification
    }
    do {
      context = try NIOSSLContext(configuration: settings)
    } catch {
      throw TLSFault(
        .configuration, "the TLS library refuses its settings: \(HandshakeWords.cause(of: error))")
    }
  }

  private static func authorities(
    _ configuration: ClientTLSConfiguration
  ) throws(TLSFault) -> CertificateAuthorities? {
    guard configuration.verification == .full else { return nil }
    guard case .file(let path) = configuration.authorities else {
      do throws(CertificateFault) {
        return try .ofSystem()
      } catch {
        throw TLSFault(.configuration, "the system has no authorities to go by")
      }
    }
    let text = try FileContent.read(path)
    do throws(CertificateFault) {
      return try CertificateAuthorities(pem: text)
    } catch {
      throw TLSFault(.configuration, file: path, error.description)
    }
  }
}

/// What is known of one handshake with a server; on the channel's event loop.
private final class ClientHandshake {
  private let configuration: ClientTLSConfiguration
  private let material: ClientMaterial
  private var handler: NIOSSLClientHandler?
  weak var end: HandshakeEnd?

  init(_ configuration: ClientTLSConfiguration, _ material: ClientMaterial) {
    self.configuration = configuration
    self.material = material
  }

  func makeHandler() throws -> NIOSSLClientHandler {
    let name = configuration.serverName.flatMap { Self.isAddress($0) ? nil : $0 }
    let handler: NIOSSLClientHandler
    do {
      if configuration.verification == .none {
        handler = try NIOSSLClientHandler(context: material.context, serverHostname: name)
      } else {
        handler = try NIOSSLClientHandler(context: material.context, serverHostname: name) {
          [weak self] chain, verdict in
          let fault = self?.fault(in: chain)
          self?.end?.verificationFault = fault
          verdict.succeed(self == nil || fault != nil ? .failed : .certificateVerified)
        }
      }
    } catch {
      throw TLSFault(.configuration, "“\(name ?? "")” is no name that a server could be asked for")
    }
    self.handler = handler
    return handler
  }

  /// Why the server is not the one meant; its name is compared by the library when this has found nothing.
  private func fault(in chain: [NIOSSLCertificate]) -> TLSFault? {
    let octets = chain.prefix(Certificate.longestChain).compactMap { try? $0.toDERBytes() }
    switch configuration.verification {
    case .none: return nil
    case .pins(let pins):
      guard let own = octets.first.flatMap({ try? Certificate(der: $0) }) else {
        return TLSFault(.verification, "the server's certificate cannot be read")
      }
      return pins.contains(own.publicKeyHash)
        ? nil
        : TLSFault(
          .verification,
          "the server's key is none of those pinned: it is sha256:\(own.publicKeyHash.hexadecimal)"
        )
    case .full:
      let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
      if let fault = material.authorities?.fault(in: octets, for: .server, at: now) {
        return TLSFault(.verification, "the server's certificate could not be verified: \(fault)")
      }
      // The library looks once more, and at addresses; its fault does not say which names there are.
      guard let name = configuration.serverName, !Self.isAddress(name),
        let own = octets.first.flatMap({ try? Certificate(der: $0) }), !own.covers(name)
      else { return nil }
      let names = own.names.prefix(8).joined(separator: ", ")
      return TLSFault(
        .verification, "the server's certificate is for \(names.isEmpty ? "no name" : names), not for \(name)"
      )
    }
  }

  func established(_ hello: ServerHello?) -> TLSEstablished {
    let certificate = (try? handler?.peerCertificate?.toDERBytes()).flatMap { try? Certificate(der: $0) }
    handler = nil
    return TLSEstablished(
      version: hello?.versionName ?? "TLS", cipher: hello.map { CipherSuite.name(of: $0.cipher) } ?? "",
      serverName: configuration.serverName,
      certificate: certificate.map {
        TLSEstablished.PeerCertificate(
          fingerprint: $0.fingerprint.hexadecimal, subject: $0.subject,
          isVerified: configuration.verification != .none)
      }, channelBinding: certificate?.channelBinding ?? [])
  }

  private static func isAddress(_ name: String) -> Bool {
    (try? SocketAddress(ipAddress: name, port: 0)) != nil
  }
}
