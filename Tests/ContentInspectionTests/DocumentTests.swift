import ContentInspection
import Filtering
import TestSupport
import Testing

/// What documents bear: macros, scripts, objects, links that are fetched, passwords.
@Suite(needs(.python3)) struct DocumentTests {
  let inspector = MagicArchiveInspector()

  private func package(_ files: String, _ name: String = "x.docx") async throws -> FileInspection {
    await inspector.inspect(try Making.python("out = z(('[Content_Types].xml', '<Types/>'), \(files))"), name)
  }

  @Test func packages() async throws {
    let plain = try await package("('word/document.xml', '<x/>')")
    #expect(plain.type == "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    #expect(!plain.isArchive && !plain.hasMacros && plain.traits.isEmpty && plain.entries.isEmpty)
    #expect(try await package("('word/document.xml', ''), ('word/vbaProject.bin', 'x')").hasMacros)
    // What opens it minds neither case nor the kind of slash.
    #expect(try await package("('xl/workbook.xml', ''), ('xl\\\\VBAPROJECT.BIN', 'x')").hasMacros)
    #expect(try await package("('xl/workbook.xml', ''), ('xl/macrosheets/sheet1.xml', 'x')").hasMacros)
    let sheet = try await package("('xl/workbook.xml', ''), ('xl/embeddings/oleObject1.bin', 'x')")
    #expect(sheet.traits == [.embeddedObject])
    #expect(
      try await package("('ppt/presentation.xml', ''), ('ppt/embeddings/Table.xlsx', 'x')").traits.isEmpty)
    let text = try Making.python(
      "out = z(('mimetype', 'application/vnd.oasis.opendocument.text'), ('content.xml', ''), ('Basic/Standard/Module1.xml', 'x'))"
    )
    #expect(await inspector.inspect(text, "x.odt").hasMacros)
    let java = await inspector.inspect(
      try Making.python("out = z(('META-INF/MANIFEST.MF', ''), ('a/Main.class', b'\\xca\\xfe\\xba\\xbe'))"),
      "x.zip")
    #expect(java.isExecutable && java.type == "application/java-archive")
  }

  #if Archives
    @Test func relations() async throws {
      func relation(_ type: String, _ mode: String) -> String {
        """
        ('word/document.xml', ''), ('word/_rels/settings.xml.rels', '''<?xml version="1.0"?><Relationships><Relationship \
        Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/\(type)" \
        Target="https://evil.example/t.dotm" \(mode)/></Relationships>''')
        """
      }
      #expect(
        try await package(relation("attachedTemplate", "TargetMode=\"External\"")).traits == [
          .externalContent
        ])
      #expect(
        try await package(relation("oleObject", "TargetMode = 'External'")).traits == [.externalContent])
      #expect(try await package(relation("hyperlink", "TargetMode=\"External\"")).traits.isEmpty)
      #expect(try await package(relation("attachedTemplate", "")).traits.isEmpty)
    }
  #endif

  /// Compound files as a writer of old office documents makes them: 512-octet sectors, one of table, one of directory.
  private static func compound(_ entries: String, class made: String = "bytes(16)", extra: String = "")
    -> String
  {
    """
    def entry(name, kind, first=0xfffffffe, size=0, clsid=bytes(16)):
        text = name.encode('utf-16-le') + b'\\0\\0'
        return (text.ljust(64, b'\\0') + struct.pack('<HBBIII', len(text), kind, 1, 0xffffffff, 0xffffffff, 1) + clsid
            + struct.pack('<I', 0) + bytes(16) + struct.pack('<III', first, size, 0))
    def stream(data): return data.ljust(-(-len(data) // 512) * 512, b'\\0')
    data = \(extra.isEmpty ? "b''" : extra)
    rows = [entry('Root Entry', 5, clsid=\(made))] + [\(entries)]
    while len(rows) % 4: rows.append(bytes(128))
    directory = b''.join(rows)
    n = len(directory) // 512; m = len(stream(data)) // 512
    fat = [0xfffffffd] + [i + 2 if i + 1 < n else 0xfffffffe for i in range(n)]
    fat += [1 + n + i + 1 if i + 1 < m else 0xfffffffe for i in range(m)]
    fat += [0xffffffff] * (128 - len(fat))
    head = bytes.fromhex('d0cf11e0a1b11ae1') + bytes(16) + struct.pack('<HHHHH', 0x3e, 3, 0xfffe, 9, 6) + bytes(6)
    head += struct.pack('<IIIIIIIII', 0, 1, 1, 0, 4096, 0xfffffffe, 0, 0xfffffffe, 0) + struct.pack('<I', 0) + b'\\xff' * 432
    out = head + struct.pack('<128I', *fat) + directory + stream(data)

    """
  }

  @Test func compoundFiles() async throws {
    func look(_ entries: String, class made: String = "bytes(16)", extra: String = "") async throws
      -> FileInspection
    {
      await inspector.inspect(try Making.python(Self.compound(entries, class: made, extra: extra)), "x.doc")
    }
    let word = try await look("entry('WordDocument', 2), entry('1Table', 2)")
    #expect(word.type == "application/msword")
    #expect(!word.hasMacros && !word.isEncrypted && word.faults.isEmpty)
    #expect(
      try await look(
        "entry('WordDocument', 2), entry('Macros', 1), entry('VBA', 1), entry('_VBA_PROJECT', 2)"
      ).hasMacros)
    let package = try await look("entry('EncryptionInfo', 2), entry('EncryptedPackage', 2)")
    #expect(package.isEncrypted && package.type == "application/encrypted")
    let installer = try await look(
      "entry('x', 2)", class: "bytes.fromhex('84100c0000000000c000000000000046')")
    #expect(installer.isExecutable && installer.type == "application/x-msi")
    #expect(
      try await look("entry('WordDocument', 2), entry('\\x01Ole10Native', 2)").traits == [.embeddedObject])
    #expect(try await look("entry('__properties_version1.0', 2)").type == "application/vnd.ms-outlook")
  }

  @Test func macroSheetsAndPasswordsOfOldExcel() async throws {
    func book(_ records: String) async throws -> FileInspection {
      let code = Self.compound(
        "entry('Workbook', 2, 2, 4608)", extra: "(\(records) + struct.pack('<HH', 10, 0)).ljust(4608, b'\\0')"
      )
      return await inspector.inspect(try Making.python(code), "x.xls")
    }
    let begin = "struct.pack('<HHHH', 0x809, 4, 0x600, 5)"
    let sheet = try await book("\(begin) + struct.pack('<HHIBBBB', 0x85, 8, 0, 0, 0, 0, 0)")
    #expect(sheet.type == "application/vnd.ms-excel")
    #expect(!sheet.hasMacros && !sheet.isEncrypted)
    #expect(try await book("\(begin) + struct.pack('<HHIBBBB', 0x85, 8, 0, 0, 1, 0, 0)").hasMacros)
    #expect(try await book("\(begin) + struct.pack('<HHHH', 0x2f, 4, 0, 0)").isEncrypted)
  }

  @Test func pdf() async throws {
    func look(_ body: String) async -> FileInspection {
      await inspector.inspect(Array("%PDF-1.7\n\(body)\n%%EOF\n".utf8), "x.pdf")
    }
    let plain = await look("1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj")
    #expect(plain.type == "application/pdf")
    #expect(plain.traits.isEmpty && !plain.isEncrypted)
    #expect(
      await look("1 0 obj\n<</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>\nendobj").traits == [
        .openAction, .javaScript,
      ])
    // A name may be written with its letters in hexadecimal.
    #expect(await look("1 0 obj\n<</S/#4aav#61Script>>\nendobj").traits == [.javaScript])
    #expect(await look("1 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj").traits == [.launch])
    #expect(await look("trailer\n<</Encrypt 5 0 R>>").isEncrypted)
    // In the data of a stream two letters come by chance.
    #expect(await look("1 0 obj\n<</Length 9>>\nstream\nxx/JS yy\nendstream\nendobj").traits.isEmpty)
  }

  #if Archives
    @Test func pdfWithCompressedObjects() async throws {
      let made = try Making.python(
        """
        objects = zlib.compress(b'7 0 <</Type/Action/S/JavaScript/JS 8 0 R>>')
        out = b'%PDF-1.5\\n3 0 obj\\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length ' + str(len(objects)).encode()
        out += b'>>\\nstream\\r\\n' + objects + b'\\nendstream\\nendobj\\n%%EOF\\n'
        """)
      #expect(await inspector.inspect(made, "x.pdf").traits == [.javaScript])
    }
  #endif

  @Test func richText() async {
    func look(_ body: String) async -> FileInspection {
      await inspector.inspect(Array("{\\rtf1\\ansi \(body)}".utf8), "x.rtf")
    }
    #expect(await look("hello").type == "text/rtf")
    #expect(await look("hello \\\\objdata").traits.isEmpty, "an escaped backslash")
    #expect(await look("{\\object\\objemb{\\*\\objdata 0105}}").traits == [.embeddedObject])
    #expect(
      await look("{\\object\\objautlink\\objupdate{\\*\\objclass htmlfile}}").traits == [.externalContent])
    #expect(await look("{\\*\\template http://evil.example/x}").traits == [.externalContent])
    #expect(await look("{\\*\\template Normal.dotm}").traits.isEmpty)
  }

  /// Spoilt and cut at every place: nothing breaks.
  @Test func damagedDocuments() async throws {
    let compound = try Making.python(
      Self.compound("entry('Workbook', 2, 2, 4608), entry('VBA', 1)", extra: "bytes(4608)"))
    let samples = [
      compound, Array("%PDF-1.7\n<</Type/ObjStm>>stream\r\nabc\nendstream /J#4".utf8),
      Array("{\\rtf1\\objdata\\template".utf8),
    ]
    for sample in samples {
      for count in stride(from: 0, through: min(sample.count, 1800), by: 9) {
        _ = await inspector.inspect(Array(sample.prefix(count)), "x")
      }
      for place in stride(from: 8, to: min(sample.count, 1600), by: 5) {
        var spoilt = sample
        spoilt[place] = 0xff
        _ = await inspector.inspect(spoilt, "x")
      }
    }
    // A chain that leads back into itself.
    var loop = compound
    loop.replaceSubrange((512 + 4)..<(512 + 8), with: [1, 0, 0, 0])
    #expect(await inspector.inspect(loop, "x.xls").hasMacros)
  }
}
