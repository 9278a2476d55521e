internal import Bytes
internal import Charsets
internal import DNS
internal import MailAuthentication

/// Host names as people read them, and by whose they are.
struct HostNames: Sendable {
  let suffixes: PublicSuffixes

  /// What somebody registered: `example.co.uk` of `www.example.co.uk`; nil for addresses, suffixes and what is no name.
  func organisation(of host: String) -> DNSName? {
    guard let name = DNSName(host), !Self.isNumeric(name) else { return nil }
    return suffixes.organizationalDomain(of: name)
  }

  func organisation(of name: DNSName) -> DNSName? {
    Self.isNumeric(name) ? nil : suffixes.organizationalDomain(of: name)
  }

  private static func isNumeric(_ name: DNSName) -> Bool {
    guard !name.text.isEmpty else { return true }
    let octets = name.text.utf8
    let start = octets.lastIndex(of: .dot).map { octets.index(after: $0) } ?? octets.startIndex
    return octets[start...].allSatisfy(\.isASCIIDigit)
  }

  /// A label as it is shown: A-labels decoded (RFC 3492), others as they are.
  static func shown(label: some StringProtocol) -> String {
    let text = String(label)
    guard text.lowercasedASCII.hasPrefix("xn--") else { return text }
    return Punycode.decoded(Array(text.utf8.dropFirst(4))) ?? text
  }

  /// Whether letters of other alphabets in a label are drawn as Latin ones, so that the whole can be taken for ASCII.
  static func isDisguised(label: some StringProtocol) -> Bool {
    let text = shown(label: label)
    guard text.unicodeScalars.contains(where: \.isOtherAlphabet) else { return false }
    return TextFolding.skeleton(text).utf8.allSatisfy { $0 < 0x80 }
  }
}

extension Unicode.Scalar {
  /// Greek, Cyrillic, Armenian, Cherokee, and the forms of letters for mathematics: what ASCII is disguised with.
  var isOtherAlphabet: Bool {
    switch value {
    case 0x370..<0x590, 0x13a0..<0x1400, 0x1c80..<0x1c90, 0x2c80..<0x2d00, 0xa4d0..<0xa500, 0xa640..<0xa6a0,
      0xab70..<0xabc0, 0x1d400..<0x1d800:
      true
    default: false
    }
  }
}

/// Labels of internationalized names, read back (RFC 3492 §6.2).
enum Punycode {
  /// The text behind `xn--`; nil where it is none. Bound: the 63 octets of a label.
  static func decoded(_ octets: [UInt8]) -> String? {
    guard octets.count <= 59 else { return nil }
    var output: [UInt32] = []
    var rest = octets[...]
    if let hyphen = octets.lastIndex(of: 0x2d), hyphen > 0 {
      output = octets[..<hyphen].map { UInt32($0.lowercasedASCII) }
      rest = octets[(hyphen + 1)...]
    }
    var code: UInt32 = 128
    var bias = 72
    var index = 0
    while !rest.isEmpty {
      let before = index
      var weight = 1
      var step = 36
      while true {
        guard let octet = rest.popFirst(), let digit = digit(octet) else { return nil }
        let (product, isOver) = digit.multipliedReportingOverflow(by: weight)
        index += product
        guard !isOver, index < 1 << 31 else { return nil }
        let threshold = step <= bias ? 1 : step >= bias + 26 ? 26 : step - bias
        if digit < threshold { break }
        weight *= 36 - threshold
        guard weight < 1 << 31 else { return nil }
        step += 36
      }
      let count = output.count + 1
      bias = adapted(index - before, count, isFirst: before == 0)
      code += UInt32(index / count)
      index %= count
      guard code <= 0x10ffff else { return nil }
      output.insert(code, at: index)
      index += 1
    }
    var text = String.UnicodeScalarView()
    for value in output {
      guard let scalar = Unicode.Scalar(value) else { return nil }
      text.append(scalar)
    }
    return String(text)
  }

  private static func digit(_ octet: UInt8) -> Int? {
    switch octet.lowercasedASCII {
    case 0x61...0x7a: Int(octet.lowercasedASCII) - 0x61
    case 0x30...0x39: Int(octet) - 0x30 + 26
    default: nil
    }
  }

  private static func adapted(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var step = 0
    while delta > 455 {
      delta /= 35
      step += 36
    }
    return step + 36 * delta / (delta + 38)
  }
}
