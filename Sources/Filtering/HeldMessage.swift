/// A message between its last octet and its verdict, in the form in which it goes on: canonical CRLF lines,
/// dot-stuffed, without the final dot; or, under BODY=BINARYMIME, octet for octet.
///
/// Its beginning, the header included, is in memory; the rest, if any, in an unlinked spool file.
public final class HeldMessage: Sendable {
  public let memory: [UInt8]
  public let spool: (any SpoolRegion)?
  public let isBinary: Bool
  /// Octets of the message itself, stuffing not counted.
  public let octets: UInt64
  /// Whatever has to live as long as the message: the memory it was granted.
  private let reservation: (any Sendable)?

  public init(
    memory: [UInt8], spool: (any SpoolRegion)? = nil, isBinary: Bool = false, octets: UInt64? = nil,
    reservation: (any Sendable)? = nil
  ) {
    self.memory = memory
    self.spool = spool
    self.isBinary = isBinary
    self.octets = octets ?? UInt64(memory.count)
    self.reservation = reservation
  }
}

/// The part of a message that lies in a spool file, open for as long as this lives.
public protocol SpoolRegion: AnyObject, Sendable {
  /// A descriptor open for reading; positional reads only, since several readers share it.
  var descriptor: Int32 { get }
  /// Octets, from offset 0.
  var length: Int { get }
  /// A copy of its beginning in memory that is counted among that of all messages, for as long as this lives.
  ///
  /// - Parameters:
  ///   - most: octets of the copy.
  ///   - reserving: octets that are counted for it.
  /// - Returns: nil where there is no memory left, or the file cannot be read.
  func beginning(most: Int, reserving: Int) async -> [UInt8]?
}
