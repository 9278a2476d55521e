import Settings
import Testing

/// Whatever the text: an answer, never a crash, and a place for each complaint.
@Suite struct HostileTextTests {
  /// Reads, and holds what is always true.
  @discardableResult
  private func survive(_ text: String) -> SettingsReading {
    let reading = read(text)
    #expect((reading.settings == nil) == reading.problems.contains(where: \.isError))
    let lines = text.utf8.count(where: { $0 == 0x0A }) + 1
    for problem in reading.problems {
      #expect((1...lines + 1).contains(problem.line) && problem.column >= 1, "\(problem)")
      #expect(problem.message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
    return reading
  }

  @Test(arguments: [
    (String(repeating: "[", count: 100_000), "expected a key"),
    ("a = " + String(repeating: "[", count: 100_000), "nested"),
    ("a = " + String(repeating: "{b=", count: 100_000), "nested"),
    (String(repeating: "a.", count: 200_000) + "a = 1", "nested"),
    ("[" + String(repeating: "a.", count: 200_000) + "a]", "nested"),
    ("a = {" + String(repeating: "a.", count: 200_000) + "a = 1}", "nested"),
    (String(repeating: "\"a\" . ", count: 100_000) + "a = 1", "nested"),
    // Past something that is no TOML, where nobody counts any more.
    ("= \n[" + String(repeating: "a.", count: 200_000) + "a]", "not TOML"),
  ])
  func deepNesting(_ text: String, _ word: String) {
    let reading = survive(text)
    #expect(reading.problems.count == 1)
    #expect(reading.problems[0].message.contains(word), "\(reading.problems[0])")
  }

  @Test func aMegabyteOfJunk() {
    survive(String(repeating: "x", count: 1_000_000))
    survive(String(repeating: "x = 1\n", count: 170_000))
    survive("a = [" + String(repeating: "1,", count: 150_000) + "]")
    survive("a = [" + String(repeating: "1,", count: 500_000) + "]")
    survive("a = \"" + String(repeating: "ü", count: 500_000) + "\"")
    survive("a = '''" + String(repeating: "\n", count: 900_000))
    survive(String(repeating: "#", count: 1_000_000))
    survive(String(repeating: "\u{1}\u{7f}", count: 500_000))
    let large = survive(String(repeating: "\n", count: 1_048_577))
    #expect(large.lines == ["weir.toml:1:1: larger than 1 MiB: this is not a configuration of Weir"])
  }

  @Test func manyUnknownKeys() {
    let text = (0..<20_000).map { "key_number_\($0) = 1\n" }.joined()
    let reading = survive(threeLines + text)
    #expect(reading.errors.count == 501)
    #expect(reading.errors.last?.message == "and more problems like these")
  }

  @Test func anyPrefixOfAFile() {
    let scalars = Array(SampleTests.sample.unicodeScalars)
    for count in stride(from: 0, to: scalars.count, by: 7) {
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[..<count])
      survive(String(text))
    }
  }

  @Test func anyScalarReplaced() {
    let scalars = Array(SampleTests.sample.unicodeScalars)
    let hostile: [Unicode.Scalar] = [
      "\0", "\"", "'", "[", "]", "{", "}", "=", ".", "\n", "\r", "\\", "#", "\u{feff}", "é",
    ]
    for index in stride(from: 0, to: scalars.count, by: 11) {
      var changed = scalars
      changed[index] = hostile[index / 11 % hostile.count]
      var text = String.UnicodeScalarView()
      text.append(contentsOf: changed)
      survive(String(text))
    }
  }

  @Test func linesMayEndInCRLF() {
    let reading = read(threeLines.replacing("\n", with: "\r\n") + "[limits]\r\nconections = 1\r\n")
    #expect(
      reading.lines == ["weir.toml:5:1: unknown key 'conections' in [limits]; did you mean 'connections'?"])
  }

  @Test func aByteOrderMarkIsNoKey() {
    #expect(read("\u{feff}" + threeLines).lines == [])
    #expect(
      read("\u{feff}usr = 1\n" + threeLines).lines == [
        "weir.toml:1:1: unknown key 'usr'; did you mean 'user'?"
      ])
  }
}
