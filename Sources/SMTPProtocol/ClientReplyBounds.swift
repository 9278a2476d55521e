extension Reply {
  /// Bounds: what of a backend's reply is kept and passed on.
  static let mostKeptLines = 20
  static let mostKeptOctets = 2048

  /// The reply with its first lines only, so many as fit; a line that does not fit is cut between characters.
  var bounded: Reply {
    var left = Self.mostKeptOctets
    guard lines.count > Self.mostKeptLines || lines.reduce(0, { $0 + $1.utf8.count }) > left else {
      return self
    }
    var kept: [String] = []
    for line in lines.prefix(Self.mostKeptLines) {
      guard left > 0 else { break }
      kept.append(Self.cut(line, to: left))
      left -= line.utf8.count
    }
    return Reply(code, enhanced, kept)
  }

  private static func cut(_ line: String, to octets: Int) -> String {
    guard line.utf8.count > octets else { return line }
    var end = line.utf8.index(line.startIndex, offsetBy: octets)
    while end > line.startIndex, line.utf8[end] & 0xc0 == 0x80 { end = line.utf8.index(before: end) }
    return String(line[..<end])
  }
}
