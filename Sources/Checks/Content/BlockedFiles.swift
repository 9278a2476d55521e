internal import Bytes
internal import Filtering
internal import Settings

/// The keys `block_names` and `block_types`: shell patterns of names and of types that are not taken.
struct BlockedFiles: Sendable {
  private let names: [Glob]
  private let types: [Glob]

  init(_ keys: inout CheckKeys) {
    names = Self.globs("block_names", &keys)
    types = Self.globs("block_types", &keys)
  }

  private static func globs(_ key: String, _ keys: inout CheckKeys) -> [Glob] {
    var globs: [Glob] = []
    for (index, text) in keys.strings(key, default: []).enumerated() {
      if text.isEmpty || text.utf8.count > 256 || text.allSatisfy({ $0 == "*" }) {
        keys.report(key, element: index, "“\(text.printable(limit: 60))” would meet every file, or none")
      } else {
        globs.append(Glob(text))
      }
    }
    return globs
  }

  /// The pattern that a name meets, as it is written.
  func pattern(ofName name: FileName) -> String? {
    names.isEmpty ? nil : names.first { $0.meets(name.text) }?.text
  }

  /// The pattern that a type meets, as it is written.
  func pattern(ofType type: String) -> String? {
    type.isEmpty || types.isEmpty ? nil : types.first { $0.meets(type) }?.text
  }
}

/// A shell pattern: `*` is anything, `?` is one character; without regard to case.
struct Glob: Hashable, Sendable {
  let text: String
  private let pattern: [Character]

  init(_ text: String) {
    self.text = text
    pattern = Array(text.lowercased())
  }

  /// Takes at most as many steps as the lengths of both multiplied.
  func meets(_ name: String) -> Bool {
    let name = Array(name.lowercased())
    var at = 0
    var place = 0
    var star: (at: Int, place: Int)?
    while place < name.count {
      if at < pattern.count, pattern[at] == "*" {
        star = (at, place)
        at += 1
      } else if at < pattern.count, pattern[at] == "?" || pattern[at] == name[place] {
        at += 1
        place += 1
      } else if let last = star {
        star = (last.at, last.place + 1)
        at = last.at + 1
        place = last.place + 1
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == "*" }
  }
}
