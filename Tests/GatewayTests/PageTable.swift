import Foundation
import TestSupport
import Testing

/// A table of a manual page that is made from the product and kept in the page, between
/// `<!-- begin table -->` and `<!-- end table -->`.
struct PageTable {
  let page: String
  let head: [String]
  let rows: [[String]]

  /// Compares the page with the product row by row; with `WEIR_UPDATE_PAGES=1` writes the page instead.
  func check() throws {
    let path = "Sources/weir/Weir.docc/\(page)"
    let text = try RepositoryFile.text(path)
    guard let begin = text.range(of: "<!-- begin table -->\n"), let end = text.range(of: "<!-- end table -->")
    else { throw HarnessFault("\(path) has no place for its table") }
    let wanted = lines
    let found = text[begin.upperBound..<end.lowerBound].split(separator: "\n").map(String.init)
    if ProcessInfo.processInfo.environment["WEIR_UPDATE_PAGES"] == "1" {
      let whole = text[..<begin.upperBound] + wanted.map { $0 + "\n" }.joined() + text[end.lowerBound...]
      try Data(whole.utf8).write(to: RepositoryFile.url(path))
      return
    }
    for line in wanted where !found.contains(line) {
      Issue.record("\(path) lacks this row (WEIR_UPDATE_PAGES=1 writes it): \(line)")
    }
    for line in found where !wanted.contains(line) {
      Issue.record("\(path) has a row of what is not there: \(line)")
    }
    #expect(found == wanted, "\(path): the rows are in the product's order")
  }

  private var lines: [String] {
    let rule = head.map { _ in "---" }
    return ([head, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
  }

  /// A cell of plain text, fit for Markdown.
  static func text(_ text: String) -> String {
    text.replacingOccurrences(of: "|", with: "\\|").replacingOccurrences(of: "<", with: "\\<")
      .replacingOccurrences(of: "*", with: "\\*").replacingOccurrences(of: "_", with: "\\_")
  }

  /// A cell of words of a program; empty for none.
  static func code(_ text: String) -> String {
    text.isEmpty ? "" : "`" + text.replacingOccurrences(of: "|", with: "\\|") + "`"
  }
}
