internal import Filtering

/// What the names in a PDF document (ISO 32000-1 §7.3.5) say that it does. One pass; what is compressed is another's.
struct PDFScan {
  private(set) var findings = DocumentFindings()
  /// Where compressed objects (§7.5.7) are: the octets of their streams, at most 64.
  private(set) var objectStreams: [Range<Int>] = []
  private let octets: ArraySlice<UInt8>

  init(_ octets: ArraySlice<UInt8>) {
    self.octets = octets
    scan()
  }

  /// The names of objects that were compressed.
  static func names(in objects: ArraySlice<UInt8>) -> Set<FileInspection.Trait> {
    PDFScan(objects).findings.traits
  }

  private mutating func scan() {
    let octets = octets
    var isOfObjects = false
    var isInStream = false
    var place = octets.startIndex
    while place < octets.endIndex {
      let octet = octets[place]
      if octet == 0x2f {
        let (name, end) = Self.name(octets, place + 1)
        place = end
        isOfObjects = take(name, isInStream: isInStream) || isOfObjects
      } else if octet == 0x73, !isInStream, octets[place...].has("stream"),
        place == octets.startIndex || !octets[place - 1].isLetter
      {
        // The data of a stream are no names, save long ones that do not come by chance.
        let start = place + 6
        isInStream = true
        if isOfObjects, objectStreams.count < 64 {
          let data = octets[start...].first == 0x0d ? start + 2 : start + 1
          let end = Self.end(octets, data)
          if data < end { objectStreams.append(data..<end) }
        }
        isOfObjects = false
        place = start
      } else if octet == 0x65, isInStream, octets[place...].has("endstream") {
        isInStream = false
        place += 9
      } else {
        place += 1
      }
    }
  }

  /// Whether the name says that compressed objects follow.
  private mutating func take(_ name: [UInt8], isInStream: Bool) -> Bool {
    switch name.count {
    case 2 where !isInStream && name.has("JS"): findings.traits.insert(.javaScript)
    case 6 where name.has("Launch"): findings.traits.insert(.launch)
    case 6 where name.has("ObjStm"): return !isInStream
    case 7 where name.has("Encrypt"): findings.isEncrypted = true
    case 10 where name.has("JavaScript"): findings.traits.insert(.javaScript)
    case 10 where name.has("OpenAction"): findings.traits.insert(.openAction)
    case 12 where name.has("EmbeddedFile"): findings.traits.insert(.embeddedObject)
    default: break
    }
    return false
  }

  /// A name with its `#xx` undone, at most 32 octets of it, and where it ends.
  private static func name(_ octets: ArraySlice<UInt8>, _ start: Int) -> ([UInt8], Int) {
    var name: [UInt8] = []
    var place = start
    while place < octets.endIndex, octets[place].isRegular {
      if octets[place] == 0x23, place + 2 < octets.endIndex, let high = octets[place + 1].hexValue,
        let low = octets[place + 2].hexValue
      {
        name.append(high << 4 | low)
        place += 3
      } else {
        name.append(octets[place])
        place += 1
      }
      if name.count == 32 { break }
    }
    return (name, place)
  }

  private static func end(_ octets: ArraySlice<UInt8>, _ start: Int) -> Int {
    var place = start
    while place < octets.endIndex {
      if octets[place] == 0x65, octets[place...].has("endstream") { return place }
      place += 1
    }
    return octets.endIndex
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

  /// Neither white space nor a delimiter (ISO 32000-1 §7.2.2).
  fileprivate var isRegular: Bool {
    switch self {
    case 0...0x20, 0x25, 0x28, 0x29, 0x2f, 0x3c, 0x3e, 0x5b, 0x5d, 0x7b, 0x7d: false
    default: true
    }
  }
}
