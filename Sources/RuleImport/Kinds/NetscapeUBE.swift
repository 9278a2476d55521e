import Bytes

/// `filter.cfg` of the UBE plug-in of Netscape's and iPlanet's messaging servers.
///
/// Only what their guides show is read: `[:label] field[:case][:envonly] "expression" REJECT|JUMP "argument"`. The
/// tables of further actions and fields are in no copy that we could get; such lines are refused, quoted.
struct NetscapeUBE {
  private struct Filter {
    var label: String?
    var line: ImportDesk.Line
    var field = ""
    var pattern: Pattern?
    var isEnvelope = false
    var action = ""
    var argument = ""
  }

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var filters: [Filter] = []
    for line in desk.source.lines {
      if line.isBlank {
        desk.skip()
        continue
      }
      if line.first == UInt8(ascii: "#") {
        desk.note("lines that begin with # were taken for comments")
        desk.skip()
        continue
      }
      filters.append(filter(line, desk.begin(line), &desk))
    }
    for index in filters.indices where filters[index].pattern != nil { write(filters, index, &desk) }
  }

  /// One line; without a pattern where it cannot be used, which was told.
  private static func filter(
    _ line: ImportSource.Line, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) -> Filter {
    var filter = Filter(line: id)
    var words: [(octets: [UInt8], isQuoted: Bool, offset: Int)] = []
    do {
      words = try Self.words(line.octets)
    } catch {
      desk.wrong(id, column: error.offset + 1, error.message)
      return filter
    }
    if let first = words.first, !first.isQuoted, first.octets.first == UInt8(ascii: ":") {
      filter.label = desk.source.text(first.octets.dropFirst())
      words.removeFirst()
    }
    guard words.count >= 3, words.count <= 4, !words[0].isQuoted, words[1].isQuoted, !words[2].isQuoted else {
      desk.wrong(
        id, column: (words.first?.offset ?? 0) + 1,
        "not of the form [:label] field \"expression\" ACTION \"argument\"")
      return filter
    }
    filter.action = desk.source.text(words[2].octets).uppercasedASCII
    filter.argument = words.count > 3 ? desk.source.text(words[3].octets) : ""
    guard filter.action == "REJECT" || filter.action == "JUMP" else {
      desk.wrong(
        id, column: words[2].offset + 1,
        "only REJECT and JUMP are verified, not \(filter.action.printable(limit: 40))")
      return filter
    }
    var parts = desk.source.text(words[0].octets).split(separator: ":", omittingEmptySubsequences: false).map(
      String.init)
    filter.field = parts.removeFirst()
    var isCaseSensitive = false
    for part in parts {
      switch part.lowercasedASCII {
      case "case": isCaseSensitive = true
      case "envonly": filter.isEnvelope = true
      default:
        desk.wrong(
          id, column: words[0].offset + 1,
          "only :case and :envonly are verified, not :\(part.printable(limit: 40))")
        return filter
      }
    }
    do {
      filter.pattern = try Pattern.read(
        words[1].octets, dialect: .posix, isCaseSensitive: isCaseSensitive, isUTF8: desk.source.isUTF8)
    } catch {
      desk.wrong(id, column: words[1].offset + 1 + error.offset, error.message)
    }
    return filter
  }

  /// Words between blanks; quoted ones without their quotes, a backslash keeping the next octet from ending them.
  private static func words(
    _ octets: [UInt8]
  ) throws(PatternError) -> [(octets: [UInt8], isQuoted: Bool, offset: Int)] {
    var words: [(octets: [UInt8], isQuoted: Bool, offset: Int)] = []
    var index = 0
    while index < octets.count {
      if octets[index].isWhiteSpace {
        index += 1
        continue
      }
      let start = index
      if octets[index] == UInt8(ascii: "\"") {
        index += 1
        while index < octets.count, octets[index] != UInt8(ascii: "\"") {
          index += octets[index] == 0x5c ? 2 : 1
        }
        guard index < octets.count else {
          throw PatternError(offset: start, message: "the quotes do not end")
        }
        words.append((Array(octets[(start + 1)..<index]), true, start))
        index += 1
      } else {
        while index < octets.count, !octets[index].isWhiteSpace { index += 1 }
        words.append((Array(octets[start..<index]), false, start))
      }
    }
    return words
  }

  private static let jump = "UBE_JUMP"

  private static func write(_ filters: [Filter], _ index: Int, _ desk: inout ImportDesk) {
    let filter = filters[index]
    func target(_ filter: Filter, after index: Int) -> Int? {
      guard filter.action == "JUMP", filter.pattern != nil else { return nil }
      return filters.indices.dropFirst(index + 1).first { filters[$0].label == filter.argument }
    }
    if let label = filter.label,
      filters[..<index].enumerated().contains(where: { target($1, after: $0) == index })
    {
      let expression = PatternWriter.procmail(literal: label)
      desk.rule(
        [":0", "* \(jump) ?? ^^\(expression)^^", "{", "  \(jump)=\"\"", "}"], for: [],
        comment: "the label \(label)")
    }
    guard let condition = condition(filter, &desk) else { return }
    // A jump passes by what lies before its label.
    let isPassed = filters[..<index].enumerated().contains { (target($1, after: $0) ?? 0) > index }
    var lines = [":0" + condition.flags] + (isPassed ? ["* ! \(jump) ?? ."] : []) + ["* \(condition.text)"]
    if filter.action == "REJECT" {
      lines.append(
        "reject 550 5.7.1" + (filter.argument.isEmpty ? "" : " " + RuleWords.quoted(filter.argument)))
    } else {
      guard target(filter, after: index) != nil else {
        desk.left(filter.line, "no line behind it has the label \(filter.argument.printable(limit: 40))")
        return
      }
      lines += ["{", "  \(jump)=\(RuleWords.quoted(filter.argument))", "}"]
    }
    desk.rule(lines, for: [filter.line])
  }

  private static func condition(_ filter: Filter, _ desk: inout ImportDesk) -> (flags: String, text: String)?
  {
    guard let pattern = filter.pattern else { return nil }
    if filter.isEnvelope {
      let variable: String
      switch filter.field.lowercasedASCII {
      case "from", "sender": variable = "SENDER"
      case "to": variable = "RECIPIENT"
      default:
        desk.left(
          filter.line, "which part of the envelope \(filter.field.printable(limit: 40)) is, is not verified")
        return nil
      }
      return expression(pattern, subject: variable, filter.line, &desk)
    }
    guard let name = RuleWords.header(filter.field + ":")?.name else {
      desk.left(filter.line, "not the name of a header: \(filter.field.printable(limit: 40))")
      return nil
    }
    var headed = pattern
    var parts: [PatternNode]
    if case .sequence(let several) = pattern.node { parts = several } else { parts = [pattern.node] }
    var gap = PatternNode.repeated(.set(.all), least: 0, most: nil, manner: .greedy)
    if parts.first == .lineStart {
      parts.removeFirst()
      gap = .repeated(.set(.blank), least: 0, most: nil, manner: .greedy)
    } else if case .choice = pattern.node {
      parts = [.group(pattern.node, number: nil)]
    }
    headed.node = .sequence([.lineStart] + (name + ":").utf8.map { .octet($0) } + [gap] + parts)
    return expression(headed, subject: nil, filter.line, &desk)
  }

  private static func expression(
    _ pattern: Pattern, subject: String?, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) -> (flags: String, text: String)? {
    if let text = PatternWriter.procmail(pattern) {
      return (pattern.isCaseSensitive ? " D" : "", subject.map { "\($0) ?? \(text)" } ?? text)
    }
    guard let text = PatternWriter.pcre(LineTest(terms: [.init(pattern: pattern)])) else {
      desk.left(line, "the expression is longer than \(PatternWriter.mostOctets) octets")
      return nil
    }
    return ("", "PCRE ?? \(subject ?? "H") ?? \(text)")
  }
}
