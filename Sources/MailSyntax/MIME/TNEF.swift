internal import Bytes

/// The attachments in a `winmail.dat` (MS-OXTNEF): a chain of attributes, in which the long name of a file stands among
/// properties (MS-OXTNEF §2.1.3.4, MS-OXCMSG §2.2.2).
public enum TNEF {
  /// Its first octets, least first.
  static let signature: UInt32 = 0x223e_9f78

  private static let codePage: UInt32 = 0x0006_9007
  private static let beginAttachment: UInt32 = 0x0006_9002
  private static let title: UInt32 = 0x0001_8010
  private static let data: UInt32 = 0x0006_800f
  private static let properties: UInt32 = 0x0006_9005

  private struct Attachment {
    var title: Name?
    var short: Name?
    var long: Name?
    var data: Range<Int>?
    var isCut = false

    var name: Name? { long ?? title ?? short }
  }

  struct Name {
    let octets: [UInt8]
    let charset: String?
  }

  /// The attachments in their order, at most `files` of them; none where it is no TNEF.
  public static func attachments(_ octets: [UInt8], files: Int = 100) -> [EmbeddedFile] {
    var reader = LittleEndianReader(octets, 0..<octets.count)
    guard reader.number(4) == Int(signature), reader.number(2) != nil else { return [] }
    var charset: String?
    var found: [Attachment] = []
    while found.count <= files, let level = reader.number(1), level == 1 || level == 2,
      let attribute = reader.number(4), let length = reader.number(4)
    {
      let start = reader.position
      let end = min(start + length, octets.count)
      let value = start..<end
      reader.position = end
      switch UInt32(truncatingIfNeeded: attribute) {
      case codePage:
        var page = LittleEndianReader(octets, value)
        charset = page.number(4).map { "windows-\($0)" }
      case beginAttachment: found.append(Attachment())
      case title where !found.isEmpty: found[found.count - 1].title = name(octets[value], charset)
      case data where !found.isEmpty:
        found[found.count - 1].data = value
        found[found.count - 1].isCut = value.count < length
      case properties where !found.isEmpty:
        readProperties(octets, value, charset, &found[found.count - 1])
      default: break
      }
      guard end == start + length else { break }
      _ = reader.number(2)
    }
    return found.prefix(files).map { attachment in
      EmbeddedFile(
        kind: .tnef, name: attachment.name?.octets ?? [], charset: attachment.name?.charset,
        octets: attachment.data.map { Array(octets[$0]) } ?? [], isCut: attachment.isCut)
    }
  }

  /// A name to its first NUL.
  private static func name(_ octets: ArraySlice<UInt8>, _ charset: String?) -> Name? {
    let text = octets.prefix { $0 != 0 }
    return text.isEmpty ? nil : Name(octets: Array(text), charset: charset)
  }

  /// The names among the properties of an attachment: PidTagAttachLongFilename and PidTagAttachFilename.
  private static func readProperties(
    _ octets: [UInt8], _ range: Range<Int>, _ charset: String?, _ attachment: inout Attachment
  ) {
    var reader = LittleEndianReader(octets, range)
    guard let count = reader.number(4) else { return }
    // Each takes eight octets at least: the range bounds the count.
    for _ in 0..<min(count, range.count / 8) {
      guard let type = reader.number(2), let id = reader.number(2) else { return }
      if id >= 0x8000, !reader.skipPropertyName() { return }
      guard let value = reader.propertyValue(type) else { return }
      guard id == 0x3707 || id == 0x3704, let value else { continue }
      let read =
        type & 0xfff == 0x1f
        ? Name(octets: withoutEnd(octets[value]), charset: "UTF-16LE") : name(octets[value], charset)
      guard let read, !read.octets.isEmpty else { continue }
      if id == 0x3707 { attachment.long = read } else { attachment.short = read }
    }
  }

  /// UTF-16 to its first zero.
  private static func withoutEnd(_ octets: ArraySlice<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    var index = octets.startIndex
    while index + 1 < octets.endIndex, octets[index] != 0 || octets[index + 1] != 0 {
      text.append(octets[index])
      text.append(octets[index + 1])
      index += 2
    }
    return text
  }
}

/// Numbers with their least octet first, and what MAPI makes of them.
private struct LittleEndianReader {
  private let octets: [UInt8]
  private let end: Int
  var position: Int

  init(_ octets: [UInt8], _ range: Range<Int>) {
    self.octets = octets
    position = range.lowerBound
    end = range.upperBound
  }

  /// A number of so many octets, not negative; nil where they are not there.
  mutating func number(_ count: Int) -> Int? {
    guard end - position >= count else { return nil }
    var value = 0
    for place in 0..<count { value |= Int(octets[position + place]) << (8 * place) }
    position += count
    return value
  }

  /// So many octets, and those that fill them up to four.
  mutating func padded(_ count: Int) -> Range<Int>? {
    guard count >= 0, count <= end - position else { return nil }
    let range = position..<(position + count)
    position = min(position + (count + 3) / 4 * 4, end)
    return range
  }

  /// A property that is named has its set and its number or text in front of the value.
  mutating func skipPropertyName() -> Bool {
    guard padded(16) != nil, let kind = number(4) else { return false }
    if kind == 0 { return number(4) != nil }
    guard let length = number(4) else { return false }
    return padded(length) != nil
  }

  /// The octets of a property's first value, where it is a text; passes over all of them. Nil where it cannot be read.
  mutating func propertyValue(_ type: Int) -> Range<Int>?? {
    let isMultiple = type & 0x1000 != 0
    let size: Int
    switch type & 0xfff {
    case 0x02, 0x03, 0x04, 0x0a, 0x0b: size = 4
    case 0x05, 0x06, 0x07, 0x14, 0x40: size = 8
    case 0x48: size = 16
    case 0x0d, 0x1e, 0x1f, 0x102: return texts()
    default: return nil
    }
    var count = 1
    if isMultiple {
      guard let several = number(4), several <= (end - position) / size else { return nil }
      count = several
    }
    guard padded(size * count) != nil else { return nil }
    return .some(nil)
  }

  private mutating func texts() -> Range<Int>?? {
    guard let count = number(4) else { return nil }
    var first: Range<Int>?
    for _ in 0..<min(count, end - position) {
      guard let length = number(4), let range = padded(length) else { return nil }
      if first == nil { first = range }
    }
    return .some(first)
  }
}
