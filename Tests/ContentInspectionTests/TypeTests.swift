import ContentInspection
import Filtering
import TestSupport
import Testing

/// What files are by their octets.
struct TypeTests {
  let inspector = MagicArchiveInspector()

  @Test func programs() async throws {
    let windows = await inspector.inspect(Making.exe, "a.jpg")
    #expect(windows.isExecutable && windows.type == "application/x-dosexec", "\(windows)")
    #expect(windows.words.hasPrefix("PE"))
    let elf =
      [UInt8]("\u{7f}ELF".utf8) + [2, 1, 1] + [UInt8](repeating: 0, count: 9) + [2, 0, 0x3e, 0, 1, 0, 0, 0]
    #expect(await inspector.inspect(elf + [UInt8](repeating: 0, count: 64), "a").isExecutable)
    #expect(
      await inspector.inspect([0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1] + [UInt8](repeating: 0, count: 64), "a")
        .isExecutable)
    #expect(
      !(await inspector.inspect(
        Array("MZ is the beginning of a text that has nothing to hide.".utf8), "a.txt"
      ).isExecutable))
  }

  @Test(arguments: [
    ("4c000000011402000000", "application/x-ms-shortcut"),
    ("e4525c7b8cd8a74daeb15378d02996d3", "application/onenote"),
    ("7668647866696c65", "application/x-vhdx"), ("49545346030000006000", "application/vnd.ms-htmlhelp"),
    ("89504e470d0a1a0a0000000d49484452", "image/png"), ("ffd8ffe000104a46494600", "image/jpeg"),
  ]) func signatures(_ hex: String, _ type: String) async {
    let octets = stride(from: 0, to: hex.count, by: 2).compactMap {
      UInt8(hex.dropFirst($0).prefix(2), radix: 16)
    }
    #expect(FileSignature.of(octets[...])?.type == type)
    #expect(await inspector.inspect(octets + [UInt8](repeating: 0, count: 256), "x").type == type)
  }

  @Test(arguments: [
    ("<html><head><HTA:APPLICATION id=x></head>", "application/hta"),
    ("\u{feff}<!DOCTYPE html><p>", "text/html"),
    ("<job id=\"x\"><script language=\"JScript\">", "text/x-wsf"), ("#@~^AAAAAA==", "text/vbscript"),
    ("[InternetShortcut]\r\nURL=https://evil.example/", "application/x-mswinurl"),
    ("[InternetShortcut]\r\nurl = HTTP://evil.example/", "application/x-mswinurl"),
    ("[InternetShortcut]\r\nURL=file://evil.example/a.exe", "application/x-ms-shortcut"),
    ("[InternetShortcut]\nURL=https://a.example/\nIconFile=\\\\evil\\i.ico", "application/x-ms-shortcut"),
    ("[InternetShortcut]\n", "application/x-ms-shortcut"),
    (
      "\u{feff}[InternetShortcut]\r\nURL=\"https://evil.example/\"\r\nIconFile=C:\\x.ico",
      "application/x-mswinurl"
    ),
    ("[InternetShortcut]\nURL=\"file://evil.example/a.exe\"", "application/x-ms-shortcut"),
    ("[InternetShortcut]\nURL=https://a.example/\nIconFile=\"\\\\evil\\i.ico\"", "application/x-ms-shortcut"),
    ("[InternetShortcut]\nURL=https://a.example/\nIconFile=//evil/i.ico", "application/x-ms-shortcut"),
    ("[InternetShortcut]\nURL=https://a.example/\nIconFile=\\/evil/i.ico", "application/x-ms-shortcut"),
    (
      "[InternetShortcut]\nURL=https://a.example/\nWorkingDirectory = /\\evil\\x", "application/x-ms-shortcut"
    ),
    (
      "[InternetShortcut]\nURL=https://a.example/\n[InternetShortcut.W]\nIconFile=+AFwAXA-evil",
      "application/x-ms-shortcut"
    ),
    ("[InternetShortcut]\nURL=https://a.example/\0x", "application/x-ms-shortcut"),
    ("#!/bin/sh\nrm -rf x\n", "text/x-shellscript"),
  ]) func texts(_ text: String, _ type: String) async {
    #expect(await inspector.inspect(Array(text.utf8), "x").type == type)
  }

  /// Nobody looks where they lead to, and libmagic has one type for all.
  @Test func shortcutsThatAreNotRead() async {
    for address in ["https://a.example/", "file://evil.example/x.exe"] {
      let units = Array("[InternetShortcut]\r\nURL=\(address)\r\n".utf16)
      let little = units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
      let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
      let forms: [[UInt8]] = [[0xff, 0xfe] + little, [0xfe, 0xff] + big, little, big]
      for octets in forms {
        #expect(await inspector.inspect(octets, "x.url").type == "application/x-ms-shortcut")
      }
    }
    let page = "[InternetShortcut]\r\nURL=https://a.example/\r\nX="
    let full = Array(page.utf8) + [UInt8](repeating: 0x61, count: 4096 - page.utf8.count)
    #expect(FileSignature.of(full[...])?.type == "application/x-mswinurl")
    #expect(FileSignature.of(full[...], isWhole: false)?.type == "application/x-ms-shortcut")
    #expect(FileSignature.of((full + [0x61])[...])?.type == "application/x-ms-shortcut")
  }

  /// libmagic is not asked about texts that nothing runs: it would take longer than for anything else.
  @Test func textsThatNothingRuns() async {
    for name in ["a.txt", "", "notes", "A.LOG", "x.ics", "page.html", "re: minutes.csv"] {
      let found = await inspector.inspect(
        Array("#include <x.h>\r\nint main() {\t}\r\n".utf8), name: name, isWhole: true)
      #expect(found.type == "text/plain" && found.words == "text", "\(name): \(found)")
    }
    // What a signature knows, or what is no text, is told as ever.
    #expect(await inspector.inspect(Array("<html><p>".utf8), "a.txt").type == "text/html")
    #expect(await inspector.inspect(Array("#!/bin/sh\nx\n".utf8), "a.txt").type == "text/x-shellscript")
    #expect(await inspector.inspect(Making.exe, "").isExecutable)
    #expect(await inspector.inspect([0x61, 0, 0x62, 0, 1, 2, 3], "a.txt").words != "text")
    #expect(await inspector.inspect([UInt8](), "a.txt").words != "text")
  }

  @Test func disks() async {
    var iso = [UInt8](repeating: 0, count: 40_000)
    iso.replaceSubrange(32_769..<32_774, with: Array("CD001".utf8))
    #expect(FileSignature.of(iso[...])?.kind == .diskImage)
    var disk = [UInt8](repeating: 0, count: 4096)
    disk.replaceSubrange(3584..<3592, with: Array("conectix".utf8))
    let found = await inspector.inspect(disk, "x.vhd")
    #expect(found.type == "application/x-vhd" && found.isArchive)
    #expect(found.faults == [.unread])
  }

  @Test func nobodyKnows() async {
    #expect(await inspector.inspect([], "x") == FileInspection())
    let noise = (0..<512).map { (index: Int) -> UInt8 in index % 2 == 0 ? 0 : UInt8(index * 7 % 32) | 0x80 }
    let unknown = await inspector.inspect(noise, "x")
    #expect(unknown.type == "", "\(unknown)")
    #expect(await inspector.inspect(Array("plain text\n".utf8), "x.txt").isArchive == false)
  }
}

/// The names in zip archives, read without libarchive.
@Suite(needs(.python3)) struct ZIPDirectoryTests {
  @Test func names() throws {
    let made = try Making.python("out = b'MZ in front' + z(('a/', b''), ('a/b.txt', b'x'), ('发票.exe', exe))")
    let directory = try #require(ZIPDirectory(made[...], most: 10))
    #expect(
      directory.entries.map { String(decoding: $0.name, as: UTF8.self) } == ["a/", "a/b.txt", "发票.exe"])
    #expect(directory.entries.map(\.isUTF8) == [false, false, true])
    #expect(directory.isFound && !directory.isAmbiguous && !directory.isCut)
    let few = try #require(ZIPDirectory(made[...], most: 2))
    #expect(few.isCut && few.entries.count == 2)
  }

  @Test func hostile() throws {
    let made = try Making.python("out = z(('a.txt', b'x' * 50), ('b.txt', b'y'))")
    for count in 0..<made.count {
      let directory = ZIPDirectory(made[..<count], most: 10)
      #expect(directory?.isFound != true)
    }
    for place in made.indices {
      for octet in [0, 0xff, made[place] ^ 1] as [UInt8] {
        var spoilt = made
        spoilt[place] = octet
        #expect(ZIPDirectory(spoilt[...], most: 10)?.entries.count ?? 0 <= 10)
      }
    }
  }
}
