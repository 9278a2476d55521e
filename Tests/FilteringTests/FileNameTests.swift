import Filtering
import Testing

/// File names as Windows takes them, and how they hide what they are.
struct FileNameTests {
  @Test(arguments: [
    ("report.pdf", FileName.Kind.document), ("REPORT.EXE", .executable), ("a.b.c.js", .script),
    ("invoice.lnk", .shortcut), ("backup.ISO", .diskImage), ("offer.docm", .macros), ("x.tar.gz", .archive),
    ("setup.exe. . ", .executable), ("C:\\temp\\run.cmd", .script), ("folder/run.cmd", .script),
    ("发票.scr", .executable), ("photo\u{202e}gpj.exe", .executable), ("a.e\u{200b}xe", .executable),
    ("a.exe\u{0}", .executable),
    ("a.settingcontent-ms", .script), ("a.searchconnector-ms", .shortcut), ("a.oqy", .script),
    ("a.rqy", .script),
    ("a.dqy", .script), ("a.mde", .script), ("a.ppkg", .script), ("a.osd", .script),
    ("a.htc", .script), ("a.printerexport", .script), ("a.exe::$DATA", .executable),
    ("C:\\x\\a.exe:s:$DATA", .executable), ("a.exe/", .executable), ("a.js\\", .script),
    ("a.{3050f4d8-98B5-11CF-BB82-00AA00BDCE0B}", .script),
    ("a.txt.{20D04FE0-3AEA-1069-A2D8-08002B30309D}", .shortcut),
  ]) func kinds(_ name: String, _ kind: FileName.Kind) {
    #expect(FileName(name).kind == kind)
  }

  @Test(arguments: [
    "a.py", "", ".", "...", "README", "name.", "a.unknown", ".bashrc-longer-than-sixteen-characters",
  ])
  func nothingIsSaid(_ name: String) {
    #expect(FileName(name).kind == nil)
    #expect(FileName(name).tricks.isEmpty)
  }

  @Test func doubleExtensions() {
    #expect(FileName("invoice.pdf.exe").doubleExtension == "pdf.exe")
    #expect(FileName("invoice.pdf.a.exe").doubleExtension == "pdf.exe")
    #expect(FileName("invoice.pdf       .js").doubleExtension == "pdf.js")
    #expect(FileName("photo.jpg.lnk").doubleExtension == "jpg.lnk")
    for honest in [
      "setup-1.2.exe", "x.tar.gz", "report.2026.pdf", "report.docx.pdf", "a.exe", "jquery.min.js",
    ] {
      #expect(FileName(honest).doubleExtension == nil, "\(honest)")
    }
  }

  @Test(arguments: [
    ("photo\u{202e}gpj.exe", FileName.Trick.direction), ("a\u{200b}.exe", .invisible),
    ("invoice.pdf          .exe", .spaces),
    ("setup.exe.", .trailingDots), ("setup.exe ", .trailingDots), ("a\u{1}.txt", .control),
    ("invoice\u{ff0e}exe", .lookAlike),
    ("invoice.ехе", .lookAlike), ("a\u{2024}pdf", .lookAlike), ("a.exe::$DATA", .hiddenEnd),
    ("a.exe//", .hiddenEnd), ("a.{3050f4d8-98B5-11CF-BB82-00AA00BDCE0B}", .hiddenEnd),
  ]) func tricks(_ name: String, _ trick: FileName.Trick) {
    #expect(FileName(name).tricks.contains(trick), "\(FileName(name).tricks)")
  }

  /// Names that people give their files.
  @Test(arguments: [
    "Отчёт за май.docx", "请款单 2026.xlsx", "फ़ाइल\u{200d}.pdf", "report .pdf", "two  spaces.txt",
    "שלום\u{200f}.pdf",
    "❤️ photo.jpg", "файл.", "a. pdf", "résumé.doc", "100％.pdf", "見積書．最終.pdf",
    "2026.05.01 price list v1.2.xls", "Re: what is it: $100.txt", "a/b/",
    "{3050f4d8-98B5-11CF-BB82-00AA00BDCE0B}.png",
    "Notes 12:30:$ due", "a.{3050f4d8}",
  ]) func honestNames(_ name: String) {
    #expect(FileName(name).tricks.isEmpty, "\(FileName(name).tricks)")
    #expect(FileName(name).doubleExtension == nil)
  }

  @Test func paths() {
    for name in ["../../etc/passwd", "/etc/passwd", "C:/x.txt", "a\\..\\b.txt"] {
      #expect(FileName(name, isPath: true).tricks.contains(.path), "\(name)")
    }
    #expect(FileName("a/b..c/d.txt", isPath: true).tricks.isEmpty)
    #expect(FileName("a/b/", isPath: true).text == "")
    #expect(FileName("and/or.pdf").text == "or.pdf")
  }

  @Test func longNames() {
    let long = FileName(String(repeating: "a", count: 100_000) + ".exe")
    #expect(long.kind == .executable)
    #expect(long.text.count == 1024)
    #expect(FileName(String(repeating: ".", count: 100_000)).extensions.isEmpty)
    #expect(FileName(String(repeating: "\u{202e}", count: 5000)).text == "")
  }
}
