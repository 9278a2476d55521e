import Foundation
import TestSupport
import Testing

/// Files in messages, from outside: what stands in the log, and what a client reads.
@Suite(.apart, needs(.python3)) struct E2EAttachmentTests {
  /// A message with a zip archive that Python made; `code` leaves it in `out`.
  private static func message(_ name: String, _ code: String) throws -> [UInt8] {
    let program = """
      import io, sys, zipfile
      from email.message import EmailMessage
      exe = bytearray(256); exe[0:6] = b'MZ\\x90\\0\\x03\\0'; exe[0x3c] = 0x80; exe[0x80:0x86] = b'PE\\0\\0\\x4c\\x01'
      def z(*files):
          made = io.BytesIO()
          with zipfile.ZipFile(made, 'w', zipfile.ZIP_DEFLATED) as archive:
              for name, data in files: archive.writestr(name, bytes(data))
          return made.getvalue()
      \(code)
      message = EmailMessage()
      message['From'] = 'a@outside.example'; message['To'] = 'user@example.org'; message['Subject'] = 'order'
      message['Date'] = 'Sat, 21 Nov 2026 09:00:00 +0000'; message['Message-ID'] = '<1@outside.example>'
      message.set_content('See the file.')
      message.add_attachment(out, maintype='application', subtype='octet-stream', filename=sys.argv[1])
      sys.stdout.write(message.as_bytes().decode('ascii').replace('\\n', '\\r\\n'))
      """
    let result = try run("python3", ["-c", program, name])
    guard result.succeeded else { throw HarnessFault("python3: \(result.errors)") }
    return Array(result.output.utf8)
  }

  private func send(_ message: [UInt8], through front: Front) throws -> RawReply {
    let client = try front.transaction()
    #expect(try client.command("DATA").code == 354)
    try client.send(RawClient.stuffed(message))
    return try client.reply()
  }

  @Test func aProgramInAnArchive() throws {
    let front = try Front()
    let message = try Self.message("order.zip", "out = z(('order.pdf.exe', exe), ('read.txt', b'x'))")
    #expect(try send(message, through: front).code == 250)
    let line = try front.gateway.waitForLog { $0["findings"]?.contains("ARCHIVE_") == true }
    let findings = line["findings"] ?? ""
    #expect(findings.contains("ARCHIVE_EXECUTABLE(order.zip/order.pdf.exe;6.0)"), "\(line)")
    #expect(findings.contains("ARCHIVE_NAME_TRICK(order.zip/order.pdf.exe double;4.0)"), "\(line)")
  }

  @Test func aPatternOfTheAdmin() throws {
    let front = try Front(["checks.attachments.block_names": "[\"*.one\"]"])
    let reply = try send(try Self.message("Notes.ONE", "out = b'hello'"), through: front)
    #expect(reply.code == 550)
    #expect("\(reply)".contains("files of this kind are not taken here"), "\(reply)")
    #expect(try send(try Self.message("notes.txt", "out = b'hello'"), through: front).code == 250)
  }

  /// A bomb costs what the bound says, and other mail goes on meanwhile.
  @Test func aBomb() throws {
    let front = try Front(["checks.archives.action": "\"reject\""])
    let code = "inner = z(('zeros', bytes(64 << 20)))\nout = z(*[(f'{i}.zip', inner) for i in range(20)])"
    let reply = try send(try Self.message("a.zip", code), through: front)
    #expect(reply.code == 550)
    #expect("\(reply)".contains("unpacks to far more"), "\(reply)")
    #expect(try send(try Self.message("notes.txt", "out = b'hello'"), through: front).code == 250)
  }

  @Test func nothingIsLacking() throws {
    let front = try Front()
    let status = try front.gateway.weir(["status"]).output
    #if FileTypes && Archives
      #expect(!status.contains("LACKING"), "\(status)")
    #else
      #expect(status.contains("not built in"), "\(status)")
    #endif
  }
}
