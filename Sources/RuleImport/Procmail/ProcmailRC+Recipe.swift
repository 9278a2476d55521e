import Bytes

extension ProcmailRC {
  /// A recipe as it was read.
  private struct Recipe {
    var flags = ""
    var conditions: [String] = []
    var differences: [String] = []
    /// Why it cannot come over: a program among its conditions.
    var obstacle: String?
    var action: [UInt8] = []
    var actionLines = 0..<0
  }

  mutating func recipe(_ desk: inout ImportDesk) {
    let start = index
    let (head, _) = logicalLine()
    var recipe = Recipe()
    var count = Self.head(head, &recipe)
    while true {
      skipComments(&desk)
      guard index < lines.count, let first = lines[index].first else { break }
      if first == UInt8(ascii: "*") {
        condition(&recipe, isStarred: true, desk)
      } else if count > 0, first != UInt8(ascii: ":"), first != UInt8(ascii: "}") {
        condition(&recipe, isStarred: false, desk)
      } else {
        break
      }
      count -= 1
    }
    let isMissing =
      index >= lines.count || lines[index].first == UInt8(ascii: ":")
      || lines[index].first == UInt8(ascii: "}")
    if !isMissing {
      let (text, range) = logicalLine()
      recipe.action = text
      recipe.actionLines = range
    }
    let shown =
      "\(desk.source.text(head.prefix(60)).trimmed) … \(desk.source.text(recipe.action.prefix(90)).trimmed)"
    let id = desk.begin(range(start..<index), shown)
    guard !isMissing else {
      desk.wrong(id, "a recipe without an action; procmail skips it")
      for text in copies(start..<index, desk) { desk.copy("\(indent)# not carried over: \(text.trimmed)") }
      return
    }
    for difference in recipe.differences { desk.changed(id, difference) }
    desk.copy("\(indent)# \(ImportFiles.comment(desk.place(id)))")
    write(recipe, id, &desk)
  }

  /// Comments between the conditions stay comments; they do not part them.
  private mutating func skipComments(_ desk: inout ImportDesk) {
    while index < lines.count, lines[index].isBlank || lines[index].first == UInt8(ascii: "#") {
      if !lines[index].isBlank {
        for text in copies(index..<(index + 1), desk) { desk.copy(Self.comment(text)) }
      }
      desk.skip()
      index += 1
    }
  }

  /// `:0 flags`, `:n flags`, `:flags`; gives the number of conditions that have no star.
  private static func head(_ text: [UInt8], _ recipe: inout Recipe) -> Int {
    var rest = text.drop { $0.isWhiteSpace }.dropFirst()
    let digits = rest.drop { $0.isWhiteSpace }.prefix { $0.isASCIIDigit }
    if !digits.isEmpty { rest = rest.drop { $0.isWhiteSpace }.dropFirst(digits.count) }
    let comment = rest.firstIndex(of: UInt8(ascii: "#")) ?? rest.endIndex
    for octet in rest[..<comment] {
      if octet == UInt8(ascii: ":") { break }
      if "HBDAahbfcwWiEer".utf8.contains(octet) {
        recipe.flags.unicodeScalars.append(Unicode.Scalar(octet))
      } else if !octet.isWhiteSpace {
        recipe.differences.append("no flag, and skipped: \(Character(Unicode.Scalar(octet)))")
      }
    }
    if let number = Int(String(decoding: digits, as: UTF8.self)) { return min(number, 1000) }
    return recipe.flags.contains { "AaEe".contains($0) } ? 0 : 1
  }

  private mutating func condition(_ recipe: inout Recipe, isStarred: Bool, _ desk: ImportDesk) {
    let (joined, _) = joinedCondition()
    var octets = joined.drop { $0.isWhiteSpace }
    if isStarred { octets = octets.dropFirst() }
    octets = octets.drop { $0.isWhiteSpace }
    while octets.last?.isWhiteSpace ?? false { octets = octets.dropLast() }
    if Self.asksProgram(octets) {
      recipe.obstacle = "a condition that runs a program, and programs are off"
    }
    var text = desk.source.text(octets)
    if text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7f }) {
      recipe.obstacle = "a control character in a condition"
    }
    let prefix = desk.source.text(octets.prefix(octets.count - Self.behindPrefixes(octets).count))
    if text.dropFirst(prefix.count).hasPrefix("\\") {
      text = prefix + "()" + text.dropFirst(prefix.count + 1)
      recipe.differences.append("the backslash that procmail takes away from a condition's beginning is gone")
    }
    if let plain = Self.withoutTraps(text) {
      text = plain
      recipe.differences.append(
        "`{n}` and `#` are themselves in a condition: in brackets nobody can think otherwise")
    }
    recipe.conditions.append(text)
  }

  /// A condition with its continued lines, whose leading blanks do not count.
  private mutating func joinedCondition() -> (text: [UInt8], range: Range<Int>) {
    let start = index
    var text: [UInt8] = []
    while index < lines.count {
      let octets = text.isEmpty ? lines[index].octets[...] : lines[index].octets.drop { $0.isWhiteSpace }
      index += 1
      let slashes = octets.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
      guard slashes % 2 == 1, text.count + octets.count <= ImportSource.mostLineOctets, index < lines.count
      else {
        text += octets
        break
      }
      text += octets.dropLast()
    }
    return (text, start..<index)
  }

  /// Whether behind the prefixes stands `?`, or a backquote in what is expanded.
  private static func asksProgram(_ octets: ArraySlice<UInt8>) -> Bool {
    var rest = behindPrefixes(octets)
    var isExpanded = false
    while rest.first == UInt8(ascii: "$") {
      isExpanded = true
      rest = behindPrefixes(rest.dropFirst())
    }
    return rest.first == UInt8(ascii: "?") || isExpanded && runsProgram(Array(rest))
  }

  /// What stands behind `!`, weights and `VAR ??`.
  private static func behindPrefixes(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = octets
    while let first = rest.first {
      if first == UInt8(ascii: "!") || first.isWhiteSpace {
        rest = rest.dropFirst()
        continue
      }
      let word = rest.prefix { $0.isASCIILetterOrDigit || "_.^-+".utf8.contains($0) }
      let behind = rest.dropFirst(word.count).drop { $0.isWhiteSpace }
      let isWeight = word.contains(UInt8(ascii: "^")) && word.allSatisfy { !$0.isASCIILetter }
      if isWeight {
        rest = behind
      } else if !word.isEmpty, behind.starts(with: "??".utf8) {
        rest = behind.dropFirst(2)
      } else {
        break
      }
    }
    return rest
  }

  /// The condition without what looks like a quantifier or a comment; nil where nothing does.
  private static func withoutTraps(_ text: String) -> String? {
    var result: [UInt8] = []
    let octets = Array(text.utf8)
    var isInBrackets = false
    var index = 0
    var isChanged = false
    while index < octets.count {
      let octet = octets[index]
      if octet == UInt8(ascii: "\\"), !isInBrackets, index + 1 < octets.count {
        result += octets[index...(index + 1)]
        index += 2
        continue
      }
      if octet == UInt8(ascii: "[") { isInBrackets = true }
      if octet == UInt8(ascii: "]") { isInBrackets = false }
      let isBrace =
        octet == UInt8(ascii: "{") && isCount(octets[(index + 1)...]) && index > 0
        && octets[index - 1] != UInt8(ascii: "$")
      let isHash = octet == UInt8(ascii: "#") && index > 0 && octets[index - 1].isWhiteSpace
      if !isInBrackets, isBrace || isHash {
        result += [UInt8(ascii: "["), octet, UInt8(ascii: "]")]
        isChanged = true
      } else {
        result.append(octet)
      }
      index += 1
    }
    return isChanged ? String(decoding: result, as: UTF8.self) : nil
  }

  private static func isCount(_ octets: ArraySlice<UInt8>) -> Bool {
    let inner = octets.prefix { $0.isASCIIDigit || $0 == UInt8(ascii: ",") }
    return !inner.isEmpty && octets.dropFirst(inner.count).first == UInt8(ascii: "}")
  }

  // MARK: Actions

  private mutating func write(_ recipe: Recipe, _ id: ImportDesk.Line, _ desk: inout ImportDesk) {
    let octets = recipe.action.drop { $0.isWhiteSpace }
    let action = desk.source.text(octets).trimmed
    if octets.first == UInt8(ascii: "{") {
      block(recipe, octets.dropFirst(), id, &desk)
      return
    }
    if let obstacle = recipe.obstacle {
      for text in [":0 \(recipe.flags)"] + recipe.conditions.map({ "* \($0)" }) + [String(action)] {
        desk.copy("\(indent)# not carried over: \(text)")
      }
      desk.left(id, obstacle)
      return
    }
    let isCopy = recipe.flags.contains("c")
    let isFilter = recipe.flags.contains("f")
    if octets.first == UInt8(ascii: "|") || Self.isCapture(octets) {
      if isFilter, let header = Formail.action(action.dropFirst().trimmed) {
        emit(recipe, keeping: "HBDAaEe", [header], id, &desk)
        return
      }
      // Whether it takes the mail is for its exit status to say: nobody knows here, and what hangs on it must not run.
      if !isFilter, recipe.flags.contains(where: { "Ww".contains($0) }) || Formail.tellsRepeats(action) {
        var recipe = recipe
        recipe.conditions = ["! ()"]
        ending(recipe, action, ends: false, id, &desk)
        desk.left(
          id,
          "the program is not run, and whether it takes the mail its exit status says: this recipe never holds,"
            + " nor do those that hang on it (A, a)")
        return
      }
      let ends = !isCopy && !isFilter && octets.first == UInt8(ascii: "|")
      ending(recipe, action, ends: ends, id, &desk)
      desk.left(id, "the program is not run" + (ends ? "; the message goes on to the backend" : ""))
    } else if octets.first == UInt8(ascii: "!") {
      ending(recipe, action, ends: !isCopy, id, &desk)
      let word = isCopy ? "copy" : "redirect"
      desk.changed(id, "not forwarded: write `\(word) ADDRESS` in its place if the gateway shall do it")
    } else {
      mailbox(recipe, action, isCopy, id, &desk)
    }
  }

  private static func isCapture(_ octets: ArraySlice<UInt8>) -> Bool {
    let name = octets.prefix { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") }
    let rest = octets.dropFirst(name.count).drop { $0.isWhiteSpace }
    guard !name.isEmpty, rest.first == UInt8(ascii: "=") else { return false }
    return rest.dropFirst().drop { $0.isWhiteSpace }.first == UInt8(ascii: "|")
  }

  private func emit(
    _ recipe: Recipe, keeping flags: String, _ action: [String], _ id: ImportDesk.Line,
    _ desk: inout ImportDesk
  ) {
    let kept = recipe.flags.filter { flags.contains($0) }
    desk.copy(indent + ":0" + (kept.isEmpty ? "" : " " + kept), for: id)
    for condition in recipe.conditions { desk.copy("\(indent)* \(condition)", for: id) }
    for line in action { desk.copy(indent + line, for: id) }
  }

  /// An action that the gateway does not do: its conditions stay, so that `A` and `E` behind it mean what they meant.
  private func ending(
    _ recipe: Recipe, _ action: Substring, ends: Bool, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    let was = "  # was: \(action.printable(limit: 300))"
    emit(recipe, keeping: "HBDAaEe", ["{", was] + (ends ? ["  SWITCHRC="] : []) + ["}"], id, &desk)
  }

  private static let spam = ["spam", "junk", "trash", "virus", "malware", "quarantine", "phish"]

  private func mailbox(
    _ recipe: Recipe, _ action: Substring, _ isCopy: Bool, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    let path = String(action.prefix { $0 != "#" }.trimmed)
    if path == "/dev/null" {
      emit(recipe, keeping: "HBDAaEec", ["/dev/null"], id, &desk)
      desk.changed(id, "thrown away for every recipient that the file is for")
      return
    }
    if Self.spam.contains(where: path.lowercasedASCII.contains), !isCopy {
      emit(recipe, keeping: "HBDAaEe", ["quarantine \(Self.folder(path))"], id, &desk)
      desk.changed(
        id, "held in the quarantine until somebody releases it or it expires, not filed in a mailbox")
      return
    }
    ending(recipe, path[...], ends: !isCopy, id, &desk)
    if path == "$DEFAULT" || path == "${DEFAULT}" || path == "$ORGMAIL" || path == "${ORGMAIL}" {
      desk.changed(id, "goes on to the backend")
    } else {
      desk.changed(id, isCopy ? "no copy is filed" : "goes on to the backend, which files it")
    }
  }

  /// The last part of a path, if it is plain.
  private static func folder(_ path: String) -> String {
    let parts = path.utf8.split(whereSeparator: { $0 == UInt8(ascii: "/") || $0.isWhiteSpace })
    let last = parts.last { !$0.elementsEqual(".".utf8) }.flatMap { String($0) } ?? ""
    let name = ImportDesk.fileName(last)
    return name == "imported" ? "spam" : name
  }

  // MARK: Blocks

  private mutating func block(
    _ recipe: Recipe, _ rest: ArraySlice<UInt8>, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    var recipe = recipe
    if let obstacle = recipe.obstacle {
      // Nobody knows whether it would hold: what is inside stays, and never runs.
      recipe.conditions = ["! ()"]
      desk.left(id, "\(obstacle); the block is never entered")
    }
    if recipe.flags.contains("c") {
      desk.changed(
        id, "procmail works on a copy in this block, and goes on with the original; here it is one message")
    }
    guard depth < Self.mostNesting else {
      desk.wrong(id, "nested deeper than \(Self.mostNesting)")
      emit(recipe, keeping: "HBDAaEe", ["{", "}"], id, &desk)
      return
    }
    emit(recipe, keeping: "HBDAaEe", ["{"], id, &desk)
    depth += 1
    let inner = rest.drop { $0.isWhiteSpace }
    if let first = inner.first, first != UInt8(ascii: "#") {
      // The block begins on the line of its brace.
      index -= 1
      lines[index].octets = Array(inner)
    }
  }
}
