import Foundation

/// Certificates of the test's own, made with the `openssl` command; the files live as long as this does.
public final class TestCertificates: Sendable {
  public enum KeyKind: Sendable {
    case rsa2048
    case p256
    case ed25519
  }

  /// The files of one certificate.
  public struct Pair: Sendable {
    /// The certificate in PEM form; for a server followed by nothing else, since its issuer is the root.
    public let certificate: String
    public let key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public let folder: ScratchFolder
  /// The authority's own certificate.
  public let authority: String
  private let authorityKey: String

  /// Makes an authority.
  public init(_ name: String = "Test Authority") throws {
    folder = try ScratchFolder("certificates")
    authority = folder.file("ca.pem")
    authorityKey = folder.file("ca.key")
    try Self.openssl(
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
        "-keyout", authorityKey, "-out", authority, "-subj", "/CN=\(name)",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
      ])
  }

  /// Makes a certificate that the authority has signed, or one that signed itself.
  ///
  /// - Parameters:
  ///   - file: the name of its files, without an ending; files of that name are replaced.
  ///   - names: the alternative names, addresses among them; none: only the subject.
  ///   - days: how long it is good from now on; -1 for one that ended yesterday.
  @discardableResult
  public func make(
    _ file: String, subject: String? = nil, names: [String] = [], key kind: KeyKind = .p256, days: Int = 90,
    signsItself: Bool = false
  ) throws -> Pair {
    let pair = Pair(certificate: folder.file("\(file).pem"), key: folder.file("\(file).key"))
    try makeKey(kind, pair.key)
    let request = folder.file("\(file).csr")
    var arguments = [
      "req", "-new", "-key", pair.key, "-out", request, "-subj", subject ?? "/CN=\(names.first ?? file)",
    ]
    if !names.isEmpty {
      let list = names.map { $0.allSatisfy { $0.isNumber || $0 == "." } ? "IP:\($0)" : "DNS:\($0)" }
      arguments += ["-addext", "subjectAltName=\(list.joined(separator: ","))"]
    }
    try Self.openssl(arguments)
    let signer =
      signsItself ? ["-key", pair.key] : ["-CA", authority, "-CAkey", authorityKey, "-CAcreateserial"]
    try Self.openssl(
      [
        "x509", "-req", "-in", request, "-out", pair.certificate, "-days", "\(days)", "-copy_extensions",
        "copy",
      ]
        + signer)
    return pair
  }

  private func makeKey(_ kind: KeyKind, _ path: String) throws {
    let choice =
      switch kind {
      case .rsa2048: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
      case .p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
      case .ed25519: ["-algorithm", "ED25519"]
      }
    try Self.openssl(["genpkey"] + choice + ["-out", path])
  }

  /// Runs the command and gives what it wrote; throws, with its words, where it fails.
  @discardableResult
  public static func openssl(_ arguments: [String], input: [UInt8]? = nil) throws -> String {
    let result = try run("openssl", arguments, input: input)
    guard result.succeeded else {
      throw HarnessFault("openssl \(arguments.joined(separator: " ")):\n\(result.errors)")
    }
    return result.output
  }
}
