import Bytes
import Settings

/// The octets of a rule file, and which line and column each of them is.
struct RuleSource: Sendable {
  let name: String
  /// Lines end in LF; a CR before it is gone, and so is a byte order mark.
  let octets: [UInt8]
  /// Whether lines ended in CR LF.
  let hadCarriageReturns: Bool
  private let lineStarts: [Int]

  init(name: String, octets: some Sequence<UInt8>) {
    self.name = name
    var kept: [UInt8] = []
    var had = false
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    // What editors of Windows put before UTF-8 says nothing.
    let text = octets.starts(with: mark) ? octets.dropFirst(3) : octets.dropFirst(0)
    for octet in text {
      if octet == .lineFeed, kept.last == .carriageReturn {
        kept.removeLast()
        had = true
      }
      kept.append(octet)
    }
    self.octets = kept
    hadCarriageReturns = had
    var starts = [0]
    for index in kept.indices where kept[index] == .lineFeed { starts.append(index + 1) }
    lineStarts = starts
  }

  /// The line of an offset, from 0.
  func lineIndex(of offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The octets of a line without its end.
  func line(_ index: Int) -> ArraySlice<UInt8> {
    let start = lineStarts[index]
    let end = index + 1 < lineStarts.count ? lineStarts[index + 1] - 1 : octets.count
    return octets[start..<end]
  }

  func text(ofLine index: Int) -> String { String(decoding: line(index), as: UTF8.self) }

  /// The place of octets; what reaches over the end of its first line is cut there.
  func place(_ range: Range<Int>) -> RulePlace {
    let index = lineIndex(of: min(range.lowerBound, octets.count))
    let line = line(index)
    let start = min(range.lowerBound, line.endIndex)
    let end = max(start, min(range.upperBound, line.endIndex))
    return RulePlace(
      file: name,
      position: SourcePosition(line: index + 1, column: scalars(line[line.startIndex..<start]) + 1),
      length: scalars(line[start..<end]))
  }

  private func scalars(_ octets: ArraySlice<UInt8>) -> Int {
    if octets.allSatisfy({ $0 < 0x80 }) { return octets.count }
    return String(decoding: octets, as: UTF8.self).unicodeScalars.count
  }

  func problem(
    _ severity: RuleProblem.Severity, _ message: String, cure: String, at range: Range<Int>
  ) -> RuleProblem {
    let place = place(range)
    return RuleProblem(severity, message, cure: cure, at: place, in: text(ofLine: place.line - 1))
  }
}
