internal import MailSyntax

/// How much of each text is read where there is more than is read in all: each gets an equal share first, what the small
/// ones leave of theirs goes to the larger ones, and what one does not use to those behind it. So no text takes the room
/// of another, whatever is in it and wherever it stands.
struct TextRoom {
  private var shares: [Int]
  private var next = 0
  private var unused = 0

  /// - Parameters:
  ///   - sizes: of the texts in their order, as far as they are known.
  ///   - most: of all together.
  init(sizes: [Int], most: Int) {
    shares = sizes
    var left = most
    var count = sizes.count
    for index in sizes.indices.sorted(by: { sizes[$0] < sizes[$1] }) {
      shares[index] = min(sizes[index], left / max(1, count))
      left -= shares[index]
      count -= 1
    }
  }

  /// What the next text may have.
  var room: Int { (next < shares.count ? shares[next] : 0) + unused }

  /// The next text had so much of it.
  mutating func take(_ used: Int) {
    unused = max(0, room - used)
    next += 1
  }
}

/// The rooms of the texts of a message: of HTML, which is what clients show, and of others. Of HTML what is read counts,
/// markup and all, and what is shown apart from it.
struct TextRooms {
  private var plain: TextRoom
  private var html: TextRoom
  private var source: TextRoom

  init(_ texts: [(part: MIMETree.Part, kind: TextKind)], limits: ViewLimits) {
    func sizes(_ isHTML: Bool) -> [Int] {
      texts.filter { ($0.kind == .html) == isHTML }.map { max($0.part.body.count, $0.part.preamble.count) }
    }
    plain = TextRoom(sizes: sizes(false), most: limits.text)
    // UTF-8 is never four times as long as another charset.
    html = TextRoom(sizes: sizes(true).map { 4 * $0 }, most: limits.text)
    source = TextRoom(sizes: sizes(true), most: limits.source)
  }

  /// Octets of the next text of that kind that are read, and those that are shown.
  func room(isHTML: Bool) -> (read: Int, shown: Int) {
    isHTML ? (source.room, html.room) : (plain.room, plain.room)
  }

  mutating func take(isHTML: Bool, read: Int, shown: Int) {
    if isHTML {
      source.take(read)
      html.take(shown)
    } else {
      plain.take(read)
    }
  }
}
