import Filtering
import MailSyntax
import MessageViews

extension MIMEFault {
  /// What is wrong, for people, without what it is about.
  var words: String {
    switch kind {
    case .duplicateField: "a header field twice of which there may be one"
    case .conflictingType: "two types that differ"
    case .conflictingEncoding: "two transfer encodings that differ"
    case .encodedMultipart: "a part with parts in it that is encoded as a whole"
    case .unknownEncoding: "a transfer encoding that nobody knows"
    case .malformedType: "a Content-Type that cannot be read"
    case .malformedParameter: "a parameter that cannot be read"
    case .missingBoundary: "parts without a boundary between them"
    case .unclosedMultipart: "parts without an end: the last boundary is missing"
    case .nestedBoundary: "a boundary that begins with one around it"
    case .boundaryAfterEnd: "a boundary again behind the last one"
    case .conflictingName: "file names that differ"
    case .longName: "a file name longer than any"
    case .malformedBase64: "base64 with something else in it"
    case .malformedQuotedPrintable: "quoted-printable with something else in it"
    case .malformedUuencode: "uuencode with something else in it"
    case .nul: "an octet of zero"
    case .bareCarriageReturn: "a carriage return without a line feed"
    case .bareLineFeed: "a line feed without a carriage return"
    case .eightBitHeader: "octets above 127 in the header"
    case .malformedHeaderLine: "a line in the header that is no field"
    case .missingHeaderEnd: "a header without an end"
    case .spaceBeforeColon: "a space before the colon of a field"
    case .tooManyParts: "more parts than are looked at"
    case .tooDeep: "parts deeper than is looked at"
    case .longHeader: "a header longer than is looked at"
    case .longLine: "a line longer than mail may have"
    }
  }
}

extension HTMLView.Hidden.Reason {
  /// Why nobody sees it.
  var words: String {
    switch self {
    case .displayNone: "it is not displayed"
    case .visibilityHidden: "its visibility is off"
    case .zeroFont: "its font has no size"
    case .tinyFont: "its font is tiny"
    case .sameColour: "it has the colour of its background"
    case .offScreen: "it stands outside the screen"
    case .zeroOpacity: "it is transparent"
    case .zeroSize: "its box has no size"
    case .comment: "it is a comment"
    }
  }
}

extension FileInspection.Fault {
  var words: String {
    switch self {
    case .bomb: "it unpacks to far more than it is"
    case .tooManyEntries: "more files in it than are looked at"
    case .tooDeep: "archives in archives, deeper than is looked at"
    case .damaged: "it is damaged"
    case .ambiguous: "two programs would find different files in it"
    case .unread: "it was not looked into to its end"
    }
  }
}

extension FileInspection.Trait {
  var words: String {
    switch self {
    case .javaScript: "holds a script"
    case .launch: "starts a program"
    case .openAction: "does something when it is opened"
    case .externalContent: "fetches something when it is opened"
    case .embeddedObject: "holds another file"
    }
  }
}

extension FileInspection {
  /// What was seen in the file beside its type, each in words.
  var traitWords: [String] {
    var words: [String] = []
    if isExecutable { words.append("a program") }
    if hasMacros { words.append("bears macros") }
    if isEncrypted { words.append("opens with a password only") }
    words += Trait.allCases.filter { traits.contains($0) }.map(\.words)
    return words + Fault.allCases.filter { faults.contains($0) }.map(\.words)
  }
}
