internal import Bytes

/// The name of a file, as Windows would take it: what it would be opened with, and what is done to hide that.
///
/// Pure and linear; looks at the last 1024 characters of a name.
public struct FileName: Hashable, Sendable {
  /// What a double click does with such a file.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Machine code, an installer or a program of a virtual machine.
    case executable
    /// Text that a program of the system runs.
    case script
    /// Leads to something else, with arguments.
    case shortcut
    /// A disk: what is in it loses the mark that it came from outside.
    case diskImage
    /// An office document of a kind that is for macros.
    case macros
    case archive
    /// What people send each other: texts, tables, pictures, sounds.
    case document
  }

  /// How a name hides what it is.
  public enum Trick: String, Hashable, Sendable, CaseIterable {
    /// A character that turns the direction of writing: `gpj.exe` is shown as `exe.jpg`.
    case direction
    /// A character that nobody sees.
    case invisible
    /// White space by which the end is out of sight.
    case spaces
    /// Dots or spaces at the end, which Windows drops.
    case trailingDots
    /// Control characters.
    case control
    /// A character that looks like a dot, slash or letter of an extension and is none.
    case lookAlike
    /// What Windows neither shows nor minds: the class of a handler, a stream of the file, a slash at the end.
    case hiddenEnd
    /// A way out of the folder into which an archive is unpacked.
    case path
  }

  /// The last part of the path, as Windows would take it: without what nobody sees, nor dots and spaces at the end.
  public let text: String
  /// In small letters, the last one first, at most three; one has up to 20 characters, or is a class in braces.
  public let extensions: [String]
  public let tricks: Set<Trick>

  /// - Parameter isPath: whether slashes part folders, as in archives.
  public init(_ name: String, isPath: Bool = false) {
    var tricks: Set<Trick> = []
    var kept = String.UnicodeScalarView()
    var spaces = 0
    for scalar in name.unicodeScalars.suffix(1024) {
      let kind = Self.trick(of: scalar)
      if let kind { tricks.insert(kind) }
      if kind == .direction || kind == .invisible || kind == .control { continue }
      spaces = scalar.isWhitespace ? spaces + 1 : 0
      if spaces == 5 { tricks.insert(.spaces) }
      kept.append(scalar)
    }
    var text = String(kept)
    if isPath {
      let folders = text.split(whereSeparator: { $0 == "/" || $0 == "\\" })
      if folders.contains("..") || text.hasPrefix("/") || text.hasPrefix("\\") || Self.hasDrive(text) {
        tricks.insert(.path)
      }
    }
    let isFolder = isPath && (text.hasSuffix("/") || text.hasSuffix("\\"))
    let plain = isFolder ? text : Self.withoutStreamAndSlashes(text)
    let hasHiddenEnd = plain.utf8.count < text.utf8.count
    text = plain
    if let slash = text.lastIndex(where: { $0 == "/" || $0 == "\\" }) {
      text = String(text[text.index(after: slash)...])
    }
    let scalars = text.unicodeScalars
    let end = scalars.lastIndex { $0 != "." && !$0.isWhitespace }
    let whole = end.map { String(scalars[...$0]) } ?? ""
    // One space or dot too many is a slip of somebody's hand; behind an extension that runs it is none.
    let extensions = Self.extensions(of: whole)
    if whole.utf8.count < text.utf8.count, Self.runs(extensions.first) { tricks.insert(.trailingDots) }
    if hasHiddenEnd && Self.runs(extensions.first) || extensions.first.map(ShellClass.isClass) == true {
      tricks.insert(.hiddenEnd)
    }
    self.text = whole
    self.extensions = extensions
    if tricks.contains(.spaces), !Self.runs(extensions.first) { tricks.remove(.spaces) }
    if tricks.contains(.lookAlike), !Self.isHarmful(lookAlike: whole) { tricks.remove(.lookAlike) }
    // Joiners and marks of direction stand in honest names of right-to-left scripts.
    if tricks.contains(.invisible), !Self.runs(extensions.first),
      whole.unicodeScalars.contains(where: Self.joins)
    {
      tricks.remove(.invisible)
    }
    self.tricks = tricks
  }

  /// What its last extension says; nil where that says nothing.
  public var kind: Kind? { extensions.first.flatMap(Self.kind) }

  /// Such as `pdf.exe`: a harmless extension in front of one that runs; nil where there is none.
  public var doubleExtension: String? {
    guard extensions.count > 1, Self.runs(extensions[0]) else { return nil }
    guard let before = extensions.dropFirst().first(where: { Self.kind($0) == .document || $0 == "zip" })
    else {
      return nil
    }
    return "\(before).\(extensions[0])"
  }

  /// What an extension, in small letters, says.
  public static func kind(_ fileExtension: String) -> Kind? {
    FileExtensions.kinds[fileExtension] ?? ShellClass.kind(fileExtension)
  }

  private static func runs(_ fileExtension: String?) -> Bool {
    switch fileExtension.flatMap(kind) {
    case .executable, .script, .shortcut, .diskImage, .macros: true
    case .archive, .document, nil: false
    }
  }

  private static func hasDrive(_ text: String) -> Bool {
    let start = Array(text.utf8.prefix(2))
    return start.count == 2 && start[0].isASCIILetter && start[1] == 0x3a
  }

  private static func extensions(of text: String) -> [String] {
    var parts: [String] = []
    var rest = text[...]
    while parts.count < 3, let dot = rest.lastIndex(of: ".") {
      // Windows takes what stands before an extension as it is: `a.pdf   .exe` ends in pdf to who reads it.
      let part = rest[rest.index(after: dot)...].filter { !$0.isWhitespace }
      guard !part.isEmpty, part.unicodeScalars.count <= 20 || ShellClass.isClass(String(part)) else { break }
      parts.append(String(part).lowercasedASCII)
      rest = rest[..<dot]
    }
    return parts
  }

  /// Without what NTFS takes for a stream of the file (`a.exe::$DATA`), and slashes at the end.
  private static func withoutStreamAndSlashes(_ text: String) -> String {
    var text = text[...]
    while let last = text.last, last == "/" || last == "\\" { text.removeLast() }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 2, let type = parts.last, type.first == "$", type.count > 1,
      type.dropFirst().allSatisfy({ $0 == "_" || $0.isASCII && $0.isLetter })
    else { return String(text) }
    return parts.dropLast(2).joined(separator: ":")
  }

  private static func joins(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0590...0x08ff, 0x0900...0x0dff, 0xfb1d...0xfdff, 0xfe70...0xfefe, 0x1f000...0x1faff,
      0x2600...0x27bf:
      true
    default: false
    }
  }

  private static func trick(of scalar: Unicode.Scalar) -> Trick? {
    let value = scalar.value
    if value < 0x7f {
      return value < 0x20 && value != 0x09 && value != 0x0a && value != 0x0d ? .control : nil
    }
    switch value {
    case 0x7f...0x9f: return .control
    case 0x202a...0x202e, 0x2066...0x2069: return .direction
    case 0xad, 0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b...0x180f, 0x200b...0x200f, 0x2060...0x2064,
      0x206a...0x206f, 0x2800, 0x3164, 0xfe00...0xfe0e, 0xfeff, 0xffa0, 0xfff9...0xfffb, 0xe0000...0xe0fff:
      return .invisible
    // Dots and slashes of other shapes.
    case 0x2024, 0x2044, 0x2215, 0x29f8, 0xa4f8, 0xfe52, 0xff0e, 0xff0f, 0xff61, 0x0701, 0x0702, 0x0660,
      0x06f0:
      return .lookAlike
    // Cyrillic and Greek letters that Latin ones look like: `.ехе`.
    case 0x430, 0x435, 0x43e, 0x440, 0x441, 0x443, 0x445, 0x455, 0x456, 0x458, 0x3bf, 0x3c1: return .lookAlike
    default: return nil
    }
  }

  /// Whether the look-alikes are in what is an extension to who reads it; elsewhere they are honest letters.
  private static func isHarmful(lookAlike text: String) -> Bool {
    let scalars = text.unicodeScalars
    let dots: Set<UInt32> = [0x2e, 0x2024, 0xa4f8, 0xfe52, 0xff0e, 0xff61]
    guard let dot = scalars.lastIndex(where: { dots.contains($0.value) }) else { return false }
    let ending = scalars[scalars.index(after: dot)...]
    guard (1...8).contains(ending.count), ending.allSatisfy({ !$0.isWhitespace }) else {
      return false
    }
    let folded = String(String.UnicodeScalarView(ending.map(latin))).lowercasedASCII
    let isOther = scalars[dot].value != 0x2e || ending.contains { $0.value >= 0x80 }
    return isOther && kind(folded) != nil
  }

  private static func latin(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x430: "a"
    case 0x435: "e"
    case 0x43e, 0x3bf: "o"
    case 0x440, 0x3c1: "p"
    case 0x441: "c"
    case 0x443: "y"
    case 0x445: "x"
    case 0x455: "s"
    case 0x456: "i"
    case 0x458: "j"
    case 0xff01...0xff5e: Unicode.Scalar(scalar.value - 0xfee0) ?? scalar
    default: scalar
    }
  }
}
