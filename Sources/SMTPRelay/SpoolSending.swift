internal import Filtering
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import SMTPProtocol

/// How the part of a message that lies in a file gets onto the wire.
extension BackendSession {
  /// The spool file goes from the kernel's cache to the socket without a copy here.
  func sendFile(
    _ spool: any SpoolRegion, of delivery: Delivery, _ ending: StaticString, _ context: ChannelHandlerContext
  ) {
    let file = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: spool.descriptor)
    let region = FileRegion(fileHandle: file, readerIndex: 0, endIndex: spool.length)
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolated().whenComplete { result in
      // The descriptor stays the message's own; the message lives until here.
      _ = try? file.takeDescriptorOwnership()
      withExtendedLifetime(delivery) {}
      if case .success = result { self.spoolSent() }
    }
    guard ending.utf8CodeUnitCount > 0 else {
      return context.writeAndFlush(wrapOutboundOut(.fileRegion(region)), promise: sent)
    }
    context.write(wrapOutboundOut(.fileRegion(region)), promise: nil)
    var dot = ByteBuffer()
    dot.writeStaticString(ending)
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(dot)), promise: sent)
  }

  /// Bound: what of a spool file is in memory at once.
  private static let longestChunk = 256 * 1024

  /// TLS wants octets, not files: they are read off the event loop, chunk by chunk, each when the one before is with
  /// the system.
  func sendChunks(of spool: any SpoolRegion, from start: Int, _ delivery: Delivery, _ ending: StaticString) {
    guard !isGone, let context else { return }
    let isLast = start >= spool.length
    let sent = context.eventLoop.makePromise(of: Void.self)
    if isLast {
      sent.futureResult.assumeIsolated().whenSuccess { self.spoolSent() }
      var dot = ByteBuffer()
      dot.writeStaticString(ending)
      return context.writeAndFlush(wrapOutboundOut(.byteBuffer(dot)), promise: sent)
    }
    let count = min(Self.longestChunk, spool.length - start)
    pool.files.runIfActive(eventLoop: context.eventLoop) { Self.octets(of: spool, start..<(start + count)) }
      .assumeIsolated().whenComplete { result in
        guard case .success(let chunk?) = result, !self.isGone, let context = self.context else {
          sent.fail(ChannelError.ioOnClosedChannel)
          // Without its end the backend will not take the message.
          return self.isGone ? () : self.abort()
        }
        sent.futureResult.assumeIsolated().whenSuccess {
          withExtendedLifetime(delivery) { self.sendChunks(of: spool, from: start + count, delivery, ending) }
        }
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(chunk)), promise: sent)
      }
  }

  /// Part of a file; nil where it cannot be read or is shorter. Blocks.
  private static func octets(of spool: any SpoolRegion, _ range: Range<Int>) -> ByteBuffer? {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(range.count)
    while buffer.readableBytes < range.count {
      let left = range.count - buffer.readableBytes
      let place = range.lowerBound + buffer.readableBytes
      var fault: Int32 = 0
      let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: left) { space in
        let count = pread(spool.descriptor, space.baseAddress, left, off_t(place))
        if count < 0 { fault = errno }
        return max(0, count)
      }
      if count == 0, fault != EINTR { return nil }
    }
    return buffer
  }
}
