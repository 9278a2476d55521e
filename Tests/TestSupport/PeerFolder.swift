import Foundation

/// Where the mail servers are that tests run behind the gateway.
///
/// Debian's packages of Postfix, Exim and Sendmail conflict with each other: at most one is installed, the
/// others are unpacked by `Scripts/install` below the cache folder.
enum PeerFolder {
  /// The folder that `Scripts/install` unpacks packages into, one sub-folder a package group.
  static var cache: String {
    let environment = ProcessInfo.processInfo.environment
    let base = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? NSHomeDirectory())/.cache"
    return "\(base)/weir-peers"
  }

  /// Postfix's daemons, which know their own paths and so must be installed.
  static var postfix: String? { existing("/usr/lib/postfix/sbin/master").map { _ in "/usr/sbin/postfix" } }

  /// Exim's binary.
  static var exim: String? { existing("/usr/sbin/exim4") ?? existing("\(cache)/exim/usr/sbin/exim4") }

  /// The root that Sendmail's files lie below: empty where it is installed.
  static var sendmail: String? {
    ["", "\(cache)/sendmail"].first { existing("\($0)/usr/libexec/sendmail/sendmail") != nil }
  }

  private static func existing(_ path: String) -> String? {
    FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }
}
