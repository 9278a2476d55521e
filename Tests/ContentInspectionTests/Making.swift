import ContentInspection
import Filtering
import Foundation
import TestSupport

/// Files that another hand made than the one that reads them: Python's, or bsdtar's.
enum Making {
  /// What a piece of Python leaves in `out`; `exe` is a program, and `z(*(name, data))` makes a zip archive.
  static func python(_ code: String) throws -> [UInt8] {
    let folder = try ScratchFolder("files")
    let result = try run(
      "python3", ["-c", preamble + code + "\nopen(sys.argv[1], 'wb').write(out)", folder.file("out")])
    guard result.succeeded else { throw HarnessFault("python3: \(result.errors)") }
    return try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("out"))))
  }

  /// Files packed by bsdtar.
  ///
  /// - Parameter options: such as `--format 7zip`.
  static func bsdtar(_ options: [String], _ files: [String: [UInt8]]) throws -> [UInt8] {
    let folder = try ScratchFolder("files")
    for (name, octets) in files { try folder.write("in/\(name)", bytes: octets) }
    let result = try run(
      "bsdtar",
      ["-c", "-f", folder.file("out")] + options + ["-C", folder.file("in")] + files.keys.sorted(),
      environment: ["LC_ALL": "C.UTF-8"])
    guard result.succeeded else { throw HarnessFault("bsdtar: \(result.errors)") }
    return try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("out"))))
  }

  static let exe: [UInt8] = {
    var octets = [UInt8](repeating: 0, count: 512)
    octets.replaceSubrange(0..<6, with: [0x4d, 0x5a, 0x90, 0, 3, 0])
    octets[0x3c] = 0x80
    octets.replaceSubrange(0x80..<0x98, with: [0x50, 0x45, 0, 0, 0x4c, 1] + [UInt8](repeating: 0, count: 18))
    octets[0x94] = 0xe0
    octets[0x96] = 2
    octets[0x97] = 1
    octets[0x98] = 0x0b
    octets[0x99] = 1
    return octets
  }()

  private static let preamble = """
    import sys, io, zipfile, tarfile, struct, zlib, gzip, bz2, lzma
    exe = bytearray(512); exe[0:6] = b'MZ\\x90\\0\\x03\\0'; exe[0x3c] = 0x80; exe[0x80:0x86] = b'PE\\0\\0\\x4c\\x01'
    exe = bytes(exe)
    def z(*files, method=zipfile.ZIP_DEFLATED):
        made = io.BytesIO()
        with zipfile.ZipFile(made, 'w', method) as archive:
            for name, data in files: archive.writestr(name, data)
        return made.getvalue()
    def t(mode, *files):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode=mode) as archive:
            for name, data in files:
                info = tarfile.TarInfo(name); info.size = len(data); archive.addfile(info, io.BytesIO(data))
        return made.getvalue()

    """
}

extension MagicArchiveInspector {
  func inspect(_ octets: [UInt8], _ name: String = "", isWhole: Bool = true) async -> FileInspection {
    await inspect(octets, name: name, isWhole: isWhole)
  }
}

extension FileInspection {
  var paths: [String] { entries.map(\.path) }
}
