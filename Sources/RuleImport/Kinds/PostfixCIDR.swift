import Bytes
import NetAddress

/// Postfix's cidr_table(5), with the actions of access(5): the first line that holds the address counts.
enum PostfixCIDR {
  /// Bound: `if` inside of `if`.
  private static let mostNesting = 64

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var table = NetworkTable(.first)
    /// The addresses that the open `if`s leave; nil for all of them.
    var blocks: [(region: [IPPrefix]?, line: ImportDesk.Line)] = []
    for line in desk.source.continuedLines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      let text = desk.source.text(line.octets)
      var (word, rest) = text.trimmed.firstWord
      switch word.lowercasedASCII {
      case "if":
        (word, rest) = rest.firstWord
        guard blocks.count < mostNesting, let region = region(word, line, id, &desk) else {
          desk.wrong(id, "an `if` that cannot be read: what is inside of it is left out")
          blocks.append(([], id))
          continue
        }
        blocks.append((intersect(blocks.last?.region, region), id))
        desk.carried(id)
      case "endif":
        if blocks.popLast() == nil { desk.wrong(id, "an `endif` without its `if`") } else { desk.carried(id) }
      default:
        guard let region = region(word, line, id, &desk) else { continue }
        guard !rest.isEmpty else {
          desk.wrong(id, column: line.octets.count + 1, "a network without a result")
          continue
        }
        guard let verdict = PostfixAction.verdict(String(rest), .client, id, &desk) else { continue }
        table.add(intersect(blocks.last?.region, region), verdict, for: id, &desk)
      }
    }
    for block in blocks {
      desk.changed(block.line, "an `if` without its `endif`: it goes to the end of the file")
    }
    table.write(&desk)
  }

  /// The addresses that `net` or `!net` names.
  private static func region(
    _ word: Substring, _ line: ImportSource.Line, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) -> [IPPrefix]? {
    var text = word
    var isNegated = false
    while text.hasPrefix("!") {
      isNegated.toggle()
      text = text.dropFirst()
    }
    // Postfix takes brackets around an address of version 6.
    let plain = String(text.filter { $0 != "[" && $0 != "]" })
    do {
      let prefix = try IPPrefix.parse(plain)
      return isNegated ? NetworkTable.complement(prefix) : [prefix]
    } catch {
      let offset = line.octets.firstIndex { !$0.isWhiteSpace } ?? 0
      desk.wrong(id, column: offset + 1, "\(error): Postfix skips such a line")
      return nil
    }
  }

  /// What lies in both; networks lie apart or inside one another.
  private static func intersect(_ outer: [IPPrefix]?, _ inner: [IPPrefix]) -> [IPPrefix] {
    guard let outer else { return inner }
    var result: [IPPrefix] = []
    for left in outer {
      for right in inner {
        if left.contains(right) {
          result.append(right)
        } else if right.contains(left) {
          result.append(left)
        }
      }
    }
    return result
  }
}
