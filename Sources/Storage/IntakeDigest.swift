public import Filtering
internal import NIOPosix

extension IntakeStore {
  /// The digest of a message; that of a large one is computed on one of the disk's threads. nil where it cannot be read.
  public func digest(of sent: SentMessage) async -> MessageDigest? {
    guard !sent.isSmall else { return MessageDigest(sent) }
    return (try? await disk.runIfActive { MessageDigest(sent) }) ?? nil
  }
}
