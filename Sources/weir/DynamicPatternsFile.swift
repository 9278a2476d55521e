import Foundation
import Patterns
import Settings

/// The file of names of homes' connections, beside the lists.
enum DynamicPatternsFile {
  static let standard = "dynamic.patterns"

  /// The expressions; none where there is no such file and none is named.
  ///
  /// - Returns: also what is wrong with them, with file, line and column.
  static func read(_ settings: Settings) -> (PatternFile, [SettingsProblem]) {
    var keys = settings.checks["dynamic_name"]?.keys ?? .none
    let written = keys.string("file", default: "")
    let path =
      written.isEmpty ? settings.resolve(settings.listsFolder) + "/" + standard : settings.resolve(written)
    let name = URL(fileURLWithPath: path).lastPathComponent
    guard let text = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      let isMissing = !FileManager.default.fileExists(atPath: path)
      if written.isEmpty && isMissing { return (PatternFile(name: name), absence(settings, path)) }
      return (
        PatternFile(name: name),
        [settings.problem("checks.dynamic_name.file", FileFault.unreadable(path))]
      )
    }
    let file = PatternFile(name: name, [UInt8](text))
    return (
      file,
      file.problems.map {
        SettingsProblem(
          file: path, position: SourcePosition(line: $0.line, column: $0.column), message: $0.message)
      }
    )
  }

  /// Of a folder of lists that lacks it, while the check is on; that there is no folder is said elsewhere.
  private static func absence(_ settings: Settings, _ path: String) -> [SettingsProblem] {
    let folder = settings.resolve(settings.listsFolder)
    guard settings.checks["dynamic_name"]?.mode != .off, FileManager.default.fileExists(atPath: folder) else {
      return []
    }
    let text =
      "there is no \(path): dynamic_name finds nothing; take the one that comes with Weir, name another in checks.dynamic_name.file, or write checks.dynamic_name.mode = \"off\""
    return [settings.problem("lists.folder", as: .warning, text)]
  }
}
