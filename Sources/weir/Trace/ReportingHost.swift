import Bytes
import DNS
import Foundation
import TraceAnalysis

/// What host a report comes from where no configuration names it (RFC 5965 §3.2, RFC 3464 §2.2.2).
enum ReportingHost {
  /// This machine, where its name is a full one; else the server that took the message from its origin. nil where
  /// neither has a name that means something elsewhere. Nobody is asked.
  static func name(of trace: Trace) -> String? {
    var name = [CChar](repeating: 0, count: 256)
    let isRead = gethostname(&name, name.count - 1) == 0
    let own =
      isRead ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
    let hop = trace.boundary.map { trace.hops[$0] } ?? trace.hops.first
    return fullName(own) ?? hop?.line.by.flatMap { fullName($0) }
  }

  /// The text where it is a host name with a dot, and of no private zone.
  static func fullName(_ text: String) -> String? {
    let small = text.lowercasedASCII
    let labels = small.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, DNSName(small) != nil, let last = labels.last,
      last.utf8.contains(where: \.isASCIILetter),
      !["local", "localdomain", "localhost", "lan", "internal", "home", "arpa", "intranet", "corp"].contains(
        last),
      small.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == .dot || $0 == UInt8(ascii: "-") })
    else { return nil }
    return small
  }
}
