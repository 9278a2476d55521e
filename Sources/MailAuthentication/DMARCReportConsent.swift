internal import Bytes
public import DNS

/// Whether whoever is to get reports about another's domain agrees (RFC 7489 §7.1).
public enum DMARCReportConsent: Hashable, Sendable {
  case given
  case notGiven
  /// There is a record, but none that can be read.
  case unreadable
  /// DNS did not say.
  case unknown(DNSFailure)

  /// Asks `policyDomain._report._dmarc.destination`.
  public static func of(
    _ destination: DNSName, reportsOn policyDomain: DNSName, _ lookups: Lookups
  ) async -> DMARCReportConsent {
    guard let name = destination.prefixed("\(policyDomain)._report._dmarc") else { return .notGiven }
    switch await lookups.resolve(name, .txt) {
    case .failed(let failure): return .unknown(failure)
    case .noName, .noData: return .notGiven
    case .records(let records):
      var isUnreadable = false
      for case .text(let text) in records {
        do throws(DMARCRecord.Fault) {
          _ = try DMARCRecord(text)
          return .given
        } catch {
          if case .unreadable = error { isUnreadable = true }
        }
      }
      return isUnreadable ? .unreadable : .notGiven
    }
  }
}
