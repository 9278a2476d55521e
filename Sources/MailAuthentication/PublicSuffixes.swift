internal import Bytes
public import DNS

/// Under which names the public registers its own: the public suffix list (publicsuffix.org), both of its parts.
///
/// One block of octets and a table of places in it; a question costs one pass over the name and no memory.
/// Without a list every top-level domain is one, and no other name: the rule that the list has for what it does not
/// know.
public struct PublicSuffixes: Sendable {
  /// How many rules there are.
  public private(set) var rules = 0
  /// Lines that are no rule, or past a bound.
  public private(set) var faultyLines = 0

  /// For each name: how many octets, what rules it has, its octets.
  private var names: [UInt8] = []
  /// Where a name stands in `names`, plus one; 0 where nothing is. A power of two, at most half full.
  private var places: [UInt32] = []

  /// Bound: the list has 10,000 to date.
  static let mostRules = 100_000
  static let mostOctets = 8 << 20

  /// No list.
  public init() {}

  public var isEmpty: Bool { rules == 0 }

  /// Reads the list: a rule a line, up to the first white space; `//` begins a comment.
  public static func parse(_ text: [UInt8]) -> PublicSuffixes {
    var suffixes = PublicSuffixes()
    suffixes.read(text.prefix(mostOctets))
    if text.count > mostOctets { suffixes.faultyLines += 1 }
    return suffixes
  }

  /// The part of `name` under which the public registers: `co.uk` of `www.example.co.uk`. The root has none.
  public func suffix(of name: DNSName) -> DNSName? {
    guard let start = suffixStart(of: name) else { return nil }
    return start == 0 ? name : DNSName(name.text.utf8Suffix(from: start))
  }

  /// Whether the public registers names right below this one, so that whoever owns one does not speak for another.
  public func isSuffix(_ name: DNSName) -> Bool { suffixStart(of: name) == 0 }

  /// The name that somebody registered, under whose owner `name` lies (RFC 7489 §3.2): one label more than the
  /// public suffix.
  ///
  /// - Returns: nil where `name` is itself a public suffix, or the root.
  public func organizationalDomain(of name: DNSName) -> DNSName? {
    guard let start = suffixStart(of: name), start > 0 else { return nil }
    var text = name.text
    let before = text.withUTF8 { bytes -> Int in
      var position = start - 1
      while position > 0, bytes[position - 1] != .dot { position -= 1 }
      return position
    }
    return before == 0 ? name : DNSName(name.text.utf8Suffix(from: before))
  }

  /// Where the public suffix begins in the text of a name; nil for the root.
  private func suffixStart(of name: DNSName) -> Int? {
    var text = name.text
    return text.withUTF8 { bytes in
      guard !bytes.isEmpty else { return nil }
      var hash = Self.basis
      var best = bytes.count
      var position = bytes.count
      while position > 0 {
        // One label to the left.
        while position > 0, bytes[position - 1] != .dot {
          position -= 1
          hash = Self.hash(hash, bytes[position])
        }
        // What is not listed: its last label (the rule `*`).
        if best == bytes.count { best = position }
        let kinds = kinds(UnsafeBufferPointer(rebasing: bytes[position...]), hash)
        if kinds.contains(.exception) {
          // All but its first label is the suffix, whatever else matches.
          var next = position
          while next < bytes.count, bytes[next] != .dot { next += 1 }
          return next < bytes.count ? next + 1 : position
        }
        if kinds.contains(.plain) { best = min(best, position) }
        guard position > 0 else { break }
        if kinds.contains(.wildcard) {
          var before = position - 1
          while before > 0, bytes[before - 1] != .dot { before -= 1 }
          best = min(best, before)
        }
        hash = Self.hash(hash, .dot)
        position -= 1
      }
      return best
    }
  }
}

extension PublicSuffixes {
  /// What rules stand for one name.
  private struct Kinds: OptionSet {
    let rawValue: UInt8
    static let plain = Kinds(rawValue: 1)
    /// `*.name`
    static let wildcard = Kinds(rawValue: 2)
    /// `!name`
    static let exception = Kinds(rawValue: 4)
  }

  private static let basis: UInt32 = 2_166_136_261

  /// FNV-1a, from the last octet to the first, so that one pass has the hash of each parent on its way.
  private static func hash(_ hash: UInt32, _ byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }

  private func kinds(_ name: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Kinds {
    guard let place = place(name, hash) else { return [] }
    return Kinds(rawValue: names[place + 1])
  }

  private func place(_ name: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int? {
    guard !places.isEmpty, name.count <= 255 else { return nil }
    let mask = UInt32(places.count - 1)
    var slot = hash & mask
    while true {
      let found = places[Int(slot)]
      guard found != 0 else { return nil }
      let place = Int(found) - 1
      if Int(names[place]) == name.count,
        names[(place + 2)..<(place + 2 + name.count)].elementsEqual(name)
      {
        return place
      }
      slot = (slot + 1) & mask
    }
  }

  private mutating func read(_ text: ArraySlice<UInt8>) {
    places = [UInt32](repeating: 0, count: 1 << 12)
    for line in text.split(whereSeparator: { $0 == .lineFeed || $0 == .carriageReturn }) {
      let rule = line.prefix { !$0.isWhiteSpace }
      guard let first = rule.first, !rule.starts(with: "//".utf8) else { continue }
      guard rules < Self.mostRules else {
        faultyLines += 1
        continue
      }
      if first == UInt8(ascii: "!") {
        add(rule.dropFirst(), .exception)
      } else if rule.starts(with: "*.".utf8) {
        add(rule.dropFirst(2), .wildcard)
      } else {
        add(rule, .plain)
      }
    }
  }

  private mutating func add(_ written: ArraySlice<UInt8>, _ kind: Kinds) {
    // A star elsewhere would be a rule that nobody writes.
    guard !written.contains(UInt8(ascii: "*")), let text = String(utf8: written), let name = DNSName(text)
    else {
      faultyLines += 1
      return
    }
    rules += 1
    if rules * 2 > places.count { grow() }
    insert(Array(name.text.utf8), kind)
  }

  private mutating func insert(_ name: [UInt8], _ kind: Kinds) {
    let hash = name.reversed().reduce(Self.basis, Self.hash)
    if let place = name.withUnsafeBufferPointer({ place($0, hash) }) {
      names[place + 1] |= kind.rawValue
      return
    }
    enter(UInt32(names.count) + 1, hash)
    names.append(UInt8(name.count))
    names.append(kind.rawValue)
    names.append(contentsOf: name)
  }

  private mutating func enter(_ value: UInt32, _ hash: UInt32) {
    let mask = UInt32(places.count - 1)
    var slot = hash & mask
    while places[Int(slot)] != 0 { slot = (slot + 1) & mask }
    places[Int(slot)] = value
  }

  private mutating func grow() {
    let old = places
    places = [UInt32](repeating: 0, count: old.count * 2)
    for value in old where value != 0 {
      let place = Int(value) - 1
      let name = names[(place + 2)..<(place + 2 + Int(names[place]))]
      enter(value, name.reversed().reduce(Self.basis, Self.hash))
    }
  }
}

extension String {
  /// The text from an octet on, at which a character begins.
  fileprivate func utf8Suffix(from offset: Int) -> Substring {
    self[utf8.index(utf8.startIndex, offsetBy: offset)...]
  }
}
