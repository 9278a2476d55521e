internal import Bytes
internal import MailSyntax

/// A header from which signatures pick fields, and their canonical forms (RFC 6376 §3.4.1, §3.4.2, §5.4.2).
struct CanonicalHeader {
  private let header: MessageHeader
  private let octets: [UInt8]
  private let isStuffed: Bool
  /// The fields of each name in small letters, from the top.
  private let places: [String: [Int]]

  init(_ header: MessageHeader, of octets: [UInt8], isBinary: Bool) {
    self.header = header
    self.octets = octets
    isStuffed = !isBinary
    var places: [String: [Int]] = [:]
    for (index, field) in header.fields.enumerated() {
      places[field.name.lowercasedASCII, default: []].append(index)
    }
    self.places = places
  }

  /// Appends the fields that `names` pick: of a name, each time the next one from the bottom, and nothing once there
  /// is none left. The signature itself is no field that it could have signed.
  func append(_ names: [String], except own: Int, _ form: HeaderCanonicalization, to result: inout [UInt8]) {
    var taken: [String: Int] = [:]
    let ownName = header.fields[own].name.lowercasedASCII
    for name in names {
      guard let all = places[name] else { continue }
      let count = taken[name, default: 0]
      taken[name] = count + 1
      var place = all.count - 1 - count
      if name == ownName, let ownPlace = all.firstIndex(of: own), place <= ownPlace { place -= 1 }
      if place >= 0 { append(field: all[place], form, to: &result) }
    }
  }

  /// Appends one field, its CRLF included.
  func append(field index: Int, _ form: HeaderCanonicalization, to result: inout [UInt8]) {
    let field = header.fields[index]
    switch form {
    case .simple:
      appendSimple(field.range.lowerBound..<field.body.upperBound, of: field, to: &result)
    case .relaxed:
      appendName(of: field, to: &result)
      Self.appendRelaxed(octets[field.body], to: &result)
    }
    result.append(contentsOf: [.carriageReturn, .lineFeed])
  }

  /// Appends a signature as it was when it was made: without the value of `b=`, and without the final CRLF.
  ///
  /// - Parameter place: of `b=`, counted from the beginning of the field's body.
  func append(
    signature index: Int, without place: Range<Int>, _ form: HeaderCanonicalization, to result: inout [UInt8]
  ) {
    let field = header.fields[index]
    let start = field.body.lowerBound
    switch form {
    case .simple:
      appendSimple(field.range.lowerBound..<(start + place.lowerBound), of: field, to: &result)
      result.append(contentsOf: octets[(start + place.upperBound)..<field.body.upperBound])
    case .relaxed:
      appendName(of: field, to: &result)
      var body = Array(octets[field.body])
      body.removeSubrange(place)
      Self.appendRelaxed(body[...], to: &result)
    }
  }

  private func appendSimple(_ range: Range<Int>, of field: MessageHeader.Field, to result: inout [UInt8]) {
    // A dot in front of a field's first line is the transfer's, not the field's.
    let isDotted = isStuffed && octets[range.lowerBound] == .dot
    result.append(contentsOf: octets[(isDotted ? range.lowerBound + 1 : range.lowerBound)..<range.upperBound])
  }

  private func appendName(of field: MessageHeader.Field, to result: inout [UInt8]) {
    for byte in field.name.utf8 { result.append(byte.lowercasedASCII) }
    result.append(UInt8(ascii: ":"))
  }

  /// Unfolds, makes white space one space, and drops it at both ends.
  static func appendRelaxed(_ body: ArraySlice<UInt8>, to result: inout [UInt8]) {
    body.withUnsafeBufferPointer { body in
      let start = result.count
      var holdsSpace = false
      var index = 0
      while index < body.count {
        let byte = body[index]
        index += 1
        if byte.isWhiteSpace {
          holdsSpace = true
          continue
        }
        if byte == .carriageReturn, index < body.count, body[index] == .lineFeed {
          index += 1
          continue
        }
        if holdsSpace, result.count > start { result.append(.space) }
        holdsSpace = false
        result.append(byte)
      }
    }
  }
}
