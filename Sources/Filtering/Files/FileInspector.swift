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
    /// By its octets; what only the name says is not in it.
    public let isExecutable: Bool
    /// An office document that bears macros.
    public let hasMacros: Bool

    public init(
      path: String, size: Int?, isEncrypted: Bool, type: String, isExecutable: Bool = false,
      hasMacros: Bool = false
    ) {
      self.path = path
      self.size = size
      self.isEncrypted = isEncrypted
      self.type = type
      self.isExecutable = isExecutable
      self.hasMacros = hasMacros
    }
  }

  /// What could not be done or was strange.
  public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// More than the bound on ratio, size, entries or depth: looked into no further.
    case bomb, tooManyEntries, tooDeep, damaged
    /// Two readers see different files in it: a name, or the list of names, stands there twice and differs.
    case ambiguous
    /// Not looked into to its end: it is cut, of a kind that nobody here reads, or the bound on time or size was met.
    case unread
  }

  /// What in a document acts by itself, or fetches or holds something else.
  public enum Trait: String, Hashable, Sendable, CaseIterable {
    /// A script in a PDF document.
    case javaScript
    /// A PDF document that starts a program.
    case launch
    /// A PDF document that does something when it is opened.
    case openAction
    /// A template, object or frame from elsewhere, which is fetched when it is opened.
    case externalContent
    /// A file or an object of a program inside.
    case embeddedObject
  }

  /// A MIME type, such as `application/x-dosexec`; empty where nobody can tell.
  public var type = ""
  /// In words, such as `PE32 executable (GUI) Intel 80386, for MS Windows`.
  public var words = ""
  public var isExecutable = false
  /// An office document that bears macros.
  public var hasMacros = false
  public var isArchive = false
  /// An archive of which an entry, or a document that, opens with a password only.
  public var isEncrypted = false
  public var traits: Set<Trait> = []
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
  /// - Returns: what was found until the task was cancelled, where it was; then with the fault `unread`.
  func inspect(_ octets: [UInt8], name: String, isWhole: Bool) async -> FileInspection
}

/// Bounds of looking into one file, with all that is in it.
public struct InspectionLimits: Hashable, Sendable {
  /// Entries of archives, those of archives in archives among them.
  public var entries = 10_000
  /// Octets that are unpacked.
  public var unpacked = 256 << 20
  /// How many times as large as the file its entries may be together, once they are larger than `ratioFrom`.
  public var ratio = 200
  public var ratioFrom = 16 << 20
  /// Archives within archives: 1 is none within the file itself.
  public var depth = 5
  /// Octets of an entry that is an archive or a document itself: what is larger is not looked into.
  public var inner = 32 << 20
  /// Time of a processor.
  public var time = Duration.seconds(2)

  public init() {}
}
