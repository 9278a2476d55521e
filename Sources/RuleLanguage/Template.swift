/// A text with variables in it, as procmail's `readparse` reads one (a subset of sh): parsed once, expanded often.
public struct Template: Sendable, Hashable {
  public var pieces: [Piece]

  public init(_ pieces: [Piece] = []) { self.pieces = pieces }

  /// A constant text.
  public init(text: String) { pieces = text.isEmpty ? [] : [.text(Array(text.utf8))] }

  public indirect enum Piece: Sendable, Hashable {
    case text([UInt8])
    /// `$name`: the value, cut at its blanks into words where `splits` and words are asked for.
    case value(Name, splits: Bool)
    /// `$\name`: the value as an expression that matches just it, behind `()`.
    case quoted(Name)
    /// `${name-text}` and its kin.
    case choice(Choice)
    /// `` `command` ``: what a program prints.
    case command(RuleCommand, splits: Bool)
    /// `"$@"`: all arguments.
    case arguments
    /// The end of a word, where words are asked for.
    case wordEnd
    /// A word that is there though it may be empty.
    case wordMark
  }

  /// What a `$` names.
  public enum Name: Sendable, Hashable {
    case variable(String)
    /// `$1` … `$9`; 0 is the program's name.
    case argument(Int)
    /// `$=`: the last score.
    case score
    /// `$?`: the last exit status.
    case status
    /// `$#`: how many arguments.
    case argumentCount
    /// `$_`: the current file.
    case file
    /// `$-`: the last folder.
    case lastFolder
    /// `$$`: the process.
    case process
  }

  public struct Choice: Sendable, Hashable {
    public let name: Name
    /// `+`: the text stands where the variable is set; `-`: where it is not.
    public let whenSet: Bool
    /// `:`: an empty value counts as none.
    public let emptyIsUnset: Bool
    public let text: [Piece]
    public let splits: Bool
  }

  /// The text, where it is the same always.
  public var constant: [UInt8]? {
    var text: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .text(let octets): text += octets
      case .wordMark: continue
      default: return nil
      }
    }
    return text
  }

  /// Those of its words that are the same always.
  public var constantWords: [[UInt8]] {
    pieces.split(separator: .wordEnd).compactMap { Template(Array($0)).constant }
  }

  /// The variables it asks for, each as often as it stands there.
  public var names: [Name] { Self.names(pieces) }

  /// Those of them for which no other text is given in case they are not set.
  var plainNames: [Name] {
    pieces.compactMap { piece in
      switch piece {
      case .value(let name, _), .quoted(let name): name
      default: nil
      }
    }
  }

  /// The programs it runs.
  public var commands: [RuleCommand] { Self.commands(pieces) }

  private static func names(_ pieces: [Piece]) -> [Name] {
    pieces.flatMap { piece -> [Name] in
      switch piece {
      case .value(let name, _), .quoted(let name): [name]
      case .choice(let choice): [choice.name] + names(choice.text)
      case .command(let command, _): names(command.words.pieces)
      case .text, .arguments, .wordEnd, .wordMark: []
      }
    }
  }

  private static func commands(_ pieces: [Piece]) -> [RuleCommand] {
    pieces.flatMap { piece -> [RuleCommand] in
      switch piece {
      case .command(let command, _): [command]
      case .choice(let choice): commands(choice.text)
      default: []
      }
    }
  }
}

/// A program and its arguments; there is no shell.
public struct RuleCommand: Sendable, Hashable {
  public let place: RulePlace
  /// As it was written.
  public let text: String
  /// Its words, the program's name first.
  public let words: Template
}
