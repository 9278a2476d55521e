import Foundation
import TestSupport
import Testing

/// `[metrics] address`: what a scraper meets, and whoever else comes to the port.
@Suite(.apart) struct E2EMetricsTests {
  private struct Response {
    let status: Int
    let headers: [String: String]
    let body: String

    /// The value of one series, its name and labels as they are written.
    func value(_ series: String) -> String? {
      body.split(separator: "\n").first { $0.hasPrefix(series + " ") }
        .map { String($0.dropFirst(series.count + 1)) }
    }
  }

  private func ask(_ port: UInt16, _ request: String) throws -> Response {
    let client = try RawClient(port: port)
    try client.send(request)
    return try Self.response(try client.readUntilClosed())
  }

  private func get(_ port: UInt16, _ path: String = "/metrics") throws -> Response {
    try ask(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
  }

  private static func response(_ text: String) throws -> Response {
    guard let end = text.firstRange(of: "\r\n\r\n") else { throw HarnessFault("no response: \(text)") }
    let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { throw HarnessFault("no header: \(line)") }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
        in: .whitespaces)
    }
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw HarnessFault("no status: \(text)")
    }
    return Response(status: status, headers: headers, body: String(text[end.upperBound...]))
  }

  private func front(_ port: UInt16, tail: String = "") throws -> Front {
    try Front(["metrics.address": "\"127.0.0.1:\(port)\""], tail: tail)
  }

  @Test(needs(.openssl)) func aScraperReadsMailAndCertificates() throws {
    let made = try TestCertificates()
    let pair = try made.make("live", names: ["mx.example.org"], days: 40)
    let ended = try made.make("ended", names: ["mx.example.net"], days: -1)
    let port = try FreePort.take()
    let tls = """
      [tls]
      certificate = "\(pair.certificate)"
      key = "\(pair.key)"
      [[tls.certificate_for]]
      names = ["mx.example.net"]
      certificate = "\(ended.certificate)"
      key = "\(ended.key)"

      """
    let front = try front(port, tail: tls)
    let session = try front.session()
    #expect(try session.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let denied = try session.deliver(from: "a@outside.example", to: ["user@elsewhere.example"])
    #expect(denied.code == 550)

    // A client that is not ours.
    let script = """
      import sys, urllib.request
      answer = urllib.request.urlopen(sys.argv[1], timeout=10)
      print(answer.status, answer.headers["Content-Type"])
      print(answer.read().decode("utf-8"), end="")
      """
    let read = try run("python3", ["-c", script, "http://127.0.0.1:\(port)/metrics"])
    #expect(read.succeeded, "\(read.errors)")
    #expect(read.output.hasPrefix("200 text/plain; version=0.0.4; charset=utf-8\n# HELP weir_"))
    let answer = Response(status: 200, headers: [:], body: read.output)
    #expect(
      answer.value(
        "weir_tls_certificate_expiry_days{names=\"mx.example.org\",file=\"\(pair.certificate)\"}") == "39")
    let past = answer.value(
      "weir_tls_certificate_expiry_days{names=\"mx.example.net\",file=\"\(ended.certificate)\"}")
    #expect(try #require(past.flatMap { Int($0) }) < 0, "one that ended yesterday")
    #expect(answer.value("weir_events_total{kind=\"accept\"}") == "1")
    #expect(answer.value("weir_reasons_total{code=\"RELAY_DENIED\"}") == "1")
    #expect(answer.value("weir_connections") == "1")
    let address = "127.0.0.1:\(front.backend.port)"
    #expect(answer.value("weir_backend_up{backend=\"main\",address=\"\(address)\"}") == "1")
    #expect(answer.value("weir_backend_messages_total{backend=\"main\",result=\"delivered\"}") == "1")
    #expect((answer.value("weir_accepted_bytes_total").flatMap { Int($0) } ?? 0) > 0)
  }

  @Test func onlyThisPathAndThisMethod() throws {
    let port = try FreePort.take()
    let front = try front(port)
    #expect(try get(port, "/metrics?name=weir").status == 200)
    #expect(try get(port, "/").status == 404)
    #expect(try get(port, "/metrics/..").status == 404)
    let post = try ask(port, "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
    #expect(post.status == 405 && post.headers["allow"] == "GET, HEAD")
    let full = try get(port)
    #expect(full.headers["connection"] == "close")
    #expect(full.headers["content-length"] == "\(full.body.utf8.count)")
    let head = try ask(port, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(
      head.status == 200 && head.body == "" && (head.headers["content-length"].map { $0 != "0" } == true))
    #expect(try ask(port, "EHLO client.example\r\n\r\n").status == 400)
    #expect(front.gateway.process.isRunning)
  }

  @Test func bytesMayDripAndTheEndMayBeSaid() throws {
    let port = try FreePort.take()
    let front = try front(port)
    let client = try RawClient(port: port)
    try client.drip(Array("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    client.closeWriting()
    #expect(try Self.response(try client.readUntilClosed()).status == 200)
    let half = try RawClient(port: port)
    try half.send("GET /metrics HTTP/1.1\r\n")
    half.closeWriting()
    #expect(try Self.response(try half.readUntilClosed(within: .seconds(3))).status == 400)
    #expect(front.gateway.process.isRunning)
  }

  @Test func aRequestIsBounded() throws {
    let port = try FreePort.take()
    let front = try front(port)
    let fits = "GET /metrics HTTP/1.1\r\nX: \(String(repeating: "a", count: 8192 - 30))\r\n\r\n"
    #expect(fits.utf8.count == 8192)
    #expect(try ask(port, fits).status == 200)
    let long = "GET /metrics HTTP/1.1\r\nX: \(String(repeating: "a", count: 8192 - 29))\r\n\r\n"
    let client = try RawClient(port: port)
    try client.send(long)
    client.closeWriting()
    #expect(try Self.response(try client.readUntilClosed()).status == 431)
    #expect(front.gateway.process.isRunning)
  }

  @Test func connectionsAndTheirTimeAreBounded() throws {
    let port = try FreePort.take()
    let front = try front(port)
    let silent = try (0..<32).map { _ in try RawClient(port: port) }
    #expect(silent[31].isSilent(for: .milliseconds(500)))
    let late = try RawClient(port: port)
    #expect(late.isClosed(within: .seconds(2)), "one too many is not served")
    for client in silent { #expect(client.isClosed(within: .seconds(10))) }
    #expect(try get(port).status == 200)
    #expect(front.gateway.process.isRunning)
  }

  @Test func aReloadFollowsTheAddress() throws {
    let (first, second) = (try FreePort.take(), try FreePort.take())
    let front = try front(first)
    #expect(try get(first).value("weir_configuration_generation") == "1")
    let moved = try front.reload(["metrics.address": "\"127.0.0.1:\(second)\""])
    #expect(moved.ending == .exited(0), "\(moved)")
    #expect(try get(second).value("weir_configuration_generation") == "2")
    #expect(!FreePort.answers("127.0.0.1", first))
    // An address that covers the one before.
    #expect(try front.reload(["metrics.address": "\"0.0.0.0:\(second)\""]).ending == .exited(0))
    #expect(try get(second).value("weir_configuration_generation") == "3")
    #expect(try front.reload().ending == .exited(0))
    #expect(!FreePort.answers("127.0.0.1", second))
  }

  @Test func aPortInUseIsAWarning() throws {
    let other = try ScriptedBackend()
    let front = try front(other.port)
    let line = try front.gateway.waitForLog { $0["code"] == "METRICS_UNAVAILABLE" }
    #expect(line["detail"]?.contains("another server listens there") == true, "\(line)")
    let session = try front.session()
    #expect(try session.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let again = try front.reload(["metrics.address": "\"127.0.0.1:\(other.port)\""])
    #expect(again.ending == .exited(0) && again.output.contains("warning: metrics.address: cannot listen"))
    let port = try FreePort.take()
    #expect(try front.reload(["metrics.address": "\"127.0.0.1:\(port)\""]).ending == .exited(0))
    #expect(try get(port).status == 200)
  }
}
