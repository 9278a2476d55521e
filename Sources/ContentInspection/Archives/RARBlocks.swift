/// Whether a RAR archive of version 5 is encrypted: its blocks say so in places that libarchive passes over.
enum RARBlocks {
  /// What the blocks say; nothing where it is no such archive.
  static func look(at octets: ArraySlice<UInt8>) -> (areHeadersEncrypted: Bool, areFilesEncrypted: Bool) {
    guard octets.has("Rar!\u{1a}\u{7}\u{1}\0") else { return (false, false) }
    var place = 8
    var blocks = 0
    while blocks < 10_000, place + 7 < octets.count {
      blocks += 1
      var at = place + 4
      guard let size = number(octets, &at) else { break }
      let end = at + size
      guard size > 0, end <= octets.count, let type = number(octets, &at), let flags = number(octets, &at)
      else {
        break
      }
      if type == 4 { return (true, true) }
      var extra = 0
      var data = 0
      if flags & 1 != 0 { extra = number(octets, &at) ?? 0 }
      if flags & 2 != 0 { data = number(octets, &at) ?? 0 }
      if type == 2 || type == 3, extra > 0, extra <= size, hasEncryption(octets, end - extra, end) {
        return (false, true)
      }
      guard type != 5, data <= octets.count else { break }
      place = end + data
    }
    return (false, false)
  }

  /// Whether a record of type 1 is among those in the extra area.
  private static func hasEncryption(_ octets: ArraySlice<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var place = start
    while place < end {
      guard let size = number(octets, &place), size > 0 else { return false }
      let next = place + size
      guard let type = number(octets, &place) else { return false }
      if type == 1 { return true }
      place = next
    }
    return false
  }

  /// Seven bits an octet, the lowest first; at most 2^31.
  private static func number(_ octets: ArraySlice<UInt8>, _ place: inout Int) -> Int? {
    var value = 0
    for index in 0..<5 {
      guard let octet = octets.octet(place) else { return nil }
      place += 1
      value |= Int(octet & 0x7f) << (7 * index)
      if octet & 0x80 == 0 { return value <= 1 << 31 ? value : nil }
    }
    return nil
  }
}
