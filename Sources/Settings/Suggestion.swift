internal import Bytes

/// Finds what the operator most likely meant by a word that does not exist.
public enum Suggestion {
  /// The nearest of `candidates`, if near enough to be worth saying; the first in order among equals.
  public static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
    // Bound: a word longer than any key there is needs no comparison.
    guard word.utf8.count <= 64 else { return nil }
    let typed = Array(word.lowercasedASCII.utf8)
    let limit = Swift.max(1, typed.count / 3)
    var best: (word: String, distance: Int)?
    for candidate in candidates.sorted() {
      let distance = distance(typed, Array(candidate.lowercasedASCII.utf8))
      if distance <= limit, distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// `; did you mean 'connections'?` or nothing.
  public static func clause(for word: String, in candidates: some Sequence<String>) -> String {
    nearest(to: word, in: candidates).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// Insertions, deletions, changes and swaps of neighbours that lead from one to the other.
  public static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    if left.isEmpty || right.isEmpty { return Swift.max(left.count, right.count) }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 1...left.count {
      var current = [row]
      current.reserveCapacity(right.count + 1)
      for column in 1...right.count {
        let change = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
        var cost = Swift.min(change, last[column] + 1, current[column - 1] + 1)
        if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
          cost = Swift.min(cost, beforeLast[column - 2] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
