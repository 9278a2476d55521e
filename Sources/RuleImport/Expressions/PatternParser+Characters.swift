import Bytes

/// Escapes and bracket expressions.
extension PatternParser {
  mutating func escape() throws(PatternError) -> [PatternNode] {
    index += 1
    guard let octet = next else { throw wrong("a backslash at the end") }
    index += 1
    if dialect == .posix { return try posixEscape(octet) }
    if let set = Self.shorthand(octet) { return [.set(set)] }
    switch octet {
    case UInt8(ascii: "b"): return [.assertion("\\b")]
    case UInt8(ascii: "B"): return [.assertion("\\B")]
    case UInt8(ascii: "A"), UInt8(ascii: "G"): return [.lineStart]
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): return [.lineEnd]
    case UInt8(ascii: "R"): return [.set(OctetSet([0x0a, 0x0b, 0x0c, 0x0d]))]
    case UInt8(ascii: "Q"): return quotedRun()
    case UInt8(ascii: "E"): return [.empty]
    case UInt8(ascii: "1")...UInt8(ascii: "9"): return [try reference(octet)]
    default:
      if let value = try character(octet) { return [.octet(value)] }
      guard !octet.isASCIILetterOrDigit else {
        index -= 2
        throw unknown("`\\\(Character(Unicode.Scalar(octet)))`")
      }
      return [.octet(octet)]
    }
  }

  /// GNU's reading of POSIX.
  private func posixEscape(_ octet: UInt8) throws(PatternError) -> [PatternNode] {
    switch octet {
    case UInt8(ascii: "w"): return [.set(.word)]
    case UInt8(ascii: "W"): return [.set(OctetSet.word.inverted)]
    case UInt8(ascii: "s"): return [.set(.space)]
    case UInt8(ascii: "S"): return [.set(OctetSet.space.inverted)]
    case UInt8(ascii: "b"): return [.assertion("\\b")]
    case UInt8(ascii: "B"): return [.assertion("\\B")]
    case UInt8(ascii: "<"): return [.assertion("\\b(?=\\w)")]
    case UInt8(ascii: ">"): return [.assertion("\\b(?<=\\w)")]
    case UInt8(ascii: "`"): return [.lineStart]
    case UInt8(ascii: "'"): return [.lineEnd]
    case UInt8(ascii: "1")...UInt8(ascii: "9"): return [.backReference(Int(octet - 0x30))]
    default: return [.octet(octet)]
    }
  }

  private static func shorthand(_ octet: UInt8) -> OctetSet? {
    switch octet {
    case UInt8(ascii: "d"): .digits
    case UInt8(ascii: "D"): OctetSet.digits.inverted
    case UInt8(ascii: "w"): .word
    case UInt8(ascii: "W"): OctetSet.word.inverted
    case UInt8(ascii: "s"): .space
    case UInt8(ascii: "S"): OctetSet.space.inverted
    case UInt8(ascii: "h"): .horizontalSpace
    case UInt8(ascii: "H"): OctetSet.horizontalSpace.inverted
    case UInt8(ascii: "v"): .verticalSpace
    case UInt8(ascii: "V"): OctetSet.verticalSpace.inverted
    case UInt8(ascii: "N"): OctetSet.all.withinLine
    default: nil
    }
  }

  /// An escape that stands for one octet.
  private mutating func character(_ octet: UInt8) throws(PatternError) -> UInt8? {
    switch octet {
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "f"): return 0x0c
    case UInt8(ascii: "a"): return 0x07
    case UInt8(ascii: "e"): return 0x1b
    case UInt8(ascii: "0"): return octal(UInt8(ascii: "0"))
    case UInt8(ascii: "x"): return try hexadecimal()
    default: return nil
    }
  }

  private mutating func octal(_ first: UInt8) -> UInt8 {
    var value = Int(first - 0x30)
    var count = 1
    while count < 3, let digit = next, (0x30...0x37).contains(digit) {
      value = value * 8 + Int(digit - 0x30)
      index += 1
      count += 1
    }
    return UInt8(truncatingIfNeeded: value)
  }

  private mutating func hexadecimal() throws(PatternError) -> UInt8 {
    if take(UInt8(ascii: "{")) {
      var value = 0
      while let digit = next?.hexValue, value <= 0xff {
        value = value * 16 + Int(digit)
        index += 1
      }
      guard take(UInt8(ascii: "}")), value <= 0xff else { throw unknown("a character past 255") }
      return UInt8(value)
    }
    var value: UInt8 = 0
    var count = 0
    while count < 2, let digit = next?.hexValue {
      value = value << 4 | digit
      index += 1
      count += 1
    }
    return value
  }

  private mutating func quotedRun() -> [PatternNode] {
    var run: [PatternNode] = []
    while let octet = next, !take("\\E") {
      run.append(.octet(octet))
      index += 1
    }
    return run.isEmpty ? [.empty] : run
  }

  private mutating func reference(_ first: UInt8) throws(PatternError) -> PatternNode {
    var number = Int(first - 0x30)
    if let digit = next, digit.isASCIIDigit, number * 10 + Int(digit - 0x30) <= groups {
      number = number * 10 + Int(digit - 0x30)
      index += 1
    }
    guard number <= groups else {
      index -= 2
      throw unknown("a reference to a group that does not stand before it")
    }
    return .backReference(number)
  }

  /// `[…]`.
  mutating func bracket() throws(PatternError) -> PatternNode {
    let open = index
    index += 1
    let isNegated = take(UInt8(ascii: "^"))
    var set = OctetSet()
    var isFirst = true
    while let octet = next, octet != UInt8(ascii: "]") || isFirst {
      isFirst = false
      if octet == UInt8(ascii: "["), let named = try namedClass() {
        set.formUnion(named)
        continue
      }
      switch try member() {
      case .set(let members): set.formUnion(members)
      case .octet(let low): try range(from: low, into: &set)
      }
    }
    guard take(UInt8(ascii: "]")) else {
      throw PatternError(offset: open, message: "a `[` without its `]`", isWrong: true)
    }
    return .set(isNegated ? set.inverted : set)
  }

  private mutating func range(from low: UInt8, into set: inout OctetSet) throws(PatternError) {
    guard next == UInt8(ascii: "-"), let after = peek(1), after != UInt8(ascii: "]") else {
      set.insert(low)
      return
    }
    let dash = index
    index += 1
    if next == UInt8(ascii: "["), let second = peek(1), ".=:".utf8.contains(second) {
      set.insert(low)
      index = dash
      set.insert(UInt8(ascii: "-"))
      index += 1
      return
    }
    switch try member() {
    case .octet(let high):
      guard low <= high else {
        index = dash
        throw wrong("a range whose end comes before its beginning")
      }
      for octet in low...high { set.insert(octet) }
    case .set(let members):
      set.insert(low)
      set.insert(UInt8(ascii: "-"))
      set.formUnion(members)
    }
  }

  private enum Member {
    case octet(UInt8)
    case set(OctetSet)
  }

  private mutating func member() throws(PatternError) -> Member {
    guard let octet = next else { throw wrong("a `[` without its `]`") }
    index += 1
    guard octet == UInt8(ascii: "\\"), dialect == .pcre else { return .octet(octet) }
    guard let escaped = next else { throw wrong("a backslash at the end") }
    index += 1
    if escaped == UInt8(ascii: "b") { return .octet(0x08) }
    if (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(escaped) { return .octet(octal(escaped)) }
    if let set = Self.shorthand(escaped), escaped != UInt8(ascii: "N") { return .set(set) }
    if let value = try character(escaped) { return .octet(value) }
    guard !escaped.isASCIILetterOrDigit else {
      index -= 2
      throw unknown("`\\\(Character(Unicode.Scalar(escaped)))` in brackets")
    }
    return .octet(escaped)
  }

  /// `[:alpha:]`; nil where the bracket is just a bracket.
  private mutating func namedClass() throws(PatternError) -> OctetSet? {
    guard let sign = peek(1), ":.=".utf8.contains(sign) else { return nil }
    var end = index + 2
    while end < octets.count, octets[end] != sign, octets[end] != UInt8(ascii: "]"), end - index < 16 {
      end += 1
    }
    guard end + 1 < octets.count, octets[end] == sign, octets[end + 1] == UInt8(ascii: "]") else {
      return nil
    }
    guard sign == UInt8(ascii: ":") else { throw unknown("a collating element") }
    var name = octets[(index + 2)..<end]
    let isNegated = dialect == .pcre && name.first == UInt8(ascii: "^")
    if isNegated { name = name.dropFirst() }
    guard let set = OctetSet.named(String(decoding: name, as: UTF8.self)) else {
      throw wrong("no such class of characters")
    }
    index = end + 2
    return isNegated ? set.inverted : set
  }
}
