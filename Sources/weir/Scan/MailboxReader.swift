import Bytes
import Foundation
import MailSyntax

/// Reads a file that is a message, or a mailbox of them (RFC 4155), in pieces.
final class MailboxReader {
  /// Bound: octets of one message; what is past it is passed over.
  static let mostOctets = 64 << 20
  private static let piece = 1 << 20
  /// What is looked at to tell a message from other files.
  private static let sample = 64 << 10

  private let handle: FileHandle
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  private var notes: [String] = []
  /// Why it could not be read to its end; nil where it could.
  private(set) var fault: String?

  init(_ handle: FileHandle) {
    self.handle = handle
    fill()
  }

  /// Whether it begins with a separator of a mailbox.
  var isMailbox: Bool {
    let line = buffer.prefix(1000).prefix { $0 != .lineFeed }
    return MessageLines.isSeparator(line)
  }

  /// Whether it begins with a header that has something of a message's.
  var looksLikeMessage: Bool {
    let lines = MessageLines(Array(buffer.prefix(Self.sample)))
    guard let header = lines.header else { return false }
    return ["Received", "From", "Return-Path", "Message-ID", "Subject", "MIME-Version", "Delivered-To"]
      .contains { header.contains($0) }
  }

  func takeNotes() -> [String] {
    defer { notes = [] }
    return notes
  }

  /// All of it.
  func whole() -> [UInt8] {
    var octets: [UInt8] = []
    while octets.count < Self.mostOctets {
      octets += buffer[position...].prefix(Self.mostOctets - octets.count)
      position = buffer.count
      guard fill() else { return octets }
    }
    noteCut()
    return octets
  }

  /// The next message of a mailbox, without its separator; nil behind the last.
  func next() -> [UInt8]? {
    // The separator that ended the one before was left for this one.
    guard line() != nil else { return nil }
    var octets: [UInt8] = []
    var isEmptyBefore = false
    var isCut = false
    while let line = peek() {
      if isEmptyBefore, MessageLines.isSeparator(line.drop { $0 == .carriageReturn }) { break }
      _ = self.line()
      let text = line.last == .carriageReturn ? line.dropLast() : line
      isEmptyBefore = text.isEmpty
      guard octets.count + line.count < Self.mostOctets else {
        isCut = true
        continue
      }
      octets += Self.unquoted(line)
      octets.append(.lineFeed)
    }
    if isCut { noteCut() }
    return octets
  }

  /// A line that would have looked like a separator got a mark on its way into the mailbox.
  private static func unquoted(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard line.first == UInt8(ascii: ">") else { return line }
    return line.drop { $0 == UInt8(ascii: ">") }.starts(with: "From ".utf8) ? line.dropFirst() : line
  }

  private func noteCut() {
    notes.append(
      "the message is longer than \(Self.mostOctets >> 20) MiB; what is past that is not looked at")
  }

  // MARK: Lines

  /// Where the line that is next ends, without its line feed; nil at the end of the file.
  private func lineEnd() -> Int? {
    var start = position
    while true {
      if let end = buffer[start...].firstIndex(of: .lineFeed) { return end }
      // Bound: a line as long as a message is cut.
      if buffer.count - position >= Self.mostOctets { return buffer.count }
      let read = buffer.count - position
      guard fill() else { return position < buffer.count ? buffer.count : nil }
      start = position + read
    }
  }

  private func peek() -> ArraySlice<UInt8>? { lineEnd().map { buffer[position..<$0] } }

  private func line() -> ArraySlice<UInt8>? {
    guard let end = lineEnd() else { return nil }
    let line = buffer[position..<end]
    position = min(end + 1, buffer.count)
    return line
  }

  /// Reads on; false at the end of the file.
  @discardableResult private func fill() -> Bool {
    guard !isAtEnd else { return false }
    buffer.removeFirst(position)
    position = 0
    do {
      guard let data = try handle.read(upToCount: Self.piece), !data.isEmpty else {
        isAtEnd = true
        return false
      }
      buffer += data
      return true
    } catch {
      isAtEnd = true
      fault = FileFault.words(error)
      return false
    }
  }
}
