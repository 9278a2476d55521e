/// The name of a key as messages and ``Settings/position(of:)`` write it: `limits.connections`,
/// `listener[0].address`, `relay.senders."192.0.2.0/24"`.
enum SettingPath {
  /// `parent.key`, the key in quotes where it is not a bare TOML key.
  static func child(_ parent: String, _ key: String) -> String {
    let name = isBare(key) ? key : quoted(key)
    return parent.isEmpty ? name : "\(parent).\(name)"
  }

  /// `parent[index]`.
  static func element(_ parent: String, _ index: Int) -> String { "\(parent)[\(index)]" }

  /// The enclosing path: `listener[0]` of `listener[0].address`, `listener` of `listener[0]`, `""` at the top.
  static func parent(of path: String) -> String {
    var cut = path.startIndex
    var inQuotes = false
    var index = path.startIndex
    while index < path.endIndex {
      let character = path[index]
      if inQuotes, character == "\\" {
        index = path.index(after: index)
        if index == path.endIndex { break }
      } else if character == "\"" {
        inQuotes.toggle()
      } else if !inQuotes, character == "." || character == "[" {
        cut = index
      }
      index = path.index(after: index)
    }
    return String(path[..<cut])
  }

  private static func isBare(_ key: String) -> Bool {
    !key.isEmpty
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
