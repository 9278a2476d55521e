/// Reads HZ (RFC 1843): GB 2312 between `~{` and `~}`, seven bits wide.
enum HZDecoder {
  static func decode(_ octets: UnsafeBufferPointer<UInt8>, into sink: inout TextSink) {
    let pairs = MultiByteTable.gb18030.pairs
    var isChinese = false
    var at = 0
    while at < octets.count {
      let octet = octets[at]
      let next: UInt8? = at + 1 < octets.count ? octets[at + 1] : nil
      switch (octet, next) {
      case (0x7e, 0x7b?):
        isChinese = true
        at += 2
      case (0x7e, 0x7d?):
        isChinese = false
        at += 2
      case (0x7e, 0x7e?) where !isChinese:
        sink.append(ascii: 0x7e)
        at += 2
      case (0x7e, 0x0a?) where !isChinese: at += 2
      case (0x7e, 0x0d?) where !isChinese && at + 2 < octets.count && octets[at + 2] == 0x0a: at += 3
      case (0x0a, _), (0x0d, _):
        // No line is to end in Chinese; one that does is followed by ASCII.
        isChinese = false
        sink.append(ascii: octet)
        at += 1
      case (0x21..., let next?)
      where (isChinese || octet >= 0xa1) && next & 0x7f >= 0x21 && next & 0x7f <= 0x7e:
        let character = pairs[Int(octet & 0x7f) << 8 | Int(next | 0x80)]
        if character == 0 { sink.fail() } else { sink.append(character: character) }
        at += 2
      default:
        if octet < 0x80, octet <= 0x20 || !isChinese { sink.append(ascii: octet) } else { sink.fail() }
        at += 1
      }
    }
  }
}
