import Foundation
public import Testing

/// A program that a test speaks to and that a machine may lack.
public enum Peer: String, CaseIterable, Sendable {
  case postfix, exim, sendmail, dovecot
  case smtpSink = "smtp-sink"
  case smtpSource = "smtp-source"
  case swaks, python3, openssl, slapd, saslauthd
  case nsd, unbound, rbldnsd, bsdtar, procmail

  /// Why tests with this peer cannot run here, or nil where they can.
  public var absence: String? {
    switch self {
    case .postfix:
      return rootAbsence ?? (PeerFolder.postfix == nil ? "Postfix is not installed" : nil)
    case .exim:
      return rootAbsence ?? (PeerFolder.exim == nil ? "Exim is neither installed nor unpacked" : nil)
    case .sendmail:
      return rootAbsence ?? (PeerFolder.sendmail == nil ? "Sendmail is neither installed nor unpacked" : nil)
    case .dovecot:
      return rootAbsence
        ?? (Executable.path(of: "/usr/lib/dovecot/lmtp") == nil ? "Dovecot's LMTP is not installed" : nil)
    case .smtpSink, .smtpSource, .swaks, .python3, .openssl, .slapd, .saslauthd, .nsd, .unbound, .rbldnsd,
      .bsdtar, .procmail:
      return Executable.path(of: rawValue) == nil ? "\(rawValue) is not installed" : nil
    }
  }

  private var rootAbsence: String? {
    geteuid() == 0 ? nil : "\(rawValue) can only be started by root"
  }
}

/// A test that needs these peers: where one is missing it is skipped aloud (`SKIPPED: why`), and with
/// `CI=true` it fails.
public func needs(_ peers: Peer...) -> ConditionTrait {
  needs {
    peers.lazy.compactMap(\.absence).first.map { "\($0) (Scripts/install gets it)" }
  }
}

/// A test that needs whatever `absence` finds missing, under the same rule as `needs(_: Peer...)`.
public func needs(_ absence: @escaping @Sendable () -> String?) -> ConditionTrait {
  .enabled("needs what is absent here") {
    guard let why = absence() else { return true }
    guard !runsInCI else { throw HarnessFault("with CI=true nothing is skipped: \(why)") }
    sayOnce("SKIPPED: \(why)")
    return false
  }
}

/// A test over the third-party cases in `Material.folder`; skipped aloud where they are absent, in CI too.
public func needsMaterial(_ path: String) -> ConditionTrait {
  .enabled("needs third-party material") {
    if Material.has(path) { return true }
    sayOnce("SKIPPED: no \(path) in \(Material.folder) (WEIR_MATERIAL names another folder)")
    return false
  }
}

/// Whether nobody watches: a skip is a failure then.
var runsInCI: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

/// Prints a line at once, whole, among the lines of other tests.
func sayOnce(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
