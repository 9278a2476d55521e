internal import Bytes
internal import MailSyntax
internal import NetAddress

extension OriginHint {
  /// Fields that web mailers and portals put the user's address in.
  private static let names = [
    "X-Originating-IP", "X-Original-IP", "X-Sender-IP", "X-Client-IP", "X-Remote-IP", "X-Yahoo-Post-IP",
    "X-AOL-IP", "X-MDRemoteIP", "X-Source-IP", "X-Originating-Client-IP", "X-Forwarded-For",
    "X-QQ-ORGSender-IP",
    "X-MSN-Post-IP", "X-EIP", "X-Mailer-IP", "X-HTTP-Posting-Host", "NNTP-Posting-Host", "X-Remote-Addr",
    "X-Sender-Address-IP", "X-SenderIP", "X-Apparently-From-IP", "X-IP", "Apparently-From-IP",
  ]

  /// The address in such a field; nil for any other.
  static func address(_ field: MessageHeader.Field, _ octets: [UInt8]) -> IPAddress? {
    let first = field.name.utf8.first?.lowercasedASCII
    guard first == UInt8(ascii: "x") || first == UInt8(ascii: "n") || first == UInt8(ascii: "a"),
      names.contains(where: { field.isNamed($0) })
    else { return nil }
    let body = String(decoding: octets[field.body].prefix(200), as: UTF8.self)
    for word in body.split(whereSeparator: { " ,;\t\r\n".contains($0) }).prefix(8) {
      if let address = HostText.address(word) { return address }
    }
    return nil
  }
}
