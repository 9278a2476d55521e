/// What a file is by its own octets.
public struct FileInspection: Hashable, Sendable {
  /// One entry of an archive; of an archive in an archive the path is `outer.zip/inner.exe`.
  public struct Entry: Hashable, Sendable {
    /// As a person sees it; what cannot be read is U+FFFD.
    public let path: String
    public let size: Int?
    public let isEncrypted: Bool
    /// As `FileInspection.type`; empty where it was not looked into.
    public let type: String

    public init(path: String, size: Int?, isEncrypted: Bool, type: String) {
      self.path = path
      self.size = size
      self.isEncrypted = isEncrypted
      self.type = type
    }
  }

  /// What could not be done or was strange.
  public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// More than the bound on ratio, size, entries or depth: looked into no further.
    case bomb, tooManyEntries, tooDeep, damaged
  }

  /// A MIME type, such as `application/x-dosexec`; empty where nobody can tell.
  public var type = ""
  /// In words, such as `PE32 executable (GUI) Intel 80386, for MS Windows`.
  public var words = ""
  public var isExecutable = false
  /// An office document that bears macros.
  public var hasMacros = false
  public var isArchive = false
  public var isEncrypted = false
  public var entries: [Entry] = []
  public var faults: Set<Fault> = []

  public init() {}
}

/// Who looks into files: bounded in time and memory, and not on an event loop.
public protocol FileInspector: Sendable {
  /// - Parameters:
  ///   - octets: the file, or its beginning.
  ///   - name: as declared; some kinds are told by it alone.
  ///   - isWhole: whether `octets` is all of it.
  func inspect(_ octets: [UInt8], name: String, isWhole: Bool) async -> FileInspection
}
