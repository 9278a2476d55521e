import Testing

/// The repository keeps the rules of its own design.
@Suite struct ArchitectureTests {
  private func expectNone(_ breaches: [Breach]) {
    for breach in breaches { Issue.record("\(breach)") }
  }

  @Test func importsGoDownOnly() throws {
    let sources = try Repository.sources()
    #expect(Set(sources.compactMap(\.module)).isSuperset(of: Edges.ofWeir.pure), "the sources were found")
    expectNone(Rules.imports(sources, .ofWeir))
    #expect(Rules.cycles(.ofWeir).isEmpty)
  }

  @Test func nothingLooksAwayOrDies() throws {
    expectNone(Rules.forbiddenWords(try Repository.sources()))
  }

  @Test func pureModulesAreGivenTheTime() throws {
    expectNone(Rules.clocks(try Repository.sources(), .ofWeir))
  }

  @Test func aFileHoldsOneIdea() throws {
    expectNone(Rules.lengths(try Repository.sources()))
  }

  @Test func eachCheckIsOneFileAndOneLine() throws {
    expectNone(Rules.checks(try Repository.sources()))
  }

  @Test func noTextNamesAMachine() throws {
    let texts = try Repository.texts()
    #expect(texts.contains { $0.path == "Package.swift" } && texts.contains { $0.path == "Scripts/install" })
    expectNone(Rules.machinePaths(texts))
  }
}
