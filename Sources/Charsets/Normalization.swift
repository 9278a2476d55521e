internal import CICU

/// Unicode's normal forms, by ICU.
enum NormalForm {
  case nfc, nfd
  /// NFKC, cases folded, default ignorable characters left out.
  case compatibilityFolded

  /// The text in this form; as it is where ICU cannot.
  func of(_ text: String) -> String {
    var status: Int32 = 0
    guard let form = instance(&status), status <= 0 else { return text }
    let source = Self.streamSafe(text)
    return Self.transformed(source, extra: 64) { source, result, status in
      weir_normalize(
        form, source.baseAddress, Int32(source.count), result.baseAddress, Int32(result.count), &status)
    }.map { String(decoding: $0, as: UTF16.self) } ?? text
  }

  /// UTF-16 of the text, with a grapheme joiner after each 30 marks in a row.
  ///
  /// Bound: UAX #15 §13 (Stream-Safe Text Format). ICU sorts a run of marks by insertion, and 100 KB of them would take
  /// it seconds.
  private static func streamSafe(_ text: String) -> [UInt16] {
    var source: [UInt16] = []
    source.reserveCapacity(text.utf8.count)
    var marks = 0
    for scalar in text.unicodeScalars {
      if !Normalization.inert.isStable(scalar.value),
        scalar.properties.canonicalCombiningClass != .notReordered
      {
        marks += 1
        if marks > 30 {
          source.append(0x34f)
          marks = 1
        }
      } else {
        marks = 0
      }
      source.append(contentsOf: scalar.utf16)
    }
    return source
  }

  private func instance(_ status: inout Int32) -> UnsafeRawPointer? {
    switch self {
    case .nfc: weir_nfc(&status)
    case .nfd: weir_nfd(&status)
    case .compatibilityFolded: weir_nfkc_casefold(&status)
    }
  }

  /// Calls one of ICU's functions, which tell how much room they would need; nil where it fails.
  private static func transformed(
    _ source: [UInt16], extra: Int,
    _ body: (UnsafeBufferPointer<UInt16>, UnsafeMutableBufferPointer<UInt16>, inout Int32) -> Int32
  ) -> [UInt16]? {
    guard source.count < Int(Int32.max) / 32 else { return nil }
    var capacity = source.count + source.count / 4 + extra
    for _ in 0..<2 {
      var status: Int32 = 0
      var needed = 0
      let result = [UInt16](unsafeUninitializedCapacity: capacity) { buffer, count in
        needed = source.withUnsafeBufferPointer { Int(body($0, buffer, &status)) }
        count = status <= 0 ? min(max(0, needed), buffer.count) : 0
      }
      if status <= 0 { return result }
      guard needed > capacity else { return nil }
      capacity = needed
    }
    return nil
  }
}

/// NFC, of which nearly every text is already: a table tells, and ICU is asked about the others only.
enum Normalization {
  /// The text of valid UTF-8, in NFC.
  static func composed(_ octets: [UInt8]) -> String {
    let text = String(decoding: octets, as: UTF8.self)
    return octets.withUnsafeBufferPointer { isComposed($0) } ? text : NormalForm.nfc.of(text)
  }

  static func composed(_ text: String) -> String {
    let isDone = text.utf8.withContiguousStorageIfAvailable { Self.isComposed($0) } ?? false
    return isDone ? text : NormalForm.nfc.of(text)
  }

  /// Whether valid UTF-8 is surely in NFC.
  static func isComposed(_ octets: UnsafeBufferPointer<UInt8>) -> Bool {
    var at = 0
    let count = octets.count
    while at < count {
      let octet = octets[at]
      if octet < 0x80 {
        at += 1
        if let base = octets.baseAddress {
          while at + 8 <= count,
            UnsafeRawPointer(base).loadUnaligned(fromByteOffset: at, as: UInt64.self)
              & 0x8080_8080_8080_8080 == 0
          { at += 8 }
        }
      } else if octet < 0xcc {
        // Below U+0300.
        at += 2
      } else if octet >= 0xe4 && octet <= 0xe9 {
        // U+4000–U+9FFF.
        at += 3
      } else {
        let (scalar, length) = UTF8Text.scalar(octets, at)
        if !inert.isStable(scalar) { return false }
        at += length
      }
    }
    return true
  }

  static let inert = ComposedCharacters()
}

/// The characters of which NFC never makes others, whatever stands beside them, but for what follows.
struct ComposedCharacters: Sendable {
  private let bits: [UInt64]

  init() {
    var bits = [UInt64](repeating: 0, count: 0x3_0000 / 64)
    for scalar in 0..<Int32(0x3_0000) {
      if CharacterTraits.isIdeograph(UInt32(scalar)) || CharacterTraits.isHangul(UInt32(scalar)) {
        bits[Int(scalar) >> 6] |= 1 << UInt64(scalar & 63)
      } else if weir_property(scalar, Int32(weir_property_nfc_check)) == 1,
        weir_property(scalar, Int32(weir_property_combining)) == 0
      {
        bits[Int(scalar) >> 6] |= 1 << UInt64(scalar & 63)
      }
    }
    self.bits = bits
  }

  @inline(__always)
  func isStable(_ scalar: UInt32) -> Bool {
    // Above are tags, variation selectors and private use, and unassigned: none of them composes.
    scalar >= 0x3_0000 || bits[Int(scalar >> 6)] & 1 << UInt64(scalar & 63) != 0
  }
}

extension UTF8Text {
  /// The character at `at` of valid UTF-8.
  @inline(__always)
  static func scalar(_ octets: UnsafeBufferPointer<UInt8>, _ at: Int) -> (UInt32, Int) {
    let first = UInt32(octets[at])
    func rest(_ offset: Int) -> UInt32 {
      at + offset < octets.count ? UInt32(octets[at + offset]) & 0x3f : 0
    }
    if first < 0x80 { return (first, 1) }
    if first < 0xe0 { return ((first & 0x1f) << 6 | rest(1), 2) }
    if first < 0xf0 { return ((first & 0x0f) << 12 | rest(1) << 6 | rest(2), 3) }
    return ((first & 0x07) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3), 4)
  }
}
