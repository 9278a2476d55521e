import ArgumentParser
import Bytes
import Foundation
import RuleImport

/// `weir import`: files of other mail filters, brought over into rules and lists.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract:
      "Bring files of other mail filters over into rules and lists, and report each line that does not come.",
    discussion: """
      KIND is one of:

      \(ImportKind.allCases.map { "\($0.rawValue): \($0.summary)" }.joined(separator: "\n\n"))

      Without --into nothing is written: the files and the report are shown. With it they are written into Blocklists/ \
      and Rules/ of that folder, new files only. What would let somebody relay, and limits, are shown as a piece of \
      configuration and never written.

      Exits 0 where all lines came over, with differences perhaps; 1 where some did not, or could not be read; 2 where \
      the file cannot be read, or one that would be written is there already.
      """)

  @Argument(
    help: "What the file is.",
    transform: { text in
      if let kind = ImportKind(rawValue: text) { return kind }
      throw ValidationError("KIND is one of \(ImportKind.allCases.map(\.rawValue).joined(separator: ", "))")
    })
  var kind: ImportKind

  @Argument(help: "The file, or - for standard input.")
  var file: String

  @Option(help: "The folder that Blocklists/ and Rules/ are in; without it nothing is written.")
  var into: String?

  @Option(help: "What the written files are called; by default as the source is.")
  var name: String?

  @Option(
    name: .customLong("as"),
    help: """
      What the file is for, where its name does not say it: client, helo, sender or recipient of an access table; \
      header, body, mime or nested of checks; the file's name in qmail's control folder; the setting of ASSP's; \
      allow or deny.
      """)
  var role: String?

  @Option(help: "pcre or regexp, of postfix-checks.")
  var syntax: String?

  @Flag(help: "JSON instead of text.")
  var json = false

  func validate() throws {
    if let syntax, !["pcre", "regexp"].contains(syntax) {
      throw ValidationError("--syntax is pcre or regexp")
    }
  }

  func run() throws {
    let options = ImportOptions(name: name, role: role, syntax: syntax)
    let result = Import.read(kind, name: file, text: try text(), options: options)
    let written = try into.map { try write(result, into: $0) } ?? []
    let report = ImportReport(result: result, source: file, kind: kind, written: written)
    print(json ? try report.json() : report.text(), terminator: json ? "\n" : "")
    if !result.isComplete { throw ExitCode(1) }
  }

  private func text() throws -> [UInt8] {
    do {
      let handle =
        file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
      return [UInt8](try handle.read(upToCount: Import.mostOctets + 1) ?? Data())
    } catch {
      Complaint.write("\(file): \(FileFault.words(error))")
      throw ExitCode(2)
    }
  }

  /// Writes the files, none over another; gives their paths.
  private func write(_ result: ImportResult, into folder: String) throws -> [String] {
    let files = result.files.compactMap { file in file.path.map { (path: "\(folder)/\($0)", text: file.text) }
    }
    for file in files where FileManager.default.fileExists(atPath: file.path) {
      Complaint.write(
        "\(file.path) is there already: nothing was written; --name gives the files another name")
      throw ExitCode(2)
    }
    for file in files {
      let url = URL(fileURLWithPath: file.path)
      do {
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        // Never over a file that has come meanwhile.
        try Data(file.text.utf8).write(to: url, options: .withoutOverwriting)
      } catch {
        Complaint.write("\(file.path): \(FileFault.words(error))")
        throw ExitCode(2)
      }
    }
    return files.map(\.path)
  }
}

/// The report of an import, for people and for programs.
struct ImportReport {
  let result: ImportResult
  let source: String
  let kind: ImportKind
  /// The paths of the files that were written; empty where none were asked for.
  let written: [String]

  private var name: String { source == "-" ? "standard input" : source }

  func text() -> String {
    var lines: [String] = []
    for file in result.files where written.isEmpty || file.role == .configuration {
      lines.append("==> \(file.path ?? "for weir.toml, by your own hand")")
      lines += [file.text]
    }
    for path in written { lines.append("written: \(path)") }
    for note in result.notes { lines.append("note: \(note)") }
    for kind in [ImportedLine.Outcome.Kind.wrong, .left, .changed, .carried] {
      let some = result.lines.filter { $0.outcome.kind == kind }
      if some.isEmpty { continue }
      lines += ["", Self.heading(kind)]
      lines += some.map(describe)
    }
    lines += ["", summary]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func heading(_ kind: ImportedLine.Outcome.Kind) -> String {
    switch kind {
    case .carried: "Carried over:"
    case .changed: "Carried over with a difference:"
    case .left: "Not carried over:"
    case .wrong: "Not to be read:"
    }
  }

  private func describe(_ line: ImportedLine) -> String {
    var place = "\(name.printable()):\(line.lines.lowerBound)"
    if case .wrong(_, let column) = line.outcome { place += ":\(column)" }
    let targets = line.targets.prefix(4).map(\.description).joined(separator: ", ")
    let more = line.targets.count > 4 ? " and \(line.targets.count - 4) more" : ""
    let message = line.outcome.message.map { ": \($0)" } ?? ""
    return "\(place)\(message)\n    \(line.text)" + (targets.isEmpty ? "" : "\n    -> \(targets)\(more)")
  }

  private var summary: String {
    let counts = [
      "\(result.count(.carried)) carried over", "\(result.count(.changed)) with a difference",
      "\(result.count(.left)) not", "\(result.count(.wrong)) not to be read",
    ]
    return
      "\(name.printable()): \(counts.joined(separator: ", ")); \(result.comments) lines blank or comments"
  }

  // MARK: JSON

  private struct Output: Encodable {
    struct File: Encodable {
      let role: String
      let name: String
      let path: String?
      let text: String
    }
    struct Line: Encodable {
      let first: Int
      let last: Int
      let text: String
      let outcome: String
      let message: String?
      let column: Int?
      let targets: [String]
    }
    let kind: String
    let source: String
    let files: [File]
    let written: [String]
    let lines: [Line]
    let notes: [String]
    let counts: [String: Int]
  }

  func json() throws -> String {
    var counts = ["comments": result.comments]
    for kind in ImportedLine.Outcome.Kind.allCases { counts[kind.rawValue] = result.count(kind) }
    let lines = result.lines.map { line in
      var column: Int?
      if case .wrong(_, let found) = line.outcome { column = found }
      return Output.Line(
        first: line.lines.lowerBound, last: line.lines.upperBound, text: line.text,
        outcome: line.outcome.kind.rawValue, message: line.outcome.message, column: column,
        targets: line.targets.map(\.description))
    }
    let output = Output(
      kind: kind.rawValue, source: source,
      files: result.files.map { .init(role: $0.role.rawValue, name: $0.name, path: $0.path, text: $0.text) },
      written: written, lines: lines, notes: result.notes, counts: counts)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(output), as: UTF8.self)
  }
}
