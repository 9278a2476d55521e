import Bytes
import MailSyntax

/// Links: any text gives links that can be shown, and no more than the bound.
let fuzzLinks: @Sendable ([UInt8]) -> Void = { bytes in
  var finder = LinkFinder()
  finder.look(in: bytes)
  finder.look(in: bytes, isProse: true)
  promise(finder.links.count <= LinkFinder.most, "too many links")
  promise(Set(finder.links).count == finder.links.count, "a link twice")
  promise(finder.found.allSatisfy { $0.written.utf8.count <= 6000 }, "more written than a link has")
  for link in finder.links {
    promise(!link.host.isEmpty && link.host.utf8.count <= 253, "a host out of bounds")
    promise(link.host.utf8.isPlain, "control characters in a host")
    promise(
      link.path.isEmpty || "/?".utf8.contains(link.path.utf8.first ?? 0), "a path of its own kind")
  }
}
