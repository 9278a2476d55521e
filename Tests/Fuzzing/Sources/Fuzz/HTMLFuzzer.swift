import Bytes
import MailSyntax
import MessageViews

/// HTML: any octets give text within bounds, of which nothing is seen that is not there; any message gives its views.
let fuzzHTML: @Sendable ([UInt8]) -> Void = { bytes in
  let reading = HTMLReader.read(bytes, mostReferences: 20)
  // A reference of four octets (`&lt`, `&#9`) is no more than as many in UTF-8.
  promise(reading.visible.count <= bytes.count * 2, "more text than was there")
  promise(reading.visibleCount <= reading.visible.count, "more characters than octets")
  promise(reading.references.count <= 40, "more links than asked for, with a label and without")
  promise(reading.hidden.count <= 500, "too many pieces of hidden text")
  var end = 0
  for label in reading.labels {
    promise(label.lowerBound >= end && label.upperBound <= reading.visible.count, "a label out of the text")
    end = label.upperBound
  }
  promise(
    HTMLReader.read(bytes, mostReferences: 20).visible == reading.visible, "another text the second time")
  for reference in reading.references {
    promise(!reference.written.isEmpty, "a link to nothing")
    guard let link = Link(reference: reference.written, base: reading.base) else { continue }
    promise(!link.host.isEmpty && link.host.utf8.count <= 253, "a host out of bounds")
    promise(link.host.utf8.isPlain, "control characters in a host")
    promise(
      link.path.isEmpty || "/?".utf8.contains(link.path.utf8.first ?? 0), "a path of its own kind")
  }
  let small = HTMLReader.read(bytes, mostText: 50)
  promise(small.visible.count <= 50 + 8, "more text than asked for")
  let turned = BidiOverride.read(String(decoding: bytes, as: UTF8.self))
  promise(turned.text.utf8.count <= bytes.count * 3, "more text than there was")
  let views = MessageViews(Array("Content-Type: text/html\r\n\r\n".utf8) + bytes)
  views.prepare()
  promise(views.texts.count <= 1 && views.links.count <= views.limits.links, "views out of bounds")
  promise(
    views.links.allSatisfy { $0.label.unicodeScalars.count <= 256 && $0.written.utf8.count <= 6144 },
    "a link out of bounds")
  MessageViews(stuffed: bytes).prepare()
}
