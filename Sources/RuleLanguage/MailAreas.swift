import Bytes

/// A message as procmail sees it: lines that end in LF, a header, a body.
public struct MailAreas: Sendable, Hashable {
  /// As it came, lines ending in LF.
  public let octets: [UInt8]
  /// Behind the empty line that ends the header.
  public let bodyStart: Int
  /// The same octets, the header unfolded: each line feed before a blank is a blank (and the blank stays).
  private let unfolded: [UInt8]

  /// - Parameter message: with CR LF or LF.
  public init(_ message: some Sequence<UInt8>) { self.init(Array(message)) }

  /// - Parameter message: with CR LF or LF.
  public init(_ message: [UInt8]) {
    let octets = [UInt8](unsafeUninitializedCapacity: message.count) { kept, count in
      for octet in message {
        if octet == .lineFeed, count > 0, kept[count - 1] == .carriageReturn { count -= 1 }
        kept[count] = octet
        count += 1
      }
    }
    // Line feeds that begin a message belong to its header.
    var index = octets.firstIndex { $0 != .lineFeed } ?? octets.count
    var unfolded = octets
    var start = octets.count
    while let end = octets[index...].firstIndex(of: .lineFeed) {
      guard end + 1 < octets.count else { break }
      let next = octets[end + 1]
      index = end + 1
      if next == .lineFeed {
        start = end + 2
        break
      }
      if next.isWhiteSpace { unfolded[end] = .space }
    }
    self.octets = octets
    self.unfolded = unfolded
    bodyStart = start
  }

  /// What a condition looks at.
  public func octets(of area: MessageArea) -> [UInt8] {
    switch area {
    case .header: Array(unfolded[..<bodyStart])
    case .body: Array(octets[bodyStart...])
    case .whole: unfolded
    }
  }
}
