/// The references of a text, of which there may be too many: then those that a person sees stay before the others, and of
/// each kind the first and the last.
struct ReferencePool {
  private struct Kind {
    var kept: [(number: Int, reference: HTMLReading.Reference)] = []
    private var next = 0

    /// False where one is left out.
    mutating func add(_ entry: (Int, HTMLReading.Reference), most: Int) -> Bool {
      guard kept.count >= most else {
        kept.append(entry)
        return true
      }
      let last = min(mostLast, most)
      kept[most - last + next] = entry
      next = (next + 1) % last
      return false
    }
  }

  /// The last that stay of each kind, where there are more than so many.
  private static let mostLast = 64

  private let most: Int
  private var labelled = Kind()
  private var bare = Kind()
  private var count = 0
  private(set) var isCut = false

  /// - Parameter most: those with a label, and those without.
  init(most: Int) { self.most = max(1, most) }

  /// The place of the next reference in the text.
  mutating func number() -> Int {
    count += 1
    return count
  }

  mutating func add(_ reference: HTMLReading.Reference, number: Int) {
    let isBare = reference.label.visibleCount == 0
    let entry = (number, reference)
    if !(isBare ? bare.add(entry, most: most) : labelled.add(entry, most: most)) { isCut = true }
  }

  /// In the order of the text.
  var all: [HTMLReading.Reference] {
    var order = labelled.kept.indices.map { (number: labelled.kept[$0].number, place: $0) }
    order += bare.kept.indices.map { (number: bare.kept[$0].number, place: -1 - $0) }
    order.sort { $0.number < $1.number }
    return order.map {
      $0.place >= 0 ? labelled.kept[$0.place].reference : bare.kept[-1 - $0.place].reference
    }
  }
}
