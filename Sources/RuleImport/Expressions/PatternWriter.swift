import Bytes

/// Writes expressions in the two dialects of rule files.
///
/// `procmail` is the language's own; what it cannot say exactly is written for PCRE2, behind `PCRE ??`.
enum PatternWriter {
  /// What a search area's lines are.
  enum Unit: Hashable, Sendable {
    /// Each line for itself: an unfolded header, or a line of the body.
    case line
    /// A header line as it stands in a body: with the folded lines behind it.
    case foldedLine
  }

  /// Bound: octets of one expression written.
  static let mostOctets = 4000
}

// MARK: procmail's dialect

extension PatternWriter {
  /// The expression in procmail's dialect, as it stands behind `* `; nil where it cannot be said there exactly.
  ///
  /// `\\s` is a blank or a tab there: lines are unfolded, and other controls have no place in mail.
  ///
  /// - Parameter matching: the group whose text is to be MATCH.
  static func procmail(_ pattern: Pattern, unit: Unit = .line, matching: Int? = nil) -> String? {
    let writer = ProcmailWriter(isUTF8: pattern.isUTF8, unit: unit)
    var branches: [PatternNode]
    if case .choice(let several) = pattern.node { branches = several } else { branches = [pattern.node] }
    if let matching {
      guard branches.count == 1, let split = split(branches[0], at: matching) else { return nil }
      guard let before = writer.branch(split.before), let after = writer.branch(split.after) else {
        return nil
      }
      let octets = before + Array("\\/".utf8) + after
      return String(validating: octets, as: UTF8.self).map(guarded)
    }
    var texts: [[UInt8]] = []
    for branch in branches {
      guard let text = writer.branch(branch) else { return nil }
      texts.append(text)
    }
    let octets = Array(texts.joined(separator: [UInt8(ascii: "|")]))
    guard octets.count <= mostOctets, let text = String(validating: octets, as: UTF8.self) else { return nil }
    return guarded(text)
  }

  /// The parts before a group that ends the line, and the group: only where the first part has one length, so that
  /// both engines divide the text alike.
  private static func split(_ node: PatternNode, at number: Int) -> (before: PatternNode, after: PatternNode)?
  {
    guard case .sequence(var parts) = node else { return nil }
    let endsLine = parts.last == .lineEnd
    if endsLine { parts.removeLast() }
    guard case .group(let inner, number)? = parts.last else { return nil }
    parts.removeLast()
    let isFixed = parts.allSatisfy { part in
      switch part {
      case .octet, .set, .lineStart: true
      default: false
      }
    }
    guard isFixed, case .sequence(let inside) = inner, inside.count == 1,
      case .repeated(.set(let set), _, nil, .greedy) = inside[0],
      !endsLine || set.withinLine == OctetSet.all.withinLine
    else { return nil }
    return (.sequence(parts), inside[0])
  }

  /// A text as an expression that matches just it.
  static func procmail(literal text: String) -> String {
    let writer = ProcmailWriter(isUTF8: true, unit: .line)
    var octets: [UInt8] = []
    for octet in text.utf8 { octets += writer.octet(octet) ?? [UInt8(ascii: ".")] }
    return String(decoding: octets, as: UTF8.self)
  }

  /// The expression with `()` in front where it would be taken for a prefix of conditions.
  static func guarded(_ text: String) -> String {
    guard let first = text.utf8.first else { return "()" }
    // Blanks at either end are not part of a condition.
    if first == .space { return guarded("[ ]" + text.dropFirst()) }
    if text.utf8.count > 1, text.utf8.last == .space { return guarded(text.dropLast() + "[ ]") }
    if "!$?<>\\-+.,".utf8.contains(first) || first.isASCIIDigit { return "()" + text }
    // `NAME ??` and `IN(list) ??` are prefixes as well.
    let name = text.utf8.prefix { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") }
    let rest = text.utf8.dropFirst(name.count).drop { $0 == .space || $0 == UInt8(ascii: "\t") }
    return !name.isEmpty && (rest.first == UInt8(ascii: "?") || text.hasPrefix("IN(")) ? "()" + text : text
  }
}

private struct ProcmailWriter {
  let isUTF8: Bool
  /// Bound: copies that a counted repetition is written out as.
  private static let mostCopies = 12

  let unit: PatternWriter.Unit
  /// A line's end that a folded line follows.
  private static let fold = Array("|$[ \t])".utf8)

  init(isUTF8: Bool, unit: PatternWriter.Unit) {
    self.isUTF8 = isUTF8
    self.unit = unit
  }

  /// A branch of the whole expression: only there `^` and `$` are what they are elsewhere.
  func branch(_ node: PatternNode) -> [UInt8]? {
    var parts: [PatternNode]
    if case .sequence(let several) = node { parts = several } else { parts = [node] }
    var octets: [UInt8] = []
    if parts.first == .lineStart {
      octets.append(UInt8(ascii: "^"))
      parts.removeFirst()
      guard unit == .line || startsHeader(&parts) else { return nil }
    } else if parts.count > 1, parts.first == .assertion("\\b"), Self.isWordLike(parts[1]) {
      octets += Array("\\<".utf8)
      parts.removeFirst()
    }
    var end: [UInt8] = []
    if parts.last == .lineEnd {
      end = Array((unit == .line ? "$" : "$([^ \t]|$)").utf8)
      parts.removeLast()
    } else if parts.count > 1, parts.last == .assertion("\\b"), Self.isWordLike(parts[parts.count - 2]) {
      end = Array("\\>".utf8)
      parts.removeLast()
    }
    guard let inner = write(.sequence(parts)) else { return nil }
    // `^TO`, `^TO_` and `^FROM_…` are macros.
    if octets == [UInt8(ascii: "^")], inner.starts(with: "TO".utf8) || inner.starts(with: "FROM_".utf8) {
      octets += Array("()".utf8)
    }
    return octets + inner + end
  }

  /// A character of a word, and no other: next to it `\\b` is a character of another kind, or the line's end.
  private static func isWordLike(_ node: PatternNode) -> Bool {
    switch node {
    case .octet(let octet): OctetSet.word.contains(octet)
    case .set(let set): set.members.allSatisfy(OctetSet.word.contains)
    case .repeated(let inner, let least, _, _): least > 0 && isWordLike(inner)
    default: false
    }
  }

  /// A header does not begin with blanks; a folded line does, and is none. False where that could matter.
  private func startsHeader(_ parts: inout [PatternNode]) -> Bool {
    while case .repeated(.set(let set), least: 0, _, _)? = parts.first,
      set.members.allSatisfy(OctetSet.space.contains)
    {
      parts.removeFirst()
    }
    switch parts.first {
    case .octet(let octet): return !octet.isWhiteSpace
    case .set(let set), .repeated(.set(let set), least: 1..., _, _):
      return !set.contains(.space) && !set.contains(UInt8(ascii: "\t"))
    case .group(.choice(let branches), _):
      return branches.allSatisfy { branch in
        if case .sequence(var inner) = branch { return startsHeader(&inner) }
        // Nothing, or characters of a name.
        if case .repeated(.set(let set), _, _, _) = branch { return !set.contains(.space) && parts.count > 1 }
        return false
      }
    default: return false
    }
  }

  private func write(_ node: PatternNode) -> [UInt8]? {
    switch node {
    case .empty: return []
    case .octet(let octet): return self.octet(octet)
    case .set(let set):
      guard let text = bracket(set) else { return nil }
      return unit == .foldedLine && set.contains(.lineFeed) ? [UInt8(ascii: "(")] + text + Self.fold : text
    case .group(let inner, _):
      guard let text = write(inner) else { return nil }
      return parenthesized(text)
    case .sequence(let parts):
      var octets: [UInt8] = []
      for part in parts {
        guard let text = write(part), octets.count + text.count <= PatternWriter.mostOctets else {
          return nil
        }
        if case .choice = part { octets += parenthesized(text) } else { octets += text }
      }
      return octets
    case .choice(let branches):
      var octets: [UInt8] = []
      for (index, branch) in branches.enumerated() {
        guard let text = write(branch) else { return nil }
        if index > 0 { octets.append(UInt8(ascii: "|")) }
        octets += text
      }
      return octets
    case .repeated(let inner, let least, let most, let manner):
      guard manner != .possessive else { return nil }
      return repeated(inner, least, most)
    case .lineStart, .lineEnd, .assertion, .caseless, .look, .backReference: return nil
    }
  }

  private func parenthesized(_ text: [UInt8]) -> [UInt8] { [UInt8(ascii: "(")] + text + [UInt8(ascii: ")")] }

  private func repeated(_ node: PatternNode, _ least: Int, _ most: Int?) -> [UInt8]? {
    guard var text = write(node) else { return nil }
    switch node {
    case .octet, .set, .group: break
    default: text = parenthesized(text)
    }
    switch (least, most) {
    case (0, nil): return text + [UInt8(ascii: "*")]
    case (1, nil): return text + [UInt8(ascii: "+")]
    case (0, 1): return text + [UInt8(ascii: "?")]
    case (1, 1): return text
    default:
      guard max(least, most ?? 0) <= Self.mostCopies else { return nil }
      var octets = Array(repeatElement(text, count: least).joined())
      if let most {
        for _ in 0..<(most - least) { octets += text + [UInt8(ascii: "?")] }
      } else {
        octets += text + [UInt8(ascii: "*")]
      }
      return octets
    }
  }

  func octet(_ octet: UInt8) -> [UInt8]? {
    if octet >= 0x80 { return isUTF8 ? [octet] : nil }
    if octet == .space { return [.space] }
    if octet == UInt8(ascii: "\t") { return [UInt8(ascii: "["), octet, UInt8(ascii: "]")] }
    if octet.isASCIIControl { return nil }
    if "^$.*+?[]()|\\".utf8.contains(octet) { return [UInt8(ascii: "\\"), octet] }
    // A brace is no quantifier here, and a `#` no comment: in brackets nobody can think so.
    if "{}#".utf8.contains(octet) { return [UInt8(ascii: "["), octet, UInt8(ascii: "]")] }
    return [octet]
  }

  /// `[…]`, in which a backslash is one, and the line feed is never meant.
  private func bracket(_ set: OctetSet) -> [UInt8]? {
    var inner = set.withinLine
    if inner == OctetSet.all.withinLine { return [.dot] }
    for (space, blank) in [
      (OctetSet.space, OctetSet.blank), (OctetSet.space.inverted, OctetSet.blank.inverted),
    ]
    where inner == space.withinLine { inner = blank.withinLine }
    let isNegated = inner.count > 128
    let members = isNegated ? inner.inverted.withinLine : inner
    guard !members.isEmpty, members.members.allSatisfy({ $0 < 0x80 && (!$0.isASCIIControl || $0 == 0x09) })
    else { return nil }
    if !isNegated, members.count == 1, let only = members.members.first { return octet(only) }
    var body: [UInt8] = []
    var closing: [UInt8] = []
    var opening: [UInt8] = []
    for run in members.runs {
      // The signs of brackets stand where they are none.
      var plain = Array(run)
      if run.count > 3, !run.contains(where: { "]^-[\\".utf8.contains($0) }) {
        body += [run.lowerBound, UInt8(ascii: "-"), run.upperBound]
        continue
      }
      plain.removeAll { octet in
        switch octet {
        case UInt8(ascii: "]"): opening.append(octet)
        case UInt8(ascii: "^"), UInt8(ascii: "-"): closing.append(octet)
        default: return false
        }
        return true
      }
      body += plain
    }
    closing.sort { $0 > $1 }
    // `^` may not be the first, and a lone `^` would be.
    if !isNegated, opening.isEmpty, body.isEmpty, closing.first == UInt8(ascii: "^") { return nil }
    let sign: [UInt8] = isNegated ? [UInt8(ascii: "^")] : []
    return [UInt8(ascii: "[")] + sign + opening + body + closing + [UInt8(ascii: "]")]
  }
}
