internal import Bytes
internal import Charsets
internal import MailSyntax

/// What stands in the margins of a message, where one reader shows it and another does not: text there is hidden from
/// filters that read as the other.
enum MarginalText {
  /// The lines between header fields that are none, as a person reads them.
  ///
  /// mutt, Python's `email` and others begin the body with the first of them; Thunderbird and IMAP servers pass them over.
  static func strayLines(_ tree: MIMETree, most: Int) -> String {
    var room = most
    var lines: [String] = []
    // Of a file's header nobody shows anything.
    for part in tree.parts
    where !part.strayLines.isEmpty
      && (part.parent == nil || part.isText || part.isMessage || part.isMultipart)
    {
      let source = tree.sources[part.source]
      for range in part.strayLines where room > 0 {
        let line = source[range].prefix(room)
        room -= line.count
        // What mailboxes put in front of a message is left behind where one is put into another.
        guard !line.drop(while: { $0 == UInt8(ascii: ">") }).starts(with: "From ".utf8) else { continue }
        let text = HeaderReading.text(line).text
        if text.unicodeScalars.contains(where: { !$0.isWhitespace }) { lines.append(text) }
      }
    }
    return lines.joined(separator: "\n")
  }

  /// What nobody shows who reads as most do, but may hold links: of the headers with stray lines all that follows the
  /// first, and what stands before and behind the parts of a multipart. Each with its part, of `most` octets together.
  static func unshown(_ tree: MIMETree, most: Int) -> [(octets: ArraySlice<UInt8>, part: Int)] {
    var room = most
    var found: [(ArraySlice<UInt8>, Int)] = []
    func add(_ source: Int, _ range: Range<Int>, _ part: Int) {
      let octets = tree.sources[source][range].prefix(room)
      room -= octets.count
      if !octets.isEmpty { found.append((octets, part)) }
    }
    for part in tree.parts {
      if let first = part.strayLines.first {
        add(part.source, first.lowerBound..<part.header.upperBound, part.index)
      }
      // Of a multipart that was encoded these stand where its parts do.
      guard let child = part.children.first, part.isMultipart else { continue }
      let source = tree.parts[child].source
      add(source, part.preamble, part.index)
      add(source, part.epilogue, part.index)
    }
    return found
  }
}

extension MIMETree {
  /// Whether it says that it has parts and has none: then what stands in it is shown as text.
  func isUndivided(_ part: Part) -> Bool { part.isMultipart && part.children.isEmpty }

  /// The octets of a text, at most `most` of them; of an undivided multipart those before its end.
  func shownOctets(_ part: Part, most: Int) -> (octets: [UInt8], isCut: Bool) {
    guard isUndivided(part), !part.encoding.isEncoded, !part.preamble.isEmpty else {
      return decoded(part, most: most)
    }
    let octets = sources[part.source][part.preamble].prefix(most)
    return (Array(octets), octets.count < part.preamble.count)
  }
}
