/// The elements of HTML that bear on what is seen; all others are alike.
enum HTMLElement: UInt8, CaseIterable, Sendable {
  case a, address, applet, area, article, aside, audio, b, base, basefont, bdo, bgsound, big, blockquote,
    body, br,
    button,
    caption, center, code, col, colgroup, datalist, dd, details, dialog, dir, div, dl, dt, em, embed,
    fieldset,
    figcaption, figure, font, footer, form, frame, frameset, h1, h2, h3, h4, h5, h6, head, header, hgroup, hr,
    html, i,
    iframe, img, input, keygen, legend, li, link, listing, main, mark, marquee, math, menu, meta, nav, nobr,
    noembed,
    noframes, noscript, object, ol, optgroup, option, p, param, plaintext, pre, rp, s, script, section,
    select, small,
    source, strike, strong, style, sub, summary, sup, svg, table, tbody, td, template, textarea, tfoot, th,
    thead, title,
    tr, track, tt, u, ul, video, wbr, xmp
  case other

  static let names = NameTable(HTMLElement.self)

  init(_ name: PackedName) {
    self = Self.names[name].flatMap { HTMLElement(rawValue: UInt8(truncatingIfNeeded: $0)) } ?? .other
  }

  /// Has no end tag and no content.
  var isVoid: Bool {
    switch self {
    case .area, .base, .basefont, .bgsound, .br, .col, .embed, .frame, .hr, .img, .input, .keygen, .link,
      .meta,
      .param, .source, .track, .wbr:
      true
    default: false
    }
  }

  /// Goes on in the next block where the end of one cuts it (§13.2.4.3).
  var isFormatting: Bool {
    switch self {
    case .a, .b, .big, .code, .em, .font, .i, .nobr, .s, .small, .strike, .strong, .tt, .u: true
    default: false
    }
  }

  /// An end tag reaches no element outside it.
  var isScope: Bool {
    switch self {
    case .table, .td, .th, .caption, .html, .marquee, .object, .applet, .template: true
    default: false
    }
  }

  /// The end tag of an element that is none of these does not reach beyond one of these.
  var isSpecial: Bool {
    isScope || gap != .none
      || {
        switch self {
        case .body, .button, .colgroup, .iframe, .noembed, .noframes, .noscript, .plaintext, .script, .select,
          .style,
          .textarea, .title:
          true
        default: false
        }
      }()
  }

  /// How its lines stand apart from what is before and after.
  var gap: TextBuilder.Gap {
    switch self {
    case .p, .h1, .h2, .h3, .h4, .h5, .h6, .blockquote, .ul, .ol, .dl, .dir, .menu, .pre, .listing, .xmp,
      .plaintext,
      .figure, .hr, .fieldset:
      .paragraph
    case .address, .article, .aside, .body, .caption, .center, .dd, .details, .dialog, .div, .dt, .figcaption,
      .footer, .form, .frameset, .header, .hgroup, .html, .legend, .li, .main, .nav, .option, .optgroup,
      .section,
      .summary, .table, .tbody, .tfoot, .thead, .tr:
      .line
    case .td, .th: .cell
    default: .none
    }
  }

  /// How its lines stand apart where a style says how it is laid out.
  func gap(_ display: StyleDeclarations.Display?) -> TextBuilder.Gap {
    switch display {
    case nil, .plain: gap
    case .some(.none), .inline, .inlineBlock: .none
    case .block: max(.line, gap)
    case .cell: .cell
    }
  }

  /// What it makes where no style says so.
  var kind: ElementStyle.Kind {
    switch self {
    case .td, .th, .tr, .tbody, .thead, .tfoot, .colgroup: .tablePart
    case .button, .select, .textarea, .input, .marquee, .object, .applet, .iframe, .img, .svg: .box
    default: gap == .none ? .inline : .box
    }
  }

  /// Whether `bgcolor` is one of its attributes.
  var hasGround: Bool {
    switch self {
    case .body, .table, .thead, .tbody, .tfoot, .tr, .td, .th, .marquee: true
    default: false
    }
  }

  /// Ends a paragraph that is open.
  var endsParagraph: Bool {
    switch self {
    case .option, .optgroup, .caption, .tbody, .tfoot, .thead, .tr, .td, .th, .legend, .body, .html:
      false
    default: gap != .none
    }
  }

  /// Has cells in it, and text only by mistake.
  var holdsCells: Bool {
    switch self {
    case .table, .tbody, .thead, .tfoot, .tr, .colgroup: true
    default: false
    }
  }

  var isTablePart: Bool {
    switch self {
    case .tbody, .thead, .tfoot, .tr, .td, .th, .caption, .colgroup: true
    default: false
    }
  }

  /// Stands in front of all that is seen.
  var isInHead: Bool {
    switch self {
    case .html, .head, .meta, .title, .style, .script, .link, .base, .noscript, .template: true
    default: false
    }
  }

  var isHeading: Bool { rawValue >= HTMLElement.h1.rawValue && rawValue <= HTMLElement.h6.rawValue }

  var preserves: Bool {
    switch self {
    case .pre, .listing, .xmp, .plaintext, .textarea: true
    default: false
    }
  }

  /// Nothing in it is ever seen.
  var isNeverSeen: Bool {
    switch self {
    case .template, .datalist, .rp: true
    default: false
    }
  }
}

/// The attributes that are read.
enum HTMLAttribute: UInt8, CaseIterable, Sendable {
  case action, align, alt, background, bgcolor, color, content, data, dir, encoding, formaction, hidden, href,
    id, link,
    media,
    open,
    poster, size,
    src, srcset, style, text, type, value
  case className, httpEquiv, xlinkHref

  static let names = NameTable(HTMLAttribute.self) {
    switch $0 {
    case .className: "class"
    case .httpEquiv: "http-equiv"
    case .xlinkHref: "xlink:href"
    default: String(describing: $0)
    }
  }
}
