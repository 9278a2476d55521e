/// How the octets of a charset are read.
enum CharsetScheme: Hashable, Sendable {
  case utf8, ascii, utf7
  case utf16(isBigEndian: Bool), utf32(isBigEndian: Bool)
  /// One octet, one character; the name is iconv's.
  case single(String)
  case multi(MultiByteCharset)
  case iso2022(ISO2022Variant)
  case hz
}

/// Which charsets there are, and under what names.
struct CharsetRegister: Sendable {
  struct Row: Sendable {
    let name: String
    let scheme: CharsetScheme
  }

  static let shared = CharsetRegister(CharsetRows.text)

  private let rows: [Row]
  private let byKey: [String: Int]
  private let byName: [String: Int]

  /// From lines `NAME SCHEME alias alias …`.
  init(_ text: String) {
    var rows: [Row] = []
    var byKey: [String: Int] = [:]
    var byName: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard words.count >= 2, let scheme = Self.scheme(words[1]) else { continue }
      byName[words[0]] = rows.count
      for word in [words[0]] + words.dropFirst(2) { byKey[Self.key(word)] = rows.count }
      rows.append(Row(name: words[0], scheme: scheme))
    }
    self.rows = rows
    self.byKey = byKey
    self.byName = byName
  }

  func scheme(of charset: Charset) -> CharsetScheme? { byName[charset.name].map { rows[$0].scheme } }

  /// What `label` names, of which white space, quotes and what an RFC 2231 language tag adds are no part.
  func row(label: String) -> Row? {
    // Bound: no charset has a longer name.
    guard label.utf8.count <= 100 else { return nil }
    let bare = label.utf8.drop { !Self.isNamePart($0) }.prefix { Self.isNamePart($0) }
    let key = Self.key(bare)
    guard !key.isEmpty else { return nil }
    if let index = byKey[key] { return rows[index] }
    for prefix in ["xx", "x", "cs", "charset"] where key.hasPrefix(prefix) {
      if let index = byKey[String(key.dropFirst(prefix.count))] { return rows[index] }
    }
    return nil
  }

  /// The years and the hyphens of a name differ from writer to writer: letters and digits alone are compared.
  private static func key(_ label: some Sequence<UInt8>) -> String {
    var key: [UInt8] = []
    for byte in label {
      switch byte {
      case 0x30...0x39, 0x61...0x7a: key.append(byte)
      case 0x41...0x5a: key.append(byte | 0x20)
      default: break
      }
    }
    return String(decoding: key, as: UTF8.self)
  }

  private static func key(_ label: String) -> String { key(label.utf8) }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "+"): true
    default: false
    }
  }

  private static func scheme(_ word: String) -> CharsetScheme? {
    switch word {
    case "utf8": return .utf8
    case "ascii": return .ascii
    case "utf7": return .utf7
    case "utf16le": return .utf16(isBigEndian: false)
    case "utf16be": return .utf16(isBigEndian: true)
    case "utf32le": return .utf32(isBigEndian: false)
    case "utf32be": return .utf32(isBigEndian: true)
    case "hz": return .hz
    default: break
    }
    if let multi = MultiByteCharset(rawValue: word) { return .multi(multi) }
    if let variant = ISO2022Variant(rawValue: word) { return .iso2022(variant) }
    return word.hasPrefix("1:") ? .single(String(word.dropFirst(2))) : nil
  }
}
