import Foundation

/// An OpenLDAP server of the test's own: `dc=example,dc=org` with its people, on a loopback port.
///
/// Each user is `uid=LOCAL,ou=people,dc=example,dc=org` with `mail` and `userPassword`. The account `cn=search` may
/// read them, nobody else may without being bound.
public final class Slapd: Sendable {
  public static let base = "ou=people,dc=example,dc=org"
  public static let searchName = "cn=search,dc=example,dc=org"
  public static let searchPassword = "looking"

  public let folder: ScratchFolder
  public let port: UInt16
  public let tlsPort: UInt16?
  public var url: String { "ldap://127.0.0.1:\(port)" }
  public var tlsURL: String { "ldaps://127.0.0.1:\(tlsPort ?? 0)" }
  /// The same server under an address that its certificate does not name.
  public var misnamedURL: String { "ldaps://127.0.0.2:\(tlsPort ?? 0)" }
  /// The authority of its certificate, PEM; there where it has TLS.
  public var authority: String { folder.file("authority.pem") }
  private let process: RunningProcess

  /// Starts it.
  ///
  /// - Parameter withTLS: with a certificate for `localhost` and 127.0.0.1, for STARTTLS and on a port of its own.
  public init(users: [PeerUser] = [.anna], withTLS: Bool = false) throws {
    let folder = try ScratchFolder("slapd")
    self.folder = folder
    port = try FreePort.take()
    tlsPort = withTLS ? try FreePort.take() : nil
    try folder.folder("data", mode: 0o700)
    if withTLS { try PeerCertificate.make(in: folder) }
    try folder.write("slapd.conf", Self.configuration(folder, withTLS: withTLS))
    try folder.write("people.ldif", Self.entries(users))
    let loaded = try run(
      "slapadd", ["-f", folder.file("slapd.conf"), "-l", folder.file("people.ldif")], joined: true)
    guard loaded.succeeded else { throw HarnessFault("slapadd: \(loaded.output)") }
    let secure = tlsPort.map { " ldaps://127.0.0.1:\($0) ldaps://127.0.0.2:\($0)" } ?? ""
    process = try RunningProcess(
      "slapd",
      ["-h", "ldap://127.0.0.1:\(port)\(secure)", "-f", folder.file("slapd.conf"), "-d", "256"],
      joined: true)
    try process.waitForPort(port)
  }

  deinit { stop() }

  public func stop() {
    process.terminate()
    process.kill()
  }

  /// Stops it from answering, without closing anything (SIGSTOP), or lets it go on.
  public func freeze(_ isFrozen: Bool) { process.send(isFrozen ? SIGSTOP : SIGCONT) }

  public var log: String { process.output }

  private static func configuration(_ folder: ScratchFolder, withTLS: Bool) -> String {
    let tls =
      withTLS
      ? "TLSCACertificateFile \(folder.file("authority.pem"))\n"
        + "TLSCertificateFile \(folder.file("certificate.pem"))\n"
        + "TLSCertificateKeyFile \(folder.file("key.pem"))\n"
      : ""
    return """
      include /etc/ldap/schema/core.schema
      include /etc/ldap/schema/cosine.schema
      include /etc/ldap/schema/inetorgperson.schema
      pidfile \(folder.file("pid"))
      argsfile \(folder.file("args"))
      modulepath /usr/lib/ldap
      moduleload back_mdb
      \(tls)
      database mdb
      suffix "dc=example,dc=org"
      rootdn "cn=root,dc=example,dc=org"
      directory \(folder.file("data"))
      maxsize 10485760
      access to attrs=userPassword by anonymous auth by * none
      access to * by users read by * auth

      """
  }

  private static func entries(_ users: [PeerUser]) -> String {
    """
    dn: dc=example,dc=org
    objectClass: dcObject
    objectClass: organization
    dc: example
    o: Example

    dn: cn=search,dc=example,dc=org
    objectClass: organizationalRole
    objectClass: simpleSecurityObject
    cn: search
    userPassword: \(searchPassword)

    dn: ou=people,dc=example,dc=org
    objectClass: organizationalUnit
    ou: people


    """
      + users.map { user in
        """
        dn: uid=\(user.local),\(base)
        objectClass: inetOrgPerson
        uid: \(user.local)
        cn: \(user.local)
        sn: \(user.local)
        mail: \(user.name)
        userPassword: \(user.password)


        """
      }.joined()
  }
}
