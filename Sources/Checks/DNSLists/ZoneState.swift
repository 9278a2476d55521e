internal import Synchronization

/// What is known of a list's health, and how much it was asked. Shared by all sessions; asked from any thread.
public final class ZoneState: Sendable {
  public enum Health: Hashable, Sendable {
    /// Nobody looks: it is used.
    case unknown
    /// Nobody has looked yet, and somebody will soon: not asked until then.
    case awaited
    case well
    /// Why it is not asked.
    case sick(String)
  }

  /// Told when it falls sick (the words say why) or gets well (nil), outside of any lock.
  public typealias Observer = @Sendable (_ sickness: String?) -> Void

  private struct Inner {
    var health = Health.unknown
    var observer: Observer?
  }

  public struct Counts: Hashable, Sendable {
    /// Questions of mail, those answered from memory among them.
    public var asked = 0
    public var listed = 0
    /// Questions without an answer, and answers that are errors.
    public var failed = 0
  }

  private let inner = Mutex(Inner())
  private let usable = Atomic<Bool>(true)
  private let asked = Atomic<Int>(0)
  private let listed = Atomic<Int>(0)
  private let failed = Atomic<Int>(0)

  public init() {}

  /// Whether it is asked: unless it is known to be sick, or nobody has seen yet that it is well.
  public var isUsable: Bool { usable.load(ordering: .relaxed) }

  public var health: Health { inner.withLock { $0.health } }

  public var counts: Counts {
    Counts(
      asked: asked.load(ordering: .relaxed), listed: listed.load(ordering: .relaxed),
      failed: failed.load(ordering: .relaxed))
  }

  /// Who is told of changes from now on; nil: nobody.
  public func observe(_ observer: Observer?) { inner.withLock { $0.observer = observer } }

  /// It will be looked at soon. One that lists everybody, or nobody any more, must not judge mail before that.
  public func holdBack() {
    inner.withLock { inner in
      guard inner.health == .unknown else { return }
      inner.health = .awaited
      usable.store(false, ordering: .relaxed)
    }
  }

  /// It is sick: not asked any more. Says so once, until it gets well.
  public func fallSick(_ words: String) {
    let observer = inner.withLock { inner -> Observer? in
      if case .sick = inner.health { return nil }
      inner.health = .sick(words)
      usable.store(false, ordering: .relaxed)
      return inner.observer
    }
    observer?(words)
  }

  /// It is well: asked again. Says so where it was sick.
  public func getWell() {
    let observer = inner.withLock { inner -> Observer? in
      let before = inner.health
      inner.health = .well
      usable.store(true, ordering: .relaxed)
      if case .sick = before { return inner.observer }
      return nil
    }
    observer?(nil)
  }

  func countAsked(_ count: Int) { asked.wrappingAdd(count, ordering: .relaxed) }
  func countListed() { listed.wrappingAdd(1, ordering: .relaxed) }
  func countFailed() { failed.wrappingAdd(1, ordering: .relaxed) }

  /// Takes over what another knows; who is told stays to be said.
  func follow(_ other: ZoneState) {
    let health = other.health
    inner.withLock { $0.health = health }
    usable.store(health == .well || health == .unknown, ordering: .relaxed)
    let counts = other.counts
    asked.store(counts.asked, ordering: .relaxed)
    listed.store(counts.listed, ordering: .relaxed)
    failed.store(counts.failed, ordering: .relaxed)
  }
}
