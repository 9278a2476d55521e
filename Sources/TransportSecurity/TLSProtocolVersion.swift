internal import NIOSSL

/// A version of TLS, as the settings write it.
public enum TLSProtocolVersion: String, CaseIterable, Comparable, Sendable {
  case v1_0 = "1.0"
  case v1_1 = "1.1"
  case v1_2 = "1.2"
  case v1_3 = "1.3"

  public static func < (left: TLSProtocolVersion, right: TLSProtocolVersion) -> Bool {
    left.rawValue < right.rawValue
  }

  var library: TLSVersion {
    switch self {
    case .v1_0: .tlsv1
    case .v1_1: .tlsv11
    case .v1_2: .tlsv12
    case .v1_3: .tlsv13
    }
  }
}
