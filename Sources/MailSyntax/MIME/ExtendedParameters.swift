internal import Bytes

/// Values in several pieces and in other charsets (RFC 2231).
enum ExtendedParameters {
  /// A parameter's name taken apart: `name*2*` is the third piece of `name`, percent-encoded.
  private struct Name: Hashable {
    var base: [UInt8]
    var piece: Int?
    var isExtended: Bool

    init(_ name: [UInt8]) {
      base = name
      isExtended = false
      if base.last == UInt8(ascii: "*") {
        base.removeLast()
        isExtended = true
      }
      if let star = base.lastIndex(of: UInt8(ascii: "*")) {
        let digits = base[(star + 1)...]
        if !digits.isEmpty, digits.count < 10, digits.allSatisfy(\.isASCIIDigit) {
          piece = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
          base.removeSubrange(star...)
        }
      }
    }
  }

  /// The parameters in the order of their first pieces; of one name first the one in another charset, then the one in
  /// pieces, then the plain one.
  static func joined(_ raw: [ParameterReader.Raw]) -> (
    parameters: [ContentType.Parameter], conflict: String?, isMalformed: Bool
  ) {
    var parameters: [ContentType.Parameter] = []
    var conflict: String?
    var isMalformed = false
    // Nearly every header is plain.
    let isPlain = raw.allSatisfy { !$0.name.contains(UInt8(ascii: "*")) }
    var order: [[UInt8]] = []
    var groups: [[UInt8]: [(name: Name, value: [UInt8])]] = [:]
    for parameter in raw {
      let name = Name(parameter.name)
      guard !name.base.isEmpty else {
        isMalformed = true
        continue
      }
      if isPlain {
        if let first = parameters.first(where: { $0.name.utf8.elementsEqual(name.base) }),
          first.value != parameter.value
        {
          conflict = conflict ?? first.name
        }
        parameters.append(
          ContentType.Parameter(name: String(decoding: name.base, as: UTF8.self), value: parameter.value))
        continue
      }
      if groups[name.base] == nil { order.append(name.base) }
      groups[name.base, default: []].append((name, parameter.value))
    }
    for base in order {
      let values = values(of: base, groups[base] ?? [], &isMalformed)
      if let first = values.first, values.contains(where: { !FileNameForm.areSame($0, first) }) {
        conflict = conflict ?? first.name
      }
      parameters += values
    }
    return (parameters, conflict, isMalformed)
  }

  private static func values(
    of base: [UInt8], _ group: [(name: Name, value: [UInt8])], _ isMalformed: inout Bool
  ) -> [ContentType.Parameter] {
    let name = String(decoding: base, as: UTF8.self)
    var result: [ContentType.Parameter] = []
    for (mark, value) in group where mark.piece == nil && mark.isExtended {
      let (charset, language, text) = marked(value, &isMalformed)
      result.append(
        ContentType.Parameter(
          name: name, value: unpercented(text, &isMalformed), charset: charset, language: language))
    }
    let pieces = group.enumerated().filter { $0.element.name.piece != nil }.sorted {
      ($0.element.name.piece ?? 0, $0.offset) < ($1.element.name.piece ?? 0, $1.offset)
    }.map(\.element)
    if !pieces.isEmpty { result.append(whole(name, pieces, &isMalformed)) }
    for (mark, value) in group where mark.piece == nil && !mark.isExtended {
      result.append(ContentType.Parameter(name: name, value: value))
    }
    return result
  }

  private static func whole(
    _ name: String, _ pieces: [(name: Name, value: [UInt8])], _ isMalformed: inout Bool
  ) -> ContentType.Parameter {
    var charset: String?
    var language: String?
    var joined: [UInt8] = []
    var last = -1
    for (mark, value) in pieces {
      let number = mark.piece ?? 0
      if number != last + 1 { isMalformed = true }
      // The same piece twice: the first one stands.
      if number == last { continue }
      var text = value[...]
      if last == -1, mark.isExtended { (charset, language, text) = marked(value, &isMalformed) }
      last = number
      joined += mark.isExtended ? unpercented(text, &isMalformed) : Array(text)
    }
    return ContentType.Parameter(name: name, value: joined, charset: charset, language: language)
  }

  /// `charset'language'text`.
  private static func marked(
    _ value: [UInt8], _ isMalformed: inout Bool
  ) -> (charset: String?, language: String?, text: ArraySlice<UInt8>) {
    guard let first = value.firstIndex(of: UInt8(ascii: "'")),
      let second = value[(first + 1)...].firstIndex(of: UInt8(ascii: "'"))
    else {
      isMalformed = true
      return (nil, nil, value[...])
    }
    func label(_ octets: ArraySlice<UInt8>) -> String? {
      octets.isEmpty ? nil : FaultList.evidence(octets)
    }
    return (label(value[..<first]), label(value[(first + 1)..<second]), value[(second + 1)...])
  }

  /// `%E4` is an octet; a percent sign without two digits behind it is one.
  private static func unpercented(_ text: ArraySlice<UInt8>, _ isMalformed: inout Bool) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      if text[index] == UInt8(ascii: "%") {
        if index + 2 < text.endIndex, let high = text[index + 1].hexValue,
          let low = text[index + 2].hexValue
        {
          octets.append(high << 4 | low)
          index += 3
          continue
        }
        isMalformed = true
      }
      octets.append(text[index])
      index += 1
    }
    return octets
  }
}

/// Whether two file names are written differently or are different.
enum FileNameForm {
  static func areSame(_ one: ContentType.Parameter, _ other: ContentType.Parameter) -> Bool {
    if one.value == other.value { return true }
    let (first, second) = (form(one), form(other))
    if first.octets == second.octets { return true }
    // Of two charsets nothing is known here but that they agree in ASCII.
    guard let a = first.charset, let b = second.charset, !a.equalsIgnoringASCIICase(b) else { return false }
    return first.octets.contains { $0 >= 0x80 } && second.octets.contains { $0 >= 0x80 }
  }

  private static func form(_ name: ContentType.Parameter) -> (charset: String?, octets: [UInt8]) {
    var charset = name.charset
    var octets: [UInt8] = []
    for segment in EncodedWords.segments(name.value[...]) {
      switch segment {
      case .raw(let raw): octets += raw
      case .word(let label, _, let word):
        charset = charset ?? label
        octets += word
      }
    }
    return (charset, octets)
  }
}
