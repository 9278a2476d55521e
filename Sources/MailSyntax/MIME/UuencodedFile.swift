internal import Bytes

/// A file between `begin 644 name` and `end`, wherever it stands: as a body, or in the middle of a text.
public struct UuencodedFile: Sendable, Hashable {
  public let name: [UInt8]
  public let octets: [UInt8]
  /// Where it stands, from `begin` to behind `end`.
  public let range: Range<Int>
  /// Whether `most` cut it.
  public let isCut: Bool
  /// Whether its end is missing, or a line is shorter than it says.
  public let isMalformed: Bool

  /// The first file in a text at or after `start`, which is the beginning of a line; nil where there is none.
  static func first(in octets: ArraySlice<UInt8>, from start: Int, most: Int) -> UuencodedFile? {
    octets.withUnsafeBufferPointer { bytes -> UuencodedFile? in
      var line = start - octets.startIndex
      while line < bytes.count {
        let end = endOfLine(bytes, line)
        if bytes[line] == UInt8(ascii: "b"), let name = header(bytes, line..<end) {
          var scan = Scan(bytes: bytes, position: end, most: most)
          if scan.read() {
            return UuencodedFile(
              name: name, octets: scan.octets,
              range: (line + octets.startIndex)..<(scan.position + octets.startIndex),
              isCut: scan.isCut, isMalformed: scan.isMalformed)
          }
        }
        line = end
      }
      return nil
    }
  }

  /// All files of a text in their order: at most `files`, of at most `most` octets together.
  public static func all(in octets: ArraySlice<UInt8>, files: Int = 100, most: Int = .max) -> [UuencodedFile]
  {
    var found: [UuencodedFile] = []
    var left = most
    var start = octets.startIndex
    while found.count < files, let file = first(in: octets, from: start, most: left) {
      found.append(file)
      left -= file.octets.count
      start = file.range.upperBound
    }
    return found
  }

  /// Behind the line feed of the line that begins at `start`.
  private static func endOfLine(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    UnsafeRawBufferPointer(bytes).bytes.firstLineFeed(from: start).map { $0 + 1 } ?? bytes.count
  }

  /// The name in a line `begin 644 name`; nil where it is no such line.
  private static func header(_ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>) -> [UInt8]? {
    guard line.count > 10, line.count < 1000, bytes[line].starts(with: "begin ".utf8) else { return nil }
    var rest = Array(bytes[line].dropFirst(6))[...]
    while let last = rest.last, last == .lineFeed || last == .carriageReturn { rest.removeLast() }
    let mode = rest.prefix { $0 >= 0x30 && $0 < 0x38 }
    guard mode.count == 3 || mode.count == 4 else { return nil }
    rest = rest.dropFirst(mode.count)
    guard rest.first == .space else { return nil }
    let name = rest.drop { $0 == .space }
    return name.isEmpty ? nil : Array(name)
  }

  /// Reads the lines behind `begin`.
  private struct Scan {
    let bytes: UnsafeBufferPointer<UInt8>
    var position: Int
    let most: Int
    var octets: [UInt8] = []
    var isCut = false
    var isMalformed = false

    init(bytes: UnsafeBufferPointer<UInt8>, position: Int, most: Int) {
      self.bytes = bytes
      self.position = position
      self.most = most
    }

    /// False where not even the first line is one of a file.
    mutating func read() -> Bool {
      var lines = 0
      while position < bytes.count {
        let end = UuencodedFile.endOfLine(bytes, position)
        var content = end
        while content > position,
          bytes[content - 1] == .lineFeed || bytes[content - 1] == .carriageReturn
        {
          content -= 1
        }
        let line = position..<content
        if line.count == 3, bytes[position] == 0x65, bytes[position + 1] == 0x6e, bytes[position + 2] == 0x64
        {
          position = end
          return true
        }
        guard !line.isEmpty, readLine(line) else {
          // The `end` is missing, or an empty line stands before it.
          if line.isEmpty, lines > 0 {
            position = end
            continue
          }
          isMalformed = true
          return lines > 0
        }
        lines += 1
        position = end
      }
      isMalformed = true
      return lines > 0
    }

    private mutating func readLine(_ line: Range<Int>) -> Bool {
      let first = bytes[line.lowerBound]
      guard first >= 0x20, first <= 0x60 else { return false }
      let count = Int((first &- 0x20) & 0x3f)
      let needed = (count * 8 + 5) / 6
      let has = line.count - 1
      // White space at the end of lines was lost on the way: it stood for zeroes. Longer lines bear a check sum.
      guard has <= (count + 2) / 3 * 4 + 2, has + 3 >= needed || has * 2 >= needed else { return false }
      if has < needed { isMalformed = true }
      var written = 0
      var place = line.lowerBound + 1
      while written < count {
        var group = UInt32(0)
        for offset in 0..<4 {
          let index = place + offset
          let value = index < line.upperBound ? bytes[index] : 0x20
          guard value >= 0x20, value <= 0x60 else { return false }
          group = group << 6 | UInt32((value &- 0x20) & 0x3f)
        }
        place += 4
        for shift in [UInt32(16), 8, 0] where written < count {
          written += 1
          guard octets.count < most else {
            isCut = true
            continue
          }
          octets.append(UInt8(truncatingIfNeeded: group >> shift))
        }
      }
      return true
    }
  }
}
