public import Charsets
public import MailSyntax

/// What views of a message leave out, because it is longer than what was looked at, or past a bound.
///
/// Who finds nothing while something is left out knows nothing of that.
public struct Omissions: OptionSet, Sendable, Hashable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The end of the message.
  public static let octets = Omissions(rawValue: 1)
  /// Parts: too many, too deep, too large where they are encoded twice.
  public static let parts = Omissions(rawValue: 2)
  /// Text.
  public static let text = Omissions(rawValue: 4)
  /// Links or mail addresses.
  public static let links = Omissions(rawValue: 8)

  /// `octets+text`.
  public var description: String {
    let names: [(Omissions, String)] = [
      (.octets, "octets"), (.parts, "parts"), (.text, "text"), (.links, "links"),
    ]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: "+")
  }
}

/// A header field as a person reads it.
public struct HeaderView: Sendable, Hashable {
  public let name: String
  /// Unfolded, encoded words decoded, NFC.
  public let text: String
  /// The charsets of its encoded words, or the guess where there were octets above 127 without a label.
  public let charsets: [Charset]
  public let isGuessed: Bool
  public let malformed: Int

  public init(
    name: String, text: String, charsets: [Charset] = [], isGuessed: Bool = false, malformed: Int = 0
  ) {
    self.name = name
    self.text = text
    self.charsets = charsets
    self.isGuessed = isGuessed
    self.malformed = malformed
  }
}

extension HeaderView {
  /// What follows a field's colon as a person reads it.
  public static func text(_ value: ArraySlice<UInt8>) -> String { HeaderReading.text(value).text }
}

/// The text of one text part.
public struct TextView: Sendable {
  /// Its part in the tree.
  public let part: Int
  public let isHTML: Bool
  /// As declared; nil where nothing was.
  public let declared: String?
  /// How it was decoded. For HTML this is the source.
  public let decoded: DecodedText
  /// What a person sees: of HTML the visible text, of others the text itself (format=flowed joined).
  public let visible: String
  /// What only HTML has; nil for others.
  public let html: HTMLView?
  /// Letters of the visible text that are made to run against their direction; it has them in the order in which a
  /// person sees them.
  public let turned: Int

  public init(
    part: Int, isHTML: Bool, declared: String?, decoded: DecodedText, visible: String, html: HTMLView?,
    turned: Int = 0
  ) {
    self.turned = turned
    self.part = part
    self.isHTML = isHTML
    self.declared = declared
    self.decoded = decoded
    self.visible = visible
    self.html = html
  }
}

/// What an HTML text holds beside its visible text.
public struct HTMLView: Sendable {
  /// Text that nobody sees, and why.
  public struct Hidden: Sendable, Hashable {
    public enum Reason: String, Sendable, Hashable, CaseIterable {
      case displayNone, visibilityHidden, zeroFont, tinyFont, sameColour, offScreen, zeroOpacity, zeroSize,
        comment

      /// Whether it is hidden in every client: the others hang on where and on what it is shown.
      public var isCertain: Bool {
        switch self {
        case .displayNone, .visibilityHidden, .zeroFont, .zeroOpacity, .comment: true
        case .tinyFont, .sameColour, .offScreen, .zeroSize: false
        }
      }
    }

    public let text: String
    public let reason: Reason

    public init(text: String, reason: Reason) {
      self.text = text
      self.reason = reason
    }
  }

  public let hidden: [Hidden]
  /// Characters of visible text that are no white space.
  public let visibleCount: Int
  public let images: Int
  public let remoteImages: Int
  public let forms: Int
  public let scripts: Int
  /// What the images say in their stead (`alt`), a line each, at most 16 KiB: what is read where images are not shown.
  public let imageText: String
  /// Whether a bound cut it.
  public let isCut: Bool

  public init(
    hidden: [Hidden] = [], visibleCount: Int = 0, images: Int = 0, remoteImages: Int = 0, forms: Int = 0,
    scripts: Int = 0, imageText: String = "", isCut: Bool = false
  ) {
    self.imageText = imageText
    self.hidden = hidden
    self.visibleCount = visibleCount
    self.images = images
    self.remoteImages = remoteImages
    self.forms = forms
    self.scripts = scripts
    self.isCut = isCut
  }
}

/// A link as it stands in a message: where it leads, and what it claims to be.
public struct LinkView: Sendable, Hashable {
  public enum Place: String, Sendable, Hashable {
    /// `<a href>`, `<area>`, a button's or form's target.
    case anchor, image, form, text, other
  }

  /// As written, at most 2 KiB.
  public let written: String
  public let target: Link
  /// The visible text of an anchor, at most 256 characters; empty for others.
  public let label: String
  public let place: Place
  public let part: Int

  public init(written: String, target: Link, label: String = "", place: Place, part: Int) {
    self.written = written
    self.target = target
    self.label = label
    self.place = place
    self.part = part
  }
}

/// A part that is a file to a person: an attachment, anything inline that is no text, and any part that bears a file's
/// name.
public struct AttachmentView: Sendable, Hashable {
  public enum Role: Sendable, Hashable {
    case file
    /// Its text is one of the message's besides.
    case shownText
    /// It holds parts: nothing but its names counts.
    case container
  }

  public let part: Int
  /// As a person sees it, decoded; empty where it has none. The others that it bears, where it bears different ones.
  public let name: String
  public let otherNames: [String]
  /// As declared: `application/zip`.
  public let type: String
  /// Decoded octets, as far as they were counted.
  public let size: Int
  public let isInline: Bool
  /// Its place among the files that stand in the part (uuencoded in a text, in a `winmail.dat`); nil where it is the
  /// part itself.
  public let embedded: Int?
  public let role: Role
  /// Whether it is a message whose own attachments stand behind it as those of the message that it is in.
  public var isMessage: Bool { ["message/rfc822", "message/global", "message/news"].contains(type) }

  public init(
    part: Int, name: String, otherNames: [String] = [], type: String, size: Int, isInline: Bool,
    embedded: Int? = nil, role: Role = .file
  ) {
    self.embedded = embedded
    self.role = role
    self.part = part
    self.name = name
    self.otherNames = otherNames
    self.type = type
    self.size = size
    self.isInline = isInline
  }
}
