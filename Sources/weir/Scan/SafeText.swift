import Bytes

/// Text of a stranger, fit for a terminal: what would steer it, turn the order of its letters, or be seen by nobody, is
/// written as an escape, `\x1b` or `\u{202e}`; many of the same in a row as `\u{200c}×40`.
enum SafeText {
  /// One line; line ends and tabs in it are escaped.
  static func line(_ text: some StringProtocol) -> String {
    // Nearly every text is plain.
    if text.utf8.allSatisfy({ $0 &- 0x20 < 0x5f }) { return String(text) }
    var writer = SafeWriter()
    for scalar in text.unicodeScalars { writer.add(scalar) }
    return writer.finished()
  }

  /// One line of at most `limit` columns, cut at its end.
  static func line(_ text: some StringProtocol, most limit: Int) -> String {
    // A column takes at least one character; the rest need not be looked at.
    TextWidth.cut(line(text.prefix(limit * 2)), to: limit)
  }

  /// The lines of a text: CR, LF, CRLF and the separators of Unicode end one; a tab is spaces to the next eighth column.
  static func lines(_ text: String) -> [String] {
    // "\r\n" is one Character, and a newline.
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { part in
      let text = part.utf8.contains(0x09) ? expanded(part) : String(part)
      return pieces(text).map { $0.unseen > 0 ? "‹\($0.unseen) characters that nobody sees›" : line($0.text) }
        .joined()
    }
  }

  /// Bound: characters in a row that nobody sees and that are written out. Newsletters fill the preview of mail programs
  /// with hundreds of them.
  private static let mostUnseen = 8

  /// A line with the long runs of what nobody sees told apart, white space between them included.
  private static func pieces(_ text: String) -> [(text: Substring, unseen: Int)] {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return [(text[...], 0)] }
    var pieces: [(text: Substring, unseen: Int)] = []
    let scalars = text.unicodeScalars
    var start = scalars.startIndex
    var index = start
    while index < scalars.endIndex {
      guard scalars[index].isUnseen else {
        index = scalars.index(after: index)
        continue
      }
      let begin = index
      var count = 0
      var unseen = 0
      while index < scalars.endIndex, scalars[index].isUnseen || scalars[index].properties.isWhitespace {
        if scalars[index].isUnseen { unseen += 1 }
        count += 1
        index = scalars.index(after: index)
      }
      guard unseen > mostUnseen else { continue }
      if start < begin { pieces.append((text[start..<begin], 0)) }
      pieces.append((text[begin..<index], count))
      start = index
    }
    if start < scalars.endIndex || pieces.isEmpty { pieces.append((text[start...], 0)) }
    return pieces
  }

  private static func expanded(_ text: Substring) -> String {
    var result = ""
    var column = 0
    for scalar in text.unicodeScalars {
      if scalar == "\t" {
        let count = 8 - column % 8
        result += String(repeating: " ", count: count)
        column += count
      } else {
        result.unicodeScalars.append(scalar)
        column += TextWidth.of(scalar)
      }
    }
    return result
  }
}

/// Writes characters one after the other, escaping what has to be.
private struct SafeWriter {
  /// Marks on one letter that are shown; languages need three or four.
  private static let mostMarks = 6

  private var result = ""
  private var last: Unicode.Scalar?
  private var marks = 0
  private var repeated: (scalar: Unicode.Scalar, count: Int)?
  /// A joiner, shown as it is only between letters.
  private var joiner: Unicode.Scalar?

  mutating func add(_ scalar: Unicode.Scalar) {
    if let joiner {
      self.joiner = nil
      if scalar.isJoined {
        put(joiner)
      } else {
        escape(joiner)
      }
    }
    if scalar.value &- 0x20 < 0x5f { return put(scalar) }
    if scalar.isJoiner, last?.isJoined == true, repeated == nil {
      joiner = scalar
      return
    }
    if scalar.isMark {
      marks += 1
      if marks > Self.mostMarks || last == nil { return escape(scalar) }
      return put(scalar, keepingMarks: true)
    }
    scalar.isUnfit ? escape(scalar) : put(scalar)
  }

  mutating func finished() -> String {
    if let joiner { escape(joiner) }
    flush()
    return result
  }

  private mutating func put(_ scalar: Unicode.Scalar, keepingMarks: Bool = false) {
    flush()
    result.unicodeScalars.append(scalar)
    last = scalar
    if !keepingMarks { marks = 0 }
  }

  private mutating func escape(_ scalar: Unicode.Scalar) {
    if let before = repeated, before.scalar == scalar {
      repeated = (scalar, before.count + 1)
      return
    }
    flush()
    repeated = (scalar, 1)
    last = nil
  }

  private mutating func flush() {
    guard let (scalar, count) = repeated else { return }
    repeated = nil
    let hex = String(scalar.value, radix: 16)
    let form = scalar.value < 0x100 ? "\\x" + (hex.utf8.count < 2 ? "0" + hex : hex) : "\\u{\(hex)}"
    result += count <= 3 ? String(repeating: form, count: count) : "\(form)×\(count)"
  }
}

extension Unicode.Scalar {
  /// Zero width (non-)joiner: emoji and the writing of Persian and of Indian languages are made with them.
  fileprivate var isJoiner: Bool { value == 0x200c || value == 0x200d }

  /// What a joiner can stand beside.
  fileprivate var isJoined: Bool {
    value > 0x7f && (properties.isAlphabetic || properties.isEmoji || isMark || isVariationSelector)
  }

  fileprivate var isVariationSelector: Bool { (0xfe00...0xfe0f).contains(value) }

  fileprivate var isMark: Bool {
    // The combining grapheme joiner is seen by nobody.
    guard value >= 0x300, value != 0x34f else { return false }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return true
    default: return false
    }
  }

  /// Whether it takes no room: what newsletters fill the preview with.
  fileprivate var isUnseen: Bool {
    isJoiner || value == 0xad || value > 0x7f && isUnfit && properties.generalCategory != .control
  }

  /// Whether a terminal would obey it, or nobody see it.
  fileprivate var isUnfit: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: properties.isDefaultIgnorableCodePoint && !isVariationSelector
    }
  }
}
