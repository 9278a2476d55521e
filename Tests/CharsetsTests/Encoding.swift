import CIconv

/// Text in a legacy charset, by iconv: what a sender would have written. nil where the charset cannot say it.
func encoded(_ text: String, _ charset: String) -> [UInt8]? {
  if charset == "HZ" { return encodedHZ(text) }
  guard let handle = iconv_open(charset, "UTF-8"), handle != iconv_t(bitPattern: -1) else { return nil }
  defer { iconv_close(handle) }
  var source = text.utf8.map { CChar(bitPattern: $0) }
  var target = [CChar](repeating: 0, count: source.count * 4 + 64)
  var left = source.count
  var room = target.count
  let isDone = source.withUnsafeMutableBufferPointer { source in
    target.withUnsafeMutableBufferPointer { target in
      var from = source.baseAddress
      var to = target.baseAddress
      guard iconv(handle, &from, &left, &to, &room) != -1 else { return false }
      return iconv(handle, nil, nil, &to, &room) != -1
    }
  }
  guard isDone, left == 0 else { return nil }
  return target.prefix(target.count - room).map { UInt8(bitPattern: $0) }
}

/// HZ by RFC 1843, which iconv does not have: the pairs of EUC-CN seven bits wide.
private func encodedHZ(_ text: String) -> [UInt8]? {
  guard let octets = encoded(text, "EUC-CN") else { return nil }
  var result: [UInt8] = []
  var isChinese = false
  for octet in octets {
    if octet >= 0x80, !isChinese { result += Array("~{".utf8) }
    if octet < 0x80, isChinese { result += Array("~}".utf8) }
    isChinese = octet >= 0x80
    if octet == UInt8(ascii: "~") { result.append(octet) }
    result.append(octet & 0x7f)
  }
  return isChinese ? result + Array("~}".utf8) : result
}

/// Numbers that look like chance and are the same in each run.
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}

extension StringProtocol {
  var bytes: ArraySlice<UInt8> { Array(utf8)[...] }
}
