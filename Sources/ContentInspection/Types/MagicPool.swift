#if FileTypes
  internal import CMagic
  internal import Synchronization

  /// What libmagic says of octets. A cookie is one thread's at a time: each is lent and comes back.
  final class MagicPool: Sendable {
    // A `magic_t` as a number: it can be kept where pointers cannot.
    private let idle = Mutex<[UInt]>([])

    /// Octets that libmagic looks at.
    static let most = 256 << 10

    /// What keeps it from being used; nil where nothing does.
    static func obstacle() -> String? {
      switch opened() {
      case .success(let cookie):
        magic_close(cookie)
        return nil
      case .failure(let fault): return fault.words
      }
    }

    /// A MIME type and words; nil where the database cannot be read or nothing is known.
    func tell(_ octets: UnsafeRawBufferPointer, withWords: Bool) -> (type: String, words: String)? {
      guard let address = octets.baseAddress, !octets.isEmpty, let cookie = lend() else { return nil }
      let count = min(octets.count, Self.most)
      magic_setflags(cookie, Self.flags | MAGIC_MIME_TYPE)
      guard let type = magic_buffer(cookie, address, count).map({ String(cString: $0) }) else {
        // What it stumbled over once is not trusted with the next file.
        magic_close(cookie)
        return nil
      }
      var words = ""
      if withWords {
        magic_setflags(cookie, Self.flags)
        words = magic_buffer(cookie, address, count).map { String(cString: $0) } ?? ""
      }
      idle.withLock { $0.append(UInt(bitPattern: cookie)) }
      return (type, words)
    }

    deinit {
      for cookie in idle.withLock({ $0 }) { magic_close(magic_t(bitPattern: cookie)) }
    }

    private struct Fault: Error {
      let words: String
    }

    /// No programs are run, and what this module reads itself is left to it.
    private static let flags: Int32 =
      MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_TOKENS
      | MAGIC_NO_CHECK_CSV | MAGIC_NO_CHECK_JSON

    private func lend() -> magic_t? {
      if let cookie = idle.withLock({ $0.popLast() }) { return magic_t(bitPattern: cookie) }
      return try? Self.opened().get()
    }

    private static func opened() -> Result<magic_t, Fault> {
      guard let cookie = magic_open(flags) else { return .failure(Fault(words: "no memory")) }
      // Bound: of octets, of calls within the database, of octets under a regular expression.
      for (name, value) in [
        (MAGIC_PARAM_BYTES_MAX, most), (MAGIC_PARAM_INDIR_MAX, 20), (MAGIC_PARAM_NAME_MAX, 50),
        (MAGIC_PARAM_REGEX_MAX, 4096), (MAGIC_PARAM_ENCODING_MAX, 64 << 10),
      ] {
        var value = value
        magic_setparam(cookie, name, &value)
      }
      guard magic_load(cookie, nil) == 0 else {
        let words = magic_error(cookie).map { String(cString: $0) } ?? "it cannot be loaded"
        magic_close(cookie)
        return .failure(Fault(words: words))
      }
      return .success(cookie)
    }
  }
#else
  /// In a build without libmagic nobody knows more than `FileSignature`.
  final class MagicPool: Sendable {
    func tell(_ octets: UnsafeRawBufferPointer, withWords: Bool) -> (type: String, words: String)? { nil }
  }
#endif
