internal import Bytes
public import Settings

/// Hosts of a data file (`redirectors.hosts`, `shorteners.hosts`), each with its sub-domains, perhaps with a path
/// below which it counts.
public struct HostList: Sendable, Hashable {
  /// Host → the beginnings of paths; one of "" is about all.
  private var paths: [String: [String]] = [:]

  public init() {}

  public var isEmpty: Bool { paths.isEmpty }
  public var count: Int { paths.reduce(0) { $0 + $1.value.count } }

  /// Whether a link's host, and its path with the first `/`, are among them.
  public func contains(host: String, path: String) -> Bool {
    if paths.isEmpty { return false }
    var rest = host.lowercasedASCII[...]
    while true {
      if let known = paths[String(rest)], known.contains(where: { path.utf8.starts(with: $0.utf8) }) {
        return true
      }
      guard let dot = rest.firstIndex(of: ".") else { return false }
      rest = rest[rest.index(after: dot)...]
    }
  }

  /// Reads lines `host` or `host/path`; `#` begins a comment.
  public static func read(text: String, file: String) -> (HostList, [SettingsProblem]) {
    var list = HostList()
    var problems: [SettingsProblem] = []
    var number = 0
    for line in text.utf8.split(separator: .lineFeed, omittingEmptySubsequences: false) {
      number += 1
      let content = Substring(line).prefix { $0 != "#" }.filter { !$0.isWhitespace }
      if content.isEmpty { continue }
      let slash = content.firstIndex(of: "/") ?? content.endIndex
      let host = content[..<slash].lowercasedASCII
      guard host.contains("."), host.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == .dot || $0 == 0x2d })
      else {
        problems.append(
          SettingsProblem(
            file: file, position: SourcePosition(line: number, column: 1),
            message: "not a host or host/path: \(content.printable(limit: 60))"))
        continue
      }
      list.paths[host, default: []].append(String(content[slash...]))
    }
    return (list, problems)
  }
}
