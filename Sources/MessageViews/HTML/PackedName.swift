/// A name of HTML or CSS in two words, so that it is compared and looked up without a String: sixteen octets as they
/// are, what follows mixed in.
struct PackedName: Hashable, Sendable {
  private(set) var low: UInt64 = 0
  private(set) var high: UInt64 = 0
  private(set) var count = 0

  init() {}

  init(_ octets: some Sequence<UInt8>) {
    for octet in octets { append(octet) }
  }

  init(_ text: String) { self.init(text.utf8) }

  @inline(__always)
  mutating func append(_ octet: UInt8) {
    if count < 8 {
      low |= UInt64(octet) &<< UInt64(truncatingIfNeeded: 8 &* count)
    } else if count < 16 {
      high |= UInt64(octet) &<< UInt64(truncatingIfNeeded: 8 &* (count &- 8))
    } else {
      high = (high &* 0x100_0000_01b3) ^ UInt64(octet)
    }
    count &+= 1
  }

  static func == (left: PackedName, right: PackedName) -> Bool {
    left.low == right.low && left.high == right.high && left.count == right.count
  }
}

/// A table from known names to numbers, made once.
struct NameTable: Sendable {
  private var names: [PackedName]
  private var values: [UInt64]
  private let mask: Int

  init(_ entries: [(PackedName, UInt64)]) {
    var capacity = 16
    while capacity < entries.count * 2 { capacity *= 2 }
    mask = capacity - 1
    names = Array(repeating: PackedName(), count: capacity)
    values = Array(repeating: 0, count: capacity)
    for (name, value) in entries {
      var slot = Self.hash(name) & mask
      while names[slot].count > 0, names[slot] != name { slot = (slot + 1) & mask }
      names[slot] = name
      values[slot] = value
    }
  }

  /// The numbers of names as enumerations call their cases.
  init<Name: CaseIterable & RawRepresentable<UInt8>>(
    _ cases: Name.Type, spelled: (Name) -> String = { String(describing: $0) }
  ) {
    self.init(cases.allCases.map { (PackedName(spelled($0)), UInt64($0.rawValue)) })
  }

  subscript(_ name: PackedName) -> UInt64? {
    guard name.count > 0 else { return nil }
    var slot = Self.hash(name) & mask
    while names[slot].count > 0 {
      if names[slot] == name { return values[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private static func hash(_ name: PackedName) -> Int {
    let mixed = (name.low ^ (name.high &* 0x9e37_79b9_7f4a_7c15)) &* 0xff51_afd7_ed55_8ccd
    return Int(truncatingIfNeeded: mixed &>> 40)
  }
}
