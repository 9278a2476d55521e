/// Files of other mail filters, brought over into lists, rules and pieces of configuration.
public enum Import {
  /// Bound: octets of a file that are read.
  public static let mostOctets = ImportSource.mostOctets

  /// Reads a file of another program. Nothing fails: what cannot be read is told of its line.
  ///
  /// - Parameters:
  ///   - name: what the file is called; its last part tells some importers what is in it.
  ///   - text: its octets; more than 16 MiB are not read, and the notes say so.
  public static func read(
    _ kind: ImportKind, name: String, text: [UInt8], options: ImportOptions = ImportOptions()
  ) -> ImportResult {
    let last = name.utf8.split(separator: UInt8(ascii: "/")).last.flatMap { String($0) } ?? "standard input"
    let source = ImportSource(name: last, text: text)
    var desk = ImportDesk(source, options)
    switch kind {
    case .sendmailAccess: SendmailAccess.read(&desk, options)
    case .postfixAccess: PostfixAccess.read(&desk, options)
    case .postfixChecks: PostfixChecks.read(&desk, options)
    case .postfixCIDR: PostfixCIDR.read(&desk, options)
    case .netscapeUBE: NetscapeUBE.read(&desk, options)
    case .procmailrc: ProcmailRC.read(&desk, options)
    case .assp: ASSP.read(&desk, options)
    case .qmailControl: QmailControl.read(&desk, options)
    case .hostsAccess: HostsAccess.read(&desk, options)
    }
    if source.isCut {
      let number = source.lines.count + 1
      desk.left(
        desk.begin(number...number, "…"),
        "the rest of the file: \(ImportSource.mostOctets >> 20) MiB and \(ImportSource.mostLines) lines are read"
      )
    }
    return desk.finish()
  }
}
