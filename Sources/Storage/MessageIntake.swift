public import Filtering
public import NIOCore
internal import NIOPosix
public import SMTPProtocol

/// One message while its octets come in. Used on one event loop only.
///
/// A small message is one growing array and nothing else. Past the memory limit the rest goes to a spool file,
/// a block at a time, and the caller reads nothing from the client while a block is on its way to the disk.
public final class MessageIntake {
  /// What the caller is to do next.
  public enum Step {
    case more
    /// Feed nothing before this is done.
    case wait(EventLoopFuture<Void>)
    /// The message cannot be held.
    case full(ReasonCode)
  }

  public enum Ending {
    case held(HeldMessage)
    case wait(EventLoopFuture<HeldMessage>)
    case full(ReasonCode)
  }

  /// What has come and is not put away yet: the caller appends here, then calls `settle`.
  public var buffer: [UInt8] = []

  private let store: IntakeStore
  private let memoryLimit: Int
  private let isBinary: Bool
  private var reservation: Reservation?
  private var reserved = 0
  /// The beginning that stays in memory, once it is full.
  private var beginning: [UInt8] = []
  private var isSpooling = false
  private var file: SpoolFile?
  private var spooled = 0
  private var fault: (any Error)?

  init(store: IntakeStore, memoryLimit: Int, isBinary: Bool) {
    self.store = store
    self.memoryLimit = memoryLimit
    self.isBinary = isBinary
  }

  /// Puts away what the caller appended.
  public func settle(on loop: any EventLoop) -> Step {
    if fault != nil { return .full(.limitSpool) }
    guard reserve(beginning.count + buffer.count) else { return .full(.limitMemory) }
    if !isSpooling {
      guard buffer.count > memoryLimit else { return .more }
      isSpooling = true
      beginning = Array(buffer[..<memoryLimit])
      buffer = Array(buffer[memoryLimit...])
    }
    guard buffer.count >= IntakeStore.block else { return .more }
    guard let future = writeOut(on: loop) else { return .full(.limitSpool) }
    // Growing by doubling would copy each block once more; a read brings at most half a block.
    buffer.reserveCapacity(IntakeStore.block + IntakeStore.block / 2)
    return .wait(future)
  }

  /// The message is complete.
  ///
  /// - Parameter octets: its size without stuffing.
  public func finish(octets: UInt64, on loop: any EventLoop) -> Ending {
    if fault != nil { return .full(.limitSpool) }
    guard reserve(beginning.count + buffer.count) else { return .full(.limitMemory) }
    let reservation = reservation ?? Reservation(store.admission)
    if !isSpooling {
      let message = HeldMessage(
        memory: buffer, spool: nil, isBinary: isBinary, octets: octets, grant: reservation)
      buffer = []
      return .held(message)
    }
    let head = beginning
    beginning = []
    let isBinary = isBinary
    let done: EventLoopFuture<Void>
    if buffer.isEmpty {
      done = loop.makeSucceededVoidFuture()
    } else {
      guard let future = writeOut(on: loop) else { return .full(.limitSpool) }
      done = future
    }
    let bound = NIOLoopBound(self, eventLoop: loop)
    return .wait(
      done.flatMapThrowing {
        let intake = bound.value
        if let fault = intake.fault { throw fault }
        let part = intake.file.map { SpooledPart($0, length: intake.spooled) }
        return HeldMessage(
          memory: head, spool: part, isBinary: isBinary, octets: octets, grant: reservation)
      })
  }

  /// The message is not wanted any more: what it held is given back.
  public func abandon() {
    buffer = []
    beginning = []
    file = nil
    reservation = nil
    reserved = 0
  }

  private func reserve(_ octets: Int) -> Bool {
    guard octets > reserved else { return true }
    let reservation = reservation ?? Reservation(store.admission)
    self.reservation = reservation
    let more = (octets - reserved + IntakeStore.step - 1) / IntakeStore.step * IntakeStore.step
    guard reservation.reserveMemory(more) else { return false }
    reserved += more
    return true
  }

  /// Hands the buffer to the disk; nil where the spool has no room for it.
  private func writeOut(on loop: any EventLoop) -> EventLoopFuture<Void>? {
    let block = buffer
    buffer = []
    guard let reservation, reservation.reserveSpool(block.count) else { return nil }
    let offset = spooled
    spooled += block.count
    let known = file
    let folder = store.folder
    let disk = store.disk
    let bound = NIOLoopBound(self, eventLoop: loop)
    return disk.runIfActive(eventLoop: loop) {
      let file = try known ?? SpoolFile(in: folder, disk: disk)
      try file.write(block, at: offset)
      return file
    }.map { (file: SpoolFile) in
      // Who was abandoned meanwhile takes nothing back.
      if bound.value.reservation != nil { bound.value.file = file }
    }
    .flatMapErrorThrowing { error in
      bound.value.fault = error
      throw error
    }
  }
}
