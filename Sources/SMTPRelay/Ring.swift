/// A queue in one array.
struct Ring<Element> {
  private var elements: [Element?] = []
  private var first = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: Element) {
    if count == elements.count {
      var grown: [Element?] = []
      grown.reserveCapacity(max(8, 2 * count))
      for offset in 0..<count { grown.append(elements[(first + offset) % elements.count]) }
      grown.append(contentsOf: repeatElement(nil, count: max(8, count)))
      elements = grown
      first = 0
    }
    elements[(first + count) % elements.count] = element
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = elements[first]
    elements[first] = nil
    first = (first + 1) % elements.count
    count -= 1
    return element
  }

  /// Takes out what `isWanted` does not want, in order.
  mutating func removeAll(where isUnwanted: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    for _ in 0..<count {
      guard let element = popFirst() else { break }
      if isUnwanted(element) { removed.append(element) } else { append(element) }
    }
    return removed
  }
}
