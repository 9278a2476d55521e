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
  /// What it was granted, for as long as it lives.
  private let grant: (any MemoryGrant)?

  public init(
    memory: [UInt8], spool: (any SpoolRegion)? = nil, isBinary: Bool = false, octets: UInt64? = nil,
    grant: (any MemoryGrant)? = nil
  ) {
    self.memory = memory
    self.spool = spool
    self.isBinary = isBinary
    self.octets = octets ?? UInt64(memory.count)
    self.grant = grant
  }

  /// Counts memory that is needed for what is made of the message, until nobody holds the message any more.
  ///
  /// - Returns: false where there is none left for messages: then it is to be done without.
  public func reserveMemory(_ octets: Int) -> Bool { grant?.reserveMemory(octets) ?? true }
}

/// What one message was granted of the memory for all; given back when it ends.
public protocol MemoryGrant: AnyObject, Sendable {
  /// Whether so many octets more are granted.
  func reserveMemory(_ octets: Int) -> Bool
}

/// The part of a message that lies in a spool file, open for as long as this lives.
public protocol SpoolRegion: AnyObject, Sendable {
  /// A descriptor open for reading; positional reads only, since several readers share it.
  var descriptor: Int32 { get }
  /// Octets, from offset 0.
  var length: Int { get }
  /// A copy of its beginning in memory, which the caller has had granted.
  ///
  /// - Parameter most: octets of the copy.
  /// - Returns: nil where the file cannot be read.
  func beginning(most: Int) async -> [UInt8]?
  /// Part of it, all of it; waits for the disk.
  ///
  /// - Returns: nil where the file cannot be read, or ends before.
  func octets(_ range: Range<Int>) -> [UInt8]?
}
