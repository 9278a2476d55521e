import Bytes
import Filtering
import SMTPProtocol
import TransportSecurity

/// Looks after the certificates while the gateway runs: reads changed files, and says in time when one ends.
struct CertificateKeeping {
  /// How often the files are looked at; a change is read when they have stayed the same from one look to the next.
  static let interval = Duration.seconds(5)

  struct Line {
    let severity: Event.Severity
    let code: ReasonCode
    let text: String
  }

  private var nextNotice: Timestamp?

  /// What there is to say of this look.
  mutating func look(at store: CertificateStore?, now: Timestamp) -> [Line] {
    guard let store else { return [] }
    var lines: [Line] = []
    do throws(TLSFault) {
      if try store.refresh() {
        let shown = store.expiries.map { "\(Self.name($0)) until \(CertificateCheck.day($0.notAfter))" }
        lines.append(
          Line(
            severity: .info, code: .certificatesReloaded,
            text: "certificates: " + shown.joined(separator: ", "))
        )
        nextNotice = nil
      }
    } catch {
      lines.append(
        Line(
          severity: .error, code: .certificatesRefused, text: "\(error); the old certificates stay in force"))
    }
    return lines + notices(store, now)
  }

  /// Once a day, which certificates end soon.
  private mutating func notices(_ store: CertificateStore, _ now: Timestamp) -> [Line] {
    if let nextNotice, now < nextNotice { return [] }
    nextNotice = now + .seconds(86_400)
    return store.expiries.compactMap { expiry in
      let days = expiry.days(at: now)
      guard days < CertificateCheck.leastDays else { return nil }
      let words = days < 0 ? "has expired" : "expires in \(days) day(s)"
      return Line(
        severity: days < 7 ? .error : .warning, code: .certificateExpires,
        text: "\(expiry.file) (\(Self.name(expiry))) \(words), on \(CertificateCheck.day(expiry.notAfter))")
    }
  }

  private static func name(_ expiry: CertificateExpiry) -> String { expiry.names.first ?? expiry.file }

  /// For `weir status`.
  static func report(_ store: CertificateStore?, at now: Timestamp) -> [StatusReport.ShownCertificate] {
    store?.expiries.map { expiry in
      StatusReport.ShownCertificate(
        names: expiry.names, file: expiry.file, notAfter: CertificateCheck.day(expiry.notAfter),
        days: expiry.days(at: now))
    } ?? []
  }
}
