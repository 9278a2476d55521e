/// What a file is by the octets that it has to begin with: the commonest programs, archives, documents and pictures.
///
/// All that a build without libmagic knows, and what every build asks first. Pure; looks at fixed places, and at the
/// first kilobytes of a text.
public struct FileSignature: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case executable, script, shortcut, archive, diskImage
    /// A compound file of OLE 2: old office documents, installers, mails.
    case compound
    case pdf, rtf, oneNote, image, sound, markup
  }

  /// A MIME type, as libmagic names it where it has a name for it.
  public let type: String
  public let words: String
  public let kind: Kind

  init(_ type: String, _ words: String, _ kind: Kind) {
    self.type = type
    self.words = words
    self.kind = kind
  }

  /// - Parameters:
  ///   - octets: the file or its beginning; disks are told by what stands behind their first 32 KiB.
  ///   - end: its last octets, where these are another piece.
  ///   - isWhole: whether there is no more of it.
  public static func of(
    _ octets: ArraySlice<UInt8>, end: ArraySlice<UInt8> = [], isWhole: Bool = true
  ) -> FileSignature? {
    program(octets) ?? fixed(octets) ?? disk(octets, end: end) ?? text(octets)
      ?? InternetShortcut.signature(octets, isWhole: isWhole)
  }

  private static func program(_ octets: ArraySlice<UInt8>) -> FileSignature? {
    if octets.has("MZ"), octets.count >= 28 {
      if let place = octets.little32(0x3c), octets.has([0x50, 0x45, 0, 0], at: place) {
        return FileSignature("application/x-dosexec", "PE executable, for MS Windows", .executable)
      }
      // A text may begin so; the length of the last page and the count of pages tell.
      guard let last = octets.little16(2), let pages = octets.little16(4), last < 512, pages > 0 else {
        return nil
      }
      return FileSignature("application/x-dosexec", "MS-DOS executable", .executable)
    }
    if octets.has([0x7f, 0x45, 0x4c, 0x46]) {
      return FileSignature("application/x-executable", "ELF executable", .executable)
    }
    let machO: [[UInt8]] = [
      [0xfe, 0xed, 0xfa, 0xce], [0xfe, 0xed, 0xfa, 0xcf], [0xce, 0xfa, 0xed, 0xfe], [0xcf, 0xfa, 0xed, 0xfe],
    ]
    if machO.contains(where: { octets.has($0) }) {
      return FileSignature("application/x-mach-binary", "Mach-O executable", .executable)
    }
    if octets.has([0xca, 0xfe, 0xba, 0xbe]), let low = octets.octet(7), octets.has([0, 0, 0], at: 4) {
      return low < 20
        ? FileSignature("application/x-mach-binary", "Mach-O universal executable", .executable)
        : FileSignature("application/x-java-applet", "Java class", .executable)
    }
    if octets.has([0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0]) {
      return FileSignature("application/x-ms-shortcut", "MS Windows shortcut", .shortcut)
    }
    return nil
  }

  private static func fixed(_ octets: ArraySlice<UInt8>) -> FileSignature? {
    let entry = table.first { octets.has($0.octets, at: $0.offset) }
    if let entry { return entry.signature }
    if octets.has("-lh", at: 2), octets.octet(6) == 0x2d {
      return FileSignature("application/x-lzh-compressed", "LHA archive", .archive)
    }
    if octets.has("RIFF"), octets.has("WEBP", at: 8) {
      return FileSignature("image/webp", "WebP image", .image)
    }
    if octets.has("ftyp", at: 4) { return FileSignature("video/mp4", "ISO media", .sound) }
    if let place = octets.prefix(1024).firstIndex(of: 0x25), octets[place...].has("%PDF-") || pdf(octets) {
      return FileSignature("application/pdf", "PDF document", .pdf)
    }
    return nil
  }

  /// Readers take a PDF whose beginning stands anywhere in its first 1024 octets.
  private static func pdf(_ octets: ArraySlice<UInt8>) -> Bool {
    octets.offset(ofAnyCase: "%pdf-", most: 1024) != nil
  }

  private static func disk(_ octets: ArraySlice<UInt8>, end: ArraySlice<UInt8>) -> FileSignature? {
    let end = end.isEmpty ? octets.suffix(512) : end.suffix(512)
    if octets.has("CD001", at: 32_769) || octets.has("BEA01", at: 32_769) {
      return FileSignature("application/x-iso9660-image", "ISO 9660 or UDF disk image", .diskImage)
    }
    if octets.has("conectix")
      || octets.count >= 1024 && (end.has("conectix") || end.dropFirst().has("conectix"))
    {
      return FileSignature("application/x-vhd", "Virtual PC disk image", .diskImage)
    }
    if end.has("koly") {
      return FileSignature("application/x-apple-diskimage", "Apple disk image", .diskImage)
    }
    if octets.has([0x55, 0xaa], at: 510),
      octets.has("FAT", at: 54) || octets.has("FAT32", at: 82)
        || octets.has("NTFS", at: 3)
    {
      return FileSignature("application/x-raw-disk-image", "disk image", .diskImage)
    }
    return nil
  }

  /// Texts that something runs or shows.
  private static func text(_ octets: ArraySlice<UInt8>) -> FileSignature? {
    var start = octets.prefix(4096)
    if start.has([0xef, 0xbb, 0xbf]) { start = start.dropFirst(3) }
    start = start.drop { $0 == 0x20 || 0x09...0x0d ~= $0 }
    if start.has("#!") {
      return FileSignature("text/x-shellscript", "script with an interpreter's line", .script)
    }
    if start.has("{\\rt") { return FileSignature("text/rtf", "Rich Text Format", .rtf) }
    if start.has("#@~^") { return FileSignature("text/vbscript", "encoded Windows script", .script) }
    guard start.first == 0x3c else { return nil }
    if start.offset(ofAnyCase: "<hta:application", most: 4096) != nil {
      return FileSignature("application/hta", "HTML application", .script)
    }
    if start.offset(ofAnyCase: "<job", most: 5) != nil || start.offset(ofAnyCase: "<package>", most: 9) != nil
      || start.offset(ofAnyCase: "<scriptlet", most: 512) != nil
    {
      return FileSignature("text/x-wsf", "Windows script file", .script)
    }
    if start.offset(ofAnyCase: "<svg", most: 1024) != nil {
      return FileSignature("image/svg+xml", "SVG image", .markup)
    }
    if start.offset(ofAnyCase: "<!doctype html", most: 512) != nil
      || start.offset(ofAnyCase: "<html", most: 1024) != nil
      || start.offset(ofAnyCase: "<script", most: 512) != nil
    {
      return FileSignature("text/html", "HTML document", .markup)
    }
    return start.has("<?xml") ? FileSignature("text/xml", "XML document", .markup) : nil
  }
}
