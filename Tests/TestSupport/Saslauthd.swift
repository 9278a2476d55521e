import Foundation

/// A saslauthd of the test's own (`-a ldap`), which asks a ``Slapd`` of the test's own: no file and no user of the
/// machine is touched.
public final class Saslauthd: Sendable {
  public let folder: ScratchFolder
  /// The path of its mux socket.
  public let socket: String
  private let directory: Slapd
  private let process: RunningProcess

  /// Starts both.
  public init(users: [PeerUser] = [.anna]) throws {
    let folder = try ScratchFolder("saslauthd")
    self.folder = folder
    socket = folder.file("mux")
    directory = try Slapd(users: users)
    try folder.write(
      "saslauthd.conf",
      """
      ldap_servers: \(directory.url)
      ldap_bind_dn: \(Slapd.searchName)
      ldap_password: \(Slapd.searchPassword)
      ldap_search_base: \(Slapd.base)
      ldap_filter: (mail=%U@%r)
      ldap_auth_method: bind
      ldap_timeout: 5

      """)
    process = try RunningProcess(
      "saslauthd",
      ["-d", "-a", "ldap", "-O", folder.file("saslauthd.conf"), "-m", folder.path, "-n", "2"], joined: true)
    let isUp = eventually(within: .seconds(20), every: .milliseconds(20)) {
      (try? TCPSocket.connected(to: "unix:\(folder.file("mux"))", port: 0, timeout: .seconds(1)))?.close()
        != nil
    }
    guard isUp else { throw HarnessFault("saslauthd does not open its socket:\n\(log)") }
  }

  deinit { stop() }

  public func stop() {
    process.terminate()
    process.kill()
  }

  public var log: String { process.output + directory.log }
}
