import Charsets
import Testing

/// Octets that no sender of good will writes, and those whose end is missing.
@Suite struct HostileOctetsTests {
  static let names = [
    "UTF-8", "US-ASCII", "UTF-7", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE", "GB18030", "Big5",
    "HZ-GB-2312",
    "ISO-2022-CN", "ISO-2022-CN-EXT", "EUC-TW", "Shift_JIS", "Shift_JISX0213", "EUC-JP", "EUC-JISX0213",
    "ISO-2022-JP", "ISO-2022-JP-2", "EUC-KR", "Johab", "ISO-2022-KR", "windows-1252", "KOI8-R", "IBM500",
  ]

  /// Text is valid, each malformed sequence has its U+FFFD, and there is no more of it than octets allow.
  private func isSound(_ octets: some Collection<UInt8>, _ charset: Charset) {
    let read = charset.decode(Array(octets)[...])
    #expect(read.text.unicodeScalars.count <= max(8, 2 * octets.count))
    #expect(read.text.unicodeScalars.count { $0 == "\u{fffd}" } >= read.malformed, "\(octets) \(charset)")
    #expect(read.malformed <= octets.count)
    #expect(
      Array(read.text.unicodeScalars) == Array(Charset.utf8.decode(read.text.bytes).text.unicodeScalars))
  }

  @Test(arguments: names)
  func everyPairOfOctetsIsRead(_ name: String) throws {
    let charset = try #require(Charset.named(name))
    for first in stride(from: 0x00, through: 0xff, by: first(name)) {
      var octets: [UInt8] = []
      for second in 0x00...0xff { octets += [UInt8(first), UInt8(second), 0x0a] }
      isSound(octets, charset)
    }
  }

  private func first(_ name: String) -> Int { name == "UTF-8" || name == "GB18030" ? 1 : 3 }

  @Test(arguments: names)
  func junkIsRead(_ name: String) throws {
    let charset = try #require(Charset.named(name))
    var numbers = Numbers(5)
    let marks: [[UInt8]] = [
      [0x1b, 0x24, 0x42], [0x1b, 0x28, 0x42], [0x1b, 0x24, 0x29, 0x41], [0x0e], [0x0f], [0x1b, 0x4e],
      [0x7e, 0x7b],
      [0x7e, 0x7d], [0x2b], [0x2d], [0x1b], [0xff, 0xfe], [0x8e], [0x8f], [0x81, 0x30],
    ]
    for length in [1, 2, 3, 5, 17, 200, 3000] {
      var octets: [UInt8] = []
      while octets.count < length {
        if numbers.next() % 4 == 0, let mark = marks.randomElement(using: &numbers) {
          octets += mark
        } else {
          octets.append(UInt8(truncatingIfNeeded: numbers.next()))
        }
      }
      isSound(octets, charset)
      // Whoever labels it so: any label gives an answer.
      let read = Charset.decode(octets[...], declared: name)
      #expect(!read.text.isEmpty || read.malformed == 0)
    }
  }

  /// Each beginning of a text reads as the text does, but for its last character and one U+FFFD.
  @Test(arguments: [
    ("UTF-8", "中文 é 😀 text"), ("GB18030", "中文 é 😀 㐀 text"), ("BIG5", "繁體中文 text"), ("HZ", "中文 text 汉字"),
    ("ISO-2022-CN", "中文 text 汉字"), ("ISO-2022-JP", "日本語 text テスト"), ("ISO-2022-KR", "한국어 text 글"),
    ("EUC-JP", "日本語 丂 ｱ text"), ("CP932", "日本語 ｱ text"), ("UHC", "똠방각하 text"), ("EUC-TW", "繁體中文 乂"),
    ("UTF-7", "£ 日本 😀 text"), ("UTF-16LE", "中文 😀"), ("UTF-16BE", "中文 😀"), ("UTF-32BE", "中文"),
  ])
  func aTextThatIsCutOffReadsToItsEnd(_ name: String, _ text: String) throws {
    let octets = try #require(encoded(text, name))
    let charset = try #require(Charset.named(name))
    let whole = Array(charset.decode(octets[...]).text.unicodeScalars)
    for end in octets.indices {
      let read = charset.decode(octets[..<end])
      let scalars = Array(read.text.unicodeScalars)
      // An escape that is cut off is one U+FFFD and what is left of it.
      let isSwitching = ["HZ", "ISO-2022-CN", "ISO-2022-JP", "ISO-2022-KR"].contains(name)
      #expect(read.malformed <= (isSwitching ? 2 : 1))
      let good = read.malformed > 0 || isSwitching ? scalars.dropLast(isSwitching ? 4 : 1) : scalars[...]
      #expect(whole.starts(with: good), "\(name) \(end): \(read.text)")
    }
  }

  /// No shape of text takes more than its length in time: twice as much is no four times as long.
  @Test(
    arguments: [
      [0x2b], [0x7e, 0x7b], [0x1b, 0x24, 0x42], [0x1b], [0x81], [0x81, 0x30], [0x8e, 0xa2], [0xe4, 0xb8],
      [0xd0], [0xcc, 0x81],
      [0x61, 0xcc, 0x81], [0x0e, 0x21], [0x00], [0xff], [0xd0, 0xb0, 0x61],
    ] as [[UInt8]])
  func timeIsInTheLength(_ unit: [UInt8]) {
    func time(_ count: Int) -> Duration {
      let octets = Array(repeatElement(unit, count: count / unit.count).joined())
      let clock = ContinuousClock()
      return (0..<3).map { _ in
        clock.measure {
          for label in [nil, "utf-8", "gb2312", "iso-2022-jp", "utf-7"] {
            let text = Charset.decode(octets[...], declared: label)
            #expect(TextFolding.fold(text.text).utf8.count <= octets.count * 24)
          }
        }
      }.min() ?? .zero
    }
    TextFolding.prepare()
    _ = time(1000)
    let short = time(4000)
    let long = time(32_000)
    #expect(long < short * 32 + .milliseconds(50))
  }
}
