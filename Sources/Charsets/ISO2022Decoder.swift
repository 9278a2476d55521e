/// The charsets that switch between sets of 94 × 94 characters by escapes (ECMA-35).
enum ISO2022Variant: String, Hashable, Sendable {
  /// RFC 1468 as the WHATWG standard reads it.
  case iso2022jp
  /// RFC 1554, RFC 2237 and JIS X 0213.
  case iso2022jpx
  /// RFC 1557.
  case iso2022kr
  /// RFC 1922.
  case iso2022cn, iso2022cnext
}

/// Sets to which octets 0x21–0x7e can be switched.
enum ISO2022Set: Hashable, Sendable {
  case ascii, roman, katakana, jis0208, jis0212, jisx0213(plane: Int), gb2312, ksc5601, cns11643(plane: Int)
  case latin1, greek

  /// Whether a character is one octet.
  var isNarrow: Bool {
    switch self {
    case .ascii, .roman, .katakana, .latin1, .greek: true
    default: false
    }
  }

  /// The character of two octets, both without their highest bit; 0 where there is none.
  func character(_ first: UInt8, _ second: UInt8) -> UInt32 {
    let index = Int(first & 0x7f) << 8 | Int(second | 0x80)
    func look(_ pairs: [UInt32]) -> UInt32 { pairs[index] }
    switch self {
    case .jis0208: return look(MultiByteTable.eucJP.pairs)
    case .jis0212: return MultiByteTable.eucJP.planes.first.map(look) ?? 0
    case .jisx0213(let plane):
      return plane == 1
        ? look(MultiByteTable.eucJISX0213.pairs) : MultiByteTable.eucJISX0213.planes.first.map(look) ?? 0
    case .gb2312: return look(MultiByteTable.gb18030.pairs)
    case .ksc5601: return look(MultiByteTable.eucKR.pairs)
    case .cns11643(let plane):
      if plane == 1 { return look(MultiByteTable.eucTW.pairs) }
      let planes = MultiByteTable.eucTW.planes
      return planes.indices.contains(plane - 1) ? look(planes[plane - 1]) : 0
    case .ascii, .roman, .katakana, .latin1, .greek: return 0
    }
  }

  /// The character of one octet, without its highest bit; 0 where there is none.
  func character(_ octet: UInt8) -> UInt32 {
    switch self {
    case .roman: octet == 0x5c ? 0xa5 : octet == 0x7e ? 0x203e : UInt32(octet)
    case .katakana: octet >= 0x21 && octet <= 0x5f ? 0xff61 + UInt32(octet) - 0x21 : 0
    case .latin1: UInt32(octet | 0x80)
    case .greek: SingleByteTable.named("ISO-8859-7").scalars[Int(octet | 0x80)]
    default: UInt32(octet)
    }
  }

  /// The set that an escape names, and to which of G0–G3 it goes; the octets are those behind ESC.
  static func designated(by octets: some Collection<UInt8>) -> (set: ISO2022Set, place: Int, length: Int)? {
    for (text, set, place) in escapes where octets.starts(with: text.utf8) {
      return (set, place, text.utf8.count)
    }
    return nil
  }

  private static let escapes: [(String, ISO2022Set, Int)] = [
    ("(B", .ascii, 0), ("(J", .roman, 0), ("(I", .katakana, 0), ("$@", .jis0208, 0), ("$B", .jis0208, 0),
    ("$(@", .jis0208, 0), ("$(B", .jis0208, 0), ("$(D", .jis0212, 0), ("$A", .gb2312, 0), ("$(A", .gb2312, 0),
    ("$(C", .ksc5601, 0), ("$(O", .jisx0213(plane: 1), 0), ("$(Q", .jisx0213(plane: 1), 0),
    ("$(P", .jisx0213(plane: 2), 0), ("$)A", .gb2312, 1), ("$)C", .ksc5601, 1),
    ("$)G", .cns11643(plane: 1), 1), ("$*H", .cns11643(plane: 2), 2), ("$+I", .cns11643(plane: 3), 3),
    ("$+J", .cns11643(plane: 4), 3), ("$+K", .cns11643(plane: 5), 3), ("$+L", .cns11643(plane: 6), 3),
    ("$+M", .cns11643(plane: 7), 3), (".A", .latin1, 2), (".F", .greek, 2), ("(H", .roman, 0),
  ]
}

/// Reads all of them but plain ISO-2022-JP: which escapes belong to which RFC matters to nobody who reads.
struct ISO2022Decoder {
  let variant: ISO2022Variant
  private var places: [ISO2022Set]
  private var isShiftedOut = false

  init(_ variant: ISO2022Variant) {
    self.variant = variant
    places = Self.initial(variant)
  }

  /// Headers often come without the announcement of what SO switches to.
  private static func initial(_ variant: ISO2022Variant) -> [ISO2022Set] {
    switch variant {
    case .iso2022kr: [.ascii, .ksc5601, .latin1, .ascii]
    default: [.ascii, .gb2312, .cns11643(plane: 2), .cns11643(plane: 3)]
    }
  }

  mutating func decode(_ octets: UnsafeBufferPointer<UInt8>, into sink: inout TextSink) {
    var at = 0
    while at < octets.count {
      let octet = octets[at]
      switch octet {
      case 0x1b: at = escape(octets, at, into: &sink)
      case 0x0e:
        isShiftedOut = true
        at += 1
      case 0x0f:
        isShiftedOut = false
        at += 1
      case 0x0a, 0x0d:
        // Each line begins in ASCII (RFC 1557 and 1922: SO ends with the line; RFC 1468).
        isShiftedOut = false
        places[0] = .ascii
        sink.append(ascii: octet)
        at += 1
      case 0x21...0x7e: at = graphic(isShiftedOut ? places[1] : places[0], octets, at, into: &sink)
      case 0xa1...0xfe where variant == .iso2022kr: at = graphic(.ksc5601, octets, at, into: &sink)
      case 0x80...0xff:
        sink.fail()
        at += 1
      default:
        sink.append(ascii: octet)
        at += 1
      }
    }
  }

  private func graphic(
    _ set: ISO2022Set, _ octets: UnsafeBufferPointer<UInt8>, _ at: Int, into sink: inout TextSink
  ) -> Int {
    if set.isNarrow {
      let character = set.character(octets[at])
      if character == 0 { sink.fail() } else { sink.append(character) }
      return at + 1
    }
    guard at + 1 < octets.count else {
      sink.fail()
      return octets.count
    }
    let second = octets[at + 1]
    guard second & 0x7f >= 0x21, second & 0x7f <= 0x7e else {
      sink.fail()
      return at + 1
    }
    let character = set.character(octets[at], second)
    if character == 0 { sink.fail() } else { sink.append(character: character) }
    return at + 2
  }

  private mutating func escape(
    _ octets: UnsafeBufferPointer<UInt8>, _ at: Int, into sink: inout TextSink
  ) -> Int {
    let rest = UnsafeBufferPointer(rebasing: octets[(at + 1)...])
    if let found = ISO2022Set.designated(by: rest) {
      places[found.place] = found.set
      return at + 1 + found.length
    }
    // SS2 and SS3: one character of G2, of G3.
    if rest.count > 1, rest[0] == 0x4e || rest[0] == 0x4f, rest[1] >= 0x20, rest[1] < 0x80 {
      return graphic(places[rest[0] == 0x4e ? 2 : 3], octets, at + 2, into: &sink)
    }
    sink.fail()
    return at + 1
  }
}
