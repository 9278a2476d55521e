import Foundation
import TestSupport

/// The configurations that the README prints, as it prints them: code blocks behind `<!-- snippet: NAME -->`.
enum Snippet {
  static func text(_ name: String) throws -> String {
    let page = try RepositoryFile.text("README.md")
    guard let marker = page.range(of: "<!-- snippet: \(name) -->\n```") else {
      throw HarnessFault("README.md has no snippet \(name)")
    }
    let rest = page[marker.upperBound...]
    guard let begin = rest.firstIndex(of: "\n"), let end = rest.range(of: "\n```\n") else {
      throw HarnessFault("the snippet \(name) of README.md does not end")
    }
    return rest[rest.index(after: begin)..<end.lowerBound] + "\n"
  }

  /// Its lines with the README's backend port replaced, which must stand there.
  static func lines(_ name: String, port: UInt16) throws -> [String] {
    let text = try text(name)
    guard text.contains("10025") else { throw HarnessFault("the snippet \(name) does not name port 10025") }
    return text.replacingOccurrences(of: "10025", with: "\(port)").split(separator: "\n").map(String.init)
  }
}

/// A file of the repository that this test was built from.
enum RepositoryFile {
  static func url(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(path)
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try readBytes(atPath: url(path).path), as: UTF8.self)
  }
}
