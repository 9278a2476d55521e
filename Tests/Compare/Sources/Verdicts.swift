import Bytes
import DNS
import Glibc
import MailAuthentication
import MailSyntax
import NetAddress

/// Answers questions from its standard input, a line each, words between tabs:
///
///     dns FILE                    the records there are from now on; "read", or what is wrong with them
///     spf ADDRESS SENDER HELO     the result
///     dkim FILE                   a result for each signature of the message there, "none" without one
///     mail FILE                   the outline of the message there, in JSON
@main
enum Verdicts {
  static func main() async {
    var table = DNSTable()
    while let line = readLine() {
      let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let lookups = Lookups(table, until: .now + .seconds(30))
      switch (words.first, words.count) {
      case ("dns", 2):
        let (read, problems) = DNSTable.parse(content(of: words[1]) ?? [], file: words[1])
        table = read
        print(problems.isEmpty ? "read" : problems.map(\.description).joined(separator: "; "))
      case ("spf", 4): print(await spf(words[1], sender: words[2], helo: words[3], lookups))
      case ("dkim", 2): print(await dkim(content(of: words[1]) ?? [], lookups))
      case ("mail", 2): print((try? MessageOutline(content(of: words[1]) ?? []).line()) ?? "no outline")
      default: print("not understood: \(words)")
      }
      // Who asks waits for it.
      fflush(nil)
    }
  }

  private static func spf(_ address: String, sender: String, helo: String, _ lookups: Lookups) async -> String
  {
    guard let ip = IPAddress(address) else { return "not an address" }
    let evaluator = SPFEvaluator(hostname: "mx.example.test")
    return await evaluator.check(ip: ip, sender: sender, helo: helo, now: now(), lookups).result.rawValue
  }

  private static func dkim(_ octets: [UInt8], _ lookups: Lookups) async -> String {
    let header = MessageHeader(octets)
    let results = await DKIMVerifier.verify(
      header: header, in: octets, isBinary: true,
      bodyDigests: BodyDigests.of(octets, header: header, isBinary: true), lookups,
      now: now())
    return results.isEmpty ? "none" : results.map(\.status.rawValue).joined(separator: " ")
  }

  private static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000)
  }

  private static func content(of path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var result: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 { return result }
      result += piece[..<count]
    }
  }
}
