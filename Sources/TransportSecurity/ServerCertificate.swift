public import Cryptography
internal import NIOCore
internal import NIOSSL

extension ServerTLSConfiguration.Pair {
  /// Reads both files and sees that they belong together.
  ///
  /// - Returns: the chain, the gateway's own certificate first.
  /// - Throws: what is wrong, with the file's name.
  public func chain() throws(TLSFault) -> [Certificate] {
    try read().chain
  }

  func read() throws(TLSFault) -> (chain: [Certificate], key: [UInt8]) {
    let chainText = try FileContent.read(certificate)
    let keyText = try FileContent.read(key)
    let chain: [Certificate]
    do throws(CertificateFault) {
      chain = try Certificate.chain(pem: chainText)
    } catch {
      throw TLSFault(.configuration, file: certificate, error.description)
    }
    guard let own = chain.first else {
      throw TLSFault(.configuration, file: certificate, CertificateFault.noCertificate.description)
    }
    do throws(CertificateFault) {
      try own.check(key: keyText)
    } catch .keyDoesNotMatch {
      throw TLSFault(
        .configuration, file: key,
        "is not the key of \(certificate) (\(own.label)): one of the two is of another pair")
    } catch {
      throw TLSFault(.configuration, file: key, error.description)
    }
    return (chain, keyText)
  }
}

extension Certificate {
  /// What a person knows it by.
  var label: String { names.first ?? (subject.isEmpty ? "a certificate without a name" : subject) }
}

/// A certificate of the gateway, ready to be shown.
struct ServerCertificate: Sendable {
  let pair: ServerTLSConfiguration.Pair
  let certificate: Certificate
  let context: NIOSSLContext

  init(_ pair: ServerTLSConfiguration.Pair, of configuration: ServerTLSConfiguration) throws(TLSFault) {
    let (chain, key) = try pair.read()
    guard let own = chain.first else {
      throw TLSFault(.configuration, file: pair.certificate, CertificateFault.noCertificate.description)
    }
    self.pair = pair
    certificate = own
    do {
      var settings = TLSConfiguration.makeServerConfiguration(
        certificateChain: try chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
      settings.minimumTLSVersion = configuration.minimumVersion.library
      // Names of our own table only: one that the library does not know ends the process.
      let names =
        configuration.ciphers.isEmpty
        ? CipherSuite.standard + (configuration.minimumVersion < .v1_2 ? CipherSuite.ancient : [])
        : configuration.ciphers.map(\.name)
      settings.cipherSuites = names.joined(separator: ":")
      settings.renegotiationSupport = .none
      settings.trustRoots = .certificates([])
      settings.certificateVerification =
        configuration.clientCertificates == .ask ? .optionalVerification : .none
      settings.shutdownTimeout = .seconds(3)
      context = try NIOSSLContext(configuration: settings)
    } catch {
      throw TLSFault(
        .configuration, file: pair.certificate,
        "the TLS library refuses it: \(HandshakeWords.cause(of: error))")
    }
  }
}
