import Bytes

/// The text of a file that is brought over, cut into lines.
struct ImportSource: Sendable {
  /// Bounds: octets of a file, its lines, and octets of a line.
  static let mostOctets = 16 << 20
  static let mostLines = 1_000_000
  static let mostLineOctets = 64 << 10

  /// The last part of its path.
  let name: String
  /// False: every octet past ASCII was read as Latin-1.
  let isUTF8: Bool
  let lines: [Line]
  /// True where the file is longer than what was read.
  let isCut: Bool

  struct Line: Hashable, Sendable {
    /// Counted from 1.
    var number: Int
    /// The last line that belongs to it, where lines are continued.
    var last: Int
    /// Without its end.
    var octets: [UInt8]

    var isBlank: Bool { octets.allSatisfy { $0.isWhiteSpace || $0 == 0x0c } }
    var first: UInt8? { octets.first { !$0.isWhiteSpace } }
    var startsWithBlank: Bool { octets.first?.isWhiteSpace ?? false }
  }

  init(name: String, text: [UInt8]) {
    self.name = name
    let kept = text.prefix(Self.mostOctets)
    isUTF8 = String(validating: kept, as: UTF8.self) != nil
    var lines: [Line] = []
    var rest = kept.starts(with: [0xef, 0xbb, 0xbf]) ? kept.dropFirst(3) : kept[...]
    while !rest.isEmpty, lines.count < Self.mostLines {
      let end = rest.firstIndex(of: .lineFeed) ?? rest.endIndex
      var octets = rest[..<end]
      if octets.last == .carriageReturn { octets = octets.dropLast() }
      lines.append(Line(number: lines.count + 1, last: lines.count + 1, octets: Array(octets)))
      rest = end < rest.endIndex ? rest[(end + 1)...] : []
    }
    isCut = text.count > kept.count || !rest.isEmpty
    self.lines = lines
  }

  /// Octets as text: UTF-8, or Latin-1 where the file is not.
  func text(_ octets: some Sequence<UInt8>) -> String {
    if isUTF8 { return String(decoding: Array(octets), as: UTF8.self) }
    return String(String.UnicodeScalarView(octets.map { Unicode.Scalar($0) }))
  }

  /// The lines joined as Postfix does it: one that begins with white space belongs to the one before it; blank lines
  /// and comments between them do not count.
  var continuedLines: [Line] {
    var result: [Line] = []
    /// The last line that is neither blank nor a comment.
    var last: Int?
    for line in lines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        result.append(line)
        continue
      }
      // Bound: what is joined stays a line.
      if let last, line.startsWithBlank,
        result[last].octets.count + line.octets.count <= Self.mostLineOctets
      {
        result[last].octets += line.octets
        result[last].last = line.number
      } else {
        last = result.count
        result.append(line)
      }
    }
    return result
  }
}

extension Substring {
  /// Without blanks at either end.
  var trimmed: Substring {
    var text = self
    while let first = text.unicodeScalars.first, first == " " || first == "\t" {
      text.unicodeScalars.removeFirst()
    }
    while let last = text.unicodeScalars.last, last == " " || last == "\t" {
      text.unicodeScalars.removeLast()
    }
    return text
  }

  /// The first word, and what stands behind the blanks after it.
  var firstWord: (word: Substring, rest: Substring) {
    let text = trimmed
    let scalars = text.unicodeScalars
    guard let end = scalars.firstIndex(where: { $0 == " " || $0 == "\t" }) else { return (text, "") }
    return (text[..<end], text[end...].trimmed)
  }

  var words: [Substring] { split(whereSeparator: { $0 == " " || $0 == "\t" }) }
}

extension String {
  var trimmed: Substring { self[...].trimmed }
}
