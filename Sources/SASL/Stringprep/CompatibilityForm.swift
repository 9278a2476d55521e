/// Normalisation form KC of Unicode 3.2 (UAX #15; RFC 3454 §4), the standard library's being of a newer Unicode and of
/// form C.
enum CompatibilityForm {
  static func of(_ codes: [UInt32]) -> [UInt32] {
    composed(ordered(codes.flatMap(decomposed)))
  }

  private static let syllables: Range<UInt32> = 0xac00..<0xd7a4
  private static let leading: Range<UInt32> = 0x1100..<0x1113
  private static let vowels: Range<UInt32> = 0x1161..<0x1176
  private static let trailing: Range<UInt32> = 0x11a8..<0x11c3

  private static func decomposed(_ code: UInt32) -> [UInt32] {
    guard syllables.contains(code) else { return UnicodeTables.decompositions[code] ?? [code] }
    let index = code - syllables.lowerBound
    let parts = [leading.lowerBound + index / 588, vowels.lowerBound + index % 588 / 28]
    return index % 28 == 0 ? parts : parts + [trailing.lowerBound - 1 + index % 28]
  }

  /// Marks behind one another in the order of their classes, those of one class as they came.
  private static func ordered(_ codes: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(codes.count)
    var marks: [(code: UInt32, rank: UInt32)] = []
    func flush() {
      // Sorting is stable by the position, as the pair has it.
      let sorted = marks.enumerated().sorted {
        ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
      }
      result += sorted.map(\.element.code)
      marks = []
    }
    for code in codes {
      let rank = UnicodeTables.classes[code] ?? 0
      if rank == 0 {
        flush()
        result.append(code)
      } else {
        marks.append((code, rank))
      }
    }
    flush()
    return result
  }

  private static func composed(_ codes: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var starter: Int?
    /// The class of what stands last behind the starter; nil where nothing does.
    var last: UInt32?
    for code in codes {
      let rank = UnicodeTables.classes[code] ?? 0
      let isBlocked = last.map { $0 == 0 || $0 >= rank } ?? false
      if let index = starter, !isBlocked, let both = composition(result[index], code) {
        result[index] = both
        continue
      }
      if rank == 0 {
        starter = result.count
        last = nil
      } else {
        last = rank
      }
      result.append(code)
    }
    return result
  }

  private static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if leading.contains(first), vowels.contains(second) {
      return syllables.lowerBound + ((first - leading.lowerBound) * 21 + second - vowels.lowerBound) * 28
    }
    if syllables.contains(first), (first - syllables.lowerBound) % 28 == 0, trailing.contains(second) {
      return first + second - (trailing.lowerBound - 1)
    }
    return UnicodeTables.compositions[UnicodeTables.pair(first, second)]
  }
}
