internal import Bytes
internal import NIOCore
internal import NetAddress
internal import TransportSecurity

/// TLS with one backend: what its certificate has to be, and why it was not.
struct BackendSecrecy: Sendable {
  /// nil where it is off, or cannot be: see `fault`.
  private let client: ClientTLS?
  /// What is wrong with our own side; whoever begins a handshake is told.
  let fault: TLSFault?
  /// Whether the certificate is compared with an address, for want of a name.
  private let comparesAddress: Bool

  /// Reads the file of authorities; blocks.
  init(_ backend: BackendConfiguration) {
    let encryption = backend.encryption
    var name = encryption.name
    if name == nil, case .name(let host, _) = backend.endpoint { name = host }
    let isFull = encryption.mode == .verify && encryption.pins.isEmpty
    comparesAddress = isFull && name == nil
    var configuration = ClientTLSConfiguration(serverName: name)
    configuration.authorities = encryption.authorities.map { .file($0) } ?? .system
    if encryption.mode == .verify { configuration.verification = isFull ? .full : .pins(encryption.pins) }
    do throws(TLSFault) {
      client = encryption.mode == .off ? nil : try ClientTLS(configuration)
      fault = nil
    } catch {
      client = nil
      fault = error
    }
  }

  /// Begins the handshake; on the channel's event loop.
  func begin(on context: ChannelHandlerContext) throws(TLSFault) {
    guard let client else { throw fault ?? TLSFault(.configuration, "TLS is off for this backend") }
    do {
      try client.begin(on: context.pipeline.syncOperations)
    } catch let fault as TLSFault {
      throw fault
    } catch {
      throw TLSFault(.configuration, "\(error)".printable())
    }
  }

  /// An error of a handshake, in words for the operator.
  func words(_ error: any Error) -> String {
    guard let fault = error as? TLSFault else { return "the TLS handshake failed: \(Dialing.words(error))" }
    let advice =
      comparesAddress && fault.kind == .verification ? " (tls_name says which name it should be for)" : ""
    return "\(fault)\(advice)"
  }
}

extension BackendConfiguration {
  /// What is wrong with the files and words of its TLS, with the file at fault; nil where nothing is. Reads; blocks.
  public var encryptionProblem: String? { BackendSecrecy(self).fault?.description }
}
