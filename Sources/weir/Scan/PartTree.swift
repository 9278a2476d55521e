import Charsets
import MailSyntax
import MessageViews

extension MessageViews {
  /// What is wrong with the form of the message, and with the transfer encodings of its parts.
  var allFaults: [MIMEFault] {
    let tree = tree
    var faults = tree.faults
    for part in tree.parts where part.encoding.isEncoded {
      for kind in tree.decoding(of: part).faults {
        let fault = MIMEFault(kind, part: part.index)
        if !faults.contains(fault) { faults.append(fault) }
      }
    }
    return faults
  }
}

/// A part with what was made of it.
struct ShownPart {
  let part: MIMETree.Part
  /// nil where it is no text, or one that is attached.
  let text: TextView?
  /// As a person sees it; nil where it has none.
  let name: String?
  /// Octets, the transfer encoding undone; of one that holds parts as it stands.
  let size: Int

  /// Of a message in the message: what it is about and whom it is from, as a person reads them; nil for others.
  let heading: String?

  /// What it says of its charset.
  var declared: String? {
    text?.declared ?? part.type["charset"].map { String(decoding: $0.value, as: UTF8.self) }
  }

  static func all(_ views: MessageViews) -> [ShownPart] {
    let tree = views.tree
    let texts = Dictionary(views.texts.map { ($0.part, $0) }, uniquingKeysWith: { first, _ in first })
    let files = Dictionary(
      views.attachments.filter { $0.embedded == nil }.map { ($0.part, $0) },
      uniquingKeysWith: { first, _ in first })
    return tree.parts.map { part in
      let file = files[part.index]
      let size =
        part.children.isEmpty && part.encoding.isEncoded
        ? file?.size ?? tree.decoded(part).octets.count : tree.body(of: part).count
      let name = file?.name ?? part.fileNames.first.map { String(decoding: $0.value, as: UTF8.self) }
      return ShownPart(
        part: part, text: texts[part.index], name: name.flatMap { $0.isEmpty ? nil : $0 }, size: size,
        heading: heading(of: part, in: tree))
    }
  }

  private static func heading(of part: MIMETree.Part, in tree: MIMETree) -> String? {
    guard part.isMessage, let inner = part.children.first.map({ tree.parts[$0] }) else { return nil }
    let words = [("", "Subject"), ("from ", "From")].compactMap { word, name -> String? in
      guard let field = inner.first(name) else { return nil }
      let text = HeaderView.text(tree.value(of: field, in: inner).prefix(1000))
      return text.isEmpty ? nil : word + "“\(SafeText.line(text, most: 60))”"
    }
    return words.isEmpty ? nil : words.joined(separator: " ")
  }
}

/// The parts of a message as a tree, a line each.
struct PartTree {
  /// Bound: parts that are shown; the others are counted.
  static let most = 60

  struct Line: Equatable {
    /// `2`, the part's number.
    let number: String
    /// Branches and type: `├─ text/plain`.
    let branch: String
    /// `GB18030 (declared gb2312), base64, "名.txt"`.
    let words: String
    let size: String
  }

  let lines: [Line]
  let more: Int

  init(_ parts: [ShownPart]) {
    var lines: [Line] = []
    // Whether the parts above, from the top down, have one more below.
    let children = Dictionary(
      parts.map { ($0.part.index, $0.part.children) }, uniquingKeysWith: { first, _ in first })
    var stems: [Int: String] = [:]
    for shown in parts.prefix(Self.most) {
      let part = shown.part
      var branch = ""
      var stem = ""
      if let parent = part.parent, let above = stems[parent] {
        let isLast = children[parent]?.last == part.index
        branch = above + (isLast ? "└─ " : "├─ ")
        stem = above + (isLast ? "   " : "│  ")
      }
      stems[part.index] = stem
      lines.append(
        Line(
          number: "\(part.index)", branch: branch + SafeText.line(part.type.name, most: 60),
          words: Self.words(shown), size: SizeText.of(shown.size)))
    }
    self.lines = lines
    more = max(0, parts.count - Self.most)
  }

  private static func words(_ shown: ShownPart) -> String {
    let part = shown.part
    var words: [String] = []
    if let text = shown.text {
      words.append(CharsetWords.of(text, declared: shown.declared))
    } else if part.isText, let declared = shown.declared {
      words.append(SafeText.line(declared, most: 40))
    }
    if part.encoding == .base64 || part.encoding == .quotedPrintable || part.encoding == .uuencode {
      words.append(part.encoding.rawValue)
    } else if part.encoding == .unknown {
      words.append("unknown encoding")
    }
    if let name = shown.name { words.append("“\(SafeText.line(name, most: 60))”") }
    if part.disposition?.type == "attachment", shown.name == nil { words.append("attached") }
    if let heading = shown.heading { words.append(heading) }
    if !part.type.isDeclared { words.append("type not declared") }
    return words.joined(separator: ", ")
  }
}

/// How a text was read, and what it said of itself.
enum CharsetWords {
  static func of(_ text: TextView, declared: String?) -> String {
    let real = text.decoded.charset
    var words = real.name
    if let declared {
      // The same by another name is worth no word; what holds it and is read in its place is.
      if Charset.named(declared) != real {
        words += " (declared \(SafeText.line(declared, most: 30)))"
      } else if declared.lowercased() != real.name.lowercased() {
        words += " (as \(SafeText.line(declared, most: 30)))"
      }
    } else if text.decoded.isGuessed {
      words += " (guessed)"
    }
    if text.decoded.malformed > 0 { words += ", \(text.decoded.malformed) unreadable" }
    return words
  }
}

/// Octets for people: `812 B`, `34 KB`, `1.2 MB`.
enum SizeText {
  static func of(_ octets: Int) -> String {
    if octets < 1000 { return "\(octets) B" }
    if octets < 1_000_000 { return tenths(octets, 1000) + " KB" }
    return tenths(octets, 1_000_000) + " MB"
  }

  private static func tenths(_ octets: Int, _ unit: Int) -> String {
    let tenths = (octets * 10 + unit / 2) / unit
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
  }
}
