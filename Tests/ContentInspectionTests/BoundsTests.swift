import ContentInspection
import Filtering
import Foundation
import TestSupport
import Testing

#if Archives
  /// What is made to take all memory or all time, or to break whoever reads it.
  @Suite(needs(.python3)) struct InspectionBoundsTests {
    let inspector = MagicArchiveInspector()

    /// What an inspection takes of the clock; generous, for the machine may be busy.
    private func timed(_ octets: [UInt8], _ name: String, _ inspector: MagicArchiveInspector) async
      -> FileInspection
    {
      let clock = ContinuousClock()
      let start = clock.now
      let found = await inspector.inspect(octets, name)
      #expect(clock.now - start < .seconds(120), "\(name) took too long")
      return found
    }

    @Test func oneLargeEntry() async throws {
      let made = try Making.python("out = z(('zeros', bytes(100 << 20)))")
      let found = await timed(made, "bomb.zip", inspector)
      #expect(found.faults.contains(.bomb))
      let packed = try Making.python("out = gzip.compress(bytes(100 << 20))")
      let bomb = await timed(packed, "bomb.gz", inspector)
      #expect(bomb.faults.contains(.bomb), "\(bomb)")
      let tar = try Making.python("out = t('w:bz2', ('zeros', bytes(100 << 20)))")
      #expect(await timed(tar, "bomb.tar.bz2", inspector).faults.contains(.bomb))
    }

    @Test func bombsInArchives() async throws {
      let made = try Making.python(
        """
        inner = z(('zeros', bytes(32 << 20)))
        for _ in range(3): inner = z(*[(f'{i}.zip', inner) for i in range(16)])
        out = inner
        """)
      #expect(made.count < 4 << 20)
      let found = await timed(made, "42.zip", inspector)
      #expect(found.faults.contains(.bomb))
      #expect(found.entries.count <= InspectionLimits().entries)
    }

    /// All entries of the directory lead to the same data (the form of David Fifield's bomb).
    @Test func overlappingEntries() async throws {
      let made = try Making.python(
        """
        one = z(('a', bytes(8 << 20)))
        start = one.index(b'PK\\x01\\x02'); end = one.index(b'PK\\x05\\x06')
        entry = one[start:end]; count = 5000
        tail = struct.pack('<HHHHIIH', 0, 0, count, count, len(entry) * count, start, 0)
        out = one[:start] + entry * count + b'PK\\x05\\x06' + tail
        """)
      #expect(await timed(made, "overlap.zip", inspector).faults.contains(.bomb))
    }

    /// An archive that holds itself, or as good as: deeper than anybody packs.
    @Test func withoutEnd() async throws {
      let made = try Making.python(
        "out = b'x'\nfor i in range(40): out = z((f'{i}.zip', out), method=zipfile.ZIP_STORED)")
      let found = await timed(made, "deep.zip", inspector)
      #expect(found.faults.contains(.tooDeep))
      #expect(found.entries.count == InspectionLimits().depth)
      let packed = try Making.python("out = b'x'\nfor i in range(40): out = gzip.compress(out)")
      let compressed = await timed(packed, "deep.gz", inspector)
      #expect(!compressed.faults.isEmpty, "\(compressed)")
    }

    @Test func manyEntries() async throws {
      let made = try Making.python(
        "out = z(*[(f'{i}.txt', b'') for i in range(100000)], method=zipfile.ZIP_STORED)")
      let found = await timed(made, "many.zip", inspector)
      #expect(found.faults.contains(.tooManyEntries))
      #expect(found.entries.count == InspectionLimits().entries)
      let tar = try Making.python("out = t('w:gz', *[(f'{i}.txt', b'') for i in range(30000)])")
      let packed = await timed(tar, "many.tar.gz", inspector)
      #expect(!packed.faults.isDisjoint(with: [.tooManyEntries, .bomb]), "\(packed.faults)")
      #expect(packed.entries.count <= InspectionLimits().entries)
    }

    @Test func theBoundsAreTheConfiguration() async throws {
      var limits = InspectionLimits()
      limits.entries = 3
      let small = MagicArchiveInspector(limits)
      let made = try Making.python("out = z(*[(f'{i}.txt', b'') for i in range(4)])")
      #expect(await small.inspect(made, "x.zip").faults == [.tooManyEntries])
      limits = InspectionLimits()
      limits.depth = 1
      let flat = MagicArchiveInspector(limits)
      let nested = try Making.python("out = z(('a.zip', z(('b.exe', exe))))")
      let found = await flat.inspect(nested, "x.zip")
      #expect(found.faults == [.tooDeep])
      #expect(found.paths == ["a.zip"])
      limits = InspectionLimits()
      limits.unpacked = 1 << 20
      limits.inner = 1 << 20
      let short = MagicArchiveInspector(limits)
      let large = try Making.python(
        "import random\nout = t('w:gz', ('a', random.Random(1).randbytes(4 << 20)), ('b.exe', exe))")
      let cut = await short.inspect(large, "x.tar.gz")
      #expect(cut.faults == [.unread])
      #expect(cut.paths == ["a"])
    }

    /// Every length of an archive, and every octet of its headers spoilt: nothing breaks, and nothing is said to be well
    /// that is cut.
    @Test(arguments: [
      "z(('a.txt', b'hello' * 9), ('b.exe', exe))", "t('w:gz', ('a.txt', b'hello'), ('b.exe', exe))",
    ])
    func damaged(_ code: String) async throws {
      let made = try Making.python("out = \(code)")
      for count in stride(from: 0, to: made.count, by: max(1, made.count / 60)) {
        let cut = await inspector.inspect(Array(made.prefix(count)), "x", isWhole: false)
        #expect(!cut.faults.contains(.damaged))
        if count > 40, cut.isArchive { #expect(!cut.faults.isEmpty, "\(count) of \(made.count)") }
        _ = await inspector.inspect(Array(made.prefix(count)), "x")
      }
      for place in stride(from: 0, to: made.count, by: 7) {
        var spoilt = made
        spoilt[place] ^= 0xff
        _ = await inspector.inspect(spoilt, "x")
      }
      var broken = made
      broken.removeLast(made.count / 2)
      let found = await inspector.inspect(broken, "x.zip")
      #expect(found.isArchive)
      #expect(!found.faults.isDisjoint(with: [.damaged, .unread]), "\(found)")
    }

    /// Who is cancelled while waiting gives its place away; who is cancelled at work stops soon.
    @Test func cancelled() async throws {
      var limits = InspectionLimits()
      limits.unpacked = 1 << 40
      limits.ratio = .max
      limits.time = .seconds(600)
      let patient = MagicArchiveInspector(limits)
      let made = try Making.python("out = gzip.compress(bytes(1 << 20) * 1500, 1)")
      let clock = ContinuousClock()
      let start = clock.now
      let asking = Task { @concurrent in
        await withTaskGroup(of: Set<FileInspection.Fault>.self) { group in
          for _ in 0..<32 { group.addTask { await patient.inspect(made, "x.gz").faults } }
          var all: [Set<FileInspection.Fault>] = []
          for await faults in group { all.append(faults) }
          return all
        }
      }
      // From a thread that nothing here keeps busy.
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(100)) { asking.cancel() }
      let faults = await asking.value
      #expect(faults.count == 32)
      #expect(faults.count { $0.contains(.unread) } >= 28, "\(faults)")
      #expect(clock.now - start < .seconds(120))
      // The threads are free again.
      #expect(await inspector.inspect(Making.exe, "a.exe").isExecutable)
    }

    @Test func manyAtOnce() async throws {
      let made = try Making.python("out = z(('a.zip', z(('b.exe', exe))))")
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<200 {
          group.addTask { await inspector.inspect(made, "x.zip").paths == ["a.zip", "a.zip/b.exe"] }
        }
        for await isRight in group { #expect(isRight) }
      }
    }
  }
#endif
