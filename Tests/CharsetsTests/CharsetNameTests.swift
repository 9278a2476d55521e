import Charsets
import Testing

@Suite struct CharsetNameTests {
  @Test(arguments: [
    ("gb2312", "GB18030"), ("GB_2312-80", "GB18030"), ("gbk", "GB18030"), ("x-gbk", "GB18030"),
    ("cp936", "GB18030"),
    ("GB18030", "GB18030"), ("EUC-CN", "GB18030"), ("hz-gb-2312", "HZ-GB-2312"),
    ("iso-2022-cn", "ISO-2022-CN"),
    ("big5", "Big5"), ("Big5-HKSCS", "Big5"), ("cp950", "Big5"), ("ChineseBig5", "Big5"), ("utf8", "UTF-8"),
    ("UTF-8", "UTF-8"), ("unicode-1-1-utf-7", "UTF-7"), ("ks_c_5601-1987", "EUC-KR"), ("cp949", "EUC-KR"),
    ("x-sjis", "Shift_JIS"), ("Windows-31J", "Shift_JIS"), ("iso-2022-jp", "ISO-2022-JP"), ("ujis", "EUC-JP"),
    ("cp-850", "IBM850"), ("koi8", "KOI8-R"), ("KOI8-RU", "KOI8-U"), ("cp1251", "windows-1251"),
    ("iso-8859-1", "windows-1252"), ("latin1", "windows-1252"), ("ISO_8859-1:1987", "windows-1252"),
    ("iso-8859-9", "windows-1254"), ("tis-620", "windows-874"), ("ISO-8859-15", "ISO-8859-15"),
    ("ANSI_X3.4-1968", "US-ASCII"), ("us-ascii", "US-ASCII"), ("utf-16", "UTF-16LE"), ("866", "IBM866"),
    ("  \"utf-8\" ", "UTF-8"), ("'GB2312'", "GB18030"), ("iso-8859-1*sv", "windows-1252"),
    ("=gb2312", "GB18030"),
    ("x-iso-8859-5", "ISO-8859-5"), ("csBig5", "Big5"), ("x-windows-949", "EUC-KR"),
  ])
  func aLabelNamesOne(_ label: String, _ name: String) {
    #expect(Charset.named(label)?.name == name)
  }

  @Test(arguments: ["", " ", "none", "unknown-8bit", "x-unknown", "iso-8859-99", "\u{4e2d}", "\u{0}"])
  func othersNameNone(_ label: String) {
    #expect(Charset.named(label) == nil)
  }

  @Test func aLabelWithoutEndIsNone() {
    #expect(Charset.named(String(repeating: "utf-8", count: 100_000)) == nil)
  }

  /// Each name of the register is read, and by tables that hold something.
  @Test(arguments: [
    "KOI8-R", "KOI8-U", "KOI8-T", "macintosh", "x-mac-cyrillic", "x-mac-ce", "IBM437", "IBM737", "IBM775",
    "IBM850",
    "IBM852", "IBM855", "IBM857", "IBM00858", "IBM860", "IBM861", "IBM862", "IBM863", "IBM864", "IBM865",
    "IBM866",
    "IBM869", "cp1125", "hp-roman8", "ARMSCII-8", "Georgian-PS", "VISCII", "TCVN", "PTCP154", "KZ-1048",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255",
    "windows-1256",
    "windows-1257", "windows-1258", "windows-874", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5",
    "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-8-I", "ISO-8859-10", "ISO-8859-13", "ISO-8859-14",
    "ISO-8859-15", "ISO-8859-16", "IBM037", "IBM273", "IBM297", "IBM500", "IBM1026", "IBM1047",
  ])
  func eachOctetOfAOneOctetCharsetIsRead(_ name: String) throws {
    let charset = try #require(Charset.named(name))
    #expect(charset.name == name)
    let text = charset.decode(Array(0xa0...0xff)[...])
    #expect(text.malformed < 60, "\(text)")
    #expect(Set(text.text.unicodeScalars).count > 30)
  }
}
