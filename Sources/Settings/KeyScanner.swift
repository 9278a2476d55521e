/// Where the keys of a TOML text stand. TOMLKit gives positions for syntax errors only, so this walks the text
/// along TOML's grammar (toml.io v1.0.0) and notes each key; what a value means is left to TOMLKit.
///
/// It is also TOMLKit's guard: at the first thing that is not TOML's grammar, or nested without end, it stops and
/// says where and why, and TOMLKit never sees the text. The parser inside TOMLKit (toml++ 3.4) ends the process by
/// an assertion on some broken keys, and frees what it read by recursion.
struct KeyScanner {
  /// Why and where a scan ended before the end of the text.
  struct Stop: Error {
    let position: SourcePosition
    let reason: String
  }

  /// Where a key and its value begin.
  struct Place: Sendable, Hashable {
    let key: SourcePosition
    let value: SourcePosition
  }

  // Bound: no configuration of a gateway comes near these.
  static let maximumDepth = 32
  static let maximumKeys = 200_000

  let bytes: [UInt8]
  var offset = 0
  private var line = 1
  private var column = 1
  private var places: [String: Place] = [:]
  private var tableCounts: [String: Int] = [:]

  private init(_ text: String) {
    bytes = Array(text.utf8)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  /// The places of all keys up to the end, or up to where the scan stopped.
  static func scan(_ text: String) -> (places: [String: Place], stop: Stop?) {
    var scanner = KeyScanner(text)
    do throws(Stop) {
      try scanner.document()
      return (scanner.places, nil)
    } catch {
      return (scanner.places, error)
    }
  }

  // MARK: Grammar

  private mutating func document() throws(Stop) {
    var table = ""
    var depth = 0
    while true {
      skipBlank()
      guard let byte = peek() else { return }
      if byte == UInt8(ascii: "[") {
        (table, depth) = try header()
      } else {
        try keyValue(in: table, depth: depth)
      }
      skipSpace()
      skipComment()
      if let byte = peek(), !isNewline(byte) { throw expected("the end of the line") }
    }
  }

  private mutating func header() throws(Stop) -> (path: String, depth: Int) {
    let start = position
    advance()
    let isArray = peek() == UInt8(ascii: "[")
    if isArray { advance() }
    let keys = try key(depth: 0)
    for _ in 0..<(isArray ? 2 : 1) {
      guard peek() == UInt8(ascii: "]") else { throw expected(isArray ? "]]" : "]") }
      advance()
    }
    var path = ""
    for (index, name) in keys.enumerated() {
      path = SettingPath.child(path, name)
      try note(path, Place(key: start, value: start))
      if isArray, index == keys.count - 1 {
        let count = tableCounts[path, default: 0]
        tableCounts[path] = count + 1
        path = SettingPath.element(path, count)
        try note(path, Place(key: start, value: start))
      } else if let count = tableCounts[path] {
        path = SettingPath.element(path, count - 1)
      }
    }
    return (path, keys.count)
  }

  private mutating func keyValue(in table: String, depth: Int) throws(Stop) {
    let start = position
    let keys = try key(depth: depth)
    guard peek() == UInt8(ascii: "=") else { throw expected("= and a value") }
    advance()
    skipSpace()
    var path = table
    for name in keys {
      path = SettingPath.child(path, name)
      try note(path, Place(key: start, value: position))
    }
    try value(at: path, depth: depth + keys.count)
  }

  /// A bare, quoted or dotted key and the white space around it.
  private mutating func key(depth: Int) throws(Stop) -> [String] {
    var keys: [String] = []
    while true {
      skipSpace()
      guard let byte = peek() else { throw expected("a key") }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        if isTriple(byte) { throw stop("a key stands in one line") }
        keys.append(try shortString())
      } else {
        let start = offset
        while let byte = peek(), isBareKey(byte) { advance() }
        guard offset > start else { throw expected("a key") }
        keys.append(String(decoding: bytes[start..<offset], as: UTF8.self))
      }
      guard depth + keys.count <= Self.maximumDepth else {
        throw stop("nested deeper than \(Self.maximumDepth) tables; no setting is")
      }
      skipSpace()
      guard peek() == UInt8(ascii: ".") else { return keys }
      advance()
    }
  }

  private mutating func value(at path: String, depth: Int) throws(Stop) {
    guard depth <= Self.maximumDepth else {
      throw stop("nested deeper than \(Self.maximumDepth) levels; no setting is")
    }
    guard let byte = peek() else { throw expected("a value") }
    switch byte {
    case UInt8(ascii: "["): try array(at: path, depth: depth + 1)
    case UInt8(ascii: "{"): try inlineTable(at: path, depth: depth + 1)
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      if isTriple(byte) { try longString(byte) } else { _ = try shortString() }
    default: try scalar()
    }
  }

  /// A number or a boolean. No setting takes a date or a time, so TOMLKit never sees one.
  private mutating func scalar() throws(Stop) {
    let start = self
    while let byte = peek(), ScalarGrammar.isPart(byte) { advance() }
    let text = bytes[start.offset..<offset]
    if ScalarGrammar.isBoolean(text) || ScalarGrammar.isNumber(text) { return }
    guard let first = text.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
      throw start.expected("a value; a text stands in quotes")
    }
    let isDate = text.contains(UInt8(ascii: ":")) || text.dropFirst().contains(UInt8(ascii: "-"))
    throw start.stop(
      isDate ? "no setting takes a date or a time" : "this is no number; a text stands in quotes")
  }

  private mutating func array(at path: String, depth: Int) throws(Stop) {
    advance()
    var count = 0
    while true {
      skipBlank()
      guard let byte = peek() else { throw expected("a value or ]") }
      if byte == UInt8(ascii: "]") {
        advance()
        return
      }
      let element = SettingPath.element(path, count)
      try note(element, Place(key: position, value: position))
      try value(at: element, depth: depth)
      count += 1
      skipBlank()
      if peek() == UInt8(ascii: ",") {
        advance()
      } else if peek() != UInt8(ascii: "]") {
        throw expected("a comma or ]")
      }
    }
  }

  private mutating func inlineTable(at path: String, depth: Int) throws(Stop) {
    advance()
    skipSpace()
    if peek() == UInt8(ascii: "}") {
      advance()
      return
    }
    while true {
      try keyValue(in: path, depth: depth)
      skipSpace()
      switch peek() {
      case UInt8(ascii: ","): advance()
      case UInt8(ascii: "}"):
        advance()
        return
      default: throw expected("a comma or }")
      }
    }
  }

  // MARK: Bytes

  private var position: SourcePosition { SourcePosition(line: line, column: column) }

  func stop(_ reason: String) -> Stop { Stop(position: position, reason: reason) }

  /// What stands here instead of what should.
  func expected(_ what: String) -> Stop {
    guard let byte = peek() else { return stop("expected \(what); the file ends here") }
    if isNewline(byte) { return stop("expected \(what); the line ends here") }
    let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first
    return stop("expected \(what); found \(quoted(scalar.map { String($0) } ?? ""))")
  }

  func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func advance() {
    let byte = bytes[offset]
    offset += 1
    if byte == 0x0A {
      line += 1
      column = 1
    } else if offset == bytes.count || bytes[offset] & 0xC0 != 0x80 {
      column += 1
    }
  }

  /// Notes the place where a key stands first.
  private mutating func note(_ path: String, _ place: Place) throws(Stop) {
    if places[path] == nil { places[path] = place }
    if places.count > Self.maximumKeys { throw stop("more than \(Self.maximumKeys) keys and values") }
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 { advance() }
  }

  private mutating func skipComment() {
    guard peek() == UInt8(ascii: "#") else { return }
    while let byte = peek(), byte != 0x0A { advance() }
  }

  private mutating func skipBlank() {
    while let byte = peek() {
      if byte == UInt8(ascii: "#") {
        skipComment()
      } else if byte == 0x20 || byte == 0x09 || isNewline(byte) {
        advance()
      } else {
        return
      }
    }
  }

  func isNewline(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  private func isBareKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
