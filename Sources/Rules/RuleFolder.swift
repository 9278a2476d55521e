/// The folder of rules as it was read: the octets of each file by its path in it.
public struct RuleFolder: Sendable {
  /// `10-spam.rc`, `users/ada@example.org/opt-out`: parts divided by `/`, none of them `.` or `..`.
  public var files: [String: [UInt8]]
  /// The folder's own path, as the operator names it; empty where there is none.
  public var path: String
  /// The same from the root on, by which absolute names of files are known to lie in it.
  public var root: String

  /// - Parameter root: nil where the path is absolute.
  public init(path: String = "", root: String? = nil, files: [String: [UInt8]] = [:]) {
    self.path = path
    self.root = root ?? path
    self.files = files
  }

  /// Whether a file is one of rules by its name.
  static func isRules(_ path: String) -> Bool { path.hasSuffix(".rc") }

  /// The rule files that stand in each folder itself, in the order of their names; `""` is the folder of rules.
  var rulesByFolder: [String: [String]] {
    var rules: [String: [String]] = [:]
    for path in files.keys where Self.isRules(path) {
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
      rules[folder, default: []].append(path)
    }
    return rules.mapValues { $0.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
  }

  /// The folders beneath one that hold files, in the order of their names.
  func folders(in folder: String) -> [String] {
    var names: Set<String> = []
    for path in files.keys where path.hasPrefix(folder + "/") {
      let rest = path.dropFirst(folder.count + 1)
      if let slash = rest.firstIndex(of: "/") { names.insert(String(rest[..<slash])) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether a name, as it stands in a rule file, leads out of the folder.
  func isOutside(_ name: String) -> Bool {
    if name.hasPrefix("/"), root.isEmpty || !name.hasPrefix(root + "/") { return true }
    return name.split(separator: "/").contains("..")
  }

  /// The file that a name means: beside the rules that name it, or from the folder of rules on.
  ///
  /// - Parameters:
  ///   - name: as it stands in a rule file; an absolute one has to lie in the folder.
  ///   - home: the folder of the rules that name it; empty for the folder of rules.
  /// - Returns: its path; nil where there is no such file.
  func path(of name: String, from home: String) -> String? {
    var name = name[...]
    var places = home.isEmpty ? [""] : [home + "/", ""]
    if name.hasPrefix("/") {
      guard !root.isEmpty, name.hasPrefix(root + "/") else { return nil }
      name = name.dropFirst(root.count + 1)
      places = [""]
    }
    // Abuse: no name leads out of the folder.
    let parts = name.split(separator: "/").filter { $0 != "." }
    guard !parts.isEmpty, !parts.contains("..") else { return nil }
    let plain = parts.joined(separator: "/")
    return places.map { $0 + plain }.first { files[$0] != nil }
  }
}

/// Something that is wrong in the folder of rules, or that its owner should know: several lines for people.
public struct RuleBookProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// An error keeps the whole edit from going live.
  public let isError: Bool
  /// `file:line:column: error: what is wrong`, the line, its underline, and the cure; the file from the folder on.
  public let description: String

  public init(isError: Bool, description: String) {
    self.isError = isError
    self.description = description
  }
}
