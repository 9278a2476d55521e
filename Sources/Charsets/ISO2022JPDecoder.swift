/// Reads ISO-2022-JP as the WHATWG standard does (§12.2.1): five escapes, and two in a row are malformed, since by them
/// a text can be made to look like another one to another reader.
struct ISO2022JPDecoder {
  private enum State { case ascii, roman, katakana, jis0208 }

  /// Whether two escapes in a row are no fault: joined words have them.
  private let allowsEmptyRuns: Bool
  private var state = State.ascii
  private var hasJustSwitched = false

  init(allowsEmptyRuns: Bool) { self.allowsEmptyRuns = allowsEmptyRuns }

  mutating func decode(_ octets: UnsafeBufferPointer<UInt8>, into sink: inout TextSink) {
    let pairs = MultiByteTable.eucJP.pairs
    var at = 0
    while at < octets.count {
      let octet = octets[at]
      if octet == 0x1b {
        at = escape(octets, at, into: &sink)
        continue
      }
      hasJustSwitched = false
      if state == .jis0208, octet >= 0x21, octet <= 0x7e {
        at = pair(octets, at, pairs, into: &sink)
      } else {
        if let character = single(octet) { sink.append(character) } else { sink.fail() }
        at += 1
      }
    }
  }

  /// nil where the octet is nothing in this state.
  private func single(_ octet: UInt8) -> UInt32? {
    // Deviation: a line that ends in the wrong state is no character's fault.
    if octet == 0x0a || octet == 0x0d { return UInt32(octet) }
    guard octet < 0x80, octet != 0x0e, octet != 0x0f else { return nil }
    switch state {
    case .jis0208: return nil
    case .katakana: return octet >= 0x21 && octet <= 0x5f ? ISO2022Set.katakana.character(octet) : nil
    case .ascii: return UInt32(octet)
    case .roman: return ISO2022Set.roman.character(octet)
    }
  }

  private func pair(
    _ octets: UnsafeBufferPointer<UInt8>, _ at: Int, _ pairs: [UInt32], into sink: inout TextSink
  ) -> Int {
    guard at + 1 < octets.count else {
      sink.fail()
      return octets.count
    }
    let second = octets[at + 1]
    guard second >= 0x21, second <= 0x7e else {
      sink.fail()
      return second == 0x1b || second == 0x0a || second == 0x0d ? at + 1 : at + 2
    }
    let character = pairs[Int(octets[at]) << 8 | Int(second | 0x80)]
    if character == 0 { sink.fail() } else { sink.append(character: character) }
    return at + 2
  }

  private mutating func escape(
    _ octets: UnsafeBufferPointer<UInt8>, _ at: Int, into sink: inout TextSink
  ) -> Int {
    let first = at + 1 < octets.count ? octets[at + 1] : 0
    let second = at + 2 < octets.count ? octets[at + 2] : 0
    let next: State? =
      switch (first, second) {
      case (0x28, 0x42): .ascii
      case (0x28, 0x4a): .roman
      case (0x28, 0x49): .katakana
      case (0x24, 0x40), (0x24, 0x42): .jis0208
      default: nil
      }
    guard let next else {
      hasJustSwitched = false
      sink.fail()
      return at + 1
    }
    state = next
    if hasJustSwitched, !allowsEmptyRuns { sink.fail() }
    hasJustSwitched = true
    return at + 3
  }
}
