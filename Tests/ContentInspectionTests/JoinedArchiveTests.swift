import ContentInspection
import Filtering
import TestSupport
import Testing

#if Archives
  /// Zip archives that do not begin where the file does, and several in one file.
  @Suite(needs(.python3)) struct JoinedArchiveTests {
    let inspector = MagicArchiveInspector()

    @Test(arguments: [1, 30, 4000, 70_000]) func octetsInFront(_ count: Int) async throws {
      let made = try Making.python("out = b'x' * \(count) + z(('a.exe', exe)) + b'y' * 20000")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.isArchive && found.type == "application/zip", "\(found)")
      #expect(found.paths == ["a.exe"])
      #expect(found.entries.first?.isExecutable == true)
      // By another name, and within an archive.
      #expect(await inspector.inspect(made, "x.dat").paths == ["a.exe"])
      let outer = try Making.python("out = z(('b.zip', b'\\n' * \(count) + z(('a.exe', exe))))")
      #expect(await inspector.inspect(outer, "x.zip").paths == ["b.zip", "b.zip/a.exe"])
    }

    @Test func destroyedSignature() async throws {
      let made = try Making.python("out = b'PK\\0\\0' + z(('a.exe', exe))[4:]")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.isArchive && found.faults == [.damaged], "\(found)")
      #expect(found.paths == ["a.exe"])
    }

    /// Without its end only what stands in front of the files is left; then the name has to say what it is.
    @Test func octetsInFrontAndNoEnd() async throws {
      let made = try Making.python("out = b'x' * 99 + z(('a.exe', exe))[:-22]")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.isArchive && found.faults.contains(.damaged), "\(found)")
      #expect(found.paths == ["a.exe"])
      #expect(await !inspector.inspect(made, "x.dat").isArchive)
    }

    /// Who reads from the beginning sees the first, who reads from the end the last.
    @Test(arguments: ["", " + b'\\0' * 100"]) func two(_ between: String) async throws {
      let made = try Making.python("out = z(('a.exe', exe))\(between) + z(('ok.txt', b'ok'))")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.isArchive && found.faults == [.ambiguous], "\(found)")
      #expect(found.paths == ["a.exe", "ok.txt"])
      #expect(found.entries.map(\.isExecutable) == [true, false])
    }

    @Test func aListOfNothingBehind() async throws {
      let made = try Making.python("out = z(('a.exe', exe)) + z()")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.faults.contains(.ambiguous) && found.paths == ["a.exe"], "\(found)")
    }

    @Test func many() async throws {
      let made = try Making.python("out = b''.join(z((f'{i}.txt', b'x')) for i in range(2000))")
      let found = await inspector.inspect(made, "x.zip")
      #expect(found.faults == [.ambiguous, .unread] && found.entries.count == 9, "\(found.faults)")
    }

    @Test func pictureAndArchive() async throws {
      let made = try Making.python("out = b'GIF89a\\1\\0\\1\\0\\0\\0\\0;' + z(('a.exe', exe))")
      let found = await inspector.inspect(made, "x.gif")
      #expect(found.type == "image/gif" && found.isArchive && found.faults == [.ambiguous], "\(found)")
      #expect(found.paths == ["a.exe"])
      // An archive that lies in the middle of it is none to who unpacks.
      #expect(await !inspector.inspect(made + [0, 0], "x.gif").isArchive)
    }

    /// What honest archives have: comments, parts of them replaced, a program's own numbers.
    @Test func honest() async throws {
      let commented = try Making.python(
        "m = io.BytesIO(z(('a.txt', b'x'))); a = zipfile.ZipFile(m, 'a'); a.comment = b'made by me'; a.writestr('b.txt', b'y'); a.close(); out = m.getvalue()"
      )
      let found = await inspector.inspect(commented, "x.zip")
      #expect(found.faults.isEmpty && found.paths == ["a.txt", "b.txt"], "\(found)")
      let empty = await inspector.inspect(try Making.python("out = z()"), "x.zip")
      #expect(empty.faults.isEmpty && empty.isArchive, "\(empty)")
      #expect(
        await !inspector.inspect(
          Array("the end of a zip is PK\u{5}\u{6}, and 18 octets behind".utf8), "x.txt"
        ).isArchive)
    }

    @Test func drippedOctets() async throws {
      let made = try Making.python("out = b'xyz' + z(('a.exe', b'x')) + z(('b.txt', b'y'))")
      for end in 0...made.count {
        #expect(await inspector.inspect(Array(made[..<end]), "x.zip").entries.count <= 2)
        #expect(await inspector.inspect(Array(made[end...]), "x.zip").entries.count <= 2)
      }
    }
  }
#endif
