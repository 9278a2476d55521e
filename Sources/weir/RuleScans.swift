import Bytes
import Cryptography
import Filtering
import Foundation
import Patterns
import Rules
import Storage
import Synchronization

/// Sees that all expressions of the rules that look at one text are looked for in one scan of it: takes the compiled
/// databases from the state folder, and has those that are missing compiled behind, one at a time and with the lowest
/// priority. Until one is there the rules go by PCRE2, to the same end.
final class RuleScans: Sendable {
  /// Fewer expressions than this are no quicker in one scan.
  static let fewest = 3
  /// Days after which a database that no rules want is removed, and how many are kept at most.
  private static let keptFor = 30 * 86_400
  private static let most = 200

  private let folder: ScanFolder
  private let state = Mutex(State())

  private struct State {
    var jobs: [Job] = []
    var isWorking = false
    var isStopped = false
    /// What kept a database from being kept, in words.
    var fault = ""
  }

  private struct Job {
    weak var set: PatternSet?
    let name: String
  }

  /// How far it is.
  struct Status: Codable, Sendable, Hashable {
    /// Views of messages that many expressions look at, and those of them that are scanned.
    var views: Int
    var scanned: Int
    /// Whether some are being compiled.
    var isCompiling: Bool
    /// Why a database could not be kept; empty where none failed.
    var fault: String
  }

  init(_ folder: ScanFolder) { self.folder = folder }

  /// Takes up a book's expressions: what is kept is adopted before this returns. Blocks.
  func follow(_ book: GatewayRuleBook) {
    var names: Set<String> = []
    for set in Self.sets(of: book) {
      guard let key = ScanDatabase.key(of: set.members) else { return }
      let name = Self.hex(HashFunction.sha256.digest(key))
      names.insert(name)
      if set.scan != nil {
        folder.markUsed(name)
      } else if let known = load(name, set.members.count) {
        set.adopt(known)
      } else {
        enqueue(Job(set: set, name: name))
      }
    }
    // What is no longer wanted is not compiled.
    state.withLock { $0.jobs.removeAll { !names.contains($0.name) } }
    folder.prune(keeping: names, unused: Self.keptFor, most: Self.most)
  }

  func status(of book: GatewayRuleBook) -> Status {
    let sets = ScanDatabase.library == nil ? [] : Self.sets(of: book)
    let (isWorking, fault) = state.withLock { ($0.isWorking, $0.fault) }
    return Status(
      views: sets.count, scanned: sets.count { $0.scan != nil }, isCompiling: isWorking, fault: fault)
  }

  /// What is being compiled ends with the process; nothing more is begun.
  func stop() {
    state.withLock {
      $0.isStopped = true
      $0.jobs = []
    }
  }

  private static func sets(of book: GatewayRuleBook) -> [PatternSet] {
    book.patternSets.filter { $0.members.count >= fewest }
  }

  // MARK: - Compiling

  private func enqueue(_ job: Job) {
    let begins = state.withLock { state in
      guard !state.isStopped, !state.jobs.contains(where: { $0.name == job.name && $0.set === job.set })
      else {
        return false
      }
      state.jobs.append(job)
      defer { state.isWorking = true }
      return !state.isWorking
    }
    guard begins else { return }
    Thread.detachNewThread { [self] in
      // On Linux this is of the calling thread alone.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
      while let job = next() { work(job) }
    }
  }

  private func next() -> Job? {
    state.withLock { state in
      guard !state.jobs.isEmpty else {
        state.isWorking = false
        return nil
      }
      return state.jobs.removeFirst()
    }
  }

  private func work(_ job: Job) {
    // Rules that were replaced meanwhile want nothing any more.
    guard let set = job.set, set.scan == nil, let made = ScanDatabase.make(of: set.members) else { return }
    set.adopt(made)
    guard let octets = made.serialized() else { return }
    do {
      try folder.write(job.name, Self.mark + HashFunction.sha256.digest(octets) + octets)
    } catch {
      state.withLock { $0.fault = error.description }
    }
  }

  // MARK: - Keeping

  private static let mark = Array("weir rules 1\n".utf8)

  /// A database that was kept; one that is damaged is removed, and made again.
  private func load(_ name: String, _ count: Int) -> ScanDatabase? {
    guard let file = folder.read(name) else { return nil }
    let head = Self.mark.count + HashFunction.sha256.length
    if file.count > head, file.starts(with: Self.mark) {
      let octets = Array(file[head...])
      if file[Self.mark.count..<head].elementsEqual(HashFunction.sha256.digest(octets)),
        let database = ScanDatabase(serialized: octets, count: count)
      {
        return database
      }
    }
    folder.remove(name)
    return nil
  }

  private static func hex(_ octets: [UInt8]) -> String {
    octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
