import Glibc

/// Works on messages in memory until a time is gone, and says on one line of JSON how much that was:
///
///     Content parse INDEX SECONDS      the parts of each message
///     Content decode INDEX SECONDS     and of each its octets, of texts in UTF-8
///     Content views INDEX SECONDS      all views of each message
///     Content header|texts|folded|links|attachments INDEX SECONDS    one view, and what it is made of
///     Content facts INDEX SECONDS      what is known of a message, of which no view is asked for
///     Content unasked INDEX SECONDS    and its views, of which none is asked for
///
/// INDEX is a file that names a message on each line. The time is the CPU's.
@main
enum Content {
  static func main() async throws {
    let words = CommandLine.arguments
    guard words.count == 4, let seconds = Double(words[3]), let work = Work(rawValue: words[1]) else {
      print("Content \(Work.allCases.map(\.rawValue).joined(separator: "|")) INDEX SECONDS")
      exit(2)
    }
    let index = String(decoding: try octets(of: words[2]), as: UTF8.self)
    let messages = try index.split(separator: "\n").map { try octets(of: String($0)) }
    var done = Done()
    // Tables are made when they are first needed.
    for message in messages { try await work.on(message, &done) }
    var passes = 0
    let start = cpu()
    while cpu() - start < seconds {
      done = Done()
      for message in messages { try await work.on(message, &done) }
      passes += 1
    }
    let used = cpu() - start
    let held = try await work.held(messages)
    print(
      """
      {"passes": \(passes), "seconds": \(used), "messages": \(messages.count), "parts": \(done.parts), \
      "octets": \(messages.reduce(0) { $0 + $1.count }), "decoded": \(done.octets), "held": \(held)}
      """)
  }

  private static func cpu() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func octets(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Unreadable(path: path) }
    defer { fclose(file) }
    var result: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 { return result }
      result += piece[..<count]
    }
  }

  struct Unreadable: Error { let path: String }
}
