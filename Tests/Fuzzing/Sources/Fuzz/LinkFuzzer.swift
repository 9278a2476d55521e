import Bytes
import MailSyntax

/// Links: any message gives texts within their bound, and any text links that can be shown.
let fuzzLinks: @Sendable ([UInt8]) -> Void = { bytes in
  let header = MessageHeader(bytes)
  var finder = LinkFinder()
  let texts = TextParts.of(bytes, header: header, isStuffed: true, most: 2048)
  promise(texts.count <= TextParts.mostParts, "too many parts")
  promise(texts.reduce(0) { $0 + $1.count } <= 2048, "more text than was asked for")
  for text in texts { finder.look(in: text) }
  finder.look(in: bytes)
  promise(finder.links.count <= LinkFinder.most, "too many links")
  promise(Set(finder.links).count == finder.links.count, "a link twice")
  for link in finder.links {
    promise(!link.host.isEmpty && link.host.utf8.count <= 253, "a host out of bounds")
    promise(link.host.utf8.isPlain, "control characters in a host")
    promise(
      link.path.isEmpty || link.path.hasPrefix("/") || link.path.hasPrefix("?"), "a path of its own kind")
  }
}
