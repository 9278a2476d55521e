import Glibc

/// The fuzzers by name. Each takes any bytes and stops the process where a promise does not hold.
let fuzzers: [String: @Sendable ([UInt8]) -> Void] = [
  "command": fuzzCommand,
  "session": fuzzSession,
  "content": fuzzContent,
  "path": fuzzPath,
  "addresses": fuzzAddresses,
  "reply": fuzzReply,
  "proxy": fuzzProxy,
  "sasl": fuzzSASL,
  "header": fuzzHeader,
  "lists": fuzzLists,
  "links": fuzzLinks,
  "html": fuzzHTML,
  "settings": fuzzSettings,
  "spf": fuzzSPF,
  "dmarc": fuzzDMARC,
  "dkim": fuzzDKIM,
  "authres": fuzzAuthenticationResults,
  "dns": fuzzDNS,
  "received": fuzzReceived,
  "mime": fuzzMIME,
  "calendar": fuzzCalendar,
  "header-words": fuzzHeaderWords,
  "archive-names": fuzzArchiveNames,
  "charset": fuzzCharset,
  "rc-parser": fuzzRuleParser,
  "rc-run": fuzzRuleRun,
  "procmail-pattern": fuzzProcmailPattern,
  "import": fuzzImport,
]

/// libFuzzer, entered with the fuzzer that WEIR_FUZZ names.
@main
enum Fuzz {
  static func main() {
    let name = getenv("WEIR_FUZZ").map { String(cString: $0) } ?? ""
    guard fuzzers[name] != nil else {
      fatalError("WEIR_FUZZ is one of \(fuzzers.keys.sorted().joined(separator: " ")), not '\(name)'")
    }
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(
      runDriver(&count, &arguments) { data, size in
        chosen?(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
      })
  }
}

private let chosen: (@Sendable ([UInt8]) -> Void)? = getenv("WEIR_FUZZ").flatMap {
  fuzzers[String(cString: $0)]
}

/// The C function of libFuzzer; its own `main` is not linked, since the executable has one.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// A promise; the message says which, should it not hold.
func promise(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}

extension Sequence<UInt8> {
  /// No control characters in it.
  var isPlain: Bool { allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
}

/// The bytes cut into pieces whose lengths the first bytes tell, so that the cuts are fuzzed too.
func pieces(_ bytes: [UInt8], cuts: Int = 4) -> (rest: [UInt8], pieces: [ArraySlice<UInt8>]) {
  let lengths = bytes.prefix(cuts).map { Int($0) }
  let rest = Array(bytes.dropFirst(cuts))
  var pieces: [ArraySlice<UInt8>] = []
  var start = 0
  for length in lengths where start + length < rest.count {
    pieces.append(rest[start..<(start + length)])
    start += length
  }
  pieces.append(rest[start...])
  return (rest, pieces)
}
