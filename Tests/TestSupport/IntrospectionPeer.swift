import Foundation

/// An authorization server of the test's own: it knows tokens (RFC 7662), and the gateway as `weir` with the secret
/// `gate way`.
public final class IntrospectionPeer: Sendable {
  public static let client = "weir"
  public static let secret = "gate way"

  public let folder: ScratchFolder
  public let port: UInt16
  public let url: String
  private let process: RunningProcess

  /// Starts it.
  ///
  /// - Parameter answers: what it says of a token, as JSON; of any other that it is not active. A text that is no
  ///   object is a status (`503`), `hang`, `redirect` or `flood`.
  public init(_ answers: [String: String] = ["anna-token": standard], withTLS: Bool = false) throws {
    let folder = try ScratchFolder("introspection")
    self.folder = folder
    port = try FreePort.take()
    url = withTLS ? "https://localhost:\(port)/introspect" : "http://127.0.0.1:\(port)/introspect"
    if withTLS { try PeerCertificate.make(in: folder) }
    let table = try JSONSerialization.data(withJSONObject: answers)
    try folder.write("answers.json", bytes: Array(table))
    try folder.write("server.py", Self.program)
    process = try RunningProcess(
      "python3", [folder.file("server.py"), "\(port)", folder.path, withTLS ? "tls" : "plain"], joined: true)
    try process.waitForPort(port)
  }

  deinit { stop() }

  /// The authority of its certificate, PEM.
  public var authority: String { folder.file("authority.pem") }

  public func stop() { process.kill() }

  public var log: String { process.output }

  /// What it says of a token of anna's.
  public static let standard =
    "{\"active\": true, \"username\": \"anna@example.org\", \"scope\": \"mail openid\", \"exp\": 4102444800}"

  private static let program = """
    import base64, json, ssl, sys, time, urllib.parse
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    port, folder, mode = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    answers = json.load(open(folder + "/answers.json"))
    account = "Basic " + base64.b64encode(b"weir:gate%20way").decode()
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def say(self, status, body, headers=()):
            self.send_response(status)
            for name, value in headers: self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            form = urllib.parse.parse_qs(self.rfile.read(length).decode())
            token = form.get("token", [""])[0]
            if self.headers.get("Authorization") != account: return self.say(401, b"{}")
            if self.path == "/elsewhere": return self.say(200, answers["anna-token"].encode())
            answer = answers.get(token, '{"active": false}')
            if answer == "hang": return time.sleep(600)
            if answer == "redirect": return self.say(307, b"", [("Location", "/elsewhere")])
            if answer == "flood": return self.say(200, b'{"active": true, "username": "' + b"a" * 1000000 + b'"}')
            if answer.isdigit(): return self.say(int(answer), b"{}")
            self.say(200, answer.encode(), [("Content-Type", "application/json")])
    class Server(ThreadingHTTPServer):
        daemon_threads = True
    server = Server(("127.0.0.1", port), Handler)
    if mode == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()

    """
}
