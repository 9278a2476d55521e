internal import Bytes

/// Cutting texts at ASCII characters by their octets: as characters it costs ten times that, for each has to be found to
/// be one.
extension StringProtocol {
  /// The pieces between separators, empty ones left out.
  func pieces(by isSeparator: (UInt8) -> Bool) -> [Substring] {
    Substring(self).utf8.split(whereSeparator: isSeparator).map { Substring($0) }
  }

  /// As above, for one separator.
  func pieces(by separator: UInt8) -> [Substring] { pieces { $0 == separator } }

  func contains(octet: UInt8) -> Bool { utf8.contains(octet) }
}
