internal import Bytes

/// Undoes a transfer encoding (RFC 2045 §6.7, §6.8), as mail clients do: what is none of its alphabet is passed over.
public enum TransferDecoding {
  /// What an encoded body stands for.
  public struct Decoded: Sendable, Hashable {
    public var octets: [UInt8]
    /// Whether `most` cut it.
    public var isCut: Bool
    /// What was wrong: `malformedBase64`, `malformedQuotedPrintable` or `malformedUuencode`.
    public var faults: [MIMEFault.Kind]

    public init(octets: [UInt8], isCut: Bool = false, faults: [MIMEFault.Kind] = []) {
      self.octets = octets
      self.isCut = isCut
      self.faults = faults
    }
  }

  /// The octets, at most `most` of them. What is not encoded stands as it is.
  public static func decode(
    _ octets: ArraySlice<UInt8>, _ encoding: TransferEncoding, most: Int = .max
  ) -> Decoded {
    switch encoding {
    case .base64: return base64(octets, most: most)
    case .quotedPrintable: return quotedPrintable(octets, most: most)
    case .uuencode: return uuencode(octets, most: most)
    case .sevenBit, .eightBit, .binary, .unknown:
      return Decoded(octets: Array(octets.prefix(most)), isCut: octets.count > most)
    }
  }

  private static func uuencode(_ octets: ArraySlice<UInt8>, most: Int) -> Decoded {
    guard let file = UuencodedFile.first(in: octets, from: octets.startIndex, most: most) else {
      return Decoded(
        octets: Array(octets.prefix(most)), isCut: octets.count > most, faults: [.malformedUuencode])
    }
    return Decoded(
      octets: file.octets, isCut: file.isCut, faults: file.isMalformed ? [.malformedUuencode] : [])
  }
}

// MARK: - Base64

extension TransferDecoding {
  /// Of each octet its six bits; 64: padding; 65: white space; 66: none of it.
  private static let base64Values: [UInt8] = (0..<256).map { octet -> UInt8 in
    switch UInt8(truncatingIfNeeded: octet) {
    case let letter where letter &- 0x41 < 26: letter - 0x41
    case let letter where letter &- 0x61 < 26: letter - 0x61 + 26
    case let digit where digit.isASCIIDigit: digit - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    case UInt8(ascii: "="): 64
    case 0x20, 0x09, 0x0d, 0x0a: 65
    default: 66
    }
  }

  /// Padding ends a group, and another may begin behind it: bodies are made of pieces that were encoded apart. Where text
  /// follows, as lists append it, it stands as it is.
  private static func base64(_ octets: ArraySlice<UInt8>, most: Int) -> Decoded {
    var isMalformed = false
    var isCut = false
    let most = max(0, most)
    let capacity = min(octets.count / 4 * 3 + 3, most)
    // Where what is encoded ends.
    var end = octets.count
    var decoded = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
      base64Values.withUnsafeBufferPointer { values in
        octets.withUnsafeBufferPointer { input in
          var group = UInt32(0)
          var digits = 0
          var index = 0
          var hasPadding = false
          while index < end {
            if digits == 0 {
              copyGroups(input, values, output, capacity, &index, &count)
              guard index < end else { break }
            }
            let value = values[Int(input[index])]
            index += 1
            if value < 64 {
              group = group << 6 | UInt32(value)
              digits += 1
              guard digits == 4 else { continue }
              isCut = !append(group, 3, output, capacity, &count)
              (group, digits) = (0, 0)
            } else if value == 64 {
              // A pad without digits before it: one of two, or too many.
              guard digits > 0 else { continue }
              if !hasPadding { end = appendedText(input, from: index) }
              hasPadding = true
              if digits == 1 { isMalformed = true }
              if digits > 1 {
                isCut = !append(group << UInt32(6 * (4 - digits)), digits - 1, output, capacity, &count)
              }
              (group, digits) = (0, 0)
            } else if value == 66 {
              isMalformed = true
            }
            if isCut { break }
          }
          if digits > 0, !isCut {
            isMalformed = true
            // Behind a padding an unfinished group is what somebody added, in front of one it is what was cut off.
            if digits > 1, !hasPadding {
              isCut = !append(group << UInt32(6 * (4 - digits)), digits - 1, output, capacity, &count)
            }
          }
        }
      }
    }
    if end < octets.count {
      isMalformed = true
      if !isCut { isCut = !appendText(octets.dropFirst(end), to: &decoded, most: most) }
    }
    return Decoded(octets: decoded, isCut: isCut, faults: isMalformed ? [.malformedBase64] : [])
  }

  /// Where text begins behind the line of a padding: the first line of words, or that is somebody's boundary.
  private static func appendedText(_ input: UnsafeBufferPointer<UInt8>, from index: Int) -> Int {
    var line = endOfLine(input, index)
    while line < input.count {
      let end = endOfLine(input, line)
      let shape = LineShape(input[line..<end])
      let isBoundary = shape.digits > 0 && input[line...].starts(with: "--".utf8)
      if shape.isText || isBoundary { return line }
      line = end
    }
    return input.count
  }

  /// What stands in one line.
  private struct LineShape {
    private(set) var digits = 0
    private var pads = 0
    private var others = 0
    /// Whether white space stands between other octets.
    private var hasGap = false

    init(_ line: some Sequence<UInt8>) {
      var isGap = false
      for octet in line {
        let value = base64Values[Int(octet)]
        if value == 65 {
          isGap = digits + others > 0
          continue
        }
        if value == 64 {
          pads += 1
          continue
        }
        hasGap = hasGap || isGap
        isGap = false
        if value == 66 { others += 1 } else { digits += 1 }
      }
    }

    /// Words, or a line of which a quarter is none of base64's.
    var isText: Bool { hasGap || others > 3 && others * 4 >= digits + others }
    /// What nobody writes who writes words.
    var isEncoded: Bool { others == 0 && !hasGap && digits >= 24 && (digits + pads) % 4 == 0 }
  }

  /// The text behind what is encoded, as it stands; lines in it that are encoded again, as mail clients decode them.
  ///
  /// - Returns: false where there was no room.
  private static func appendText(_ text: ArraySlice<UInt8>, to decoded: inout [UInt8], most: Int) -> Bool {
    var rest = text
    while !rest.isEmpty {
      let end = rest.firstIndex(of: .lineFeed).map { $0 + 1 } ?? rest.endIndex
      let line = rest[rest.startIndex..<end]
      let isEncoded = LineShape(line).isEncoded
      let octets = isEncoded ? base64(line, most: most).octets[...] : line
      let room = most - decoded.count
      decoded += octets.prefix(room)
      if octets.count > room { return false }
      rest = rest[end...]
    }
    return true
  }

  private static func endOfLine(_ input: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
    input[index...].firstIndex(of: .lineFeed).map { $0 + 1 } ?? input.count
  }

  /// Four digits a step, as long as nothing else stands among them and there is room.
  @inline(__always)
  private static func copyGroups(
    _ input: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt8>,
    _ output: UnsafeMutableBufferPointer<UInt8>, _ capacity: Int, _ index: inout Int, _ count: inout Int
  ) {
    while index &+ 4 <= input.count, count &+ 3 <= capacity {
      let a = values[Int(input[index])]
      let b = values[Int(input[index &+ 1])]
      let c = values[Int(input[index &+ 2])]
      let d = values[Int(input[index &+ 3])]
      guard a | b | c | d < 64 else { return }
      output[count] = a &<< 2 | b &>> 4
      output[count &+ 1] = b &<< 4 | c &>> 2
      output[count &+ 2] = c &<< 6 | d
      index &+= 4
      count &+= 3
    }
  }

  /// The first `octets` of the three of a group; false where there was no room.
  private static func append(
    _ group: UInt32, _ octets: Int, _ output: UnsafeMutableBufferPointer<UInt8>, _ capacity: Int,
    _ count: inout Int
  ) -> Bool {
    for place in 0..<octets {
      guard count < capacity else { return false }
      output[count] = UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place))
      count += 1
    }
    return true
  }
}

// MARK: - Quoted-printable

extension TransferDecoding {
  /// White space at the end of a line is not part of it (RFC 2045 §6.7 rule 3); an equals sign that begins nothing
  /// stands as it is.
  private static func quotedPrintable(_ octets: ArraySlice<UInt8>, most: Int) -> Decoded {
    var isMalformed = false
    var isCut = false
    let most = max(0, most)
    // Never longer than what it was read from.
    let capacity = min(octets.count, most)
    let decoded = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
      octets.withUnsafeBufferPointer { input in
        var index = 0
        // Behind the last octet that white space before a line end cannot take away.
        var kept = 0
        while index < input.count {
          let byte = input[index]
          if byte == UInt8(ascii: "=") {
            index += escape(input, index, output, capacity, &count, &isMalformed, &isCut)
            kept = count
            if isCut { return }
            continue
          }
          let begin = index
          while index < input.count, !endsRun(input[index]) { index &+= 1 }
          let room = capacity - count
          copy(input, begin, min(index - begin, room), output, &count)
          if index - begin > room {
            isCut = true
            return
          }
          guard index < input.count, input[index] != UInt8(ascii: "=") else { continue }
          while count > kept, output[count - 1].isWhiteSpace { count -= 1 }
          guard count < capacity else {
            isCut = true
            return
          }
          output[count] = input[index]
          count += 1
          index += 1
          kept = count
        }
        while count > kept, output[count - 1].isWhiteSpace { count -= 1 }
      }
    }
    return Decoded(
      octets: decoded, isCut: isCut, faults: isMalformed ? [.malformedQuotedPrintable] : [])
  }

  @inline(__always)
  private static func endsRun(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "=") || byte == .lineFeed || byte == .carriageReturn
  }

  @inline(__always)
  private static func copy(
    _ input: UnsafeBufferPointer<UInt8>, _ begin: Int, _ length: Int,
    _ output: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int
  ) {
    guard length > 0, let target = output.baseAddress, let source = input.baseAddress else { return }
    (target + count).initialize(from: source + begin, count: length)
    count += length
  }

  /// What an equals sign begins: an octet, a soft line break, or nothing. Gives how much of the input it took.
  @inline(__always)
  private static func escape(
    _ input: UnsafeBufferPointer<UInt8>, _ start: Int, _ output: UnsafeMutableBufferPointer<UInt8>,
    _ capacity: Int, _ count: inout Int, _ isMalformed: inout Bool, _ isCut: inout Bool
  ) -> Int {
    if start + 2 < input.count, let high = input[start + 1].hexValue,
      let low = input[start + 2].hexValue
    {
      guard count < capacity else {
        isCut = true
        return 0
      }
      output[count] = high << 4 | low
      count += 1
      return 3
    }
    var index = start + 1
    while index < input.count, input[index].isWhiteSpace { index += 1 }
    if index == input.count { return index - start }
    if input[index] == .carriageReturn, index + 1 < input.count, input[index + 1] == .lineFeed {
      return index + 2 - start
    }
    if input[index] == .lineFeed { return index + 1 - start }
    isMalformed = true
    guard count < capacity else {
      isCut = true
      return 0
    }
    output[count] = UInt8(ascii: "=")
    count += 1
    return 1
  }
}
