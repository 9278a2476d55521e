public import Bytes
internal import Cryptography
internal import Synchronization

/// Until when a certificate of the gateway serves.
public struct CertificateExpiry: Hashable, Sendable {
  /// The names for which it is chosen; for the default one, those that it holds.
  public let names: [String]
  /// The path of the certificate.
  public let file: String
  public let notAfter: Timestamp

  public init(names: [String], file: String, notAfter: Timestamp) {
    self.names = names
    self.file = file
    self.notAfter = notAfter
  }

  /// Whole days left, negative from a day past the end on.
  public func days(at now: Timestamp) -> Int {
    let left = notAfter.milliseconds - now.milliseconds
    return Int((Double(left) / 86_400_000).rounded(.down))
  }
}

/// The gateway's certificates, each with one context that all connections share. They are replaced all together or
/// not at all; a connection keeps what it began with.
public final class CertificateStore: Sendable {
  private struct State: Sendable {
    var certificates: CertificateSet
    /// The files' stamps when they were last tried, whether it went well or not.
    var tried: [FileStamp?]
    /// Stamps seen by `refresh` that were not the tried ones.
    var seen: [FileStamp?]
  }

  private let state: Mutex<State>

  /// Reads and checks all that the configuration names.
  ///
  /// - Throws: the first thing that is wrong, with its file.
  public init(_ configuration: ServerTLSConfiguration) throws(TLSFault) {
    let stamps = configuration.files.map(FileStamp.init)
    let certificates = try CertificateSet(configuration)
    state = Mutex(State(certificates: certificates, tried: stamps, seen: stamps))
  }

  /// Reads all files again.
  ///
  /// - Returns: whether anything has changed.
  /// - Throws: what is wrong; then everything stays as it was.
  public func reload() throws(TLSFault) -> Bool {
    try replace(configuration)
  }

  /// Goes over to another configuration, as a whole or not at all.
  ///
  /// - Returns: whether anything has changed.
  public func replace(_ configuration: ServerTLSConfiguration) throws(TLSFault) -> Bool {
    // Before the files are read, so that a change in the meantime is seen by the next `refresh`.
    let stamps = configuration.files.map(FileStamp.init)
    let certificates: CertificateSet
    do throws(TLSFault) {
      certificates = try CertificateSet(configuration)
    } catch {
      // One try for each state of the files; but those of another configuration are not the ones watched.
      state.withLock { if $0.certificates.configuration == configuration { $0.tried = stamps } }
      throw error
    }
    return state.withLock { state in
      let hasChanged = state.certificates.digest != certificates.digest
      state = State(certificates: certificates, tried: stamps, seen: stamps)
      return hasChanged
    }
  }

  /// Reads the files again if they look changed, and have looked the same since the last call: whoever renews a
  /// certificate writes two files, one after the other. To be called every few seconds.
  ///
  /// - Returns: whether anything has changed.
  /// - Throws: what is wrong, once for each state of the files; then everything stays as it was.
  public func refresh() throws(TLSFault) -> Bool {
    let stamps = configuration.files.map(FileStamp.init)
    let isDue = state.withLock { state in
      let isDue = stamps != state.tried && stamps == state.seen
      state.seen = stamps
      return isDue
    }
    return isDue ? try reload() : false
  }

  public var configuration: ServerTLSConfiguration { state.withLock { $0.certificates.configuration } }

  /// Every certificate, the default one first.
  public var expiries: [CertificateExpiry] {
    state.withLock { $0.certificates.all }.map { own in
      CertificateExpiry(
        names: own.pair.names.isEmpty ? own.certificate.names : own.pair.names, file: own.pair.certificate,
        notAfter: own.certificate.notAfter)
    }
  }

  var certificates: CertificateSet { state.withLock { $0.certificates } }
}

/// The certificates of one configuration.
struct CertificateSet: Sendable {
  let configuration: ServerTLSConfiguration
  /// The default one first.
  let all: [ServerCertificate]
  let standard: ServerCertificate
  let clientAuthorities: CertificateAuthorities?
  /// Of everything that was read.
  let digest: [UInt8]
  private let byName: [String: Int]
  private let byParent: [String: Int]

  init(_ configuration: ServerTLSConfiguration) throws(TLSFault) {
    self.configuration = configuration
    standard = try ServerCertificate(configuration.standard, of: configuration)
    var all = [standard]
    for pair in configuration.others { all.append(try ServerCertificate(pair, of: configuration)) }
    self.all = all
    var content = Array("\(configuration)".utf8)
    for own in all { content += own.certificate.fingerprint }
    if let path = configuration.clientAuthorities {
      let text = try FileContent.read(path)
      do throws(CertificateFault) {
        clientAuthorities = try CertificateAuthorities(pem: text)
      } catch {
        throw TLSFault(.configuration, file: path, error.description)
      }
      content += HashFunction.sha256.digest(text)
    } else {
      clientAuthorities = nil
    }
    digest = HashFunction.sha256.digest(content)
    (byName, byParent) = Self.index(all)
  }

  /// The names that the operator gave come first, then those in the certificates themselves.
  private static func index(_ all: [ServerCertificate]) -> ([String: Int], [String: Int]) {
    var byName: [String: Int] = [:]
    var byParent: [String: Int] = [:]
    for names in [all.map(\.pair.names), all.map(\.certificate.names)] {
      for (index, names) in names.enumerated() {
        for name in names.map({ $0.lowercased() }) {
          if name.hasPrefix("*.") {
            let parent = String(name.dropFirst(2))
            byParent[parent] = byParent[parent] ?? index
          } else {
            byName[name] = byName[name] ?? index
          }
        }
      }
    }
    return (byName, byParent)
  }

  /// The certificate for a name in small letters: by the exact name, then by a wildcard for its first label, else
  /// the default one.
  func choose(_ name: String?) -> ServerCertificate {
    guard let name else { return standard }
    if let index = byName[name] { return all[index] }
    if let dot = name.firstIndex(of: "."), let index = byParent[String(name[name.index(after: dot)...])] {
      return all[index]
    }
    return standard
  }
}
