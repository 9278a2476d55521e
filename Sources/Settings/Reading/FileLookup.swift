/// Files that settings name, and whether they are there. What is in them is for others to read.
struct FileLookup {
  /// The file that the settings stand in.
  let settingsFile: String
  let exists: (String) -> Bool

  /// A path as the operator wrote it, relative to the folder of `settingsFile`.
  static func resolve(_ path: String, from settingsFile: String) -> String {
    guard !path.hasPrefix("/"), let slash = settingsFile.lastIndex(of: "/") else { return path }
    return settingsFile[...slash] + path
  }

  /// The path under a key that has to be there, and name a file that is there.
  func required(_ key: String, of section: Section, _ example: String) -> String {
    guard let path = section.text(key) else {
      if !section.has(key) { section.requireKey(key, "write \(key) = \"\(example)\"") }
      return ""
    }
    check(path, of: section, key)
    return path
  }

  /// Reports a file that is not there.
  func check(_ path: String, of section: Section, _ key: String) {
    let resolved = Self.resolve(path, from: settingsFile)
    guard !exists(resolved) else { return }
    let name = section.reference(key).name
    section.report(key, "\(name): there is no file \(quoted(resolved))")
  }
}
