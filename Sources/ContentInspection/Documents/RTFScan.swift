/// The control words of a text in RTF that bring objects of programs, or fetch a template. One pass.
enum RTFScan {
  static func look(at octets: ArraySlice<UInt8>) -> DocumentFindings {
    var findings = DocumentFindings()
    var place = octets.startIndex
    while let slash = octets[place...].firstIndex(of: 0x5c) {
      var end = slash + 1
      while end < octets.endIndex, end - slash <= 24, (octets[end] | 0x20) &- 0x61 < 26 { end += 1 }
      let word = octets[(slash + 1)..<end]
      place = max(end, slash + 1)
      switch word.count {
      case 7 where word.has("objdata"), 6 where word.has("objocx"):
        findings.traits.insert(.embeddedObject)
      case 7 where word.has("objlink"), 10 where word.has("objautlink"):
        findings.traits.insert(.externalContent)
      case 8 where word.has("template"):
        if isElsewhere(octets[end...].prefix(64)) { findings.traits.insert(.externalContent) }
      default: break
      }
      // An escaped backslash is no word's beginning.
      if end == slash + 1, octets.octet(end - octets.startIndex) == 0x5c { place = end + 1 }
    }
    return findings
  }

  private static func isElsewhere(_ text: ArraySlice<UInt8>) -> Bool {
    text.offset(ofAnyCase: "http", most: 16) != nil || text.offset(ofAnyCase: "\\\\", most: 8) != nil
      || text.offset(ofAnyCase: "file:", most: 16) != nil || text.offset(ofAnyCase: "ftp:", most: 16) != nil
      || text.offset(ofAnyCase: "\\u", most: 8) != nil
  }
}
