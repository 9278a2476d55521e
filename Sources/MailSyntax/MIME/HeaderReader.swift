internal import Bytes

/// Reads the fields of one header, up to the empty line, a boundary, or the end.
struct HeaderReader {
  let bytes: UnsafeBufferPointer<UInt8>
  let limits: MIMELimits

  private(set) var fields: [MIMETree.Field] = []
  private(set) var strayLines: [Range<Int>] = []
  private(set) var start = 0
  /// Where the body begins.
  private(set) var end = 0
  /// Whether the empty line was there.
  private(set) var isEnded = false
  private(set) var isCut = false
  private(set) var hasNUL = false
  private(set) var hasBareCR = false
  private(set) var hasLongLine = false
  /// A field with white space between its name and the colon.
  private(set) var spacedField: Int?

  init(bytes: UnsafeBufferPointer<UInt8>, limits: MIMELimits) {
    self.bytes = bytes
    self.limits = limits
  }

  /// - Parameter isBoundary: whether the line that begins there with two hyphens is a boundary.
  mutating func read(from begin: Int, isMessage: Bool, isBoundary: (Int) -> Bool) {
    start = begin
    var position = begin
    if isMessage { position = skipEnvelopeLine(position) }
    fields.reserveCapacity(isMessage ? 24 : 4)
    while position < bytes.count {
      if let next = emptyLine(position) {
        end = next
        isEnded = true
        return finish()
      }
      let hasDashes =
        bytes[position] == UInt8(ascii: "-") && position + 1 < bytes.count
        && bytes[position + 1] == UInt8(ascii: "-")
      if hasDashes, isBoundary(position) {
        end = position
        return finish()
      }
      let line = position
      position = endOfField(position)
      if let field = field(line, position) {
        guard fields.count < limits.fields, position - begin <= limits.header else {
          isCut = true
          continue
        }
        fields.append(field)
      } else if hasDashes, !fields.isEmpty {
        // A boundary of the multipart whose header this is: the empty line is missing.
        end = line
        return finish()
      } else if strayLines.count < 100 {
        strayLines.append(line..<position)
      }
    }
    end = position
    finish()
  }

  /// Text without any field is no header: it is the body.
  private mutating func finish() {
    guard fields.isEmpty, let first = strayLines.first else { return }
    strayLines = []
    isEnded = false
    end = first.lowerBound
  }

  /// The line that mailboxes put in front of each message, `From ` and an address and a date.
  private func skipEnvelopeLine(_ position: Int) -> Int {
    var name = position
    if name < bytes.count, bytes[name] == UInt8(ascii: ">") { name += 1 }
    guard name + 5 <= bytes.count, bytes[name..<(name + 5)].elementsEqual("From ".utf8) else {
      return position
    }
    return UnsafeRawBufferPointer(bytes).bytes.firstLineFeed(from: position).map { $0 + 1 } ?? position
  }

  /// Behind the empty line that is here; nil where none is.
  private func emptyLine(_ position: Int) -> Int? {
    if bytes[position] == .lineFeed { return position + 1 }
    guard bytes[position] == .carriageReturn, position + 1 < bytes.count, bytes[position + 1] == .lineFeed
    else { return nil }
    return position + 2
  }

  /// Behind the line that begins here and those that continue it.
  private mutating func endOfField(_ begin: Int) -> Int {
    var position = endOfLine(begin)
    while position < bytes.count, bytes[position].isWhiteSpace { position = endOfLine(position) }
    return position
  }

  private mutating func endOfLine(_ begin: Int) -> Int {
    let span = UnsafeRawBufferPointer(bytes).bytes
    var position = begin
    while let hit = span.firstLineByte(from: position) {
      if bytes[hit] == .lineFeed {
        if hit - begin > LineScanner.mostOctets + 1 { hasLongLine = true }
        return hit + 1
      }
      if bytes[hit] == 0 {
        hasNUL = true
      } else if hit + 1 == bytes.count || bytes[hit + 1] != .lineFeed {
        hasBareCR = true
      }
      position = hit + 1
    }
    if bytes.count - begin > LineScanner.mostOctets { hasLongLine = true }
    return bytes.count
  }

  private mutating func field(_ start: Int, _ end: Int) -> MIMETree.Field? {
    var colon = start
    while colon < end, bytes[colon] != UInt8(ascii: ":") {
      let byte = bytes[colon]
      if byte <= 0x20 || byte == 0x7f {
        guard byte.isWhiteSpace, colon > start else { return nil }
        // Deviation: white space between name and colon is obsolete syntax (RFC 5322 §4.5) and still read.
        var next = colon
        while next < end, bytes[next].isWhiteSpace { next += 1 }
        guard next < end, bytes[next] == UInt8(ascii: ":") else { return nil }
        if spacedField == nil { spacedField = fields.count }
        return make(start, nameEnd: colon, colon: next, end)
      }
      colon += 1
    }
    guard colon < end, colon > start else { return nil }
    return make(start, nameEnd: colon, colon: colon, end)
  }

  private func make(_ start: Int, nameEnd: Int, colon: Int, _ end: Int) -> MIMETree.Field {
    var bodyEnd = end
    if bodyEnd > colon + 1, bytes[bodyEnd - 1] == .lineFeed {
      bodyEnd -= 1
      if bodyEnd > colon + 1, bytes[bodyEnd - 1] == .carriageReturn { bodyEnd -= 1 }
    }
    // Bound: a name is cut where nobody reads on.
    let name = bytes[start..<min(nameEnd, start + 200)]
    return MIMETree.Field(
      name: String(decoding: name, as: UTF8.self), range: start..<end, body: (colon + 1)..<bodyEnd)
  }
}
