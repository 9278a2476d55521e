import Testing

/// Each rule fails on what it forbids and is silent on what it allows: made-up sources.
@Suite struct RulesTests {
  private let edges = Edges(
    pure: ["Low", "Middle"],
    allowed: ["Low": [], "Middle": ["Low"], "High": ["Low", "Middle", "NIOCore"]])

  private func source(_ path: String, _ text: String) -> SourceText { SourceText(path: path, text: text) }

  @Test(arguments: [
    "import Middle", "public import Middle", "  internal import Middle", "@testable import Middle",
    "@_exported public import Middle", "import struct Middle.Thing", "public import enum Middle.Sub.Thing",
    "import Middle // why",
  ])
  func anImportIsSeenInEveryForm(_ line: String) {
    #expect(Rules.importedModule(line[...]) == "Middle")
    let breaches = Rules.imports([source("Sources/Low/A.swift", "let a = 1\n\(line)\n")], edges)
    #expect(breaches == [Breach(path: "Sources/Low/A.swift", line: 2, reason: "Low may not import Middle")])
  }

  @Test(arguments: ["// import Middle", "let important = 1", "importing()", "", "/// public import Middle"])
  func whatIsNoImportIsNotTakenForOne(_ line: String) {
    #expect(Rules.imports([source("Sources/Low/A.swift", line)], edges).isEmpty)
  }

  @Test func edgesGoDownOnly() {
    func breaches(_ module: String, _ imported: String) -> Int {
      Rules.imports([source("Sources/\(module)/A.swift", "import \(imported)")], edges).count
    }
    #expect(breaches("Middle", "Low") == 0 && breaches("High", "NIOCore") == 0)
    #expect(breaches("Low", "High") == 1 && breaches("Middle", "High") == 1)
    #expect(breaches("Low", "Synchronization") == 0 && breaches("High", "Synchronization") == 0)
    for module in ["Foundation", "Glibc", "NIOCore", "NIOPosix", "FoundationEssentials", "Dispatch"] {
      #expect(breaches("Low", module) == 1, "\(module)")
    }
    #expect(breaches("High", "Foundation") == 0 && breaches("High", "NIOPosix") == 1)
    #expect(breaches("Unlisted", "Low") == 1)
  }

  @Test func cyclesInTheListAreFound() {
    #expect(Rules.cycles(edges).isEmpty)
    #expect(
      Rules.cycles(Edges(pure: [], allowed: ["A": ["B"], "B": ["C"], "C": ["A"], "D": ["A"]])) == [
        "A", "B", "C",
      ])
  }

  @Test(arguments: [
    "final class A: @unchecked Sendable {", "nonisolated(unsafe) var a = 1", "try! f()", "let b = a as! B",
    "x(try! f())", "fatalError()", "else { fatalError(\"no\") }",
  ])
  func forbiddenWordsAreFound(_ line: String) {
    #expect(Rules.forbiddenWords([source("Sources/Low/A.swift", "\n\(line)")]).map(\.line) == [2])
  }

  @Test(arguments: ["// try! this", "has!", "preconditionFailure()", "try? f()", "myFatalError()", "a as? B"])
  func wordsThatOnlyLookForbiddenAreNot(_ line: String) {
    #expect(Rules.forbiddenWords([source("Sources/Low/A.swift", line)]).isEmpty)
  }

  @Test func clocksAreFoundInPureModulesOnly() {
    let line = "let now = ContinuousClock.now"
    #expect(Rules.clocks([source("Sources/Low/A.swift", line)], edges).count == 1)
    #expect(
      Rules.clocks([source("Sources/Low/A.swift", "let i = Int.random(in: 0..<2)")], edges).isEmpty == false)
    #expect(Rules.clocks([source("Sources/High/A.swift", line)], edges).isEmpty)
    let deadline = "let deadline: ContinuousClock.Instant"
    #expect(Rules.clocks([source("Sources/Low/A.swift", deadline)], edges).isEmpty)
    #expect(
      Rules.clocks([source("Sources/Low/A.swift", deadline + " = ContinuousClock.Instant.now")], edges).count
        == 1)
  }

  @Test func lengthIsCountedInLines() {
    func file(_ count: Int) -> SourceText {
      source("Sources/Low/A.swift", String(repeating: "x\n", count: count))
    }
    #expect(Rules.lengths([file(400)]).isEmpty)
    #expect(Rules.lengths([file(401)]).count == 1)
  }

  @Test func checksStandInTheCatalogueOnce() {
    let check = source("Sources/Checks/HelloCheck.swift", "")
    func breaches(_ catalogue: String?) -> Int {
      Rules.checks([check] + (catalogue.map { [source("Sources/Checks/Catalogue.swift", $0)] } ?? [])).count
    }
    #expect(breaches("let all = [\n  HelloCheck(),\n]") == 0)
    #expect(breaches(nil) == 1)
    #expect(breaches("let all = []") == 1)
    #expect(breaches("// HelloCheck") == 1)
    #expect(breaches("HelloCheck()\nHelloCheck()") == 1)
    #expect(breaches("SayHelloCheck()\nHelloChecker()") == 1)
    #expect(Rules.checks([source("Sources/Checks/Words.swift", "")]).isEmpty)
  }

  // Put together here, so that this file itself names none.
  @Test(arguments: ["work", "farm", "root", "home", "Users"])
  func machinePathsAreFound(_ folder: String) {
    let path = "/" + folder + "/x"
    for line in [path, "see " + path, "\"" + path, "=" + path, "file:/" + path] {
      #expect(Rules.machinePaths([source("README.md", "\n" + line)]).map(\.line) == [2], "\(line)")
    }
    for line in ["example.org" + path, ".." + path, "a" + path, "$HOME" + path, "/" + folder, "~" + path] {
      #expect(Rules.machinePaths([source("README.md", line)]).isEmpty, "\(line)")
    }
  }
}
