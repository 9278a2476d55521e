internal import Bytes

/// Goes over the lines of a source and notes what is wrong with them.
struct LineScanner {
  /// RFC 5322 §2.1.1, without the line end.
  static let mostOctets = 998

  let bytes: UnsafeBufferPointer<UInt8>
  private(set) var hasNUL = false
  private(set) var hasBareCR = false
  private(set) var hasBareLF = false
  private(set) var hasLongLine = false
  /// In the whole source.
  private(set) var hasCRLF = false
  var bareLineFeedPart: Int?

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Begins anew, for the next part.
  mutating func forget() {
    hasNUL = false
    hasBareCR = false
    hasBareLF = false
    hasLongLine = false
  }

  /// Behind the line feed of the line in which `position` is.
  func endOfLine(from position: Int) -> Int {
    UnsafeRawBufferPointer(bytes).bytes.firstLineFeed(from: position).map { $0 + 1 } ?? bytes.count
  }

  /// The beginning of the next line at or after `start` (where one begins) that begins with two hyphens, if such lines
  /// matter; the end of the octets where there is none.
  mutating func nextDashes(from start: Int, dashes: Bool, skipsFirst: Bool) -> Int {
    let span = UnsafeRawBufferPointer(bytes).bytes
    let count = bytes.count
    let hyphen = UInt8(ascii: "-")
    var line = start
    var skips = skipsFirst
    while line < count {
      if dashes, !skips, bytes[line] == hyphen, line &+ 1 < count, bytes[line &+ 1] == hyphen { return line }
      skips = false
      var place = line
      var end = count
      while let hit = span.firstLineByte(from: place) {
        let byte = bytes[hit]
        if byte == .lineFeed {
          hasBareLF = true
          if hit &- line > Self.mostOctets { hasLongLine = true }
          end = hit &+ 1
          break
        }
        if byte == .carriageReturn, hit &+ 1 < count, bytes[hit &+ 1] == .lineFeed {
          hasCRLF = true
          if hit &- line > Self.mostOctets { hasLongLine = true }
          end = hit &+ 2
          break
        }
        if byte == 0 { hasNUL = true } else { hasBareCR = true }
        place = hit &+ 1
      }
      if end == count, count &- line > Self.mostOctets &+ 2 { hasLongLine = true }
      line = end
    }
    return count
  }
}
