/// The gateway's certificates, and how it speaks TLS with clients (`[tls]`). Paths are as written, for
/// ``Settings/resolve(_:)``.
public struct TLSSettings: Sendable, Hashable {
  /// The oldest version that is spoken.
  public enum MinimumVersion: String, WordEnum {
    case v1_0 = "1.0"
    case v1_1 = "1.1"
    case v1_2 = "1.2"
    case v1_3 = "1.3"
  }

  public enum ClientCertificates: String, WordEnum {
    case off
    /// Asked for, not required.
    case ask
  }

  /// A certificate for clients that ask for other names (`[[tls.certificate_for]]`).
  public struct NamedCertificate: Sendable, Hashable {
    public let names: [String]
    public let certificate: String
    public let key: String
    /// Where it stands, such as `tls.certificate_for[0]`.
    public let path: String
  }

  public let certificate: String
  public let key: String
  public let others: [NamedCertificate]
  public let minimumVersion: MinimumVersion
  /// As written: what the names mean, the TLS library knows. nil: the usual ones.
  public let ciphers: String?
  public let clientCertificates: ClientCertificates
  /// The authorities that make a client's certificate a verified one; nil: none is.
  public let clientAuthorities: String?
}

extension TLSSettings {
  /// Nil without `[tls]`; its files are looked for.
  init?(_ section: Section, _ files: FileLookup) {
    guard section.isWritten else { return nil }
    certificate = files.required("certificate", of: section, "/etc/weir/tls/fullchain.pem")
    key = files.required("key", of: section, "/etc/weir/tls/key.pem")
    var named: Set<String> = []
    others = section.sections("certificate_for").map { section in
      NamedCertificate(
        names: Self.names(section, &named),
        certificate: files.required("certificate", of: section, "/etc/weir/tls/other.pem"),
        key: files.required("key", of: section, "/etc/weir/tls/other-key.pem"), path: section.path)
    }
    minimumVersion = section.defaultedWord("min_version")
    ciphers = section.text("ciphers")
    clientCertificates = section.defaultedWord("client_certificates")
    clientAuthorities = section.text("client_ca")
    if let path = clientAuthorities {
      files.check(path, of: section, "client_ca")
      if clientCertificates == .off {
        section.report(
          "client_ca", as: .warning,
          "tls.client_ca: no client is asked for a certificate: write client_certificates = \"ask\" beside it"
        )
      }
    }
  }

  /// The names of one certificate; each may be another one's only once.
  private static func names(_ section: Section, _ named: inout Set<String>) -> [String] {
    let names = section.texts("names")
    if names.isEmpty { section.requireKey("names", "write names = [\"mx.example.net\"]") }
    for (index, name) in names.enumerated() {
      let path = SettingPath.element(section.path(of: "names"), index)
      do throws(DomainFault) {
        _ = try DomainName.hostName(name.hasPrefix("*.") ? String(name.dropFirst(2)) : name)
      } catch {
        section.reading.report(path, "tls.certificate_for.names: \(quoted(name)) \(error.reason)")
      }
      if !named.insert(name.lowercased()).inserted {
        section.reading.report(path, "tls.certificate_for.names: \(quoted(name)) stands there already")
      }
    }
    return names
  }
}
