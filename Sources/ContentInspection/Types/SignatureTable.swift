extension FileSignature {
  struct Row: Sendable {
    let offset: Int
    let octets: [UInt8]
    let signature: FileSignature

    init(_ octets: [UInt8], at offset: Int = 0, _ type: String, _ words: String, _ kind: Kind) {
      self.offset = offset
      self.octets = octets
      signature = FileSignature(type, words, kind)
    }

    init(_ text: String, at offset: Int = 0, _ type: String, _ words: String, _ kind: Kind) {
      self.init(Array(text.utf8), at: offset, type, words, kind)
    }
  }

  /// What is told by a few octets at a fixed place.
  static let table: [Row] = [
    Row([0x50, 0x4b, 3, 4], "application/zip", "Zip archive", .archive),
    Row([0x50, 0x4b, 5, 6], "application/zip", "Zip archive, empty", .archive),
    Row([0x50, 0x4b, 7, 8, 0x50, 0x4b], "application/zip", "Zip archive", .archive),
    Row([0x50, 0x4b, 0x30, 0x30, 0x50, 0x4b], "application/zip", "Zip archive", .archive),
    Row("Rar!\u{1a}\u{7}\0", "application/x-rar", "RAR archive", .archive),
    Row("Rar!\u{1a}\u{7}\u{1}\0", "application/x-rar", "RAR archive, version 5", .archive),
    Row([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "application/x-7z-compressed", "7-zip archive", .archive),
    Row([0x1f, 0x8b, 8], "application/gzip", "gzip compressed data", .archive),
    Row("BZh", "application/x-bzip2", "bzip2 compressed data", .archive),
    Row([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "application/x-xz", "XZ compressed data", .archive),
    Row([0x28, 0xb5, 0x2f, 0xfd], "application/zstd", "Zstandard compressed data", .archive),
    Row([0x04, 0x22, 0x4d, 0x18], "application/x-lz4", "LZ4 compressed data", .archive),
    Row("LZIP", "application/x-lzip", "lzip compressed data", .archive),
    Row([0x5d, 0, 0], "application/x-lzma", "LZMA compressed data", .archive),
    Row([0x1f, 0x9d], "application/x-compress", "compress'd data", .archive),
    Row("MSCF\0\0\0\0", "application/vnd.ms-cab-compressed", "Microsoft Cabinet archive", .archive),
    Row("ISc(", "application/x-installshield", "InstallShield Cabinet archive", .archive),
    Row("MSWIM\0\0\0", "application/x-ms-wim", "Windows imaging image", .archive),
    Row("ustar", at: 257, "application/x-tar", "tar archive", .archive),
    Row([0x60, 0xea], "application/x-arj", "ARJ archive", .archive),
    Row("**ACE**", at: 7, "application/x-ace-compressed", "ACE archive", .archive),
    Row("ALZ\u{1}", "application/x-alz", "ALZ archive", .archive),
    Row("EGGA", "application/x-egg", "EGG archive", .archive),
    Row("!<arch>\ndebian", "application/vnd.debian.binary-package", "Debian package", .executable),
    Row("!<arch>\n", "application/x-archive", "ar archive", .archive),
    Row([0xed, 0xab, 0xee, 0xdb], "application/x-rpm", "RPM package", .executable),
    Row("070701", "application/x-cpio", "cpio archive", .archive),
    Row("070707", "application/x-cpio", "cpio archive", .archive),
    Row("xar!", "application/x-xar", "xar archive", .archive),
    Row("vhdxfile", "application/x-vhdx", "Hyper-V disk image", .diskImage),
    Row("KDMV", "application/x-vmdk", "VMware disk image", .diskImage),
    Row([0x51, 0x46, 0x49, 0xfb], "application/x-qemu-disk", "QEMU disk image", .diskImage),
    Row(
      [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], "application/x-ole-storage",
      "OLE 2 compound document", .compound),
    Row("{\\rt", "text/rtf", "Rich Text Format", .rtf),
    Row(
      [0xe4, 0x52, 0x5c, 0x7b, 0x8c, 0xd8, 0xa7, 0x4d, 0xae, 0xb1, 0x53, 0x78, 0xd0, 0x29, 0x96, 0xd3],
      "application/onenote", "Microsoft OneNote", .oneNote),
    Row(
      [0xa1, 0x2f, 0xff, 0x43, 0xd9, 0xef, 0x76, 0x4c, 0x9e, 0xe2, 0x10, 0xea, 0x57, 0x22, 0x76, 0x5f],
      "application/onenote", "Microsoft OneNote table of contents", .oneNote),
    Row("ITSF", "application/vnd.ms-htmlhelp", "MS Windows HtmlHelp data", .script),
    Row([0x3f, 0x5f, 0x03, 0x00], "application/winhlp", "MS Windows help file", .script),
    Row([0x00, 0x61, 0x73, 0x6d], "application/wasm", "WebAssembly", .executable),
    Row("FWS", "application/x-shockwave-flash", "Flash", .executable),
    Row("CWS", "application/x-shockwave-flash", "Flash, compressed", .executable),
    Row("regf", "application/x-ms-registry", "MS Windows registry", .script),
    Row([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "image/png", "PNG image", .image),
    Row([0xff, 0xd8, 0xff], "image/jpeg", "JPEG image", .image),
    Row("GIF87a", "image/gif", "GIF image", .image),
    Row("GIF89a", "image/gif", "GIF image", .image),
    Row([0x49, 0x49, 0x2a, 0], "image/tiff", "TIFF image", .image),
    Row([0x4d, 0x4d, 0, 0x2a], "image/tiff", "TIFF image", .image),
    Row("ID3", "audio/mpeg", "MPEG audio", .sound),
    Row("OggS", "application/ogg", "Ogg data", .sound),
  ]
}
