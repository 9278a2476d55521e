/// What Unicode 3.2 says of characters; read out of the texts beside it, once, when the first name comes that is not
/// ASCII.
enum UnicodeTables {
  /// In full, so that no decomposition holds a character that is in here.
  static let decompositions: [UInt32: [UInt32]] = {
    var table: [UInt32: [UInt32]] = [:]
    var key: UInt32 = 0
    for entry in DecompositionText.all.utf8.split(separator: space) {
      if entry.first == UInt8(ascii: "+") {
        for _ in 0..<number(entry.dropFirst()) {
          let value = (table[key]?.first ?? 0) + 1
          key += 1
          table[key] = [value]
        }
        continue
      }
      let fields = entry.split(separator: comma, omittingEmptySubsequences: false)
      key += fields[0].isEmpty ? 1 : number(fields[0])
      table[key] = fields.dropFirst().map(number)
    }
    return table
  }()

  /// By first and second character.
  static let compositions: [UInt64: UInt32] = {
    var table: [UInt64: UInt32] = [:]
    var first: UInt32 = 0
    for entry in UnicodeText.compositions.utf8.split(separator: space) {
      let fields = entry.split(separator: comma).map(number)
      first += fields[0]
      table[pair(first, fields[1])] = fields[2]
    }
    return table
  }()

  /// Canonical combining classes other than 0.
  static let classes: [UInt32: UInt32] = {
    var table: [UInt32: UInt32] = [:]
    var key: UInt32 = 0
    for entry in UnicodeText.classes.utf8.split(separator: space) {
      let fields = entry.split(separator: comma).map(number)
      let first = key + fields[0]
      key = first + (fields.count > 2 ? fields[2] : 0)
      for code in first...key { table[code] = fields[1] }
    }
    return table
  }()

  static let unassigned = CodeRanges(UnicodeText.unassigned)
  static let nothing = CodeRanges(UnicodeText.nothing)
  static let spaces = CodeRanges(UnicodeText.space)
  static let prohibited = CodeRanges(UnicodeText.prohibited)
  static let rightToLeft = CodeRanges(UnicodeText.rightToLeft)
  static let leftToRight = CodeRanges(UnicodeText.leftToRight)

  static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

  fileprivate static func number(_ digits: Substring.UTF8View.SubSequence) -> UInt32 {
    digits.reduce(0) { $0 * 36 + UInt32($1 < 0x3a ? $1 - 0x30 : $1 - 0x61 + 10) }
  }

  fileprivate static let space = UInt8(ascii: " ")
  fileprivate static let comma = UInt8(ascii: ",")
}

/// Ranges of code points, in order.
struct CodeRanges: Sendable {
  private let ranges: [ClosedRange<UInt32>]

  init(_ text: String) {
    var end: UInt32 = 0
    ranges = text.utf8.split(separator: UnicodeTables.space).map { entry in
      let fields = entry.split(separator: UnicodeTables.comma).map(UnicodeTables.number)
      let first = end + fields[0]
      end = first + (fields.count > 1 ? fields[1] : 0)
      return first...end
    }
  }

  func contains(_ code: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].contains(code) { return true }
      if code < ranges[middle].lowerBound { high = middle } else { low = middle + 1 }
    }
    return false
  }
}
