import MailSyntax
import MessageViews

/// Calendars and cards: any octets give no more than they are, the same with either line end, and any message with them
/// its views.
let fuzzCalendar: @Sendable ([UInt8]) -> Void = { bytes in
  let begin = Array("BEGIN:VCALENDAR\n".utf8)
  let octets = begin + bytes
  guard let lines = ContentLines(octets[...]) else { fatalError("it begins as a calendar does") }
  promise(lines.shown.count + lines.html.count + lines.others.count <= octets.count, "more than there was")
  promise(ContentLines(octets[...]) == lines, "another the second time")
  let plain = octets.filter { $0 != 0x0d }
  let wire = plain.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
  promise(ContentLines(plain[...]) == ContentLines(wire[...]), "another with CRLF")
  _ = ContentLines(bytes[...])
  for type in ["text/calendar", "text/enriched", "text/richtext", "application/octet-stream; name=a.ics"] {
    let views = MessageViews(Array("Content-Type: \(type)\r\n\r\n".utf8) + octets)
    views.prepare()
    promise(views.texts.count <= 1 && views.attachments.count <= 101, "views out of bounds")
  }
}
