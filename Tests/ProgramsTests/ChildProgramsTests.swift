import Filtering
import Foundation
import Glibc
import Programs
import TestSupport
import Testing

/// Real programs, run as rules run them.
@Suite struct ChildProgramsTests {
  private func run(
    _ arguments: [String], _ input: [UInt8] = [], _ limits: ProgramLimits = ProgramLimits()
  ) async -> ProgramResult {
    let programs = ChildPrograms(AllowedPrograms([arguments[0]]))
    return await programs.run(arguments.map { Array($0.utf8) }, input: input, within: limits)
  }

  private func script(_ folder: ScratchFolder, _ text: String) throws -> String {
    let path = try folder.write("script", "#!/bin/sh\n" + text)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  private func lines(_ result: ProgramResult) -> [String] {
    String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test(arguments: [0, 1, 65_536, 900_000])
  func whatItReadsItMayPrint(_ count: Int) async {
    let input = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(await run(["/usr/bin/cat"], input) == ProgramResult(status: 0, output: input))
  }

  @Test func argumentsArriveAsTheyAre() async {
    let arguments = ["/usr/bin/printf", "%s\\n", "a b", "$HOME; ls `id` > x", "", "é\n*", "-x"]
    let result = await run(arguments)
    #expect(String(decoding: result.output, as: UTF8.self) == "a b\n$HOME; ls `id` > x\n\né\n*\n-x\n")
  }

  @Test func itKnowsNothingOfUs() async throws {
    setenv("WEIR_SECRET_OF_A_TEST", "x", 1)
    #expect(Set(lines(await run(["/usr/bin/env"]))) == ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"])
    // An open file that forgot to close itself.
    let folder = try ScratchFolder("programs")
    let open = Glibc.open(try folder.write("open", "x"), O_RDONLY)
    defer { close(open) }
    #expect(open >= 0)
    // The fourth is the folder that ls itself reads.
    #expect(lines(await run(["/usr/bin/ls", "/proc/self/fd"])) == ["0", "1", "2", "3"])
    #expect(lines(await run(["/usr/bin/pwd"])) == ["/"])
    let stat = lines(await run(["/usr/bin/cat", "/proc/self/stat"]))[0].split(separator: " ").map(String.init)
    #expect(
      stat[4] == stat[0] && stat[5] == stat[0] && stat[6] == "0", "its own group and session, no terminal")
    let status = lines(await run(["/usr/bin/cat", "/proc/self/status"]))
    // Of what is ignored two may be left: 32 and 33 are the C library's own.
    #expect(status.contains("SigBlk:\t0000000000000000"))
    let ignored = status.first { $0.hasPrefix("SigIgn:\t") }?.dropFirst(8)
    #expect(ignored.flatMap { UInt64($0, radix: 16) }.map { $0 & 0x7fff_ffff } == 0)
  }

  @Test func itsStatusIsTold() async throws {
    let folder = try ScratchFolder("programs")
    #expect(
      await run([try script(folder, "echo out\necho err >&2\nexit 67\n")])
        == ProgramResult(status: 67, output: Array("out\n".utf8)))
    #expect(await run([try script(folder, "kill -9 $$\n")]).fault == .signalled(9))
    #expect(await run([try script(folder, "kill -9 $$\n")]).outcome.status == nil)
  }

  @Test func aProgramThatReadsNothingHasNotFailed() async {
    let input = [UInt8](repeating: 0x61, count: 5_000_000)
    #expect(await run(["/usr/bin/true"], input) == ProgramResult(status: 0, output: []))
    #expect(
      await run(["/usr/bin/head", "-c", "3"], input) == ProgramResult(status: 0, output: [0x61, 0x61, 0x61]))
  }

  @Test func onlyWhatIsAllowedRuns() async {
    let programs = ChildPrograms(AllowedPrograms(["/usr/bin/cat", "/usr/bin/none-such", "/etc/passwd"]))
    func run(_ name: String...) async -> ProgramResult {
      await programs.run(name.map { Array($0.utf8) }, input: [], within: ProgramLimits())
    }
    #expect(await run("cat").status == 0)
    #expect(await run("/bin/cat").fault == .notAllowed)
    #expect(await run("./cat").fault == .notAllowed)
    #expect(await programs.run([], input: [], within: ProgramLimits()).fault == .notAllowed)
    #expect(await run("none-such").fault == .notStarted("/usr/bin/none-such: No such file or directory"))
    #expect(await run("cat", "a\0b").fault == .notStarted("an argument holds a NUL"))
  }

  @Test func namesThatAreTwoAreNone() {
    let allowed = AllowedPrograms(["/usr/bin/a", "/opt/bin/a", "/usr/bin/b", "/usr/bin/b"])
    #expect(allowed.path(of: "a") == nil && allowed.path(of: "/opt/bin/a") == "/opt/bin/a")
    #expect(allowed.path(of: "b") == "/usr/bin/b")
    #expect(allowed.names == ["/usr/bin/a", "/opt/bin/a", "/usr/bin/b", "b"])
  }

  // MARK: - Limits

  @Test func itsTimeEnds() async {
    let clock = ContinuousClock()
    let began = clock.now
    let result = await run(["/usr/bin/sleep", "60"], [], ProgramLimits(time: .milliseconds(300)))
    #expect(result.fault == .tooLong)
    #expect((.milliseconds(300)..<Duration.seconds(10)).contains(clock.now - began))
    // One that closes what it prints to has its time, too.
    let folder = try? ScratchFolder("programs")
    if let folder, let path = try? script(folder, "exec >&-\nsleep 60\n") {
      #expect(await run([path], [], ProgramLimits(time: .milliseconds(300))).fault == .tooLong)
    }
  }

  @Test func itsOutputEnds() async {
    #expect(await run(["/usr/bin/yes"]).fault == .tooMuchOutput)
    let most = ProgramLimits(output: 1000)
    #expect(await run(["/usr/bin/head", "-c", "1000", "/dev/zero"], [], most).output.count == 1000)
    #expect(await run(["/usr/bin/head", "-c", "1001", "/dev/zero"], [], most).fault == .tooMuchOutput)
  }

  @Test func itsMemoryEnds() async {
    let arguments = ["/usr/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"]
    #expect(await run(arguments).status == 0)
    #expect(await run(arguments, [], ProgramLimits(memory: 64 << 20)).status == 1)
    #expect(
      lines(await run(["/usr/bin/cat", "/proc/self/limits"])).contains {
        $0.hasPrefix("Max cpu time ") && $0.contains(" 11 ")
      })
  }

  @Test func whatItLeavesBehindEndsWithIt() async throws {
    let folder = try ScratchFolder("programs")
    let path = try script(folder, "sleep 300 &\necho $! $$\n")
    let clock = ContinuousClock()
    let began = clock.now
    let result = await run([path])
    #expect(result.status == 0 && clock.now - began < .seconds(5), "nobody waits for what it left running")
    let ids = lines(result)[0].split(separator: " ").compactMap { Int32($0) }
    #expect(ids.count == 2)
    // Killed; whoever inherited it takes it away.
    for id in ids { #expect(await isGone(id)) }
  }

  private func isGone(_ id: Int32) async -> Bool {
    for _ in 0..<200 {
      let state = (try? readBytes(atPath: "/proc/\(id)/stat")) ?? []
      let text = String(decoding: state, as: UTF8.self)
      // A zombie of ours would have us for its parent.
      if text.isEmpty || (text.contains(") Z ") && !text.contains(") Z \(getpid()) ")) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  @Test func soManyRunAtOnceAndOthersWaitInTheirTime() async {
    let programs = ChildPrograms(AllowedPrograms(["/usr/bin/sleep"]), atOnce: 2)
    let sleep = ["sleep", "0.4"].map { Array($0.utf8) }
    let clock = ContinuousClock()
    let began = clock.now
    await withTaskGroup(of: ProgramResult.self) { group in
      for _ in 0..<4 { group.addTask { await programs.run(sleep, input: [], within: ProgramLimits()) } }
      for await result in group { #expect(result.status == 0) }
    }
    #expect(clock.now - began >= .milliseconds(800), "two by two")
    await withTaskGroup(of: Void.self) { group in
      let long = ["sleep", "3"].map { Array($0.utf8) }
      for _ in 0..<2 { group.addTask { _ = await programs.run(long, input: [], within: ProgramLimits()) } }
      try? await Task.sleep(for: .milliseconds(200))
      let limits = ProgramLimits(time: .milliseconds(200))
      #expect(await programs.run(sleep, input: [], within: limits).fault == .tooLong)
    }
    #expect(
      await programs.run(sleep, input: [], within: ProgramLimits()).status == 0, "its place is free again")
  }

  @Test func whoIsNotWaitedForIsKilled() async {
    let clock = ContinuousClock()
    let began = clock.now
    let task = Task { await run(["/usr/bin/sleep", "60"], [], ProgramLimits(time: .seconds(60))) }
    try? await Task.sleep(for: .milliseconds(200))
    task.cancel()
    #expect(await task.value.fault == .tooLong)
    #expect(clock.now - began < .seconds(20))
  }
}
