@testable import RuleLanguage

/// Writes expressions, rule files and messages that have something to do with each other, from a seed.
struct RuleGenerator {
  var chance: SeededChance
  private var copies = 0

  init(seed: UInt64) { chance = SeededChance(seed) }

  // MARK: - Messages

  private static let words = [
    "viagra", "free", "money", "ab", "aab", "abc", "b-c", "a_b", "1", "77", "A", "Ba", "发票", "caf\u{e9}",
    "a.b", "x@y",
    "(c)", "*", "[b]", "$5", "^", "{2}", "", "a b", "\t",
  ]
  private static let names = [
    "Subject", "From", "To", "Cc", "X-Num", "Sender", "Resent-To", "X-ab", "Precedence",
  ]
  private static let senders = [
    "postmaster@a.example", "Mailer-Daemon <x@b>", "a@b.c", "\"b\" <owner-list@a>", "news-request@a", "list",
    "root",
    "aab@abc", "x.postmaster@y", "<daemon@a> (b)", "MAILER-DAEMON (Mail Delivery)", "bulk", "junk ab",
    "listserv",
  ]

  private mutating func line(_ most: Int) -> String {
    (0..<chance.number(0...most)).map { _ in chance.one(Self.words) }.joined(
      separator: chance.one([" ", "  ", ""]))
  }

  mutating func message() -> [UInt8] {
    var text = chance.happens(50) ? "From \(chance.one(Self.senders))  Sat Nov 21 00:00:00 2026\n" : ""
    for _ in 0..<chance.number(1...6) {
      let value = chance.happens(40) ? chance.one(Self.senders) : line(5)
      text += "\(chance.one(Self.names)):\(chance.one([" ", "", "  "]))\(value)"
      while chance.happens(25) { text += "\n\(chance.one([" ", "\t", "  "]))x\(line(3))" }
      text += "\n"
    }
    if chance.happens(95) { text += "\n" }
    for _ in 0..<chance.number(0...8) { text += line(6) + "\n" }
    if chance.happens(15) { text += "\n\n" }
    if chance.happens(10) { text += "end" }
    return Array(text.utf8)
  }

  // MARK: - Expressions

  private static let octets = Array("aabbcc1 -_.@<:x").map(String.init)
  private static let classes = [
    "[abc]", "[^a]", "[a-c1]", "[^a-c ]", "[]a]", "[^]b]", "[a-]", "[-a]", "[^-b]", "[A-B]", "[0-9]", "[\\a]",
    "[a^]",
    "[ .*+]", "[z-a]", "[a-b-c]",
  ]

  mutating func expression(depth: Int = 3, captures: Bool = false) -> String {
    let count = depth == 3 ? chance.number(1...3) : chance.number(1...2)
    var alternatives = (0..<(chance.happens(75) ? 1 : count)).map { _ in sequence(depth) }
    if captures {
      let place = chance.number(0...(alternatives.count - 1))
      // What repeats before `\/` leads procmail astray (procmailrc(5), BUGS): a plain octet stands before it.
      // And with nothing behind it in its alternative, procmail goes on with the next alternative.
      alternatives[place] =
        sequence(depth) + chance.one(["a", "b", " ", "^", ":", ""]) + "\\/" + element(depth) + sequence(depth)
    }
    return alternatives.joined(separator: "|")
  }

  private mutating func sequence(_ depth: Int) -> String {
    (0..<chance.number(chance.happens(10) ? 0...0 : 1...4)).map { _ in element(depth) }.joined()
  }

  private mutating func element(_ depth: Int) -> String {
    var text: String
    switch chance.number(0...19) {
    case 0...8: text = chance.one(Self.octets)
    case 9...10: text = "."
    case 11...12: text = chance.one(Self.classes)
    case 13: text = chance.one(["^", "$", "$"])
    case 14: text = chance.one(["\\<", "\\>", "^^"])
    case 15: text = chance.one(["\\.", "\\$", "\\*", "\\(", "\\[", "\\\\", "\\a", "*", "?", "{2}"])
    case 16: text = chance.one(["viagra", "ab", "aab", "发", "Subject", "x@y"])
    default: text = depth > 0 ? "(\(expression(depth: depth - 1)))" : "a"
    }
    // Where what may be nothing is repeated without end, so does procmail.
    let signs = Self.canBeEmpty(text) ? ["?"] : ["*", "+", "?"]
    if chance.happens(25) { text += chance.one(signs) }
    return text
  }

  private static func canBeEmpty(_ text: String) -> Bool {
    (try? Expression(ExpressionText(Array(text.utf8)), isCaseless: false).node.canBeEmpty) ?? true
  }

  /// An expression fit to stand as a condition: nothing before it is taken for a prefix.
  mutating func written(captures: Bool = false) -> String {
    var text = expression(captures: captures)
    // A backslash at a line's end would continue it.
    if text.hasSuffix("\\") { text += "x" }
    guard let first = text.unicodeScalars.first, chance.happens(60) else { return "()" + text }
    return (first.isASCII && first.properties.isAlphabetic) || "^[(".unicodeScalars.contains(first)
      ? text : "()" + text
  }

  // MARK: - Conditions

  private static let macros = [
    "^TO_ab", "^TOab", "^TO_a@b.c", "^FROM_DAEMON", "^FROM_MAILER", "^TO_", "a^TOb",
  ]

  mutating func condition() -> String {
    var prefix = ""
    while chance.happens(20) {
      prefix += chance.one(["! ", "!", "B ?? ", "H ?? ", "HB ??", "V ?? ", "MATCH ?? ", "W??"])
    }
    if chance.happens(30) {
      prefix +=
        "\(chance.one(["1", "-1", ".5", "2.5", "100", "-0.5", "1e3", "3000000000"]))^\(chance.one(["0", "1", ".5", "2", "-1", ".9", "1.5"])) "
    }
    switch chance.number(0...9) {
    case 0:
      return prefix
        + "\(chance.one(["<", ">"]))\(chance.one([" ", ""]))\(chance.one(["100", "5", "300", "$N", "0", "1000"]))"
    case 1: return prefix + chance.one(Self.macros)
    case 2:
      return prefix
        + "$ \(chance.one(["", "V ?? ", "! "]))()\(chance.one(["$V", "$\\V", "${W}b", "a$E", "${U-x}", "${V+a.}", "$\\W"]))\(chance.one(["", ".*", "$^"]))"
    default: return prefix + written(captures: chance.happens(25))
    }
  }

  // MARK: - Files

  /// A probe: whether some conditions hold, the score, and MATCH.
  mutating func probe(_ name: String) -> String {
    let flags = chance.one(["", "", "B", "HB", "D", "BD", "H", "HBD"])
    let conditions = (0..<chance.number(1...3)).map { _ in "* \(condition())\n" }.joined()
    return ":0 \(flags)\n\(conditions){ R=Y }\n\(Self.log("\(name) ${R-N} $= [$MATCH]"))R\n"
      + (chance.happens(50) ? "MATCH\n" : "")
  }

  /// Recipes in chains and blocks, of which each says that it ran.
  mutating func chain(_ name: String, depth: Int = 2) -> String {
    var text = ""
    for index in 0..<chance.number(2...4) {
      let id = "\(name).\(index)"
      let flags = chance.one(["", "", "A", "a", "E", "e", "AE", "Ea", "eA", "Aa", "c"])
      let condition = chance.one([
        "", "* nomatchatall\n", "* ^\n", "* 1^0\n", "* -1^0\n", "* V ?? a\n", "* ! V ?? a\n",
      ])
      let plain = flags == "c" ? "" : flags
      switch chance.number(0...9) {
      case 0 where depth > 0:
        text += ":0 \(plain)\n\(condition){ \(Self.log(id))\(chain(id, depth: depth - 1))}\n"
      case 1 where copies < 2:
        // A fourth delivery in one second makes procmail wait for the next.
        copies += 1
        text += ":0 \(plain)c\n\(condition)f\(id)/\n"
      case 2:
        text +=
          ":0 \(plain)\(chance.one(["w", "hw", "bw", "rW"]))\n\(condition)T=| \(chance.one(["wc -c", "grep nomatchatall"]))\n"
      case 3: text += ":0 \(plain)cw\n\(condition)| \(chance.one(["cat", "grep nomatchatall"]))\n"
      default: text += ":0 \(plain)\n\(condition){ \(Self.log(id))}\n"
      }
    }
    return text + Self.log("\(name) $= [$T]")
  }

  private static let values = [
    "a", "\"a b\"", "'a $V'", "a\\ b", "\"$V\"", "$V", "x$V\"y z\"'q'", "${U-n}", "${U:-\"n m\"}", "${V:+s}",
    "${E:-e}", "${E-e}",
    "\\$V", "\"\\a\\$\"", "a#b", "# no", "\"${V}b\"", "$V$W", "\"'$W'\"", "'\"'", "$\\W", "\"$=\"",
    "${W+\"p q\"}", "\"a\n b\"", "a\\\nb",
    "\\#x", "$1x", "\"$#\"", "${U:+z}", "\"a\\b\"", "\"\\\"q\\\"\"", "$V/$W", "a=b", "${V}", "${V:-${W}}",
  ]

  mutating func assignment(_ name: String) -> String {
    let variable = chance.one(["V", "W", "X"])
    let equals = chance.one(["=", "=", " = ", "= "])
    return "\(variable)\(equals)\(chance.one(Self.values))\n\(Self.log("\(name) [$\(variable)]"))"
  }

  /// A file of probes that ends in one of some folders.
  mutating func file(probes: Int) -> String {
    copies = 0
    var text = "V=aab\nW=\"a.b\"\nE=\"\"\nN=200\n"
    for index in 0..<probes {
      switch chance.number(0...9) {
      case 0: text += chain("c\(index)")
      case 1: text += assignment("a\(index)")
      default: text += probe("p\(index)")
      }
    }
    for index in 0..<3 { text += ":0\(chance.one(["", " B", " HB"]))\n* \(condition())\nfolder\(index)/\n" }
    return text + ":0\nrest/\n"
  }

  /// A statement that logs a text between marks, with a line's end: what procmail keeps of a line is doubled by forks.
  static func log(_ text: String) -> String { "LOG=\"\u{1}\(text)\u{2}\n\"\n" }
}
