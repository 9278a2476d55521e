internal import Bytes

/// Makes a part of its header: its type, its encoding and its disposition, and what is wrong with them.
struct PartReader {
  /// The fields of which there may be one (RFC 5322 §3.6, RFC 2045 §3, RFC 2183).
  private enum Single: UInt8, CaseIterable {
    case type, encoding, disposition, contentID, description, version
    case from, sender, replyTo, to, cc, bcc, messageID, inReplyTo, references, subject, date

    init?(_ name: String) {
      // Nearly all fields are told apart by their length.
      let names: [(String, Single)] =
        switch name.utf8.count {
        case 2: [("to", .to), ("cc", .cc)]
        case 3: [("bcc", .bcc)]
        case 4: [("from", .from), ("date", .date)]
        case 6: [("sender", .sender)]
        case 7: [("subject", .subject)]
        case 8: [("reply-to", .replyTo)]
        case 10: [("message-id", .messageID), ("references", .references), ("content-id", .contentID)]
        case 11: [("in-reply-to", .inReplyTo)]
        case 12: [("content-type", .type), ("mime-version", .version)]
        case 19: [("content-disposition", .disposition), ("content-description", .description)]
        case 25: [("content-transfer-encoding", .encoding)]
        default: []
        }
      guard let found = names.first(where: { name.equalsIgnoringASCIICase($0.0) }) else { return nil }
      self = found.1
    }

    /// Whether it belongs to every part, not only to messages.
    var isOfContent: Bool { rawValue <= Single.description.rawValue }
  }

  static let longestName = 255

  let bytes: UnsafeBufferPointer<UInt8>
  let header: HeaderReader

  func part(
    index: Int, parent: Int?, level: Int, source: Int, isMessage: Bool, isDigest: Bool,
    _ faults: inout FaultList
  ) -> MIMETree.Part {
    var places = [Int](repeating: -1, count: Single.allCases.count)
    for (place, field) in header.fields.enumerated() {
      guard let single = Single(field.name) else { continue }
      let first = places[Int(single.rawValue)]
      if first < 0 {
        places[Int(single.rawValue)] = place
      } else if isMessage || single.isOfContent {
        note(single, header.fields[first], field, index, &faults)
      }
    }
    noteLines(index, &faults)
    func value(_ single: Single) -> ArraySlice<UInt8>? {
      let place = places[Int(single.rawValue)]
      return place < 0 ? nil : Array(bytes[header.fields[place].body])[...]
    }
    let type = readType(value(.type), isDigest: isDigest, index, &faults)
    let encoding = readEncoding(value(.encoding), index, &faults)
    let disposition = value(.disposition).flatMap { readDisposition($0, index, &faults) }
    if encoding.isEncoded, type.type == "multipart" || type.isMessage {
      faults.add(.encodedMultipart, part: index, evidence: encoding.rawValue)
    }
    let part = MIMETree.Part(
      index: index, parent: parent, level: level, source: source, fields: header.fields,
      strayLines: header.strayLines, header: header.start..<header.end, body: header.end..<header.end,
      type: type, encoding: encoding, disposition: disposition)
    noteNames(part, &faults)
    return part
  }

  // MARK: - Faults

  /// A field that stands there a second time.
  private func note(
    _ single: Single, _ first: MIMETree.Field, _ again: MIMETree.Field, _ part: Int, _ faults: inout FaultList
  ) {
    faults.add(.duplicateField, part: part, evidence: FaultList.evidence(again.name.utf8))
    let evidence = FaultList.evidence(bytes[again.body].drop { $0 <= 0x20 })
    switch single {
    case .type:
      let (one, other) = (
        ParameterReader.read(Array(bytes[first.body])[...]),
        ParameterReader.read(Array(bytes[again.body])[...])
      )
      if one.type != other.type || one.subtype != other.subtype || one.parameters != other.parameters {
        faults.add(.conflictingType, part: part, evidence: evidence)
      }
    case .encoding:
      if Self.word(bytes[first.body]) != Self.word(bytes[again.body]) {
        faults.add(.conflictingEncoding, part: part, evidence: evidence)
      }
    default: break
    }
  }

  private func noteLines(_ part: Int, _ faults: inout FaultList) {
    if header.isCut { faults.add(.longHeader, part: part) }
    if header.hasNUL { faults.add(.nul, part: part) }
    if header.hasBareCR { faults.add(.bareCarriageReturn, part: part) }
    if header.hasLongLine { faults.add(.longLine, part: part) }
    if let field = header.spacedField, field < header.fields.count {
      faults.add(
        .spaceBeforeColon, part: part, evidence: FaultList.evidence(header.fields[field].name.utf8))
    }
    if let stray = header.strayLines.first {
      faults.add(
        .malformedHeaderLine, part: part, evidence: FaultList.evidence(bytes[stray].prefix { $0 > 0x1f }))
    }
    if !header.isEnded, !header.fields.isEmpty { faults.add(.missingHeaderEnd, part: part) }
    // Nearly no header has any: looked at as a whole first.
    if Self.hasHighBit(bytes[header.start..<header.end]),
      let eightBit = header.fields.first(where: { Self.hasHighBit(bytes[$0.range]) })
    {
      faults.add(.eightBitHeader, part: part, evidence: FaultList.evidence(eightBit.name.utf8))
    }
  }

  private static func hasHighBit(_ octets: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    !UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: octets)).bytes.isASCII(upTo: octets.count)
  }

  private func noteNames(_ part: MIMETree.Part, _ faults: inout FaultList) {
    guard part.disposition != nil || !part.type.parameters.isEmpty else { return }
    let names = part.fileNames
    if names.count > 1 {
      faults.add(.conflictingName, part: part.index, evidence: FaultList.evidence(names[1].value))
    }
    if let long = names.first(where: { $0.value.count > Self.longestName }) {
      faults.add(.longName, part: part.index, evidence: FaultList.evidence(long.value))
    }
  }

  // MARK: - Values

  private func readType(
    _ value: ArraySlice<UInt8>?, isDigest: Bool, _ part: Int, _ faults: inout FaultList
  ) -> ContentType {
    // RFC 2046 §5.1.5: in a digest what says nothing is a message.
    guard let value else {
      return isDigest ? ContentType(type: "message", subtype: "rfc822", isDeclared: false) : .plainText
    }
    let read = ParameterReader.read(value)
    if read.isMalformed {
      faults.add(.malformedParameter, part: part, evidence: FaultList.evidence(value.drop { $0 <= 0x20 }))
    }
    if let conflict = read.conflict, conflict != "name", conflict != "filename" {
      faults.add(.conflictingType, part: part, evidence: FaultList.evidence(conflict.utf8))
    }
    let isWhole = !read.type.isEmpty && !read.subtype.isEmpty && !read.isTypeMalformed
    if !isWhole {
      faults.add(.malformedType, part: part, evidence: FaultList.evidence(value.drop { $0 <= 0x20 }))
    }
    // RFC 2045 §5.2: what cannot be read is plain text; what it says of itself still counts.
    guard !read.type.isEmpty, !read.subtype.isEmpty else {
      let isMultipart = read.type == "multipart" && read.parameters.contains { $0.name == "boundary" }
      return isMultipart
        ? ContentType(type: "multipart", subtype: "mixed", parameters: read.parameters, isDeclared: false)
        : ContentType(type: "text", subtype: "plain", parameters: read.parameters, isDeclared: false)
    }
    if read.type == "multipart",
      !read.parameters.contains(where: { $0.name == "boundary" && !$0.value.isEmpty })
    {
      // Nothing divides it: what stands in it is text to everybody who shows it.
      faults.add(.missingBoundary, part: part)
      return ContentType(type: "text", subtype: "plain", parameters: read.parameters, isDeclared: false)
    }
    return ContentType(type: read.type, subtype: read.subtype, parameters: read.parameters)
  }

  private func readDisposition(
    _ value: ArraySlice<UInt8>, _ part: Int, _ faults: inout FaultList
  ) -> ContentType? {
    let read = ParameterReader.read(value)
    if read.isMalformed || read.type.isEmpty {
      faults.add(.malformedParameter, part: part, evidence: FaultList.evidence(value.drop { $0 <= 0x20 }))
    }
    if read.type.isEmpty, read.parameters.isEmpty { return nil }
    return ContentType(
      type: read.type, subtype: read.subtype, parameters: read.parameters, isDeclared: !read.type.isEmpty)
  }

  private func readEncoding(
    _ value: ArraySlice<UInt8>?, _ part: Int, _ faults: inout FaultList
  ) -> TransferEncoding {
    guard let value else { return .sevenBit }
    let word = Self.word(value)
    switch word {
    case "7bit", "7-bit": return .sevenBit
    case "8bit", "8-bit": return .eightBit
    case "binary": return .binary
    case "quoted-printable": return .quotedPrintable
    case "base64": return .base64
    case "x-uuencode", "uuencode", "x-uue", "uue": return .uuencode
    default:
      faults.add(.unknownEncoding, part: part, evidence: FaultList.evidence(word.utf8))
      return .unknown
    }
  }

  /// A field's one word, in lower case, without comments and what stands behind a semicolon.
  private static func word(_ value: some Sequence<UInt8>) -> String {
    ParameterReader.read(Array(value)[...]).type
  }
}
