/// Reads the charsets without states, with the WHATWG standard's answer to what is malformed: one U+FFFD, and an ASCII
/// octet is never swallowed by the broken character before it.
struct MultiByteDecoder {
  let table: MultiByteTable
  /// Whether a space is read as the `_` that stood there, where only that makes a character.
  let mendsUnderscores: Bool

  func decode(_ octets: UnsafeBufferPointer<UInt8>, into sink: inout TextSink) {
    table.singles.withUnsafeBufferPointer { singles in
      table.pairs.withUnsafeBufferPointer { pairs in
        var at = 0
        while at < octets.count {
          let octet = octets[at]
          if octet < 0x80 {
            // Of these charsets some have a currency sign in the place of the backslash.
            sink.append(singles[Int(octet)])
            at += 1
            continue
          }
          let single = singles[Int(octet)]
          guard single == MultiByteTable.lead else {
            if single == 0 { sink.fail() } else { sink.append(single) }
            at += 1
            continue
          }
          guard at + 1 < octets.count else { return sink.fail() }
          let trail = octets[at + 1]
          let character = pairs[Int(octet & 0x7f) << 8 | Int(trail)]
          if character == SpelledSyllable.filler, table.shape == .spelledSyllables,
            let syllable = SpelledSyllable.scalar(octets, at)
          {
            sink.append(syllable)
            at += SpelledSyllable.length
          } else if character != 0 {
            sink.append(character: character)
            at += 2
          } else {
            at = special(octets, at, into: &sink)
          }
        }
      }
    }
  }

  /// At an octet that begins a pair which is none: where to go on.
  private func special(_ octets: UnsafeBufferPointer<UInt8>, _ at: Int, into sink: inout TextSink) -> Int {
    let trail = octets[at + 1]
    switch (table.shape, octets[at]) {
    case (.fourOctets, _) where trail >= 0x30 && trail <= 0x39:
      return fourOctets(octets, at, into: &sink)
    case (.thirdPlane, 0x8f) where trail >= 0xa1 && trail <= 0xfe:
      return planePair(octets, at, skipping: 1, plane: 0, into: &sink)
    case (.manyPlanes, 0x8e) where trail >= 0xa1 && trail <= 0xb0:
      return planePair(octets, at, skipping: 2, plane: Int(trail) - 0xa1, into: &sink)
    default:
      let mended = table.pairs[Int(octets[at] & 0x7f) << 8 | Int(UInt8(ascii: "_"))]
      if mendsUnderscores, trail == 0x20, mended != 0 {
        sink.append(character: mended)
        return at + 2
      }
      sink.fail()
      return trail < 0x80 ? at + 1 : at + 2
    }
  }

  private func fourOctets(_ octets: UnsafeBufferPointer<UInt8>, _ at: Int, into sink: inout TextSink) -> Int {
    guard at + 2 < octets.count else {
      sink.fail()
      return octets.count
    }
    let third = octets[at + 2]
    guard third >= 0x81, third <= 0xfe else {
      sink.fail()
      return at + 1
    }
    guard at + 3 < octets.count else {
      sink.fail()
      return octets.count
    }
    let fourth = octets[at + 3]
    guard fourth >= 0x30, fourth <= 0x39 else {
      sink.fail()
      return at + 1
    }
    let pages = (Int(octets[at]) - 0x81) * 10 + Int(octets[at + 1]) - 0x30
    let index = pages * 1260 + (Int(third) - 0x81) * 10 + Int(fourth) - 0x30
    let scalar = table.planes.first.map { GB18030Planes.scalar(index, $0) } ?? 0
    if scalar == 0 { sink.fail() } else { sink.append(scalar) }
    return at + 4
  }

  private func planePair(
    _ octets: UnsafeBufferPointer<UInt8>, _ at: Int, skipping: Int, plane: Int, into sink: inout TextSink
  ) -> Int {
    let begin = at + skipping
    guard begin + 1 < octets.count else {
      sink.fail()
      return octets.count
    }
    guard octets[begin] >= 0x80 else {
      sink.fail()
      return begin
    }
    let trail = octets[begin + 1]
    let character = table.planes[plane][Int(octets[begin] & 0x7f) << 8 | Int(trail)]
    guard character != 0 else {
      sink.fail()
      return trail < 0x80 ? begin + 1 : begin + 2
    }
    sink.append(character: character)
    return begin + 2
  }
}

/// A Korean syllable that KS X 1001 has no place for, spelled: a filler, then its consonant, vowel and final, where the
/// filler is "no final" (annex 3).
enum SpelledSyllable {
  static let filler: UInt32 = 0x3164
  static let length = 8

  /// The syllable of the eight octets at `at`; nil where they are none.
  static func scalar(_ octets: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32? {
    guard at + length <= octets.count, (0..<4).allSatisfy({ octets[at + 2 * $0] == 0xa4 }) else { return nil }
    let letter = { (index: Int) in octets[at + 2 * index + 1] }
    guard letter(0) == 0xd4, let initial = initials.firstIndex(of: letter(1)), letter(2) >= 0xbf,
      letter(2) <= 0xd3, let final = finals.firstIndex(of: letter(3))
    else { return nil }
    return 0xac00 + (UInt32(initial) * 21 + UInt32(letter(2) - 0xbf)) * 28 + UInt32(final)
  }

  /// The second octets of the letters that begin a syllable, in Unicode's order, and of those that end one.
  private static let initials: [UInt8] = [
    0xa1, 0xa2, 0xa4, 0xa7, 0xa8, 0xa9, 0xb1, 0xb2, 0xb3, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc,
    0xbd,
    0xbe,
  ]
  private static let finals: [UInt8] = [
    0xd4, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1,
    0xb2,
    0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xba, 0xbb, 0xbc, 0xbd, 0xbe,
  ]
}
