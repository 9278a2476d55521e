import Bytes
import Settings

/// Weir's own actions, by their words.
extension RuleParser {
  /// Reads what follows the word; the cursor stands behind it.
  mutating func weirAction(_ word: String, from start: Int) -> WeirAction? {
    switch word {
    case "reject": return refusal(5, from: start).map { .reject($0) }
    case "defer": return refusal(4, from: start).map { .defer($0) }
    case "discard": return alone(.discard, word)
    case "accept": return alone(.accept, word)
    case "tag": return alone(.tag, word)
    case "stop": return alone(.stop, word)
    case "quarantine":
      let folder = template(.words)
      checkFolder(folder, at: start..<endOfLine(start), isMailbox: false)
      return .quarantine(folder.pieces.isEmpty ? nil : folder)
    case "redirect", "copy":
      let addresses = template(.words)
      if addresses.pieces.isEmpty {
        error(
          "no address to \(word) to", cure: "write \(word) user@example.org", at: start..<endOfLine(start))
        return nil
      }
      return word == "copy" ? .copy(addresses) : .redirect(addresses)
    case "score": return score(from: start)
    default: return header(from: start)
    }
  }

  /// A folder as it is written: one of the gateway's own is for nobody to fill, and what is no name leads elsewhere.
  mutating func checkFolder(_ folder: Template, at line: Range<Int>, isMailbox: Bool) {
    let name = folder.constant.flatMap(FolderName.of)
    if let octets = folder.constant,
      octets.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) })
    {
      error("a folder cannot lie outside of the quarantine: '..'", cure: "name it without ..", at: line)
    } else if let kept = (name ?? folder.writtenTop).flatMap(FolderName.keptFolder) {
      error(
        "the folder '\(kept)' is the gateway's own: only the gateway puts mail there",
        cure: "name another: spam, or one of yours", at: line)
    } else if let name, !FolderName.isName(name) {
      let cure = "use letters, digits, - _ and ., no . in front: lists/announce"
      if isMailbox {
        warn(
          "'\(name)' is no folder's name: what is held for this lies in the folder rules", cure: cure,
          at: line)
      } else {
        error("'\(name)' is no folder's name", cure: cure, at: line)
      }
    }
  }

  private mutating func alone(_ action: WeirAction, _ word: String) -> WeirAction {
    text.skipBlanks()
    let start = text.index
    if let octet = text.next, octet != .lineFeed, octet != UInt8(ascii: "#") {
      error("nothing follows '\(word)'", cure: "take it out", at: start..<skipLine())
    } else {
      skipLine()
    }
    return action
  }

  /// Takes a word of plain octets, up to a blank.
  private mutating func takeWord() -> (String, Range<Int>)? {
    text.skipBlanks()
    let start = text.index
    while let octet = text.next, !octet.isBlankOrEnd { text.index += 1 }
    guard text.index > start else { return nil }
    return (text.octets[start..<text.index].shown, start..<text.index)
  }

  /// `[NNN] [x.y.z] ["text"]`
  private mutating func refusal(_ kind: Int, from start: Int) -> Refusal? {
    var code: Int?
    var enhanced: String?
    var before = text.index
    if let (word, range) = takeWord(), word.utf8.allSatisfy(\.isASCIIDigit) {
      code = Int(word)
      let codes = kind * 100 + 50...kind * 100 + 59
      if code.map(codes.contains) != true {
        error(
          "'\(word)' is no code of this action",
          cure: "codes are \(codes.lowerBound) to \(codes.upperBound), or none", at: range)
      }
    } else {
      text.index = before
    }
    before = text.index
    if let (word, range) = takeWord(), word.utf8.first?.isASCIIDigit == true, word.contains(".") {
      enhanced = word
      if !Self.isEnhanced(word, kind) {
        error(
          "'\(word)' is no enhanced status of this action", cure: "write \(kind).7.1, or the like",
          at: range)
      }
    } else {
      text.index = before
    }
    return Refusal(code: code, enhanced: enhanced, text: quotedText())
  }

  private static func isEnhanced(_ word: String, _ kind: Int) -> Bool {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0] == String(kind)
      && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(\.isASCIIDigit) }
  }

  /// A text in double quotes or one word; an error where more than one stands there.
  private mutating func quotedText() -> Template? {
    text.skipBlanks()
    let start = text.index
    let template = template(.words)
    guard !template.pieces.isEmpty else { return nil }
    if let end = template.pieces.firstIndex(of: .wordEnd), end < template.pieces.count - 1 {
      error("a text of several words", cure: "put it in double quotes", at: start..<endOfLine(start))
    }
    // One text, not words: values in it are not cut.
    return Template(template.pieces.filter { $0 != .wordEnd })
  }

  /// `±n NAME`
  private mutating func score(from start: Int) -> WeirAction? {
    guard let (amount, range) = takeWord() else {
      error("no score", cure: "write score +2.5 NAME", at: start..<endOfLine(start))
      return nil
    }
    let octets = Array(amount.utf8)
    guard let number = Number(octets, from: 0), number.end == octets.count, abs(number.value) <= 1000 else {
      error("'\(amount)' is no score", cure: "write a number from -1000 to 1000: score +2.5 NAME", at: range)
      skipLine()
      return nil
    }
    guard let (name, nameRange) = takeWord(), !name.hasPrefix("#") else {
      error(
        "a score has a name, by which the log and the table of scores know it",
        cure: "write score \(amount) NAME", at: start..<endOfLine(start))
      return nil
    }
    if !Self.isSymbol(name) {
      error(
        "'\(name)' is no name of a finding", cure: "write capital letters, digits and _: INVOICE_CN",
        at: nameRange)
    }
    _ = alone(.stop, "score \(amount) \(name)")
    return .score(number.value, name)
  }

  static func isSymbol(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.first?.isASCIILetter == true
      && name.utf8.allSatisfy {
        $0.isASCIIDigit || $0 == UInt8(ascii: "_") || ($0.isASCIILetter && $0.uppercasedASCII == $0)
      }
  }

  /// `add Name: value`, `remove Name`, `replace Name: value`
  private mutating func header(from start: Int) -> WeirAction? {
    let kinds = ["add", "remove", "replace"]
    guard let (kind, range) = takeWord(), kinds.contains(kind) else {
      let typed = source.octets[start..<endOfLine(start)].shown.split(separator: " ").dropFirst().first ?? ""
      error(
        "'header' is followed by add, remove or replace" + Suggestion.clause(for: String(typed), in: kinds),
        cure: "write header add X-Reason: text", at: start..<skipLine())
      return nil
    }
    text.skipBlanks()
    let nameStart = text.index
    while let octet = text.next, octet > 0x20, octet < 0x7f, octet != UInt8(ascii: ":") { text.index += 1 }
    let name = text.octets[nameStart..<text.index].shown
    let hasColon = text.next == UInt8(ascii: ":")
    if hasColon { text.index += 1 }
    guard !name.isEmpty, hasColon || kind == "remove" else {
      error(
        "a header field is a name, a colon and a value", cure: "write header \(kind) X-Reason: text",
        at: range.lowerBound..<skipLine())
      return nil
    }
    if kind != "add", name.equalsIgnoringASCIICase("Received") || name.lowercasedASCII.hasPrefix("x-weir-") {
      error(
        "\(name) is what loops are known by, and stays", cure: "take this out", at: nameStart..<skipLine())
      return nil
    }
    if kind == "remove" {
      _ = alone(.stop, "header remove \(name)")
      return .removeHeader(name)
    }
    text.skipBlanks()
    let isQuoted = text.next == UInt8(ascii: "\"")
    let value = lineTemplate(quoted: !isQuoted)
    return kind == "add" ? .addHeader(name, value) : .replaceHeader(name, value)
  }

  /// The rest of the line as double-quoted text.
  private mutating func lineTemplate(quoted: Bool) -> Template {
    var line = logicalLine()
    line.trimEnd()
    let source = source
    var reader = TemplateReader(line, .line, quoted: quoted) { source.place($0) }
    let template = reader.read()
    note(reader.faults)
    for command in template.commands { check(command) }
    return template
  }
}
