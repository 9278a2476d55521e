import Bytes
import MailSyntax
import MessageViews

/// What the words of a link claim to be, where they look like an address of the web.
enum LinkClaim {
  /// The host that the label names, where the link leads to another; nil where the words claim nothing, or the truth.
  static func mismatch(_ link: LinkView) -> String? {
    guard link.place == .anchor, let claimed = host(in: link.label) else { return nil }
    let target = link.target.host
    if claimed == target || target.isEmpty { return nil }
    // `www.example.org` and `example.org` are one house.
    if target.hasSuffix(".\(claimed)") || claimed.hasSuffix(".\(target)") { return nil }
    return claimed
  }

  /// The host of a text that is, or begins as, an address of the web.
  private static func host(in label: String) -> String? {
    let word = label.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    let isWritten = word.contains("://")
    let name = word.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // `example.org`, but neither `e.g.` nor `Mr.Smith`.
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    let isBare =
      labels.count >= 2 && label.split(whereSeparator: \.isWhitespace).count == 1
      && labels.allSatisfy { part in
        !part.isEmpty
          && part.unicodeScalars.allSatisfy { $0 == "-" || $0.properties.isAlphabetic || isDigit($0) }
      }
      && (labels.last?.count ?? 0) >= 2 && (labels.last?.unicodeScalars.contains { !isDigit($0) } ?? false)
    guard isWritten || isBare || word.lowercasedASCII.hasPrefix("www.") else { return nil }
    return LinkFinder.links(in: Array((isWritten ? word : "http://\(word)").utf8)).first?.host
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
