import Bytes
import Filtering
import Patterns
import RuleImport

/// Files of other filters: any octets are brought over or told of, and what is written can be read.
let fuzzImport: @Sendable ([UInt8]) -> Void = { bytes in
  guard bytes.count >= 2 else { return }
  let names = [
    "access", "sender_access", "header_checks", "body_checks", "mime_header_checks", "denysmtp.txt",
    "bombre.txt",
    "spamaddresses.txt", "blackListedDomains", "badmailfrom", "tcp.smtp", "rcpthosts", "hosts.deny",
    "hosts.allow",
    "helo_access", "regexp_checks",
  ]
  let kind = ImportKind.allCases[Int(bytes[0]) % ImportKind.allCases.count]
  let text = Array(bytes.dropFirst(2))
  let result = Import.read(kind, name: names[Int(bytes[1]) % names.count], text: text)
  let lines = text.count { $0 == 10 } + 1
  for line in result.lines {
    promise(line.lines.lowerBound >= 1 && line.lines.upperBound <= lines, "no such line: \(line)")
    promise(line.text.utf8.isPlain, "control characters: \(line)")
    promise(line.outcome.kind == .carried || !(line.outcome.message ?? "").isEmpty, "no reason: \(line)")
    if case .wrong(_, let column) = line.outcome { promise(column >= 1, "no such column: \(line)") }
    for target in line.targets {
      let file = result.files.first { $0.name == target.file }
      let count = file.map { $0.text.utf8.count { $0 == 10 } } ?? 0
      promise((1...max(1, count)).contains(target.line) && count > 0, "no such place: \(target)")
    }
  }
  for file in result.files { check(file) }
}

private func check(_ file: ImportedFile) {
  promise(file.text.utf8.filter { $0 != 10 && $0 != 9 }.isPlain, "control characters in \(file.name)")
  promise(
    file.name.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-_.".utf8.contains($0) }, "the name \(file.name)")
  switch file.role {
  case .list:
    let source = ListSource(file: file.name, text: Array(file.text.utf8))
    let reading = ListSnapshot.parse([source], at: Timestamp(milliseconds: 1_700_000_000_000))
    promise(!reading.hasErrors, "a list that cannot be read: \(reading.problems)\n\(file.text)")
  case .rules:
    for line in file.text.split(separator: "\n") where line.hasPrefix("* PCRE ?? ") {
      let parts = line.split(separator: "??", maxSplits: 2)
      // How far back PCRE2 looks is its own matter.
      guard parts.count == 3, !line.contains("(?<=") && !line.contains("(?<!") else { continue }
      let compiled = try? Patterns.Pattern(String(parts[2].dropFirst()))
      promise(compiled != nil, "an expression that PCRE2 refuses: \(line)")
    }
  case .configuration:
    promise(file.path == nil, "configuration that would be written")
  }
}
