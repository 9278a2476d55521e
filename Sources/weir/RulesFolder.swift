import Foundation
import Rules
import Settings

/// The folder of rules (`[rules] folder`) on the disk.
enum RulesFolder {
  // Bounds: files and octets of all of them, and folders in folders.
  static let mostFiles = 20_000
  static let mostOctets = 256 << 20
  static let mostLevels = 6

  /// All that lies in the folder, but for what people write for themselves (`README.md`), tests of rules (`*.case`)
  /// and what editors leave.
  ///
  /// - Parameter named: the folder that counts, whatever the settings say.
  /// - Returns: nothing where there is no folder and none is named; also what is wrong with reading it.
  static func read(_ settings: Settings, at named: String? = nil) -> (RuleFolder, [SettingsProblem]) {
    let path = named ?? settings.resolve(settings.rules.folder)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      guard named != nil || settings.isWritten("rules.folder") else { return (RuleFolder(), []) }
      return (RuleFolder(), [settings.problem("rules.folder", FileFault.unreadable(path))])
    }
    guard isFolder.boolValue else {
      return (RuleFolder(), [settings.problem("rules.folder", "\(path): not a folder")])
    }
    var walk = Walk(root: path)
    do {
      try walk.read("", level: 0)
    } catch {
      return (RuleFolder(), [settings.problem("rules.folder", error.description)])
    }
    return (RuleFolder(path: path, root: absolute(path), files: walk.files), [])
  }

  /// A path from the root on, without `.` and `..`; links stay as they are written.
  static func absolute(_ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private struct Fault: Error {
    let description: String
  }

  private struct Walk {
    let root: String
    var files: [String: [UInt8]] = [:]
    private var octets = 0

    init(root: String) { self.root = root }

    mutating func read(_ folder: String, level: Int) throws(Fault) {
      let path = folder.isEmpty ? root : "\(root)/\(folder)"
      guard level <= mostLevels else {
        throw Fault(description: "\(path): more than \(mostLevels) folders in folders")
      }
      let names: [String]
      do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
        throw Fault(description: "\(path): cannot be read: \(FileFault.words(error))")
      }
      for name in names.sorted() where !RulesFolder.isIgnored(name) {
        try take(folder.isEmpty ? name : "\(folder)/\(name)", level)
      }
    }

    private mutating func take(_ name: String, _ level: Int) throws(Fault) {
      let path = "\(root)/\(name)"
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Fault(description: "\(path): a link that leads nowhere")
      }
      if isFolder.boolValue { return try read(name, level: level + 1) }
      guard files.count < mostFiles else {
        throw Fault(description: "\(root): more than \(mostFiles) files")
      }
      let data: Data
      do {
        // Bound: what is no plain file could be read for ever.
        let values = try URL(fileURLWithPath: path).resolvingSymlinksInPath().resourceValues(
          forKeys: [.isRegularFileKey, .fileSizeKey])
        guard values.isRegularFile == true else { throw Fault(description: "\(path): not a file") }
        guard octets + (values.fileSize ?? 0) <= mostOctets else {
          throw Fault(description: "\(root): more than \(mostOctets >> 20) MiB in all files")
        }
        data = try Data(contentsOf: URL(fileURLWithPath: path))
      } catch let fault as Fault {
        throw fault
      } catch {
        throw Fault(description: "\(path): cannot be read: \(FileFault.words(error))")
      }
      octets += data.count
      files[name] = [UInt8](data)
    }
  }

  private static func isIgnored(_ name: String) -> Bool {
    name.hasPrefix(".") || name.hasSuffix("~") || name.hasSuffix(".case") || name.hasSuffix(".bak")
      || name.lowercased().hasSuffix(".md")
  }
}
