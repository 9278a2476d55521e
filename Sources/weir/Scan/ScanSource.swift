import Bytes
import Foundation
import MailSyntax

/// A message as it was found, or that it could not be had.
struct ScanItem: Sendable {
  /// The file, and the message's number where it is one of a mailbox: `inbox#3`.
  let name: String
  /// nil where it could not be read: `notes` say why.
  let octets: [UInt8]?
  /// What was made of it to read it.
  var notes: [String] = []
}

/// The messages of a file, a mailbox or a folder, one after the other, none of which has to fit into memory but the one
/// that is looked at.
struct ScanSource {
  /// Bound: folders within folders.
  private static let deepest = 32

  /// Whether there may be more than one.
  private(set) var isMany = false
  /// Files and folders that are still to be read, the next one last.
  private var waiting: [(path: String, depth: Int)] = []
  private var mailbox: OpenMailbox?
  /// What was read to know what it is.
  private var ready: [ScanItem] = []
  private let isStandardInput: Bool

  private struct OpenMailbox {
    let reader: MailboxReader
    let name: String
    /// The number of the message that is next.
    let count: Int
    /// nil behind the last.
    let next: [UInt8]?
    let notes: [String]
  }

  /// - Parameter path: a file, a folder, or `-` for standard input.
  init(_ path: String) {
    isStandardInput = path == "-"
    if isStandardInput {
      open(FileHandle.standardInput, "-")
    } else {
      waiting = [(path, 0)]
      advance()
    }
  }

  /// The next message; nil behind the last.
  mutating func next() -> ScanItem? {
    if ready.isEmpty { advance() }
    return ready.isEmpty ? nil : ready.removeFirst()
  }

  private mutating func advance() {
    while ready.isEmpty {
      if let open = mailbox {
        mailbox = nil
        guard let octets = open.next else { continue }
        let item = ScanItem(name: "\(open.name)#\(open.count)", octets: octets, notes: open.notes)
        read(open.reader, open.name, count: open.count + 1)
        ready.insert(item, at: 0)
      } else {
        guard let (path, depth) = waiting.popLast() else { return }
        look(at: path, depth)
      }
    }
  }

  /// Reads the next message of a mailbox, ahead of its turn: whether there is one more has to be known.
  private mutating func read(_ reader: MailboxReader, _ name: String, count: Int) {
    let next = reader.next()
    mailbox = OpenMailbox(reader: reader, name: name, count: count, next: next, notes: reader.takeNotes())
    if next == nil, let fault = reader.fault {
      ready.append(ScanItem(name: name, octets: nil, notes: [fault]))
    }
  }

  private mutating func look(at path: String, _ depth: Int) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      ready.append(ScanItem(name: path, octets: nil, notes: ["there is no such file"]))
      return
    }
    if isFolder.boolValue {
      isMany = true
      enter(path, depth)
      return
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      ready.append(ScanItem(name: path, octets: nil, notes: ["cannot be read"]))
      return
    }
    open(handle, path, isFound: depth > 0)
  }

  /// The files of a folder in the order of their names; those in the folders of it behind them.
  private mutating func enter(_ path: String, _ depth: Int) {
    guard depth < Self.deepest else {
      ready.append(ScanItem(name: path, octets: nil, notes: ["folders within folders, too deep"]))
      return
    }
    do {
      let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      var files: [String] = []
      var folders: [String] = []
      for name in names {
        let inner = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
        // A link to a folder may lead back here, what is no file may never end.
        switch (try? FileManager.default.attributesOfItem(atPath: inner))?[.type] as? FileAttributeType {
        case .typeDirectory?: folders.append(inner)
        case .typeRegular?: files.append(inner)
        case .typeSymbolicLink?:
          let target = URL(fileURLWithPath: inner).resolvingSymlinksInPath().path
          let type = (try? FileManager.default.attributesOfItem(atPath: target))?[.type] as? FileAttributeType
          if type == .typeRegular { files.append(inner) }
        default: continue
        }
      }
      waiting += (files + folders).reversed().map { ($0, depth + 1) }
    } catch {
      ready.append(ScanItem(name: path, octets: nil, notes: [FileFault.words(error)]))
    }
  }

  /// - Parameter isFound: whether nobody named the file itself: then it is passed over where it is no message.
  private mutating func open(_ handle: FileHandle, _ name: String, isFound: Bool = false) {
    let reader = MailboxReader(handle)
    if reader.isMailbox {
      guard let first = reader.next() else { return }
      let item = ScanItem(name: name, octets: first, notes: reader.takeNotes())
      read(reader, name, count: 2)
      // A separator alone makes no mailbox of a message.
      let isAlone = mailbox?.next == nil
      if isAlone { mailbox = nil } else { isMany = true }
      ready.insert(
        isAlone ? item : ScanItem(name: "\(name)#1", octets: item.octets, notes: item.notes), at: 0)
      return
    }
    let isNamedSo = name.lowercasedASCII.hasSuffix(".eml")
    guard !isFound || isNamedSo || reader.looksLikeMessage else { return }
    var item = ScanItem(name: name, octets: reader.whole(), notes: reader.takeNotes())
    if let fault = reader.fault { item = ScanItem(name: name, octets: nil, notes: [fault]) }
    ready.append(item.settled)
  }
}

extension ScanItem {
  /// The message in it, where it is a text of Windows' or a header that was pasted.
  fileprivate var settled: ScanItem {
    guard let octets else { return self }
    var notes = notes
    var text = octets
    if let narrowed = TraceInput.narrowed(octets) {
      text = narrowed
      notes.append("a text in UTF-16")
    }
    if text.starts(with: [0xef, 0xbb, 0xbf]) { text.removeFirst(3) }
    if text.isEmpty { return ScanItem(name: name, octets: nil, notes: ["it is empty"]) }
    if MessageLines(Array(text.prefix(TraceInput.mostHeaderOctets))).header == nil,
      let pasted = PastedHeader.find(MessageLines(Array(text.prefix(TraceInput.mostHeaderOctets))))
    {
      return ScanItem(
        name: name, octets: pasted.header, notes: notes + pasted.notes + ["the header alone is looked at"])
    }
    return ScanItem(name: name, octets: text, notes: notes)
  }
}
