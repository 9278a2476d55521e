/// Numbers and words in octets that anybody may have written: what is out of bounds is nil, never a trap.
extension Collection where Element == UInt8, Index == Int {
  /// The octet at an offset from the beginning.
  func octet(_ offset: Int) -> UInt8? {
    offset >= 0 && offset < count ? self[startIndex + offset] : nil
  }

  func little16(_ offset: Int) -> Int? { little(offset, 2).map { Int($0) } }
  func little32(_ offset: Int) -> Int? { little(offset, 4).map { Int($0) } }

  /// A number of at most 8 octets, the lowest first.
  func little(_ offset: Int, _ length: Int) -> UInt64? {
    guard offset >= 0, offset <= count - length else { return nil }
    var value: UInt64 = 0
    for index in 0..<length { value |= UInt64(self[startIndex + offset + index]) << UInt64(8 * index) }
    return value
  }

  /// Whether those octets stand at an offset.
  func has(_ word: StaticString, at offset: Int = 0) -> Bool {
    let length = word.utf8CodeUnitCount
    guard offset >= 0, offset <= count - length else { return false }
    return word.withUTF8Buffer { word in
      for index in 0..<length where self[startIndex + offset + index] != word[index] { return false }
      return true
    }
  }

  /// Whether those octets stand at an offset.
  func has(_ word: [UInt8], at offset: Int = 0) -> Bool {
    guard offset >= 0, offset <= count - word.count else { return false }
    for (index, octet) in word.enumerated() where self[startIndex + offset + index] != octet { return false }
    return true
  }
}

extension ArraySlice<UInt8> {
  /// The offset from the beginning at which a word, in small letters, first stands in any case.
  func offset(ofAnyCase word: StaticString, most: Int) -> Int? {
    let length = word.utf8CodeUnitCount
    let last = Swift.min(count, most) - length
    guard last >= 0, length > 0 else { return nil }
    return withUnsafeBytes { octets in
      word.withUTF8Buffer { word in
        let first = word[0]
        for start in 0...last where octets[start] | 0x20 == first | 0x20 {
          var index = 0
          while index < length, Self.small(octets[start + index]) == word[index] { index += 1 }
          if index == length { return start }
        }
        return nil
      }
    }
  }

  private static func small(_ octet: UInt8) -> UInt8 { octet &- 0x41 < 26 ? octet | 0x20 : octet }
}
