import Foundation
import TestSupport
import Testing

/// Every message of the third-party material, beside what Python's `email` reads in it: each difference is in a class of
/// `Tests/Compare/compare/mailclasses.py`, which proves it from the octets.
@Suite struct PythonEmailTests {
  private struct Message: CustomStringConvertible {
    let path: String
    let description: String
  }

  private static let folders = [
    ("corpus", ""), ("charset-mail", ""), ("mime-enmime", ".raw"), ("mime-mime4j", ".msg"),
    ("mime-mail-parser", ".eml"),
  ]

  private static func messages() -> [Message] {
    folders.flatMap { folder, end in
      let paths = FileManager.default.enumerator(atPath: "\(Material.folder)/\(folder)")?
        .compactMap { $0 as? String }
      return (paths ?? []).sorted().filter { path in
        guard path.hasSuffix(end), !path.hasSuffix("ORIGIN.txt"), !path.hasSuffix("LICENSE") else {
          return false
        }
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(
          atPath: "\(Material.folder)/\(folder)/\(path)", isDirectory: &isFolder) && !isFolder.boolValue
      }.map { Message(path: "\(Material.folder)/\(folder)/\($0)", description: "\(folder)/\($0)") }
    }
  }

  @Test(needs(.python3), needsMaterial("corpus")) func everyDifferenceIsExplained() throws {
    let messages = Self.messages()
    let scratch = try ScratchFolder("python-email")
    let lines = try messages.map { message in
      "\(message.path)\t\(try MessageOutline(try readBytes(atPath: message.path)).line())\n"
    }
    let answers = try scratch.write("answers", bytes: Array(lines.joined().utf8))
    let compare = try run(
      "python3", ["\(Repository.root)/Tests/Compare/run", "mail", "--count", "0", "--answers", answers],
      environment: ["WEIR_MATERIAL": Material.folder], within: .seconds(180))
    let told = compare.output.split(separator: "\n").map(String.init)
    let summary = try #require(told.first { $0.hasPrefix("mail, \(messages.count) messages") })
    #expect(summary.contains(" trees") && summary.contains(" texts"))
    let unexplained = told.filter { $0.hasPrefix("  UNEXPLAINED ") }
    let short = Material.judge("python-email/messages", messages) { message in
      unexplained.first { $0.contains(": \(message.description)") }
    }
    #expect(short.isEmpty)
    #expect(compare.ending == .exited(unexplained.isEmpty ? 0 : 1), "\(compare.errors)")
  }
}
