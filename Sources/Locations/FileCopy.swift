#if Locations
  internal import CMaxMindDB
  internal import Glibc

  /// A file's content in memory, as a file of its own without a name.
  ///
  /// libmaxminddb maps the file that it is given: were that the admin's own, and cut short under the map by whoever
  /// copies a new one over it, the next look into it would end the process.
  struct FileCopy: ~Copyable {
    private let descriptor: Int32

    /// Bound: the largest file that is taken; a world of cities has 150 MB.
    static let most = 1 << 30

    private init(descriptor: Int32) { self.descriptor = descriptor }

    static func of(_ path: String) throws(LocationError) -> FileCopy {
      let source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      guard source >= 0 else { throw fault(path) }
      defer { close(source) }
      var entry = stat()
      guard fstat(source, &entry) == 0 else { throw fault(path) }
      guard entry.st_mode & S_IFMT == S_IFREG else { throw LocationError("\(path): not a file") }
      guard entry.st_size <= most else { throw LocationError("\(path): larger than \(most >> 20) MiB") }
      let descriptor = weir_memory_file("weir-locations")
      guard descriptor >= 0 else { throw fault(path) }
      let copy = FileCopy(descriptor: descriptor)
      var left = Int(entry.st_size)
      while left > 0 {
        let got = sendfile(descriptor, source, nil, left)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw fault(path) }
        guard got > 0 else { throw LocationError("\(path): was cut short while it was read; try again") }
        left -= got
      }
      return copy
    }

    /// Calls `body` with a path by which the copy can be opened as long as the call lasts.
    borrowing func withPath<Result>(_ body: (String) -> Result) -> Result {
      body("/proc/self/fd/\(descriptor)")
    }

    deinit { close(descriptor) }

    private static func fault(_ path: String) -> LocationError {
      let isMissing = errno == ENOENT
      return LocationError(
        isMissing
          ? "\(path): there is no such file" : "\(path): cannot be read: \(String(cString: strerror(errno)))")
    }
  }
#endif
