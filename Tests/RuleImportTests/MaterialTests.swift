import Bytes
import Filtering
import Foundation
import RuleImport
import TestSupport
import Testing

/// Files from the wild: every line is accounted for, and what is written can be read again.
@Suite struct ImportMaterialTests {
  private struct Source: CustomStringConvertible {
    let path: String
    let kind: ImportKind
    let role: String?
    var description: String { path }
  }

  /// The files of a folder of the material, by path below it.
  private func files(_ folder: String) throws -> [String] {
    let root = "\(Material.folder)/\(folder)"
    return try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }

  /// By its name: what kind a file of somebody's Postfix is. What is none of the others is read as a table of
  /// `pattern action`, and every line of it is to be told of as well.
  private func source(_ path: String) -> Source? {
    let name = path.split(separator: "/").last.map { String($0).lowercased() } ?? ""
    if name == "origin.txt" || name.hasPrefix("licen") || name.hasPrefix("copying") { return nil }
    if name.contains("checks") || name.hasSuffix(".pcre") || name.hasSuffix(".regexp") {
      return Source(path: path, kind: .postfixChecks, role: nil)
    }
    return Source(path: path, kind: name.contains("cidr") ? .postfixCIDR : .postfixAccess, role: nil)
  }

  @Test(needsMaterial("rules-postfix")) func tablesOfPostfix() throws {
    let sources = try files("rules-postfix").compactMap(source)
    #expect(!sources.isEmpty)
    let short = Material.judge("rules-postfix", sources) { source in
      fallsShort("rules-postfix/\(source.path)", source.kind, role: source.role)
    }
    for one in short { Issue.record("\(one)") }
  }

  @Test(needsMaterial("procmail")) func rcFiles() throws {
    let sources = try files("procmail").filter { path in
      let name = path.split(separator: "/").last.map(String.init) ?? ""
      return name.hasSuffix(".rc") || name.hasSuffix(".proc") || name.contains("procmailrc")
        || name.hasPrefix("rc.")
    }.map { Source(path: $0, kind: .procmailrc, role: nil) }
    #expect(!sources.isEmpty)
    let short = Material.judge("procmail/import", sources) { source in
      fallsShort("procmail/\(source.path)", source.kind, role: nil)
    }
    for one in short { Issue.record("\(one)") }
  }

  /// What is wrong with the import of a file; nil where nothing is.
  private func fallsShort(_ path: String, _ kind: ImportKind, role: String?) -> String? {
    guard let data = FileManager.default.contents(atPath: "\(Material.folder)/\(path)") else {
      return "not to be read"
    }
    let text = [UInt8](data)
    let result = Import.read(kind, name: path, text: text, options: ImportOptions(role: role))
    let told = Set(result.lines.flatMap { Array($0.lines) })
    for (index, line) in text.split(separator: .lineFeed, omittingEmptySubsequences: false).enumerated() {
      let first = line.first { !$0.isWhiteSpace && $0 != .carriageReturn }
      guard let first, first != UInt8(ascii: "#"), !told.contains(index + 1) else { continue }
      return "nothing is said of line \(index + 1)"
    }
    for line in result.lines {
      if line.outcome.kind != .carried, line.outcome.message?.isEmpty ?? true {
        return "no reason at \(line.lines)"
      }
      for target in line.targets {
        guard let file = result.files.first(where: { $0.name == target.file }) else {
          return "no file \(target)"
        }
        let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
        guard (1...count).contains(target.line) else { return "no line \(target)" }
      }
    }
    let lists = result.files.filter { $0.role == .list }.map {
      ListSource(file: $0.name, text: Array($0.text.utf8))
    }
    let reading = ListSnapshot.parse(lists, at: Timestamp(milliseconds: 1_781_524_800_000))
    return reading.problems.first.map { "\($0)" }
  }
}
