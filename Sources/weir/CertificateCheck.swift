import Bytes
import Cryptography
import Foundation
import SMTPServer
import Settings
import Storage
import TransportSecurity

/// What is wrong with the certificates that `[tls]` names, or soon will be.
struct CertificateCheck {
  /// A certificate that ends sooner is worth a warning: whoever renews does so 30 days before the end.
  static let leastDays = 21

  private let settings: Settings
  private let now: Timestamp
  /// Who asks by `weir check` wants to hear that a certificate has expired as an error; a gateway starts with one
  /// all the same, for most senders take it, and no mail is worse.
  private let isAsked: Bool
  private(set) var problems: [Configuration.Problem] = []

  static func problems(
    _ settings: Settings, isAsked: Bool, at now: Timestamp = Clock.now
  ) -> [Configuration.Problem] {
    guard let tls = settings.tls, let configuration = Wiring.tls(settings) else { return [] }
    var check = CertificateCheck(settings: settings, now: now, isAsked: isAsked)
    check.ciphers(tls)
    check.pair(configuration.standard, at: "tls", mustCover: [(settings.hostname, "hostname")])
    for (pair, written) in zip(configuration.others, tls.others) {
      let names = pair.names.enumerated().map { ($1, "\(written.path).names[\($0)]") }
      check.pair(pair, at: written.path, mustCover: names)
    }
    if let path = configuration.clientAuthorities { check.authorities(path) }
    return check.problems
  }

  private init(settings: Settings, now: Timestamp, isAsked: Bool) {
    self.settings = settings
    self.now = now
    self.isAsked = isAsked
  }

  private mutating func report(_ key: String, _ text: String, as severity: SettingsProblem.Severity = .error)
  {
    problems.append(
      .init(isError: severity == .error, description: "\(settings.problem(key, as: severity, text))"))
  }

  private mutating func ciphers(_ tls: TLSSettings) {
    guard let ciphers = tls.ciphers else { return }
    do throws(TLSFault) {
      let (_, ignored) = try CipherSuite.list(ciphers)
      guard !ignored.isEmpty else { return }
      report(
        "tls.ciphers", "tls.ciphers: \(ignored.joined(separator: ", ")): not to be chosen here, and left out",
        as: .warning)
    } catch {
      report("tls.ciphers", "tls.ciphers: \(error)")
    }
  }

  private mutating func pair(
    _ pair: ServerTLSConfiguration.Pair, at path: String, mustCover names: [(name: String, key: String)]
  ) {
    let chain: [Certificate]
    do throws(TLSFault) {
      chain = try pair.chain()
    } catch {
      return report("\(path).\(error.file == pair.key ? "key" : "certificate")", "\(error)")
    }
    guard let own = chain.first else { return }
    time(own, pair, "\(path).certificate")
    order(chain, pair, "\(path).certificate")
    for (name, key) in names where !covers(own, name) {
      let held = own.names.prefix(8).joined(separator: ", ")
      report(
        key, "\(pair.certificate) is for \(held.isEmpty ? "no name at all" : held), not for \(name)",
        as: .warning)
    }
    readable(pair.certificate, "\(path).certificate")
    readable(pair.key, "\(path).key")
    var status = stat()
    if stat(pair.key, &status) == 0, status.st_mode & 0o004 != 0 {
      report("\(path).key", "\(pair.key) can be read by everybody on this machine: chmod o= it", as: .warning)
    }
  }

  /// A name with a wildcard is covered by the same wildcard.
  private func covers(_ own: Certificate, _ name: String) -> Bool {
    own.covers(name) || own.names.contains(name.lowercased())
  }

  private mutating func time(_ own: Certificate, _ pair: ServerTLSConfiguration.Pair, _ key: String) {
    let severity: SettingsProblem.Severity = isAsked ? .error : .warning
    let end = Self.day(own.notAfter)
    if own.notAfter <= now {
      report(key, "\(pair.certificate) has expired on \(end): renew it", as: severity)
    } else if own.notBefore > now {
      report(key, "\(pair.certificate) is not valid before \(Self.day(own.notBefore))", as: severity)
    } else {
      let expiry = CertificateExpiry(names: own.names, file: pair.certificate, notAfter: own.notAfter)
      let days = expiry.days(at: now)
      guard days < Self.leastDays else { return }
      report(key, "\(pair.certificate) expires in \(days) day(s), on \(end): renew it", as: .warning)
    }
  }

  private mutating func order(_ chain: [Certificate], _ pair: ServerTLSConfiguration.Pair, _ key: String) {
    for (place, (own, next)) in zip(chain, chain.dropFirst()).enumerated() where !own.isIssued(by: next) {
      return report(
        key,
        "\(pair.certificate): certificate \(place + 2) did not issue certificate \(place + 1); the gateway's own"
          + " comes first, then each one's issuer", as: .warning)
    }
  }

  private mutating func authorities(_ path: String) {
    do {
      _ = try CertificateAuthorities(pem: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    } catch let fault as CertificateFault {
      report("tls.client_ca", "\(path): \(fault)")
    } catch {
      report("tls.client_ca", "\(path): cannot be read: \(FileFault.words(error))")
    }
    readable(path, "tls.client_ca")
  }

  /// Files that the gateway reads again later must be readable as its user.
  private mutating func readable(_ path: String, _ key: String) {
    guard geteuid() == 0, let user = settings.user.flatMap({ PasswdEntry.named($0) }),
      !Privileges.canRead(path, as: user)
    else { return }
    report(
      key,
      "\(path) cannot be read as user '\(user.name)': a reload would fail; chgrp \(user.name) and chmod g+r it"
    )
  }

  static func day(_ time: Timestamp) -> String { String(time.rfc3339.prefix(10)) }
}
