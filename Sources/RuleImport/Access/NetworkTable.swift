import Bytes
import NetAddress

/// Networks and what a table says of them, laid out so that the longest prefix wins.
struct NetworkTable {
  enum Order {
    /// The longest prefix counts.
    case longest
    /// The first line that holds the address counts.
    case first
  }

  /// Bound: networks that one line may be cut into.
  static let mostPieces = 1024

  private struct Entry {
    var pieces: [IPPrefix]
    var verdict: TableVerdict
    var line: ImportDesk.Line
  }

  private let order: Order
  private var entries: [Entry] = []
  private var owners: [IPPrefix: Int] = [:]

  init(_ order: Order) { self.order = order }

  /// Takes in a line's networks, which lie apart.
  mutating func add(
    _ prefixes: [IPPrefix], _ verdict: TableVerdict, for line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    var pieces: [IPPrefix] = []
    var earlier: Int?
    for prefix in prefixes {
      if let owner = order == .first ? Self.owner(above: prefix, owners) : owners[prefix] {
        earlier = earlier ?? owner
      } else {
        owners[prefix] = entries.count
        pieces.append(prefix)
      }
    }
    guard !pieces.isEmpty else {
      let place = earlier.map { desk.place(entries[$0].line) }
      desk.changed(
        line,
        place.map { "never reached: \($0) is asked first" } ?? "never reached: no address is left for it")
      return
    }
    desk.carried(line)
    entries.append(Entry(pieces: pieces, verdict: verdict, line: line))
  }

  /// The entry that holds all of a network.
  private static func owner(above prefix: IPPrefix, _ owners: [IPPrefix: Int]) -> Int? {
    for length in stride(from: prefix.length, through: 0, by: -1) {
      if let owner = owners[prefix.address.prefix(length)] { return owner }
    }
    return nil
  }

  /// Writes lists and rules.
  func write(_ desk: inout ImportDesk) {
    // What neither allows nor blocks has to be cut out of the networks around it.
    var holes: [IPPrefix: [IPPrefix]] = [:]
    for entry in entries where !entry.verdict.isList {
      for piece in entry.pieces where piece.length > 0 {
        for length in 0..<piece.length where owners[piece.address.prefix(length)] != nil {
          holes[piece.address.prefix(length), default: []].append(piece)
        }
      }
    }
    for entry in entries {
      var pieces: [IPPrefix] = []
      var isWhole = true
      for piece in entry.pieces {
        guard let inside = holes[piece] else {
          pieces.append(piece)
          continue
        }
        isWhole = Self.subtract(inside, from: piece, &pieces) && isWhole
      }
      guard isWhole, pieces.count <= Self.mostPieces else {
        desk.left(entry.line, "its exceptions cut it into more than \(Self.mostPieces) networks")
        continue
      }
      write(entry, pieces, &desk)
    }
  }

  private func write(_ entry: Entry, _ pieces: [IPPrefix], _ desk: inout ImportDesk) {
    switch entry.verdict {
    case .allow, .block:
      if let difference = entry.verdict.difference { desk.changed(entry.line, difference) }
      let verdict = entry.verdict == .allow ? "allow" : "block"
      for piece in pieces {
        desk.list(verdict, "cidr", "\(piece)", reason: entry.verdict.reason, for: entry.line)
      }
    case .rule(let action):
      guard let expression = Self.expression(pieces) else {
        desk.left(
          entry.line, "a rule cannot ask for this network: its text in CLIENT_IP has no one beginning")
        return
      }
      if expression.isEmpty { return }
      desk.rule([":0", "* CLIENT_IP ?? \(expression)"] + action, for: [entry.line])
    case .hole: break
    }
  }

  /// What is left of a network without those inside it; false past the bound.
  static func subtract(_ holes: [IPPrefix], from prefix: IPPrefix, _ pieces: inout [IPPrefix]) -> Bool {
    if holes.isEmpty {
      pieces.append(prefix)
      return pieces.count <= mostPieces
    }
    if holes.contains(prefix) || prefix.length >= prefix.address.bitWidth { return true }
    let low = prefix.address.prefix(prefix.length + 1)
    let high = prefix.lastAddress.prefix(prefix.length + 1)
    return subtract(holes.filter { low.contains($0) }, from: low, &pieces)
      && subtract(holes.filter { high.contains($0) }, from: high, &pieces)
  }

  /// All addresses of a network's family without it.
  static func complement(_ prefix: IPPrefix) -> [IPPrefix] {
    var pieces: [IPPrefix] = []
    _ = subtract([prefix], from: prefix.address.prefix(0), &pieces)
    return pieces
  }

  /// An expression over the text of an address; empty for no network, nil where none is exact.
  static func expression(_ prefixes: [IPPrefix]) -> String? {
    if prefixes.isEmpty { return "" }
    var texts: [String] = []
    for prefix in prefixes {
      guard let text = prefix.isV4 ? v4(prefix) : v6(prefix) else { return nil }
      texts.append(text)
    }
    let text = texts.count == 1 ? "^^" + texts[0] : "^^(\(texts.joined(separator: "|")))"
    return text.utf8.count <= 4096 ? text : nil
  }

  private static func v4(_ prefix: IPPrefix) -> String? {
    guard let first = prefix.address.v4 else { return nil }
    func octet(_ index: Int) -> Int { Int(first >> UInt32(24 - 8 * index) & 0xff) }
    let whole = prefix.length / 8
    let rest = prefix.length % 8
    if prefix.length == 0 { return "[0-9]+\\." }
    var text = (0..<whole).map { "\(octet($0))" + ($0 < 3 ? "\\." : "^^") }.joined()
    if rest > 0 {
      let values = (0..<(1 << (8 - rest))).map { "\(octet(whole) + $0)" }
      text += "(\(values.joined(separator: "|")))" + (whole < 3 ? "\\." : "^^")
    }
    return text
  }

  /// Only where the canonical text of every address of the network begins alike: whole groups, none of them zero.
  private static func v6(_ prefix: IPPrefix) -> String? {
    if prefix.length == 128 { return "\(prefix.address)^^" }
    guard prefix.length > 0, prefix.length % 16 == 0 else { return nil }
    let groups = "\(prefix.lastAddress)".split(separator: ":", omittingEmptySubsequences: false)
      .prefix(prefix.length / 16)
    let zeroless = "\(prefix.address)".split(separator: ":", omittingEmptySubsequences: false)
      .prefix(prefix.length / 16)
    guard groups.count == prefix.length / 16, groups.elementsEqual(zeroless),
      !groups.contains(where: { $0.isEmpty || $0 == "0" })
    else { return nil }
    return groups.map { $0 + ":" }.joined()
  }
}
