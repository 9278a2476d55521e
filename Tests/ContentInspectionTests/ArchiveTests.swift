import ContentInspection
import Filtering
import TestSupport
import Testing

#if Archives
  /// What is in archives of all kinds.
  @Suite(needs(.python3)) struct ArchiveTests {
    let inspector = MagicArchiveInspector()

    @Test func zip() async throws {
      let made = try Making.python("out = z(('a.txt', b'hello'), ('sub/b.exe', exe))")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.type == "application/zip")
      #expect(found.isArchive && !found.isEncrypted && found.faults.isEmpty)
      #expect(found.paths == ["a.txt", "sub/b.exe"])
      #expect(found.entries.map(\.size) == [5, 512])
      #expect(found.entries.map(\.isExecutable) == [false, true])
      #expect(found.entries[1].type == "application/x-dosexec")
    }

    @Test(arguments: ["w", "w:gz", "w:bz2", "w:xz"]) func tar(_ mode: String) async throws {
      let made = try Making.python("out = t('\(mode)', ('a.txt', b'hello'), ('b.exe', exe))")
      let found = await inspector.inspect(made, "x.tar")
      #expect(found.isArchive && found.faults.isEmpty, "\(found)")
      #expect(found.paths == ["a.txt", "b.exe"])
      #expect(found.entries.map(\.isExecutable) == [false, true])
    }

    @Test(arguments: [
      ("gzip.compress(exe)", "setup.exe.gz"), ("bz2.compress(exe)", "setup.exe.bz2"),
      ("lzma.compress(exe)", "setup.exe.xz"),
    ]) func oneCompressedFile(_ code: String, _ name: String) async throws {
      let found = await inspector.inspect(try Making.python("out = \(code)"), name)
      #expect(found.isArchive && found.faults.isEmpty, "\(found)")
      #expect(found.paths == ["setup.exe"])
      #expect(found.entries.first?.isExecutable == true)
    }

    @Test(needs(.bsdtar), arguments: ["7zip", "iso9660", "cpio", "xar", "zip", "pax", "gnutar"])
    func otherFormats(_ format: String) async throws {
      let made = try Making.bsdtar(
        ["--format", format], ["letter.txt": Array("hello".utf8), "setup.exe": Making.exe])
      let found = await inspector.inspect(made, "x")
      #expect(found.isArchive && found.faults.isEmpty, "\(found)")
      #expect(found.paths.map { $0.lowercased() }.sorted() == ["letter.txt", "setup.exe"])
      #expect(found.entries.count { $0.isExecutable } == 1)
    }

    @Test(needs(.bsdtar), arguments: ["gzip", "bzip2", "xz", "zstd", "lzip", "lz4", "lzma"])
    func otherCompressions(_ filter: String) async throws {
      let made = try Making.bsdtar(["--\(filter)"], ["setup.exe": Making.exe])
      let found = await inspector.inspect(made, "x.tar.\(filter)")
      #expect(found.isArchive && found.faults.isEmpty, "\(found)")
      #expect(found.paths == ["setup.exe"])
    }

    /// Names are UTF-16 in some, and a process in plain ASCII would see question marks.
    @Test(needs(.bsdtar), arguments: ["7zip", "zip", "pax"]) func namesInChinese(_ format: String)
      async throws
    {
      let made = try Making.bsdtar(["--format", format], ["发票.exe": Making.exe])
      #expect(await inspector.inspect(made, "x").paths == ["发票.exe"])
    }

    /// Names that an archive does not say how to read.
    @Test(arguments: [
      ("gb18030", ["二〇二六年五月增值税发票.exe", "付款通知书.txt"]), ("big5", ["中華民國一百一十五年報價單.exe", "付款通知書.txt"]),
      ("cp932", ["請求書のご案内について.exe", "お支払い明細書.txt"]), ("cp850", ["Überweisung für März.exe", "café.txt"]),
    ]) func namesOfOldCharsets(_ charset: String, _ names: [String]) async throws {
      let python = names.map { "('\($0)'.encode('\(charset)'), exe)" }.joined(separator: ", ")
      let made = try Making.python(
        """
        files = [\(python)]
        # Python writes its own choice of names: they are put in place of others of the same length.
        out = z(*[(chr(97 + i) * len(name), data) for i, (name, data) in enumerate(files)])
        for i, (name, data) in enumerate(files): out = out.replace(bytes([97 + i]) * len(name), name)
        """)
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.paths == names)
      #expect(found.faults.isEmpty)
    }

    @Test func cabinet() async throws {
      let made = try Making.python(
        """
        name = b'setup.exe\\0'
        data = struct.pack('<IHH', 0, len(exe), len(exe)) + exe
        file = struct.pack('<IIHHHH', len(exe), 0, 0, 0x2345, 0x6789, 0x20) + name
        start = 36 + 8 + len(file)
        folder = struct.pack('<IHH', start, 1, 0)
        size = start + len(data)
        out = b'MSCF' + struct.pack('<IIIIIBBHHHHH', 0, size, 0, 36 + 8, 0, 3, 1, 1, 1, 0, 0, 0) + folder + file + data
        """)
      let found = await inspector.inspect(made, "x.cab")
      #expect(found.type == "application/vnd.ms-cab-compressed")
      #expect(found.paths == ["setup.exe"], "\(found)")
      #expect(found.entries.first?.isExecutable == true)
    }

    @Test func lha() async throws {
      let made = try Making.python(
        """
        name = b'setup.exe'
        head = b'-lh0-' + struct.pack('<IIIBB', len(exe), len(exe), 0, 0x20, 0) + bytes([len(name)]) + name + b'\\0\\0'
        out = bytes([len(head), sum(head) & 255]) + head + exe + b'\\0'
        """)
      let found = await inspector.inspect(made, "x.lzh")
      #expect(found.type.hasPrefix("application/x-lzh") || found.type.hasPrefix("application/x-lha"))
      #expect(found.paths == ["setup.exe"], "\(found)")
    }

    /// RAR is not free to write; stored entries are simple enough to write by hand.
    @Test func rar() async throws {
      let four = try Making.python(
        """
        def block(kind, flags, rest, data=b''):
            head = struct.pack('<BHH', kind, flags, 7 + len(rest)) + rest
            return struct.pack('<H', zlib.crc32(head) & 0xffff) + head + data
        name = b'setup.exe'
        file = struct.pack('<IIBIIBBHI', len(exe), len(exe), 2, zlib.crc32(exe), 0x50000000, 20, 0x30, len(name), 0x20) + name
        out = b'Rar!\\x1a\\x07\\0' + block(0x73, 0, b'\\0' * 6) + block(0x74, 0x8000, file, exe) + block(0x7b, 0x4000, b'')
        """)
      let old = await inspector.inspect(four, "x.rar")
      #expect(old.type == "application/x-rar")
      #expect(old.paths == ["setup.exe"], "\(old)")
      #expect(old.entries.first?.isExecutable == true)
      let five = try Making.python(rar5 + "out = rar(file(b'setup.exe', exe))")
      let new = await inspector.inspect(five, "x.rar")
      #expect(new.paths == ["setup.exe"], "\(new)")
      #expect(new.entries.first?.isExecutable == true)
      #expect(!new.isEncrypted)
    }

    private let rar5 = """
      def v(n):
          made = b''
          while n > 127: made += bytes([n & 127 | 128]); n >>= 7
          return made + bytes([n])
      def block(kind, flags, rest, extra=b'', data=b''):
          body = v(kind) + v(flags | (1 if extra else 0) | (2 if data else 0))
          if extra: body += v(len(extra))
          if data: body += v(len(data))
          body += rest + extra
          body = v(len(body)) + body
          return struct.pack('<I', zlib.crc32(body)) + body + data
      def file(name, data, extra=b''):
          rest = v(4) + v(len(data)) + v(0x20) + struct.pack('<I', zlib.crc32(data)) + v(0) + v(1) + v(len(name)) + name
          return block(2, 0, rest, extra, data)
      def rar(*blocks):
          return b'Rar!\\x1a\\x07\\x01\\0' + block(1, 0, v(0)) + b''.join(blocks) + block(5, 0, v(0))

      """

    @Test func encrypted() async throws {
      let zipped = try Making.python(
        """
        made = bytearray(z(('a.txt', b'x' * 100), ('b.exe', exe), method=zipfile.ZIP_STORED))
        place = 0
        while (place := made.find(b'PK\\x03\\x04', place)) >= 0: made[place + 6] |= 1; place += 4
        place = 0
        while (place := made.find(b'PK\\x01\\x02', place)) >= 0: made[place + 8] |= 1; place += 4
        out = bytes(made)
        """)
      let zip = await inspector.inspect(zipped, "x.zip")
      #expect(zip.isEncrypted && zip.isArchive && zip.faults.isEmpty, "\(zip)")
      #expect(zip.paths == ["a.txt", "b.exe"])
      #expect(zip.entries.allSatisfy { $0.isEncrypted && $0.type.isEmpty })
      let headers = try Making.python(
        rar5
          + "out = b'Rar!\\x1a\\x07\\x01\\0' + block(4, 0, v(0) + v(0) + b'\\x0f' + b's' * 16) + b'x' * 200")
      let five = await inspector.inspect(headers, "x.rar")
      #expect(five.isEncrypted && five.isArchive && five.faults.isEmpty, "\(five)")
      let record = "v(len(v(1) + b'x' * 40)) + v(1) + b'x' * 40"
      let content = try Making.python(rar5 + "out = rar(file(b'a.exe', b'secret' * 20, \(record)))")
      let sealed = await inspector.inspect(content, "x.rar")
      #expect(sealed.isEncrypted, "\(sealed)")
      #expect(sealed.entries.map(\.isEncrypted) == [true])
    }

    @Test(needs(.bsdtar), arguments: ["aes256", "aes128", "zipcrypt"])
    func encryptedByOthers(_ cipher: String) async throws {
      let options = ["--format", "zip", "--options", "zip:encryption=\(cipher)", "--passphrase", "infected"]
      let made = try Making.bsdtar(options, ["setup.exe": Making.exe])
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.isEncrypted && found.faults.isEmpty, "\(found)")
      #expect(found.paths == ["setup.exe"])
    }

    @Test func archivesWithinArchives() async throws {
      let made = try Making.python(
        "out = z(('note.txt', b'x'), ('outer.tar.gz', t('w:gz', ('inner.zip', z(('deep.exe', exe))))))")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.faults.isEmpty)
      #expect(
        Set(found.paths) == [
          "note.txt", "outer.tar.gz", "outer.tar.gz/inner.zip", "outer.tar.gz/inner.zip/deep.exe",
        ], "\(found.paths)")
      #expect(found.entries.first { $0.path.hasSuffix("deep.exe") }?.isExecutable == true)
      #expect(found.entries.first { $0.path == "outer.tar.gz" }?.type == "application/gzip")
    }

    @Test func macrosInAnArchive() async throws {
      let made = try Making.python(
        "out = z(('offer.docm', z(('[Content_Types].xml', '<x/>'), ('word/document.xml', '<x/>'), ('word/vbaProject.bin', b'x'))))"
      )
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.entries.map(\.hasMacros) == [true])
      #expect(!found.hasMacros)
    }

    /// The name in front of the file is not the one in the directory: unpackers differ in which they show.
    @Test func twoNames() async throws {
      let made = try Making.python(
        "out = z(('kind.txt', exe)); i = out.rindex(b'kind.txt'); out = out[:i] + b'evil.exe' + out[i+8:]")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.faults.contains(.ambiguous))
      #expect(found.paths.contains("evil.exe"), "\(found.paths)")
    }
  }
#endif
