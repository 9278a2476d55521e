import MailSyntax

/// Messages: a tree whose ranges lie in each other, within every bound, whatever the octets are; the same tree with
/// either line end; and what is decoded in part is the beginning of what is decoded.
let fuzzMIME: @Sendable ([UInt8]) -> Void = { bytes in
  guard let options = bytes.first else { return }
  let message = Array(bytes.dropFirst())
  var limits = MIMELimits()
  if options & 1 != 0 { (limits.parts, limits.levels) = (5, 4) }
  if options & 2 != 0 { (limits.header, limits.fields) = (200, 6) }
  if options & 4 != 0 { limits.decoded = 300 }
  let tree = MIMETree.parse(message, limits: limits)
  check(tree, limits)
  for part in tree.parts { contents(tree, part, Int(options >> 3)) }
  if options & 7 == 0 { lineEnds(message) }
  _ = TNEF.attachments(message)
}

private func check(_ tree: MIMETree, _ limits: MIMELimits) {
  promise(!tree.parts.isEmpty && tree.parts.count <= limits.parts, "\(tree.parts.count) parts")
  promise(tree.sources.dropFirst().reduce(0) { $0 + $1.count } <= limits.decoded, "too much decoded")
  for (place, part) in tree.parts.enumerated() {
    let end = tree.sources[part.source].count
    promise(part.index == place && part.level < limits.levels, "its place")
    promise(part.header.upperBound == part.body.lowerBound && part.body.upperBound <= end, "its ranges")
    promise(part.fields.count <= limits.fields, "its fields")
    var position = part.header.lowerBound
    for field in part.fields {
      promise(
        field.range.lowerBound >= position && field.range.upperBound <= part.header.upperBound, "a field")
      promise(field.body.lowerBound > field.range.lowerBound, "a field without a name")
      promise(field.body.upperBound <= field.range.upperBound, "a field's body")
      position = field.range.upperBound
    }
    promise((part.parent == nil) == (place == 0), "a parent")
    var last = part.body.lowerBound
    for child in part.children.map({ tree.parts[$0] }) {
      promise(child.parent == place && child.index > place && child.level == part.level + 1, "a child")
      guard child.source == part.source else { continue }
      promise(child.header.lowerBound >= last, "a child over another")
      promise(child.body.upperBound <= part.body.upperBound, "a child outside")
      last = child.body.upperBound
    }
  }
  for fault in tree.faults {
    promise(tree.parts.indices.contains(fault.part) && fault.evidence.utf8.count <= 80, "a fault")
    promise(fault.evidence.utf8.allSatisfy { $0 > 0x1f && $0 < 0x7f }, "its evidence")
  }
}

private func contents(_ tree: MIMETree, _ part: MIMETree.Part, _ most: Int) {
  let whole = tree.decoded(part)
  promise(!whole.isCut && whole.octets.count <= part.body.count, "it grew")
  let some = tree.decoded(part, most: most)
  promise(some.octets.elementsEqual(whole.octets.prefix(most)), "cut, it is another")
  promise(some.isCut == (whole.octets.count > most), "cut or not")
  for file in tree.embeddedFiles(in: part, files: 3, most: most) {
    promise(file.octets.count <= max(most, 0), "a file too large")
  }
  for (place, name) in part.fileNames.enumerated() {
    promise(!name.value.isEmpty && !part.fileNames[..<place].contains(name), "a name")
  }
}

private func lineEnds(_ message: [UInt8]) {
  let plain = message.filter { $0 != 0x0d }
  let wire = plain.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
  promise(outline(plain) == outline(wire), "another tree with CRLF")
}

private func outline(_ message: [UInt8]) -> [String] {
  let tree = MIMETree.parse(message)
  return tree.parts.map { part in
    let content = part.children.isEmpty ? tree.decoded(part).octets.filter { $0 != 0x0d } : []
    return "\(part.level) \(part.type.name) \(part.encoding) \(part.fields.map(\.name)) \(content)"
  }
}
