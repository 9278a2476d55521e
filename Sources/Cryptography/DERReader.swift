/// The few forms of DER that public keys are made of (X.690 §8, §10), read without trust: lengths are checked, and
/// nothing is nested deeper than the caller asks.
struct DERReader {
  private var octets: ArraySlice<UInt8>

  init(_ octets: ArraySlice<UInt8>) { self.octets = octets }

  /// Inside of a SEQUENCE; nil, and nothing taken, where none is next.
  mutating func sequence() -> DERReader? { element(0x30).map { DERReader($0) } }

  /// Inside of a BIT STRING of whole octets.
  mutating func bitString() -> DERReader? {
    guard let content = element(0x03), content.first == 0 else { return nil }
    return DERReader(content.dropFirst())
  }

  /// The encoded arcs.
  mutating func objectIdentifier() -> [UInt8]? { element(0x06).map { Array($0) } }

  /// A positive INTEGER without the zeros in front; nil for zero and for a negative one.
  mutating func positiveInteger() -> ArraySlice<UInt8>? {
    guard let content = element(0x02), let first = content.first, first < 0x80 else { return nil }
    let number = content.drop { $0 == 0 }
    return number.isEmpty ? nil : number
  }

  private mutating func element(_ tag: UInt8) -> ArraySlice<UInt8>? {
    guard octets.first == tag, octets.count >= 2 else { return nil }
    var rest = octets.dropFirst()
    guard let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      // Bound: two octets of length are enough for every key that may be used.
      let count = Int(first & 0x7f)
      guard (1...2).contains(count), rest.count >= count else { return nil }
      length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(count)
    }
    guard length <= rest.count else { return nil }
    octets = rest.dropFirst(length)
    return rest.prefix(length)
  }
}
