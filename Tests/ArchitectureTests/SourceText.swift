import Foundation

/// A text of the repository with its path from the top.
struct SourceText {
  let path: String
  let text: String

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  /// The lines with what follows `//` taken off: words in comments are nobody's edge and nobody's sin.
  var code: [Substring] {
    lines.map { line in
      guard let comment = line.firstRange(of: "//") else { return line }
      return line[..<comment.lowerBound]
    }
  }

  /// The folder below `Sources` that it lies in: the module's name; nil outside `Sources`.
  var module: String? {
    let parts = path.split(separator: "/")
    return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
  }

  /// The file's name without folder and extension.
  var name: String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.prefix { $0 != "." })
  }
}

/// A place where a rule is broken.
struct Breach: Equatable, CustomStringConvertible {
  let path: String
  /// Counted from 1; 0 where the whole file is meant.
  let line: Int
  let reason: String

  var description: String { line == 0 ? "\(path): \(reason)" : "\(path):\(line): \(reason)" }
}

/// The repository that this test was built from.
enum Repository {
  static var root: URL {
    // Tests/ArchitectureTests/SourceText.swift, three up.
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  /// Folders that are not shipped: what is built, what runs, what git keeps.
  private static let unshipped: Set<String> = [".build", ".git", "run", ".swiftpm", "Package.resolved"]

  /// Every shipped text, in order of paths; what is not UTF-8 or holds a NUL is not a text.
  static func texts(below folder: String = "") throws -> [SourceText] {
    let top = folder.isEmpty ? root : root.appendingPathComponent(folder)
    guard let walk = FileManager.default.enumerator(atPath: top.path) else { return [] }
    var texts: [SourceText] = []
    while let relative = walk.nextObject() as? String {
      if let name = relative.split(separator: "/").last, unshipped.contains(String(name)) {
        walk.skipDescendants()
        continue
      }
      let file = top.appendingPathComponent(relative)
      guard let data = try? Data(contentsOf: file), !data.contains(0),
        let text = String(data: data, encoding: .utf8)
      else { continue }
      texts.append(SourceText(path: folder.isEmpty ? relative : "\(folder)/\(relative)", text: text))
    }
    return texts.sorted { $0.path < $1.path }
  }

  /// The Swift files of the product.
  static func sources() throws -> [SourceText] {
    try texts(below: "Sources").filter { $0.path.hasSuffix(".swift") }
  }
}
