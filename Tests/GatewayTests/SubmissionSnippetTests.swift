import Foundation
import TestSupport
import Testing

/// What the README tells an operator to write for users who send, as he would try it.
@Suite(.apart) struct SubmissionSnippetTests {
  @Test(needs(.postfix)) func usersSendAsTheREADMEHasIt() throws {
    let backend = try FreePort.take()
    let service = try Snippet.lines("postfix/submission.cf", port: backend).joined(separator: "\n")
    let postfix = try PostfixBackend(
      port: backend, settings: ["transport_maps = inline:{ { elsewhere.example = discard:outside } }"],
      service: service)
    let folder = try ScratchFolder("submission")
    let certificates = try TestCertificates()
    let pair = try certificates.make("mx", names: ["mx.example.org", "127.0.0.1"])
    let ports = try (FreePort.take(), FreePort.take(), FreePort.take())
    let users = folder.file("users")
    let gateway = try Gateway(
      toml: toml(backend, ports, pair, users: users, state: folder.file("state")), in: folder,
      ports: [("127.0.0.1", ports.0), ("127.0.0.1", ports.1), ("127.0.0.1", ports.2)])
    let check = try gateway.weir(["check"])
    #expect(check.succeeded, "\(check.output)\(check.errors)")
    let weak = try gateway.weir(
      ["users", "add", "anna@example.org", "--password-stdin"], input: Array("password1234\n".utf8))
    #expect(!weak.succeeded)
    let added = try gateway.weir(
      ["users", "add", "anna@example.org", "--password-stdin"], input: Array("tall grey heron\n".utf8))
    #expect(added.succeeded, "\(added.output)\(added.errors)")

    // The running gateway has read the file by itself, soon.
    var tried = ""
    let isTaken = eventually(within: .seconds(30), every: .milliseconds(500)) {
      tried = (try? client(ports.1, "starttls", "tall grey heron", certificates)) ?? ""
      return tried.contains("sent")
    }
    #expect(isTaken, "\(tried) \(gateway.log())")
    #expect(try client(ports.2, "tls", "tall grey heron", certificates).contains("sent"))
    #expect(try client(ports.1, "starttls", "tall grey stork", certificates).contains("535"))
    #expect(try client(ports.1, "clear", "", certificates).contains("530"))
    let stranger = try client(ports.0, "starttls", "", certificates)
    // One of the two is ours.
    #expect(stranger.contains("550") && stranger.contains("RELAY_DENIED"), "\(stranger)")
    // Each message reached the mail server for a colleague and for the outside.
    #expect(try postfix.waitForMail(to: "user@example.org", count: 2).count >= 2)
    #expect(
      eventually { postfix.log.contains("to=<friend@elsewhere.example>") }, "\(postfix.log)")
    let line = try gateway.waitForLog { $0.event == "accept" && $0["user"] == "anna@example.org" }
    #expect((line["tls"] ?? "").hasPrefix("TLSv1."), "\(line)")
  }

  /// The README's `weir.toml` with its listeners, at ports and files of this test.
  private func toml(
    _ backend: UInt16, _ ports: (UInt16, UInt16, UInt16), _ pair: TestCertificates.Pair, users: String,
    state: String
  ) throws -> String {
    #expect(FileManager.default.createFile(atPath: users, contents: Data()))
    let base = try Snippet.lines("weir.toml", port: backend).joined(separator: "\n")
      .replacingOccurrences(of: "user = \"weir\"\n", with: "")
    let own = try Snippet.text("submission.toml")
      .replacingOccurrences(of: "0.0.0.0:25\"", with: "127.0.0.1:\(ports.0)\"")
      .replacingOccurrences(of: "0.0.0.0:587", with: "127.0.0.1:\(ports.1)")
      .replacingOccurrences(of: "0.0.0.0:465", with: "127.0.0.1:\(ports.2)")
      .replacingOccurrences(of: "/etc/weir/tls/fullchain.pem", with: pair.certificate)
      .replacingOccurrences(of: "/etc/weir/tls/key.pem", with: pair.key)
      .replacingOccurrences(of: "/etc/weir/users", with: users)
    #expect(!own.contains("/etc/") && !own.contains("0.0.0.0"), "\(own)")
    return "\(base)\n\(own)\n[state]\nfolder = \"\(state)\"\n"
  }

  /// A mail client of Python's `smtplib`, which checks the certificate; what it came to in words.
  private func client(
    _ port: UInt16, _ way: String, _ password: String, _ certificates: TestCertificates
  ) throws -> String {
    let script = """
      import smtplib, ssl, sys
      port, way, password, authority = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
      context = ssl.create_default_context(cafile=authority)
      try:
          if way == "tls":
              client = smtplib.SMTP_SSL("127.0.0.1", port, context=context, timeout=20)
          else:
              client = smtplib.SMTP("127.0.0.1", port, timeout=20)
              if way == "starttls":
                  client.starttls(context=context)
          if password:
              client.login("anna@example.org", password)
          refused = client.sendmail("anna@example.org", ["user@example.org", "friend@elsewhere.example"],
                          "From: anna@example.org\\r\\nSubject: hello\\r\\n\\r\\nhello\\r\\n")
          print("sent", refused)
          client.quit()
      except smtplib.SMTPException as fault:
          print("refused", fault)
      """
    let result = try run(
      "python3", ["-c", script, "\(port)", way, password, certificates.authority], joined: true)
    return result.output
  }
}
