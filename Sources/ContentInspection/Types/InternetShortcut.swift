/// A file that opens an address (`.url`): what it leads to.
enum InternetShortcut {
  /// libmagic has this type for every such file; here it is what opens pages of the web and nothing else.
  static let webType = "application/x-mswinurl"
  static let otherType = "application/x-ms-shortcut"

  // Bound: octets that are looked at; what may lead elsewhere behind them is not known to lead to the web.
  private static let most = 4096

  /// - Parameters:
  ///   - octets: the file or its beginning.
  ///   - isWhole: whether there is no more of it.
  /// - Returns: nil where it is none.
  static func signature(_ octets: ArraySlice<UInt8>, isWhole: Bool) -> FileSignature? {
    var start = octets.prefix(most)
    if start.has([0xef, 0xbb, 0xbf]) { start = start.dropFirst(3) }
    start = start.drop { $0 == 0x20 || 0x09...0x0d ~= $0 }
    guard start.first != 0x3c else { return nil }
    // Nobody drags such a file out of a browser in UTF-16: what it leads to is not asked.
    let isWide = marksOfUTF16.contains { start.has($0) }
    let text = isWide ? start.filter { $0 != 0 }[...] : start
    guard text.offset(ofAnyCase: "[internetshortcut", most: 512) != nil else { return nil }
    return !isWide && isWhole && octets.count <= most && leadsToWeb(text)
      ? FileSignature(webType, "Internet shortcut", .shortcut)
      : FileSignature(otherType, "Internet shortcut to a file or a program", .shortcut)
  }

  /// The byte order mark, or `[` without one, in both orders.
  private static let marksOfUTF16: [[UInt8]] = [[0xff, 0xfe], [0xfe, 0xff], [0x5b, 0], [0, 0x5b]]

  /// Whether it opens pages of the web and nothing else: one to `file:` or to another machine's folder runs what lies
  /// there, and an icon from there tells who looked.
  private static func leadsToWeb(_ octets: ArraySlice<UInt8>) -> Bool {
    guard !octets.contains(0) else { return false }
    var leads = false
    for line in octets.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
      guard let equals = line.firstIndex(of: 0x3d) else { continue }
      let name = line[..<equals].filter { $0 > 0x20 }[...]
      // Windows takes quotes off.
      let value = line[(equals + 1)...].drop { $0 <= 0x20 || $0 == 0x22 || $0 == 0x27 }
      if name.count == 3, name.offset(ofAnyCase: "url", most: 3) == 0 {
        guard
          value.offset(ofAnyCase: "http://", most: 7) == 0
            || value.offset(ofAnyCase: "https://", most: 8) == 0
        else { return false }
        leads = true
      } else if leadsElsewhere(value) {
        return false
      }
    }
    return leads
  }

  /// `file:`, and the name of a machine: `\\host`, `//host` and what is mixed of them. In a section whose name ends in
  /// `.W` values are in UTF-7, where `+` may stand for any of it.
  private static func leadsElsewhere(_ value: ArraySlice<UInt8>) -> Bool {
    if value.first == 0x2b || value.offset(ofAnyCase: "file:", most: 5) == 0 { return true }
    return isSlash(value.first) && (isSlash(value.dropFirst().first) || value.dropFirst().first == 0x2b)
  }

  private static func isSlash(_ octet: UInt8?) -> Bool { octet == 0x2f || octet == 0x5c }
}
