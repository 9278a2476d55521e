import MailSyntax

/// What holds of every tree, whatever it was read from.
struct MIMEShape {
  let tree: MIMETree
  let limits: MIMELimits

  init(_ tree: MIMETree, limits: MIMELimits = MIMELimits()) {
    self.tree = tree
    self.limits = limits
  }

  /// What does not hold, in words; nil where all does.
  var fault: String? {
    guard tree.parts.count <= max(limits.parts, 1), !tree.parts.isEmpty else {
      return "\(tree.parts.count) parts"
    }
    for (place, part) in tree.parts.enumerated() {
      if let fault = fault(part, place) { return "part \(place): \(fault)" }
    }
    let decoded = tree.sources.dropFirst().reduce(0) { $0 + $1.count }
    guard decoded <= limits.decoded else { return "\(decoded) octets decoded" }
    for fault in tree.faults {
      guard tree.parts.indices.contains(fault.part), fault.evidence.utf8.count <= 80,
        fault.evidence.utf8.allSatisfy({ $0 > 0x1f && $0 < 0x7f })
      else { return "fault \(fault)" }
    }
    return nil
  }

  private func fault(_ part: MIMETree.Part, _ place: Int) -> String? {
    guard part.index == place, tree.sources.indices.contains(part.source) else { return "its place" }
    let end = tree.sources[part.source].count
    guard part.header.upperBound == part.body.lowerBound, part.body.upperBound <= end else {
      return "its ranges"
    }
    guard part.level < max(limits.levels, 1), part.fields.count <= limits.fields else { return "its bounds" }
    var position = part.header.lowerBound
    for field in part.fields {
      guard field.range.lowerBound >= position, field.range.upperBound <= part.header.upperBound,
        field.body.lowerBound > field.range.lowerBound, field.body.upperBound <= field.range.upperBound
      else { return "field \(field)" }
      position = field.range.upperBound
    }
    if let parent = part.parent {
      guard parent < place, tree.parts[parent].children.contains(place) else { return "its parent" }
      guard tree.parts[parent].level + 1 == part.level else { return "its level" }
    } else if place != 0 {
      return "no parent"
    }
    return faultOfChildren(part)
  }

  private func faultOfChildren(_ part: MIMETree.Part) -> String? {
    var last: Int?
    for child in part.children.map({ tree.parts[$0] }) {
      guard child.parent == part.index, child.index > last ?? part.index else {
        return "child \(child.index)"
      }
      if child.source == part.source {
        guard part.body.lowerBound <= child.header.lowerBound, child.body.upperBound <= part.body.upperBound
        else {
          return "child \(child.index) outside: \(child.header), \(child.body) in \(part.body)"
        }
        if let last, tree.parts[last].body.upperBound > child.header.lowerBound {
          return "child \(child.index) over"
        }
      } else if child.source <= part.source {
        return "child \(child.index) in another source"
      }
      last = child.index
    }
    let source = part.children.first.map { tree.parts[$0].source } ?? part.source
    for range in [part.preamble, part.epilogue] where range.upperBound > tree.sources[source].count {
      // A multipart that was decoded and has no parts keeps its texts in a source of its own.
      guard tree.sources.contains(where: { range.upperBound <= $0.count }) else {
        return "what stands around it"
      }
    }
    return nil
  }
}
