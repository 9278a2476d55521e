#if Archives
  internal import CArchive
  internal import Glibc

  /// One archive in memory, entry by entry, by libarchive: which formats and which compressions is chosen here, so that
  /// none is among them that runs a program.
  struct ArchiveReader: ~Copyable {
    enum Failure: Hashable {
      case damaged
      /// Its names or contents open with a password only.
      case encrypted
      /// A compression that libarchive does not know.
      case unsupported
      /// Compressed over and over.
      case tooDeep
    }

    enum Next {
      case entry(Entry)
      case end
      case failed(Failure)
    }

    struct Entry {
      /// As libarchive tells it: UTF-8 where the archive says what its names are in, else as it stands there.
      let name: [UInt8]
      let size: Int?
      let isFile: Bool
      let isEncrypted: Bool
    }

    enum End: Hashable {
      case reached, more
      case failed(Failure)
    }

    private let archive: OpaquePointer

    private init(_ archive: OpaquePointer) { self.archive = archive }

    /// - Parameters:
    ///   - octets: have to live as long as the reader does.
    ///   - isOnlyCompressed: whether it is to be taken for a compressed file, whatever is in it.
    static func of(_ octets: UnsafeRawBufferPointer, isOnlyCompressed: Bool = false) -> ArchiveReader? {
      guard let archive = opened(octets, isOnlyCompressed) else { return nil }
      return ArchiveReader(archive)
    }

    private static func opened(_ octets: UnsafeRawBufferPointer, _ isOnlyCompressed: Bool) -> OpaquePointer? {
      guard let archive = archive_read_new() else { return nil }
      let formats = [
        archive_read_support_format_zip, archive_read_support_format_rar, archive_read_support_format_rar5,
        archive_read_support_format_7zip, archive_read_support_format_tar, archive_read_support_format_cab,
        archive_read_support_format_iso9660, archive_read_support_format_lha,
        archive_read_support_format_cpio,
        archive_read_support_format_ar, archive_read_support_format_xar, archive_read_support_format_raw,
      ]
      let filters = [
        archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
        archive_read_support_filter_lzma, archive_read_support_filter_lzip, archive_read_support_filter_zstd,
        archive_read_support_filter_lz4, archive_read_support_filter_compress, archive_read_support_filter_uu,
      ]
      for support in (isOnlyCompressed ? [archive_read_support_format_raw] : formats) + filters {
        _ = support(archive)
      }
      guard archive_read_open_memory(archive, octets.baseAddress, octets.count) == ARCHIVE_OK else {
        archive_read_free(archive)
        return nil
      }
      return archive
    }

    deinit { archive_read_free(archive) }

    /// Whether there is no format and no compression: any octets at all.
    var isPlain: Bool {
      archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_RAW
        && archive_filter_count(archive) < 2
    }

    /// Whether it is one compressed file without a format of archives.
    var isCompressedFile: Bool {
      archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_RAW
        && archive_filter_count(archive) > 1
    }

    /// Whether entries can be passed over without unpacking them.
    var isSeekable: Bool {
      guard archive_filter_count(archive) < 2 else { return false }
      let format = archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK
      return [ARCHIVE_FORMAT_ZIP, ARCHIVE_FORMAT_TAR, ARCHIVE_FORMAT_ISO9660, ARCHIVE_FORMAT_LHA].contains(
        format)
    }

    /// Whether something in it is known to be encrypted.
    var isKnownEncrypted: Bool { archive_read_has_encrypted_entries(archive) > 0 }

    mutating func next() -> Next {
      var entry: OpaquePointer?
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { return .end }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { return .failed(failure()) }
      let type = Int32(archive_entry_filetype(entry)) & 0o170000
      return .entry(
        Entry(
          name: Self.name(of: entry),
          size: archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil,
          // Of some formats nobody says what an entry is.
          isFile: type == 0o100000 || type == 0, isEncrypted: archive_entry_is_encrypted(entry) != 0))
    }

    /// Appends what the entry holds until `octets` has `most` or more.
    mutating func read(into octets: inout [UInt8], upTo most: Int, _ budget: inout Budget) -> End {
      while octets.count < most {
        if budget.isSpent() || budget.isBomb { return .more }
        var block: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        let status = archive_read_data_block(archive, &block, &count, &offset)
        if status == ARCHIVE_EOF { return .reached }
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { return .failed(failure()) }
        budget.count(unpacked: count)
        if let block { octets.append(contentsOf: UnsafeRawBufferPointer(start: block, count: count)) }
      }
      return .more
    }

    /// Leaves the rest of the entry; `isCheap` where that takes no unpacking.
    mutating func passOver(isCheap: Bool, _ budget: inout Budget) -> End {
      if isCheap {
        return archive_read_data_skip(archive) >= ARCHIVE_WARN ? .reached : .failed(failure())
      }
      while true {
        if budget.isSpent() || budget.isBomb { return .more }
        var block: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        let status = archive_read_data_block(archive, &block, &count, &offset)
        if status == ARCHIVE_EOF { return .reached }
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { return .failed(failure()) }
        budget.count(unpacked: count)
      }
    }

    private func failure() -> Failure {
      let words = archive_error_string(archive).map { String(cString: $0).lowercased() } ?? ""
      if words.contains("encrypt") || words.contains("passphrase") { return .encrypted }
      if words.contains("too many filters") { return .tooDeep }
      if words.contains("unsupported") || words.contains("not supported") || words.contains("unavailable") {
        return .unsupported
      }
      return .damaged
    }

    private static func name(of entry: OpaquePointer) -> [UInt8] {
      let name = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry)
      guard let name else { return [] }
      return Array(UnsafeRawBufferPointer(start: name, count: min(strlen(name), 1024)))
    }

    /// Calls `body` with this thread's text in UTF-8: libarchive turns names into what the locale is in, and the
    /// process's own may be plain ASCII.
    static func withNamesInUTF8<Result>(_ body: () -> Result) -> Result {
      guard let locale = locale_t(bitPattern: utf8Locale) else { return body() }
      let before = uselocale(locale)
      defer { uselocale(before) }
      return body()
    }

    private static let utf8Locale = UInt(bitPattern: newlocale(1 << LC_CTYPE, "C.UTF-8", nil))

    /// Data compressed with deflate (RFC 1951) without a frame, unpacked: at most so much, nil where nothing comes.
    static func inflated(_ data: ArraySlice<UInt8>, most: Int, _ budget: inout Budget) -> [UInt8]? {
      let framed: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + data + [UInt8](repeating: 0, count: 8)
      var result: [UInt8] = []
      framed.withUnsafeBytes { framed in
        guard var reader = ArchiveReader.of(framed), case .entry = reader.next() else { return }
        _ = reader.read(into: &result, upTo: most, &budget)
      }
      return result.isEmpty ? nil : result
    }
  }
#endif
